-- Each breach of a budget rule, open or resolved: consecutive days over a daily limit, or a month over a monthly one.
-- grain:  finding_id
-- column: finding_id What names the finding for ever: rule, node and first day
-- column: first_day First day over the limit, UTC
-- column: last_day Newest day over the limit, UTC
-- column: day_count Days over the limit
-- column: actual_usd Spent in the period that last_day belongs to, up to and with last_day, USD
-- column: over_usd actual_usd less limit_usd, USD
-- column: status open, or resolved once a complete later day (for monthly rules: month) was within the limit
-- column: resolved_day The day that resolved it, UTC; null while it is open
with
calendar as (
    select
        day,
        lead(day) over (order by day) is not null as is_complete
    from cost_rollup_daily
    where dimension = 'account'
        and level = 'total'
),

-- Days of one breach share their distance to the count of days before them; a monthly breach is its month.
breach_days as (
    select
        rule_violations.*,
        if(
            period = 'monthly',
            period_start,
            date_add('day', -cast(row_number() over (partition by rule_id, ancestor_id, period order by day) as integer), day)
        ) as breach
    from rule_violations
),

breaches as (
    select
        rule_id,
        dimension,
        level,
        ancestor_id,
        period,
        max_by(cost_type, day) as cost_type,
        min(day) as first_day,
        max(day) as last_day,
        count(*) as day_count,
        max_by(actual_usd, day) as actual_usd,
        max_by(limit_usd, day) as limit_usd,
        max_by(over_usd, day) as over_usd,
        max_by(severity, day) as severity
    from breach_days
    group by rule_id, dimension, level, ancestor_id, period, breach
),

resolutions as (
    select
        breaches.rule_id,
        breaches.ancestor_id,
        breaches.first_day,
        min(calendar.day) as resolved_day
    from breaches
    inner join calendar
        on calendar.is_complete
        and calendar.day > breaches.last_day
        and (
            breaches.period = 'daily'
            or date_trunc('month', calendar.day) > date_trunc('month', breaches.last_day)
        )
    group by breaches.rule_id, breaches.ancestor_id, breaches.first_day
)

select
    'violation/' || breaches.rule_id || '/' || breaches.ancestor_id || '/' || cast(breaches.first_day as varchar) as finding_id,
    breaches.rule_id,
    budget_rules.description,
    breaches.severity,
    budget_rules.owner,
    breaches.dimension,
    breaches.level,
    breaches.ancestor_id,
    breaches.period,
    breaches.cost_type,
    breaches.first_day,
    breaches.last_day,
    breaches.day_count,
    breaches.actual_usd,
    breaches.limit_usd,
    breaches.over_usd,
    if(resolutions.resolved_day is null, 'open', 'resolved') as status,
    resolutions.resolved_day
from breaches
left join resolutions
    on resolutions.rule_id = breaches.rule_id
    and resolutions.ancestor_id = breaches.ancestor_id
    and resolutions.first_day = breaches.first_day
left join budget_rules
    on budget_rules.rule_id = breaches.rule_id
