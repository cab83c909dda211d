-- Budget rules that were broken, open ones first.
select *
from budget_violations
where last_day >= {first_day}
order by status, over_usd desc
limit 40
