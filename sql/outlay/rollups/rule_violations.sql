-- Each day on which a budget rule was broken, and by how much.
-- parameters: first_day, last_day, first_day
-- reads:      cost_rollup_daily -30..0
-- reads:      budget_rules
-- checks:     unique(day, rule_id, ancestor_id)
-- checks:     not_null(rule_id, ancestor_id, actual_usd, limit_usd, over_usd)
with
-- From the first of the month on, for the rules that look at the month to date.
spend as (
    select *
    from cost_rollup_daily
    where day between cast(date_trunc('month', cast(? as date)) as date) and cast(? as date)
),

calendar as (
    select distinct day
    from spend
),

nodes as (
    select distinct
        dimension,
        level,
        ancestor_id
    from spend
),

-- A node that cost nothing on a day still has a month to date.
node_days as (
    select
        calendar.day,
        nodes.dimension,
        nodes.level,
        nodes.ancestor_id,
        coalesce(spend.cost_usd, decimal '0') as unblended_usd,
        coalesce(spend.amortized_cost_usd, decimal '0') as amortized_usd,
        coalesce(spend.net_cost_usd, decimal '0') as net_usd
    from calendar
    cross join nodes
    left join spend
        on spend.day = calendar.day
        and spend.dimension = nodes.dimension
        and spend.level = nodes.level
        and spend.ancestor_id = nodes.ancestor_id
),

ruled as (
    select
        node_days.day,
        budget_rules.rule_id,
        node_days.dimension,
        node_days.level,
        node_days.ancestor_id,
        budget_rules.period,
        if(budget_rules.period = 'monthly', cast(date_trunc('month', node_days.day) as date), node_days.day) as period_start,
        budget_rules.cost_type,
        case budget_rules.cost_type
            when 'amortized' then node_days.amortized_usd
            when 'net' then node_days.net_usd
            else node_days.unblended_usd
        end as spent_usd,
        budget_rules.limit_usd,
        budget_rules.severity
    from node_days
    inner join budget_rules
        on budget_rules.dimension = node_days.dimension
        and budget_rules.level = node_days.level
        and coalesce(budget_rules.ancestor_id, node_days.ancestor_id) = node_days.ancestor_id
),

to_date as (
    select
        ruled.*,
        sum(spent_usd) over (
            partition by rule_id, ancestor_id, period_start
            order by day
        ) as actual_usd
    from ruled
)

select
    rule_id,
    dimension,
    level,
    ancestor_id,
    period,
    period_start,
    cost_type,
    actual_usd,
    limit_usd,
    actual_usd - limit_usd as over_usd,
    severity,
    day
from to_date
where actual_usd > limit_usd
    and day >= cast(? as date)
