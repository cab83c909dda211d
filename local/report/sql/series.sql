-- Daily cost of the eight largest nodes of each level; the others as one, under null.
with
ranked as (
    select
        dimension,
        level,
        ancestor_id,
        row_number() over (partition by dimension, level order by sum(cost_usd) desc, ancestor_id) as place
    from cost_rollup_daily
    where day between {first_day} and {last_day}
    group by dimension, level, ancestor_id
)

select
    daily.day,
    daily.dimension,
    daily.level,
    if(ranked.place <= 8, daily.ancestor_id) as node,
    sum(daily.cost_usd) as billed_usd,
    sum(daily.amortized_cost_usd) as amortized_usd,
    sum(daily.usage_cost_usd) as usage_usd
from cost_rollup_daily as daily
inner join ranked
    on ranked.dimension = daily.dimension
    and ranked.level = daily.level
    and ranked.ancestor_id = daily.ancestor_id
where daily.day between {first_day} and {last_day}
group by
    daily.day,
    daily.dimension,
    daily.level,
    if(ranked.place <= 8, daily.ancestor_id)
