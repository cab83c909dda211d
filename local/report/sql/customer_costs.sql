-- What each of the sixty largest customers costs, by cluster and service.
with
largest as (
    select customer
    from cost_hourly
    where cost_date between {first_day} and {last_day}
        and customer is not null
    group by customer
    order by sum(cost_usd) desc, customer
    limit 60
)

select
    cost_hourly.customer,
    coalesce(cost_hourly.cluster, 'unattributed') as cluster,
    coalesce(cost_hourly.service, 'unattributed') as service,
    sum(cost_hourly.cost_usd) as billed_usd,
    sum(cost_hourly.amortized_cost_usd) as amortized_usd
from cost_hourly
inner join largest
    on largest.customer = cost_hourly.customer
where cost_hourly.cost_date between {first_day} and {last_day}
group by
    cost_hourly.customer,
    coalesce(cost_hourly.cluster, 'unattributed'),
    coalesce(cost_hourly.service, 'unattributed')
