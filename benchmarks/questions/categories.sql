-- How much of each month was usage, tax and credits?
-- from the rollups
select {month_of} as month, charge_category as category, sum(cost_usd) as cost_usd
from cost_daily
where {last_90}
group by {month_of}, charge_category
;
-- from the bill
select {month_of} as month, lower(line_item_line_item_type) as category, sum(line_item_unblended_cost) as cost_usd
from cur
where {last_90}
group by {month_of}, lower(line_item_line_item_type)
