-- Which resources cost most in the last 30 days of the bill without naming a customer.
with
newest as (
    select max(cost_date) as day
    from cost_hourly
)

select
    aws_account_id,
    resource_type,
    resource_arn,
    sum(amortized_cost_usd) as amortized_cost_usd
from cost_hourly
cross join newest
where cost_date > newest.day - interval '30' day
    and customer is null
    and charge_category = 'usage'
group by aws_account_id, resource_type, resource_arn
order by amortized_cost_usd desc
limit 100
