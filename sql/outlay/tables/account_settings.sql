-- The accounts that config/accounts.yaml names, as it stood at the last deployment.
-- grain:     aws_account_id
-- retention: forever
create external table account_settings (
    aws_account_id string          comment 'The 12-digit account id',
    account_name   string          comment 'Display name',
    account_role   string          comment 'What the account is for, such as production',
    role_arn       string          comment 'The role that collectors assume there',
    regions        array<string>   comment 'Regions that are scanned',
    enabled        boolean         comment 'Whether collectors visit it'
)
stored as parquet
