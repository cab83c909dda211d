-- What each account cost in the bill's newest month so far, and in the same days of the month before.
with
newest as (
    select
        max(day) as day,
        cast(date_trunc('month', max(day)) as date) as month
    from cost_rollup_daily
),

compared as (
    select
        cost_rollup_daily.ancestor_id as aws_account_id,
        sum(if(cost_rollup_daily.day >= newest.month, cost_usd, decimal '0')) as cost_usd,
        sum(if(cost_rollup_daily.day < newest.month, cost_usd, decimal '0')) as month_before_usd
    from cost_rollup_daily
    cross join newest
    where dimension = 'account'
        and level = 'account'
        and cost_rollup_daily.day >= newest.month - interval '1' month
        and day_of_month(cost_rollup_daily.day) <= day_of_month(newest.day)
    group by cost_rollup_daily.ancestor_id
)

select
    aws_account_id,
    cost_usd,
    month_before_usd,
    cost_usd - month_before_usd as difference_usd
from compared
order by cost_usd desc
