"""`outlay doctor --aws` tells a deployment that works from one that needs attention, and says what to do."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import boto3
import pytest
import yaml

from local.doctor.account import check_account
from tests.deployed.conftest import CONFIG
from tests.deployed.outlay import Outlay
from tests.unit.collectors.bills.bill_builder import line

pytestmark = pytest.mark.exhaustive


def findings(status: str, config: Path = CONFIG) -> list[str]:
    return [f"{found.text} {found.remedy}" for found in check_account(config) if found.status == status]


def changed(folder: Path, **fields: object) -> Path:
    """The settings with some fields of deployment.yaml changed."""
    config = shutil.copytree(CONFIG, folder / "config")
    path = config / "deployment.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | fields))
    return config


def test_a_deployment_that_works_is_well_wherever_the_caller_is_at_home(
    outlay: Outlay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    outlay.collect(collectors=["elastic_ips"])
    # The embedded cloud evaluates alarms on request only, and shows new ones as being in alarm.
    assert [text for text in findings("fail") if " is in alarm" not in text] == []
    well = "\n".join(findings("ok"))
    for part in ("region us-east-1", "stack tested-alerts is CREATE_COMPLETE", "schedules are on", "all 2 scans succeed"):
        assert part in well, part


def test_a_region_without_a_deployment_is_told_so(outlay: Outlay, tmp_path: Path) -> None:
    wrong = "\n".join(findings("fail", changed(tmp_path, region="eu-west-1")))
    assert wrong.count("is not deployed") == 5
    assert "could not be checked: " in wrong


def test_another_account_is_named(outlay: Outlay, tmp_path: Path) -> None:
    (wrong,) = findings("fail", changed(tmp_path, account="999999999999"))
    assert "signed in to account 111111111111, and" in wrong
    assert "says 999999999999" in wrong


def test_settings_that_are_wrong_are_named(outlay: Outlay, tmp_path: Path) -> None:
    (wrong,) = findings("fail", changed(tmp_path, region="mars-1"))
    assert "mars-1" in wrong
    assert "correct the settings" in wrong


@pytest.mark.parametrize("text", ["{}", '{"bot_token": ""}', "xoxb-1", '["bot_token"]'])
def test_a_secret_without_a_token_is_named_with_its_remedy(text: str, outlay: Outlay) -> None:
    secrets = outlay.cloud.client("secretsmanager")
    name = f"{outlay.deployed.name}/slack"
    token = secrets.get_secret_value(SecretId=name)["SecretString"]
    secrets.put_secret_value(SecretId=name, SecretString=text)
    try:
        (problem,) = [text for text in findings("fail") if "secret" in text]
    finally:
        secrets.put_secret_value(SecretId=name, SecretString=token)
    assert f"{name} holds no bot_token and no webhook_url" in problem
    assert "docs/deploy.md" in problem


@pytest.mark.parametrize(("content", "status"), [({"webhook_url": "https://hooks.slack.com/x"}, "ok"), ({}, "fail")])
def test_a_secret_of_ones_own_is_the_one_that_is_read(
    content: dict[str, str], status: str, outlay: Outlay, tmp_path: Path
) -> None:
    secrets = outlay.cloud.client("secretsmanager")
    arn = secrets.create_secret(Name=f"our-own-{status}", SecretString=json.dumps(content))["ARN"]
    told = findings(status, changed(tmp_path, slack={"secret_arn": arn}))
    assert len([text for text in told if "Slack's secret is filled in" in text or f"secret {arn} holds no" in text]) == 1


def test_tag_keys_that_bills_lack_come_with_the_commands_that_activate_and_backfill_them(outlay: Outlay) -> None:
    (unseen,) = [text for text in findings("warn") if "tag keys of env" in text]
    assert "billing has seen none of the tag keys of env: environment, env" in unseen
    outlay.cloud.command("see-tags", account="111111111111", keys=["customer", "env", "application", "colour"])
    (lacking,) = [text for text in findings("fail") if "tag keys are not active" in text]
    assert (
        "unattributed: application, customer, env in the payer account: aws ce update-cost-allocation-tags-status" in lacking
    )
    assert "'TagKey=customer,Status=Active'" in lacking
    assert "colour" not in lacking
    assert re.search(r"aws ce start-cost-allocation-tag-backfill --backfill-from \d{4}-\d\d-01T00:00:00Z$", lacking)
    wanted = [{"TagKey": key, "Status": "Active"} for key in ("customer", "env", "application")]
    boto3.client("ce").update_cost_allocation_tags_status(CostAllocationTagsStatus=wanted)  # type: ignore[call-overload]
    assert "the tag keys of grouping.yaml are active cost allocation tags " in findings("ok")


def test_the_export_and_the_bills_deliveries_are_looked_at(outlay: Outlay, tmp_path: Path) -> None:
    assert "export tested-aws is healthy " in findings("ok")
    assert [text for text in findings("warn") if text.startswith("bill aws: nothing has been delivered")]
    outlay.deliver([line(1, 4.0)])
    assert "bill aws is delivered " in findings("ok")
    config = changed(tmp_path)
    (config / "bills.yaml").write_text("bills:\n  - {name: other, format: cur2, prefix: bills/other/}\n")
    (wrong,) = [text for text in findings("fail", config) if "export" in text]
    assert wrong == "there is no export tested-other make it as docs/deploy.md says: The bill"


def test_layers_and_listeners_are_looked_at(outlay: Outlay, tmp_path: Path) -> None:
    assert [text for text in findings("ok") if text.startswith("the functions run on arn:aws:lambda:us-east-1:017000801446")]
    own = {"powertools": "arn:aws:lambda:{region}:111111111111:layer:ours:1"}
    (other,) = [text for text in findings("warn", changed(tmp_path, layers=own)) if "runs on other layers" in text]
    assert "tested-collect runs on other layers: arn:aws:lambda:us-east-1:017000801446" in other
    assert [text for text in findings("warn") if text.startswith("nobody hears the alarms of tested-alarms")]


def test_the_smoke_test_runs_one_statement_of_each_kind_and_leaves_nothing(outlay: Outlay) -> None:
    before = set(boto3.client("glue").get_paginator("get_tables").paginate(DatabaseName="outlay").search("TableList[].Name"))
    found = list(check_account(CONFIG, smoke=True))
    told = {one.text.partition(":")[0]: one for one in found}
    assert [one.text for one in found if one.status == "fail" and " is in alarm" not in one.text] == []
    for kind in ("SELECT", "CREATE VIEW", "UNLOAD of resource_snapshots_daily", "the view cost_anomalies", "DESCRIBE"):
        assert ": taken, " in told[kind].text, kind
    assert "refused: mismatched input" in told["CREATE VIEW with a comment"].text
    after = set(boto3.client("glue").get_paginator("get_tables").paginate(DatabaseName="outlay").search("TableList[].Name"))
    assert after == before


def test_a_statement_that_athena_refuses_is_told_in_its_words(outlay: Outlay) -> None:
    glue = boto3.client("glue")
    view = glue.get_table(DatabaseName="outlay", Name="cost_anomalies")["Table"]
    glue.delete_table(DatabaseName="outlay", Name="cost_anomalies")
    try:
        (refused,) = [one for one in check_account(CONFIG, smoke=True) if one.text.startswith("the view cost_anomalies")]
    finally:
        kept = (
            "Name",
            "TableType",
            "Parameters",
            "StorageDescriptor",
            "ViewOriginalText",
            "ViewExpandedText",
            "PartitionKeys",
        )
        glue.create_table(DatabaseName="outlay", TableInput={key: view[key] for key in kept if key in view})  # type: ignore[literal-required,misc]
    assert refused.status == "fail"
    assert "does not exist" in refused.text
    assert "docs/smoke.md" in refused.remedy
