-- Unusual spend, open findings first.
select *
from cost_anomalies
where last_day >= {first_day}
order by status, abs(over_usd) desc
limit 40
