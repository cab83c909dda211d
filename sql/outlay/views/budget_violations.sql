-- Each breach of a budget rule, open or resolved: consecutive days over a daily limit, or a month over a monthly one.
-- grain:  finding_id
-- column: finding_id What names the finding for ever: rule, node and first day (of the month, for monthly rules)
-- column: first_day First day over the limit, UTC
-- column: last_day Newest day over the limit, UTC
-- column: day_count Days over the limit
-- column: actual_usd Spent in the period that last_day belongs to, up to and with last_day, USD
-- column: over_usd actual_usd less limit_usd, USD
-- column: status open, or resolved once a complete later day (for monthly rules: month) was within the limit
-- column: resolved_day The day that resolved it, UTC; null while it is open
with
billed as (
    select
        day,
        max(day) over (partition by ancestor_id) as last_day,
        count(*) over (
            partition by ancestor_id
            order by day
            range between interval '7' day preceding and current row
        ) as days_billed
    from cost_rollup_daily
    where dimension = 'account'
        and level = 'provider'
),

-- The newest day of each provider that bills on most days. Who bills now and then is not waited for.
provider_ends as (
    select last_day
    from billed
    where day = last_day
        and days_billed >= 4
),

days as (
    select
        day,
        lead(day) over (order by day) as next_day
    from cost_rollup_daily
    where dimension = 'account'
        and level = 'total'
),

-- A day is complete once each provider has gone on to a later one, or has been silent for a week.
complete_days as (
    select distinct days.day
    from days
    left join provider_ends
        on provider_ends.last_day between days.day - interval '7' day and days.day
    where days.next_day is not null
        and provider_ends.last_day is null
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
        breach,
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
        min(complete_days.day) as resolved_day
    from breaches
    inner join complete_days
        on complete_days.day > breaches.last_day
        and (
            breaches.period = 'daily'
            or date_trunc('month', complete_days.day) > date_trunc('month', breaches.last_day)
        )
    group by breaches.rule_id, breaches.ancestor_id, breaches.first_day
)

select
    -- A month's breach stays the same one when a restated bill moves the day on which the limit was passed.
    'violation/' || breaches.rule_id || '/' || breaches.ancestor_id || '/'
        || cast(if(breaches.period = 'monthly', breaches.breach, breaches.first_day) as varchar) as finding_id,
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
