-- What each of the sixty largest customers costs, by cluster and service.
with
largest as (
    select ancestor_id as customer
    from cost_rollup_daily
    where day between {first_day} and {last_day}
        and dimension = 'group'
        and level = 'customer'
        and ancestor_id <> 'unattributed'
    group by ancestor_id
    order by sum(cost_usd) desc, ancestor_id
    limit 60
)

select
    cost_daily.customer,
    coalesce(cost_daily.cluster, 'unattributed') as cluster,
    coalesce(cost_daily.service, 'unattributed') as service,
    sum(cost_daily.cost_usd) as billed_usd,
    sum(cost_daily.amortized_cost_usd) as amortized_usd
from cost_daily
inner join largest
    on largest.customer = cost_daily.customer
where cost_daily.day between {first_day} and {last_day}
group by
    cost_daily.customer,
    coalesce(cost_daily.cluster, 'unattributed'),
    coalesce(cost_daily.service, 'unattributed')
