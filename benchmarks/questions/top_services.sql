-- Which ten services cost most in the last 30 days?
-- from the rollups
select ancestor_id as service, sum(amortized_cost_usd) as cost_usd
from cost_rollup_daily
where dimension = 'service' and level = 'service' and {last_30}
group by ancestor_id
order by cost_usd desc, service
limit 10
;
-- from the bill
select line_item_product_code as service, sum(line_item_unblended_cost) as cost_usd
from cur
where {last_30}
group by line_item_product_code
order by cost_usd desc, service
limit 10
