-- Each day's usage cost of the nodes worth watching, held against the 30 days before it.
-- parameters: first_day, last_day, first_day, last_day
-- reads:      cost_rollup_daily -30..7
-- checks:     unique(usage_date, dimension, level, ancestor_id)
-- checks:     not_null(dimension, level, ancestor_id, daily_cost, anomaly_type)
with
-- What makes a day unusual: all three at once. Cents that wobble and per cents of nothing wake nobody.
thresholds as (
    select
        3.0e0 as sigmas,
        decimal '10.00' as dollars,
        0.2e0 as share_of_expected,
        14 as history_days
),

spend as (
    select
        day,
        dimension,
        level,
        ancestor_id,
        usage_cost_usd
    from cost_rollup_daily
    where day between cast(? as date) - interval '30' day and cast(? as date) + interval '7' day
        and (
            (dimension = 'account' and level in ('total', 'provider', 'account'))
            or (dimension = 'group' and level = 'customer')
            or (dimension = 'service' and level = 'service')
        )
),

billed_days as (
    select
        day,
        coalesce(array_agg(ancestor_id) filter (where level = 'provider'), array[]) as providers,
        lead(day) over (order by day) as next_day
    from spend
    where level in ('total', 'provider')
    group by day
),

-- Every day that the bills cover; one without a line cost nothing.
covered_days as (
    select
        days.day,
        if(days.day = billed_days.day, billed_days.providers, array[]) as providers
    from billed_days
    cross join unnest(
        sequence(billed_days.day, coalesce(date_add('day', -1, billed_days.next_day), billed_days.day))
    ) as days (day)
),

weeks as (
    select
        day,
        flatten(array_agg(providers) over week_up_to_it) as billed_before,
        coalesce(flatten(array_agg(providers) over week_after_it), array[]) as billed_after,
        max(if(cardinality(providers) > 0, day)) over week_after_it as last_billed_after
    from covered_days
    window
        week_up_to_it as (order by day range between interval '7' day preceding and current row),
        week_after_it as (order by day range between interval '1' day following and interval '7' day following)
),

-- Providers deliver at different times. A day is complete once each that bills on most days has billed a later one, or has
-- been silent for a week while others went on. Who bills now and then, as AWS Marketplace does, is not waited for.
calendar as (
    select
        day,
        cardinality(billed_after) > 0
            and (
                all_match(
                    billed_before,
                    provider -> contains(billed_after, provider)
                        or cardinality(filter(billed_before, other -> other = provider)) < 4
                )
                or last_billed_after = date_add('day', 7, day)
            ) as is_complete
    from weeks
),

nodes as (
    select distinct
        dimension,
        level,
        ancestor_id
    from spend
    where level <> 'provider'
),

node_days as (
    select
        calendar.day,
        calendar.is_complete,
        nodes.dimension,
        nodes.level,
        nodes.ancestor_id,
        coalesce(spend.usage_cost_usd, decimal '0') as daily_cost
    from calendar
    cross join nodes
    left join spend
        on spend.day = calendar.day
        and spend.dimension = nodes.dimension
        and spend.level = nodes.level
        and spend.ancestor_id = nodes.ancestor_id
),

-- The day itself stays out of its own yardstick: with it, no z-score of 30 days could exceed 5.3.
measured as (
    select
        node_days.*,
        avg(cast(daily_cost as double)) over before_it as ma30_cost,
        stddev_samp(cast(daily_cost as double)) over before_it as stddev30_cost,
        count(*) over before_it as history_days
    from node_days
    window before_it as (
        partition by dimension, level, ancestor_id
        order by day
        range between interval '30' day preceding and interval '1' day preceding
    )
),

scored as (
    select
        measured.*,
        cast(round(ma30_cost, 12) as decimal(38, 12)) as expected_usd,
        if(
            measured.history_days >= thresholds.history_days and stddev30_cost > 0,
            (cast(daily_cost as double) - ma30_cost) / stddev30_cost
        ) as z_score,
        -- A cost that never moved has no deviation to count in: any move beyond dollars and per cent is unusual.
        measured.history_days >= thresholds.history_days
            and abs(cast(daily_cost as double) - ma30_cost) > thresholds.sigmas * stddev30_cost
            and abs(cast(daily_cost as double) - ma30_cost) >= cast(thresholds.dollars as double)
            and abs(cast(daily_cost as double) - ma30_cost) >= thresholds.share_of_expected * ma30_cost
            as is_unusual
    from measured
    cross join thresholds
)

select
    dimension,
    level,
    ancestor_id,
    daily_cost,
    ma30_cost,
    stddev30_cost,
    z_score,
    expected_usd,
    daily_cost - expected_usd as over_usd,
    history_days,
    case
        when coalesce(is_unusual, false) and cast(daily_cost as double) > ma30_cost then 'HIGH_SPEND'
        when coalesce(is_unusual, false) then 'LOW_SPEND'
        else 'NORMAL'
    end as anomaly_type,
    day as usage_date
from scored
where is_complete
    and day between cast(? as date) and cast(? as date)
