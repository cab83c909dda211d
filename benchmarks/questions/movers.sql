-- Which services cost more this week than the week before?
-- from the rollups
select
    ancestor_id as service,
    sum(if({last_7}, amortized_cost_usd, 0)) - sum(if({last_7}, 0, amortized_cost_usd)) as difference_usd
from cost_rollup_daily
where dimension = 'service' and level = 'service' and {last_14}
group by ancestor_id
;
-- from the bill
select
    line_item_product_code as service,
    sum(if({last_7}, line_item_unblended_cost, 0)) - sum(if({last_7}, 0, line_item_unblended_cost)) as difference_usd
from cur
where {last_14}
group by line_item_product_code
