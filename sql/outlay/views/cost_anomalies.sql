-- Each run of unusual days of a node, open or resolved, with the numbers of its first day.
-- grain:  finding_id
-- column: finding_id What names the finding for ever: node, kind and first day
-- column: usage_date First unusual day, UTC
-- column: daily_cost Usage cost of that day, USD: amortized, without tax, fees, credits and refunds
-- column: ma30_cost Mean of the 30 days before, USD
-- column: stddev30_cost Sample standard deviation of the same days, USD
-- column: z_score (daily_cost - ma30_cost) / stddev30_cost; null where the cost had never moved
-- column: anomaly_type HIGH_SPEND or LOW_SPEND
-- column: expected_usd ma30_cost as money, USD
-- column: over_usd daily_cost less expected_usd, USD; negative for LOW_SPEND
-- column: over_pct over_usd in per cent of expected_usd; null where nothing was expected
-- column: status open, or resolved once a complete later day was normal
-- column: last_day Newest unusual day, UTC
-- column: day_count Unusual days
-- column: resolved_day The day that was normal again, UTC; null while it is open
with
judged_days as (
    select
        anomalies.*,
        count_if(anomaly_type = 'NORMAL') over (
            partition by dimension, level, ancestor_id
            order by usage_date
        ) as normal_days_before,
        lead(usage_date) over (
            partition by dimension, level, ancestor_id
            order by usage_date
        ) as next_judged_day
    from anomalies
),

runs as (
    select
        dimension,
        level,
        ancestor_id,
        anomaly_type,
        min(usage_date) as usage_date,
        max(usage_date) as last_day,
        count(*) as day_count,
        min_by(daily_cost, usage_date) as daily_cost,
        min_by(ma30_cost, usage_date) as ma30_cost,
        min_by(stddev30_cost, usage_date) as stddev30_cost,
        min_by(z_score, usage_date) as z_score,
        min_by(expected_usd, usage_date) as expected_usd,
        min_by(over_usd, usage_date) as over_usd,
        max(next_judged_day) as resolved_day
    from judged_days
    where anomaly_type <> 'NORMAL'
    group by dimension, level, ancestor_id, anomaly_type, normal_days_before
)

select
    'anomaly/' || dimension || '/' || level || '/' || ancestor_id || '/' || lower(anomaly_type) || '/'
        || cast(usage_date as varchar) as finding_id,
    usage_date,
    dimension,
    level,
    ancestor_id,
    daily_cost,
    ma30_cost,
    stddev30_cost,
    z_score,
    anomaly_type,
    expected_usd,
    over_usd,
    if(ma30_cost > 0, cast(over_usd as double) / ma30_cost * 100) as over_pct,
    if(resolved_day > last_day, 'resolved', 'open') as status,
    last_day,
    day_count,
    if(resolved_day > last_day, resolved_day) as resolved_day
from runs
