-- What has this month cost so far, by provider?
-- from the rollups
select ancestor_id as provider, sum(cost_usd) as cost_usd
from cost_rollup_daily
where dimension = 'account' and level = 'provider' and {month}
group by ancestor_id
;
-- from the bill
select bill_billing_entity as provider, sum(line_item_unblended_cost) as cost_usd
from cur
where {month}
group by bill_billing_entity
