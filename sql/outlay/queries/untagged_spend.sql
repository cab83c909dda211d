-- What cost most in the last 30 days of the bill without naming a customer. cost_node_resources has its resources.
select
    aws_account_id,
    service,
    resource_type,
    usage_type,
    sum(amortized_cost_usd) as amortized_cost_usd
from cost_daily
where day > (select max(day) from cost_daily) - interval '30' day
    and customer is null
    and charge_category = 'usage'
group by aws_account_id, service, resource_type, usage_type
order by amortized_cost_usd desc
limit 100
