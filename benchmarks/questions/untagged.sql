-- What do accounts spend without naming a customer, in the last 30 days?
-- from the rollups
select aws_account_id as account, service, sum(amortized_cost_usd) as cost_usd
from cost_daily
where customer is null and charge_category = 'usage' and {last_30}
group by aws_account_id, service
;
-- from the bill
select line_item_usage_account_id as account, line_item_product_code as service, sum(line_item_unblended_cost) as cost_usd
from cur
where {tag_customer} is null and line_item_line_item_type = 'Usage' and {last_30}
group by line_item_usage_account_id, line_item_product_code
