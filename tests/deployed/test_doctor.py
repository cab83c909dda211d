"""`outlay doctor --aws` tells a deployment that works from one that needs attention, and says what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import yaml

from local.doctor.account import check_account
from tests.deployed.conftest import CONFIG
from tests.deployed.outlay import Outlay

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
