-- Every change of schema that a deployment made: tables, columns, views and reference data.
-- grain:     migration_id
-- partition: applied_date
-- retention: forever
create external table `_migrations` (
    migration_id string     comment 'UUIDv5 of relation, change and catalog version: applying it again changes nothing',
    applied_at   timestamp  comment 'When it was applied, UTC',
    relation     string     comment 'Table or view that changed',
    kind         string     comment 'table, view or reference',
    change       string     comment 'created, changed, dropped, no longer filled, or column added: name type',
    version      string     comment 'First 12 digits of the SHA-256 of the catalog and reference tables that were deployed'
)
partitioned by (
    applied_date date       comment 'UTC date of applied_at'
)
stored as parquet
