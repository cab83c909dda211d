-- What does one service's cost consist of, in the last 30 days?
-- from the rollups
select usage_type, aws_region as region, sum(amortized_cost_usd) as cost_usd
from cost_daily
where service = 'Service07' and {last_30}
group by usage_type, aws_region
;
-- from the bill
select line_item_usage_type as usage_type, product_region_code as region, sum(line_item_unblended_cost) as cost_usd
from cur
where line_item_product_code = 'Service07' and {last_30}
group by line_item_usage_type, product_region_code
