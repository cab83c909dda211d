-- What did each of the last 90 days cost?
-- from the rollups
select {day} as day, sum(cost_usd) as cost_usd
from cost_rollup_daily
where dimension = 'account' and level = 'total' and {last_90}
group by {day}
;
-- from the bill
select {day} as day, sum(line_item_unblended_cost) as cost_usd
from cur
where {last_90}
group by {day}
