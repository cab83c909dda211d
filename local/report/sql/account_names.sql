-- What the configuration calls each account.
select aws_account_id, account_name
from account_settings
where account_name is not null
