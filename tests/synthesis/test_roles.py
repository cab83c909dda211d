"""Each function's role: what it may do, and what it may not."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from infra.stacks.collection import MOST_NAMED_ACCOUNTS
from infra.synthesis import synthesize
from tests.synthesis.templates import Assembly

FUNCTIONS = ("collect", "bills", "rollup", "notify", "schema")
SCHEDULED = ("collection", "rollups", "alerts")
WRITES = {
    "collect": {
        "tables/outlay/resource_events/event_type=config/",
        "tables/outlay/resource_events/event_type=metric/",
        "tables/outlay/collector_runs/",
    },
    "bills": {"tables/outlay/resource_events/event_type=cost/", "tables/outlay/collector_runs/"},
    "rollup": {"builds/"},
    "notify": {"tables/outlay/notifications/"},
    "schema": {"tables/outlay/budget_rules/", "tables/outlay/account_settings/", "tables/outlay/_migrations/"},
}


def test_each_function_has_a_role_of_its_own(assembly: Assembly) -> None:
    functions = assembly.resources("AWS::Lambda::Function")
    assert {function["FunctionName"] for function in functions} == {f"outlay-{purpose}" for purpose in FUNCTIONS}
    assert len({(function["_stack"], function["Role"]) for function in functions}) == len(FUNCTIONS)


def test_no_role_has_a_managed_policy_or_a_wildcard_action(assembly: Assembly) -> None:
    assert not any("ManagedPolicyArns" in role for role in assembly.resources("AWS::IAM::Role"))
    policies = assembly.resources("AWS::IAM::Policy")
    actions = [str(s["Action"]) for policy in policies for s in policy["PolicyDocument"]["Statement"]]
    assert actions
    assert not [action for action in actions if "*" in action]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_resource_but_xrays_is_named(assembly: Assembly, function: str) -> None:
    open_ended = [actions for actions, resources in assembly.statements(function) if "*" in resources]
    assert open_ended == [{"xray:PutTraceSegments", "xray:PutTelemetryRecords"}]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_its_own_tables_and_no_other(assembly: Assembly, function: str) -> None:
    written = assembly.allowed(function, "s3:PutObject") - {"lake/athena-results/*"}
    assert ("lake/reading/*" in written) == (function == "bills")
    written -= {"lake/reading/*"}
    assert written == {f"lake/{prefix}*" for prefix in WRITES[function]}


def test_only_the_rollups_delete_and_only_their_own_and_superseded_bills(assembly: Assembly) -> None:
    for function in FUNCTIONS:
        own = {"lake/builds/*", "lake/tables/outlay/resource_events/event_type=cost/*"} if function == "rollup" else set()
        assert assembly.allowed(function, "s3:DeleteObject") == own


def test_collectors_and_bills_read_no_table_but_the_outcomes_of_scans(assembly: Assembly) -> None:
    assert assembly.allowed("collect", "s3:GetObject") == {"lake/tables/outlay/collector_runs/*"}
    assert assembly.allowed("bills", "s3:GetObject") == {"lake/bills/aws/*", "lake/reading/*"}
    for function in ("collect", "bills"):
        assert assembly.allowed(function, "athena:StartQueryExecution") == set()


def test_partitions_are_published_by_who_builds_them(assembly: Assembly) -> None:
    tables = {"catalog", "database/outlay"}
    assert assembly.allowed("bills", "glue:BatchUpdatePartition") == {*tables, "table/outlay/resource_events"}
    whole = {"table/outlay/*", "table/outlay_builds/*", "database/outlay_builds"}
    for action in ("glue:BatchCreatePartition", "glue:BatchUpdatePartition"):
        assert assembly.allowed("rollup", action) == tables | whole
    for function in ("collect", "notify", "schema"):
        assert assembly.allowed(function, "glue:BatchUpdatePartition") == set()


def test_only_the_rollups_drop_partitions(assembly: Assembly) -> None:
    for function in FUNCTIONS:
        assert bool(assembly.allowed(function, "glue:DeletePartition")) == (function == "rollup")


def test_the_rollups_drop_what_is_past_its_retention(assembly: Assembly) -> None:
    dropped = {arn for arn in assembly.allowed("rollup", "glue:DeletePartition") if "outlay_builds" not in arn}
    assert dropped == {"catalog", "database/outlay", "table/outlay/resource_events", "table/outlay/collector_runs"}


def test_only_the_schema_step_changes_tables(assembly: Assembly) -> None:
    assert "table/outlay/*" in assembly.allowed("schema", "glue:DeleteTable")
    for function in ("collect", "bills", "rollup", "notify"):
        assert assembly.allowed(function, "glue:DeleteTable") == assembly.allowed(function, "glue:CreateTable") == set()


def test_the_schema_step_may_change_views_and_no_table_that_holds_data(assembly: Assembly) -> None:
    (policy,) = [p for p in assembly.resources("AWS::IAM::Policy", "Lake") if p["Roles"][0].startswith("<SchemaRole")]
    (denied,) = [one for one in policy["PolicyDocument"]["Statement"] if one["Effect"] == "Deny"]
    assert set(denied["Action"]) == {"glue:UpdateTable", "glue:DeleteTable"}
    stored = {t["TableInput"]["Name"] for t in assembly.resources("AWS::Glue::Table")}
    assert {resource.rpartition("/")[2] for resource in denied["Resource"]} == stored


def test_queries_run_in_the_own_workgroup_alone(assembly: Assembly) -> None:
    for function in ("rollup", "notify", "schema"):
        assert assembly.allowed(function, "athena:StartQueryExecution") == {"workgroup/outlay"}


def test_only_the_notifier_reads_the_secret(assembly: Assembly) -> None:
    for function in FUNCTIONS:
        found = assembly.allowed(function, "secretsmanager:GetSecretValue")
        assert bool(found) == (function == "notify")
        assert "*" not in found


def test_only_collect_enters_accounts_and_only_the_configured(assembly: Assembly) -> None:
    assert assembly.allowed("collect", "sts:AssumeRole") == {"role/outlay-member"}
    entered = [resources for actions, resources in assembly.statements("collect") if "sts:AssumeRole" in actions]
    assert entered == [{"arn:<AWS::Partition>:iam::111111111111:role/outlay-member"}]
    for function in ("bills", "rollup", "notify", "schema"):
        assert assembly.allowed(function, "sts:AssumeRole") == set()


@pytest.mark.parametrize("accounts", [MOST_NAMED_ACCOUNTS, MOST_NAMED_ACCOUNTS + 1, 1000])
def test_policies_stay_within_iams_limits_however_many_accounts_there_are(
    config: Path, tmp_path: Path, accounts: int
) -> None:
    entries = "".join(f'\n  - {{account_id: "{n:012d}", name: Account}}' for n in range(accounts))
    (config / "accounts.yaml").write_text(f"regions: [us-east-1]\naccounts:{entries}\n", encoding="utf-8")
    deployment = config / "deployment.yaml"
    longest = deployment.read_text(encoding="utf-8").replace("name: outlay", f"name: {'o' * 20}", 1)
    deployment.write_text(longest, encoding="utf-8")
    assembly = Assembly.read(synthesize(config, tmp_path / "assembly"))
    inline: Counter[str] = Counter()
    for policy in assembly.resources("AWS::IAM::Policy") + assembly.resources("AWS::IAM::ManagedPolicy"):
        size = len(as_deployed(policy["PolicyDocument"]))
        assert size <= 6144
        if "PolicyName" in policy:
            inline.update({f"{policy['_stack']}/{role}": size for role in policy["Roles"]})
    assert len(inline) == len(FUNCTIONS) + len(SCHEDULED) + 1, "the member role"
    assert max(inline.values()) <= 10_240
    entered = [resources for actions, resources in assembly.statements("collect") if "sts:AssumeRole" in actions]
    assert [len(resources) for resources in entered] == [accounts if accounts <= MOST_NAMED_ACCOUNTS else 1]
    assert all(resource.endswith(f":role/{'o' * 20}-member") for (*resources,) in entered for resource in resources)


def as_deployed(document: dict[str, Any]) -> str:
    """A policy as IAM counts it, without blanks, in the partition and region whose names are longest."""
    text = json.dumps(document, separators=(",", ":"))
    longest = {"Partition": "aws-us-gov", "Region": "ap-northeast-1", "AccountId": "1" * 12}
    for name, value in longest.items():
        text = text.replace(f"<AWS::{name}>", value)
    return re.sub(r"<[^<>]*>", "x" * 120, text)  # the ARN of something else in the stack


def test_collect_may_continue_itself_and_lambda_does_not_stop_it(assembly: Assembly) -> None:
    assert assembly.allowed("collect", "lambda:InvokeFunction") == {"function:outlay-collect"}
    loops = {f["FunctionName"]: f.get("RecursiveLoop") for f in assembly.resources("AWS::Lambda::Function")}
    assert loops.pop("outlay-collect") == "Allow"
    assert set(loops.values()) == {None}


def test_each_function_is_told_only_what_it_uses(assembly: Assembly) -> None:
    told = {
        function["FunctionName"].removeprefix("outlay-"): {
            name for name in function["Environment"]["Variables"] if name.startswith("OUTLAY_")
        }
        for function in assembly.resources("AWS::Lambda::Function")
    }
    lake = {"OUTLAY_BUCKET", "OUTLAY_WORKGROUP", "OUTLAY_DATABASE_PREFIX"}
    assert told == {
        "collect": {*lake, "OUTLAY_MEMBER_ROLE", "OUTLAY_EXTERNAL_ID"},
        "bills": lake,
        "rollup": lake,
        "notify": {*lake, "OUTLAY_SLACK_SECRET_ARN", "OUTLAY_SLACK_API_URL", "OUTLAY_IDEMPOTENCY_TABLE"},
        "schema": {*lake, "OUTLAY_MEMBER_ROLE"},
    }


def test_collect_asks_for_tokens_that_are_good_in_every_region(assembly: Assembly) -> None:
    (told,) = [f for f in assembly.resources("AWS::Lambda::Function") if f["FunctionName"] == "outlay-collect"]
    assert told["Environment"]["Variables"]["AWS_STS_REGIONAL_ENDPOINTS"] == "regional"


def test_functions_are_traced_and_their_logs_end(assembly: Assembly) -> None:
    for function in assembly.resources("AWS::Lambda::Function"):
        assert function["TracingConfig"] == {"Mode": "Active"}
        assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
        group = function["LoggingConfig"]["LogGroup"].strip("<>")
        kept = assembly.templates[function["_stack"]]["Resources"][group]["Properties"]
        assert kept == {**kept, "LogGroupName": f"/aws/lambda/{function['FunctionName']}", "RetentionInDays": 90}
