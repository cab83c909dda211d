"""The lake: who can reach the bucket, how long it keeps what, and what Glue and Athena are told."""

from __future__ import annotations

from pathlib import Path

from collectors.bills.aws_line_items import COLUMNS as READ_COLUMNS
from collectors.scanning.discovery import collectors
from infra.constructs.data_exports import COLUMNS
from infra.synthesis import synthesize
from local.demo.cur_schema import CUR2_SCHEMA
from tests.support.catalog import CATALOG
from tests.synthesis.templates import Assembly


def test_the_bucket_is_private_and_encrypted(assembly: Assembly) -> None:
    bucket = assembly.one("AWS::S3::Bucket", "Lake")
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_only_tls_reaches_the_bucket_and_only_the_payers_exports_deliver(assembly: Assembly) -> None:
    statements = assembly.one("AWS::S3::BucketPolicy", "Lake")["PolicyDocument"]["Statement"]
    (deny,) = [statement for statement in statements if statement["Effect"] == "Deny"]
    assert (deny["Action"], deny["Principal"]) == ("s3:*", {"AWS": "*"})
    assert deny["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(deny["Resource"]) == 2, "the bucket and its objects"
    (allow,) = [statement for statement in statements if statement["Effect"] == "Allow"]
    assert allow["Principal"] == {"Service": "bcm-data-exports.amazonaws.com"}
    assert set(allow["Action"]) == {"s3:PutObject", "s3:GetBucketPolicy"}
    assert [resource.partition("/")[2] for resource in allow["Resource"]] == [
        "",
        "bills/aws/*",
        "aws-programmatic-access-test-object",
    ]
    assert allow["Condition"]["StringEquals"] == {"aws:SourceAccount": "111111111111"}
    assert ":111111111111:export/" in allow["Condition"]["ArnLike"]["aws:SourceArn"]


def test_every_table_is_kept_as_long_as_its_header_says(assembly: Assembly) -> None:
    rules = assembly.one("AWS::S3::Bucket", "Lake")["LifecycleConfiguration"]["Rules"]
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    stored = [CATALOG.builds_table(rollup) if (rollup := CATALOG.rollup(t.full_name)) else t for t in CATALOG.tables]
    whole = {t.prefix: t.retention_days for t in stored if t.retention_days and not t.kept_forever}
    events = {f"tables/outlay/resource_events/event_type={event_type}/": 90 for event_type in ("config", "metric")}
    assert expiring == {**whole, **events, "athena-results/": 7, "reading/": 7}
    assert set(whole) == {
        "tables/outlay/collector_runs/",
        "builds/outlay_builds/cost_hourly/",
        "builds/outlay_builds/collection_coverage_daily/",
    }
    written = {f"{CATALOG.table(c.table).prefix}event_type={c.event_type}/" for c in collectors().values()}
    assert written <= set(expiring), "whatever collectors write expires; bills, which everything is made from, do not"
    assert not any("Prefix" not in rule for rule in rules if "ExpirationInDays" in rule), "nothing expires everywhere"
    assert [rule["AbortIncompleteMultipartUpload"] for rule in rules if "AbortIncompleteMultipartUpload" in rule]


def test_data_and_its_catalog_outlive_the_stack_but_not_a_first_deployment_that_failed(assembly: Assembly) -> None:
    resources = assembly.templates["Lake"]["Resources"].values()
    kinds = {"AWS::S3::Bucket", "AWS::Glue::Database", "AWS::Glue::Table"}
    kept = [resource for resource in resources if resource["Type"] in kinds]
    assert {resource["DeletionPolicy"] for resource in kept} == {"RetainExceptOnCreate"}
    assert {resource["UpdateReplacePolicy"] for resource in kept} == {"Retain"}


def test_glue_has_every_table_of_sql_and_the_builds_beside_the_rollups(assembly: Assembly) -> None:
    found = assembly.resources("AWS::Glue::Table")
    databases = {
        f"<{database['_id']}>": database["DatabaseInput"]["Name"] for database in assembly.resources("AWS::Glue::Database")
    }
    tables = {f"{databases[t['DatabaseName']]}.{t['TableInput']['Name']}": t["TableInput"] for t in found}
    expected = {table.full_name for table in CATALOG.tables}
    expected |= {CATALOG.builds_table(rollup).full_name for rollup in CATALOG.rollups}
    assert set(tables) == expected
    events = tables["outlay.resource_events"]
    assert [key["Name"] for key in events["PartitionKeys"]] == ["event_type", "collector", "event_date"]
    assert events["StorageDescriptor"]["Location"].endswith(">/tables/outlay/resource_events/")
    assert [key["Name"] for key in tables["outlay_builds.cost_hourly"]["PartitionKeys"]] == ["build", "cost_date"]
    filtered = {name for name, table in tables.items() if table["Parameters"].get("partition_filtering.enabled") == "true"}
    assert filtered == {name for name, table in tables.items() if table["PartitionKeys"]}


def test_the_workgroup_limits_queries_and_overrides_clients(assembly: Assembly) -> None:
    configuration = assembly.one("AWS::Athena::WorkGroup", "Lake")["WorkGroupConfiguration"]
    assert configuration["EnforceWorkGroupConfiguration"] is True
    assert configuration["BytesScannedCutoffPerQuery"] == 100_000_000_000
    assert configuration["EngineVersion"] == {"SelectedEngineVersion": "Athena engine version 3"}
    assert configuration["ResultConfiguration"]["OutputLocation"].endswith("/athena-results/")
    assert configuration["ResultConfiguration"]["EncryptionConfiguration"] == {"EncryptionOption": "SSE_S3"}


def test_every_saved_query_is_in_the_workgroup(assembly: Assembly) -> None:
    queries = {query["Name"]: query for query in assembly.resources("AWS::Athena::NamedQuery")}
    assert set(queries) == {query.name for query in CATALOG.queries}
    assert all(query["WorkGroup"].startswith("<Workgroup") for query in queries.values())


def test_the_schema_step_comes_after_all_that_its_views_need(assembly: Assembly) -> None:
    resources = assembly.templates["Lake"]["Resources"]
    (schema,) = [resource for resource in resources.values() if resource["Type"] == "Custom::OutlaySchema"]
    needed = {"AWS::Glue::Table", "AWS::Glue::Database", "AWS::Athena::WorkGroup", "AWS::S3::Bucket", "AWS::IAM::Policy"}
    ids = {logical_id for logical_id, resource in resources.items() if resource["Type"] in needed}
    assert ids <= set(schema["DependsOn"])
    assert {view for view, _ in schema["Properties"]["Views"]} == {view.full_name for view in CATALOG.views}


def test_the_export_of_the_own_bill_is_made_last_and_has_every_column(assembly: Assembly) -> None:
    export = assembly.one("AWS::BCMDataExports::Export", "Lake")
    wanted = export["Export"]
    assert wanted["DataQuery"]["QueryStatement"] == f"SELECT {', '.join(CUR2_SCHEMA.names)} FROM COST_AND_USAGE_REPORT"
    # Columns of legacy reports alone, and of exports that split the cost of containers.
    elsewhere = {"product_region", "split_line_item_split_cost", "split_line_item_parent_resource_id"}
    assert {column.name for column in READ_COLUMNS} - elsewhere <= set(COLUMNS)
    options = wanted["DataQuery"]["TableConfigurations"]["COST_AND_USAGE_REPORT"]
    assert (options["TIME_GRANULARITY"], options["INCLUDE_RESOURCES"]) == ("HOURLY", "TRUE")
    destination = wanted["DestinationConfigurations"]["S3Destination"]
    assert (destination["S3Prefix"], wanted["Name"]) == ("bills/aws", "outlay-aws")
    output = destination["S3OutputConfigurations"]
    assert (output["Format"], output["Compression"], output["Overwrite"]) == ("PARQUET", "PARQUET", "OVERWRITE_REPORT")
    depends = assembly.templates["Lake"]["Resources"][export["_id"]]["DependsOn"]
    kinds = {assembly.templates["Lake"]["Resources"][name]["Type"] for name in depends}
    assert {"AWS::S3::BucketPolicy", "Custom::OutlaySchema"} <= kinds


PAYERS = """bills:
  - {name: aws, format: cur2, prefix: bills/aws/}
  - {name: had-one, format: cur2, prefix: bills/had-one/, create_export: false}
  - {name: theirs, format: cur2, prefix: bills/theirs/, payer_account: "222222222222"}
  - {name: azure, format: focus, prefix: bills/azure/}
  - {name: bought, format: cur2, prefix: exports/, bucket: their-billing-bucket}
"""


def with_payers(config: Path, **deployment: str) -> Path:
    (config / "bills.yaml").write_text(PAYERS, encoding="utf-8")
    names = "".join(f'\n  - {{account_id: "{digit * 12}", name: Account}}' for digit in "12")
    (config / "accounts.yaml").write_text(f"regions: [us-east-1]\naccounts:{names}\n", encoding="utf-8")
    path = config / "deployment.yaml"
    text = path.read_text(encoding="utf-8")
    for field, value in deployment.items():
        text = "".join(f"{field}: {value}\n" if line.startswith(f"{field}:") else line for line in text.splitlines(True))
    path.write_text(text, encoding="utf-8")
    return config


def test_each_payer_writes_under_its_own_bills_prefixes(config: Path, tmp_path: Path) -> None:
    made = Assembly.read(synthesize(with_payers(config), tmp_path / "out"))
    statements = made.one("AWS::S3::BucketPolicy", "Lake")["PolicyDocument"]["Statement"]
    allowed = {
        one["Condition"]["StringEquals"]["aws:SourceAccount"]: {r.partition("/")[2] for r in one["Resource"]}
        for one in statements
        if one["Effect"] == "Allow"
    }
    root = {"", "aws-programmatic-access-test-object"}
    assert allowed == {
        "111111111111": {*root, "bills/aws/*", "bills/had-one/*", "bills/azure/*"},
        "222222222222": {*root, "bills/theirs/*"},
    }
    assert [e["Export"]["Name"] for e in made.resources("AWS::BCMDataExports::Export")] == ["outlay-aws"]


def test_where_data_exports_cannot_be_made_synthesis_says_so(config: Path, tmp_path: Path) -> None:
    made = synthesize(with_payers(config, region="eu-west-1"), tmp_path / "out")
    assert Assembly.read(made).resources("AWS::BCMDataExports::Export") == []
    said = "".join(path.read_text(encoding="utf-8") for path in made.glob("*.json"))
    assert "the export of the bill 'aws' cannot be made from eu-west-1: Data Exports lives in us-east-1" in said
    assert "the bill 'theirs'" not in said


def test_a_template_for_any_region_makes_the_export_where_it_can_be_made(config: Path, tmp_path: Path) -> None:
    made = Assembly.read(synthesize(with_payers(config, region="", account=""), tmp_path / "out"))
    (export,) = [r for r in made.templates["Lake"]["Resources"].values() if r["Type"] == "AWS::BCMDataExports::Export"]
    condition = made.templates["Lake"]["Conditions"][export["Condition"]]
    assert condition["Fn::Or"][0] == {"Fn::Equals": [{"Ref": "AWS::Region"}, "us-east-1"]}
