-- What each month's bill consists of: usage, tax, fees, credits and refunds, by provider.
select
    cast(date_trunc('month', day) as date) as month,
    coalesce(provider, 'unattributed') as provider,
    coalesce(charge_category, 'unattributed') as charge_category,
    sum(cost_usd) as cost_usd,
    sum(amortized_cost_usd) as amortized_cost_usd,
    sum(net_cost_usd) as net_cost_usd
from cost_daily
group by
    cast(date_trunc('month', day) as date),
    coalesce(provider, 'unattributed'),
    coalesce(charge_category, 'unattributed')
order by month desc, cost_usd desc
