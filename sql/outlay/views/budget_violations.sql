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
providers as (
    select
        max(day) as last_day,
        array_agg(day) as days
    from cost_rollup_daily
    where dimension = 'account'
        and level = 'provider'
    group by ancestor_id
),

-- The newest day of each provider that bills on most days. Who bills now and then is not waited for.
billed as (
    select
        array_agg(last_day) filter (
            where cardinality(filter(days, day -> day >= last_day - interval '7' day)) >= 4
        ) as provider_ends,
        max(last_day) as newest_day,
        array_distinct(flatten(array_agg(days))) as days
    from providers
),

-- A day is complete once each provider has gone on to a later one, or has been silent for a week.
calendar as (
    select
        filter(
            days,
            day -> day < newest_day
                and none_match(
                    coalesce(provider_ends, array[]),
                    last_day -> last_day between day - interval '7' day and day
                )
        ) as complete_days
    from billed
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

-- One row of complete days is held against each breach; without a bill there is no such day.
judged as (
    select
        breaches.*,
        array_min(filter(
            calendar.complete_days,
            day -> day > breaches.last_day
                and (
                    breaches.period = 'daily'
                    or date_trunc('month', day) > date_trunc('month', breaches.last_day)
                )
        )) as resolved_day
    from breaches
    cross join calendar
)

select
    -- A month's breach stays the same one when a restated bill moves the day on which the limit was passed.
    'violation/' || judged.rule_id || '/' || judged.ancestor_id || '/'
        || cast(if(judged.period = 'monthly', judged.breach, judged.first_day) as varchar) as finding_id,
    judged.rule_id,
    budget_rules.description,
    judged.severity,
    budget_rules.owner,
    judged.dimension,
    judged.level,
    judged.ancestor_id,
    judged.period,
    judged.cost_type,
    judged.first_day,
    judged.last_day,
    judged.day_count,
    judged.actual_usd,
    judged.limit_usd,
    judged.over_usd,
    if(judged.resolved_day is null, 'open', 'resolved') as status,
    judged.resolved_day
from judged
left join budget_rules
    on budget_rules.rule_id = judged.rule_id
