-- What each account cost on each of the last 30 days of the bill.
select
    day,
    ancestor_id as aws_account_id,
    cost_usd,
    amortized_cost_usd
from cost_rollup_daily
where dimension = 'account'
    and level = 'account'
    and day > (select max(day) from cost_rollup_daily) - interval '30' day
order by day desc, cost_usd desc
