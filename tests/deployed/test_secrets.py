"""Secrets stay where they were put, whatever goes wrong; and what strangers write into tags stays text."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import chain

import boto3
import pyarrow.parquet as pq
import pytest
import yaml

from local.main_job import gather
from local.report.page import render
from tests.deployed.complete_run import GROUPS, MEMBER, CompleteRun
from tests.deployed.conftest import CONFIG
from tests.deployed.outlay import SLOT, Outlay
from tests.unit.collectors.bills.bill_builder import line

pytestmark = pytest.mark.exhaustive

BOT_TOKEN = "xoxb-canary-1111111111-sesame"
WEBHOOK = "T0CANARY/B0CANARY/canarysesamecanary"
EXTERNAL_ID = yaml.safe_load((CONFIG / "deployment.yaml").read_text(encoding="utf-8"))["external_id"]
SESSION_TOKEN = "AQoEXAMPLEH4aoAH0gNCAPy"
"""How the session tokens of the embedded cloud begin."""
SECRETS = ("canary", "sesame", EXTERNAL_ID, "wrong-0123456789", SESSION_TOKEN)
HOSTILE = "<script>boom()</script><!channel>\"'&`*_~"


@pytest.fixture
def run(outlay: Outlay) -> Iterator[CompleteRun]:
    """An empty lake, and Slack's secret as it was when the test has ended."""
    secrets, name = outlay.cloud.client("secretsmanager"), f"{outlay.deployed.name}/slack"
    before = secrets.get_secret_value(SecretId=name)["SecretString"]
    yield CompleteRun(outlay)
    secrets.put_secret_value(SecretId=name, SecretString=before)


def keep(run: CompleteRun, secret: str) -> None:
    run.cloud.client("secretsmanager").put_secret_value(SecretId=f"{run.name}/slack", SecretString=secret)


def said_by_functions(run: CompleteRun) -> Iterator[str]:
    """What every run answers: good ones, and each way to fail that has a secret near it."""
    run.seed()
    run.deliver(150.0)
    for collector in ("nat_gateways", "nat_traffic", "ebs_volumes"):
        yield str(run.outlay.fire(f"collect-{collector}"))
    with run.told("collect", OUTLAY_EXTERNAL_ID="wrong-0123456789"):
        yield str(run.outlay.fire("collect-ebs_volumes", SLOT + timedelta(hours=1)))
    with run.role("member", MEMBER).without("ec2:DescribeVolumes"):
        yield str(run.outlay.fire("collect-ebs_volumes", SLOT + timedelta(hours=2)))
    run.outlay.deliver_focus("broken.csv", b"nothing,BilledCost\nx")
    yield str(run.outlay.fire("bills"))
    yield str(run.outlay.fire("rollup"))
    bot, webhook = ({"bot_token": BOT_TOKEN}, {"webhook_url": f"{run.cloud.slack_url}/services/{WEBHOOK}"})
    keep(run, json.dumps(bot))
    run.cloud.slack_fail_next("token_revoked", times=3)
    yield str(run.outlay.fire("notify"))
    for secret, fault in ((bot, "http_500"), (webhook, "http_500"), (webhook, "no_service")):
        keep(run, json.dumps(secret))
        run.cloud.slack_fail_next(fault)
        yield str(run.invoke("notify"))
    for unreadable in ("canary is no JSON", '["canary"]', '{"webhook_url": "canary"}'):
        keep(run, unreadable)
        yield str(run.invoke("notify"))
    keep(run, json.dumps({"webhook_url": f"http://localhost:9/services/{WEBHOOK}"}))
    yield str(run.invoke("notify"))
    with run.role("notify").without("secretsmanager:GetSecretValue"):
        yield str(run.invoke("notify"))
    keep(run, json.dumps(bot))
    yield str(run.outlay.fire("notify"))


def left_behind(run: CompleteRun) -> Iterator[str]:
    """Everything that can be read afterwards: logs, dead letters, tables, query texts and results, messages, the report."""
    for file in (run.cloud.home / "logs").rglob("*.log"):
        yield file.read_text(encoding="utf-8")
    for group in GROUPS:
        yield from map(str, run.take_dead_letters(group))
    s3, bucket = run.outlay.lake.s3, run.outlay.deployed.bucket
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for found in page.get("Contents", []):
            if not found["Key"].startswith("bills/"):
                yield readable(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
    athena = boto3.client("athena")
    ids = athena.list_query_executions(WorkGroup=run.outlay.deployed.workgroup)["QueryExecutionIds"]
    yield from map(str, athena.batch_get_query_execution(QueryExecutionIds=ids)["QueryExecutions"])
    yield str(run.cloud.slack_messages())
    yield str(boto3.client("dynamodb").scan(TableName=f"{run.name}-sent")["Items"])
    report = gather(run.outlay.deployed, "Canaries")
    yield from (render(report), str(report))


def readable(body: bytes) -> str:
    if body[:4] == b"PAR1":
        return str(pq.read_table(io.BytesIO(body)).to_pylist())
    return body.decode(errors="replace")


def test_secrets_are_in_no_log_error_letter_row_message_or_report(run: CompleteRun) -> None:
    texts = list(chain(said_by_functions(run), left_behind(run)))
    assert len(run.outlay.messages()) == 1, "with the right token it was said in the end"
    assert sum("error='Unhandled'" in text for text in texts) == 11
    assert any("token_revoked" in text for text in texts), "the failures were told"
    assert any("AccessDenied" in text for text in texts)
    for secret in SECRETS:
        assert not [text[max(0, text.find(secret) - 200) :][:400] for text in texts if secret in text]


def test_the_canaries_would_be_seen(run: CompleteRun) -> None:
    """Each place that is searched does hold what is put there."""
    run.outlay.deliver([line(10, 150.0, line_item_resource_id="i-finch")])
    run.outlay.settle()
    run.outlay.fire("notify")
    seen = [text for text in left_behind(run) if "i-finch" in text]
    assert any(text.startswith("[{") and "resource_arn" in text for text in seen), "rows"
    assert any("attachments" in text or "blocks" in text for text in seen), "messages"
    assert any("<html" in text for text in seen), "the page"


def test_what_tags_and_ids_contain_is_escaped_on_the_page_and_in_slack(run: CompleteRun) -> None:
    names = {"line_item_resource_id": HOSTILE, "line_item_usage_type": HOSTILE}
    tags = [("user_customer", "acme"), ("user_environment", HOSTILE), ("user_name", HOSTILE)]
    run.outlay.deliver(
        [line(10, 150.0, resource_tags=tags, **names), line(11, 3.0, resource_tags=[("user_customer", HOSTILE)])]
    )
    run.outlay.settle()
    assert run.outlay.fire("notify").payload == {"sent": 1, "left": 0}
    (message,) = run.outlay.messages()
    said = json.dumps(message, ensure_ascii=False)
    assert "boom()" in said
    assert not [markup for markup in ("<script", "<!channel", "</script") if markup in said]
    page = render(gather(run.outlay.deployed, HOSTILE))
    assert "boom()" in page
    assert "<script>boom" not in page
    assert "<!channel" not in page
