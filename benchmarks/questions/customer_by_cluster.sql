-- What does each customer cost on each cluster, in the last 30 days?
-- from the rollups
select customer, cluster, sum(amortized_cost_usd) as cost_usd
from cost_daily
where {last_30}
group by customer, cluster
;
-- from the bill
select {tag_customer} as customer, {tag_cluster} as cluster, sum(line_item_unblended_cost) as cost_usd
from cur
where {last_30}
group by {tag_customer}, {tag_cluster}
