"""The assembly as a whole: rules it must pass, what it ships, and the other ways to configure it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.asset import build_asset
from infra.settings.load import load_settings
from lake.catalog import load_catalog
from lake.configuration import load_configuration
from tests.support.catalog import CATALOG
from tests.synthesis.conftest import ROOT
from tests.synthesis.templates import Assembly


def test_cfn_lint_finds_nothing_but_redundant_dependencies(assembly: Assembly) -> None:
    from cfnlint.api import lint_file

    found = [
        f"{path.name}: {match}"
        for path in sorted(assembly.folder.glob("*.template.json"))
        for match in lint_file(path, config={"ignore_checks": ["W3005"]})
    ]
    assert not found


def test_an_open_finding_of_cdk_nag_stops_the_synthesis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import infra.constructs.lake_bucket as lake_bucket
    from infra.synthesis import synthesize

    monkeypatch.setattr(lake_bucket, "acknowledge", lambda *_: None)
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        synthesize(ROOT / "config", tmp_path)
    report = json.loads((tmp_path / "validation-report.json").read_text())
    assert "AwsSolutions-S1" in json.dumps(report)


def test_no_stack_imports_from_another_and_all_come_after_the_lake(assembly: Assembly) -> None:
    assert not [name for name, template in assembly.templates.items() if "Fn::ImportValue" in json.dumps(template)]
    manifest = json.loads((assembly.folder / "manifest.json").read_text())["artifacts"]
    for stack in ("Collection", "Rollups", "Alerts"):
        assert "Lake" in manifest[stack]["dependencies"]


def test_the_asset_is_the_same_every_time_and_lacks_what_only_synthesis_needs(config: Path, tmp_path: Path) -> None:
    text = load_settings(config).configuration_json()
    first, second = (build_asset(ROOT / "functions", tmp_path / name, CATALOG, text) for name in ("a", "b"))
    files = {path.relative_to(first).as_posix(): path.read_bytes() for path in first.rglob("*") if path.is_file()}
    again = {path.relative_to(second).as_posix(): path.read_bytes() for path in second.rglob("*") if path.is_file()}
    assert files == again
    assert {"handlers/rollup.py", "lake/catalog.py", "slack_sdk/web/client.py", "catalog.json", "config.json"} <= set(files)
    assert not [name for name in files if "catalog_parser" in name or name.endswith((".pyc", "RECORD"))]
    assert "slack_sdk-3.47.0.dist-info/licenses/LICENSE" in files
    assert sum(map(len, files.values())) < 5_000_000
    assert load_catalog(first) == CATALOG
    assert load_configuration(first).accounts[0].account_id == "111111111111"


def test_a_template_for_any_account_with_a_key_other_buckets_and_nothing_kept(config: Path, tmp_path: Path) -> None:
    """All that is optional, turned the other way."""
    from infra.synthesis import synthesize

    key = "arn:aws:kms:eu-west-1:222222222222:key/0a1b"
    secret = "arn:aws:secretsmanager:eu-west-1:222222222222:secret:slack-AbCdEf"
    (config / "deployment.yaml").write_text(
        f"name: harbor\nexternal_id: 0123456789abcdef\nkeep_data: false\nkms_key_arn: {key}\n"
        f"slack: {{secret_arn: '{secret}', api_url: 'http://127.0.0.1:1234/api/'}}\nalarm_email: ops@example.com\n"
        "reserved_concurrency: false\ndatabase_prefix: harbor_\n"
    )
    (config / "accounts.yaml").write_text(
        "regions: [eu-west-1]\naccounts:\n"
        "  - {account_id: '222222222222', name: a}\n  - {account_id: '333333333333', name: b}\n"
    )
    (config / "bills.yaml").write_text(
        "bills:\n  - {name: aws, format: cur2, prefix: exports/, bucket: their-bills}\n"
        "  - {name: ours, format: focus, prefix: bills/ours/, payer_account: '333333333333'}\n"
    )
    made = Assembly.read(synthesize(config, tmp_path / "out"))
    assert "<AWS::Region>" in made.one("AWS::S3::Bucket", "Lake")["BucketName"]
    assert made.one("AWS::S3::Bucket", "Lake")["BucketName"].startswith("harbor-lake-")
    assert made.templates["MemberRole"]["Parameters"]["CentralAccountId"]["Default"] == ""
    databases = made.resources("AWS::Glue::Database")
    assert {table["DatabaseName"] for table in made.resources("AWS::Glue::Table")} == {f"<{d['_id']}>" for d in databases}
    assert {d["DatabaseInput"]["Name"] for d in databases} == {"harbor_outlay", "harbor_outlay_builds"}
    resources = made.templates["Lake"]["Resources"].values()
    assert {r["DeletionPolicy"] for r in resources if r["Type"] in ("AWS::S3::Bucket", "AWS::Glue::Table")} == {"Delete"}
    for function in ("collect", "bills", "rollup", "notify", "schema"):
        assert made.allowed(function, "kms:GenerateDataKey") == {"key/0a1b"}
    assert made.allowed("bills", "s3:GetObject") == {
        "their-bills/exports/*",
        "harbor-lake-<AccountId>-<Region>/bills/ours/*",
        "harbor-lake-<AccountId>-<Region>/reading/*",
    }
    assert made.allowed("notify", "secretsmanager:GetSecretValue") == {"secret:slack-AbCdEf"}
    assert made.resources("AWS::SecretsManager::Secret") == []
    assert [s["Endpoint"] for s in made.resources("AWS::SNS::Subscription")] == ["ops@example.com"]
    assert not any("ReservedConcurrentExecutions" in f for f in made.resources("AWS::Lambda::Function"))
    policy = made.one("AWS::S3::BucketPolicy", "Lake")["PolicyDocument"]["Statement"]
    assert [s["Condition"]["StringEquals"]["aws:SourceAccount"] for s in policy if s["Effect"] == "Allow"] == [
        "333333333333"
    ]


def test_a_wrong_setting_is_one_sentence_on_the_command_line(config: Path) -> None:
    (config / "notifications.yaml").write_text("")
    environment = {"CDK_CONTEXT_JSON": json.dumps({"config": str(config)}), "PATH": "/usr/bin:/bin"}
    done = subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip() == "error: config/notifications.yaml: default_channel is missing; add it"
