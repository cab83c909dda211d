-- Actual and usual spend of each node that had unusual days.
with
found as (
    select distinct
        dimension,
        level,
        ancestor_id
    from cost_anomalies
    where last_day >= {first_day}
)

select
    anomalies.usage_date,
    anomalies.dimension,
    anomalies.level,
    anomalies.ancestor_id,
    anomalies.daily_cost,
    anomalies.ma30_cost,
    anomalies.stddev30_cost
from anomalies
inner join found
    on found.dimension = anomalies.dimension
    and found.level = anomalies.level
    and found.ancestor_id = anomalies.ancestor_id
where anomalies.usage_date between {first_day} and {last_day}
order by anomalies.usage_date
