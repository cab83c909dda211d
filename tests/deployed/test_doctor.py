"""`outlay doctor --aws` tells a deployment that works from one that needs mending, and says what to do."""

from __future__ import annotations

import json

from local.doctor import check_account
from tests.deployed.conftest import CONFIG
from tests.deployed.outlay import Outlay


def findings(status: str) -> list[str]:
    return [f"{found.text} {found.remedy}" for found in check_account(CONFIG) if found.status == status]


def test_a_deployment_that_works_has_nothing_to_mend(outlay: Outlay) -> None:
    outlay.collect(collectors=["elastic_ips"])
    # The embedded cloud evaluates alarms on request only, and shows new ones as ringing.
    assert [text for text in findings("fail") if not text.startswith("alarm ")] == []
    assert any("all 2 scans succeed" in text for text in findings("ok"))


def test_an_empty_secret_and_a_missing_stack_are_named_with_their_remedy(outlay: Outlay) -> None:
    secrets = outlay.cloud.client("secretsmanager")
    name = f"{outlay.deployed.name}/slack"
    token = secrets.get_secret_value(SecretId=name)["SecretString"]
    secrets.put_secret_value(SecretId=name, SecretString=json.dumps({}))
    try:
        (problem,) = [text for text in findings("fail") if "secret" in text]
    finally:
        secrets.put_secret_value(SecretId=name, SecretString=token)
    assert "holds no bot_token and no webhook_url" in problem
    assert "docs/deploy.md" in problem
