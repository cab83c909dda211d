-- What did each account cost on each of the last 30 days?
-- from the rollups
select ancestor_id as account, {day} as day, sum(cost_usd) as cost_usd
from cost_rollup_daily
where dimension = 'account' and level = 'account' and {last_30}
group by ancestor_id, {day}
;
-- from the bill
select line_item_usage_account_id as account, {day} as day, sum(line_item_unblended_cost) as cost_usd
from cur
where {last_30}
group by line_item_usage_account_id, {day}
