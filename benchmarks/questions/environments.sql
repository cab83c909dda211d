-- What did each environment cost in the last 30 days?
-- from the rollups
select ancestor_id as env, sum(amortized_cost_usd) as cost_usd
from cost_rollup_daily
where dimension = 'group' and level = 'env' and {last_30}
group by ancestor_id
;
-- from the bill
select coalesce({tag_env}, 'unattributed') as env, sum(line_item_unblended_cost) as cost_usd
from cur
where {last_30}
group by coalesce({tag_env}, 'unattributed')
