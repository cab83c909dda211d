"""What people read: dollars first, always with their period, within Slack's limits whatever tags contain."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.settings.files import LEVELS
from lake.sql_text import visible_literal
from notifiers import messages
from notifiers.drivers import Driver
from notifiers.findings import Finding
from notifiers.formatting import code, cut, money_text, per_cent, period, plain
from notifiers.messages import Message
from notifiers.wording import Wording, cost_query
from tests.unit.notifiers.examples import WORDING, anomaly, driver, violation

NAMES_OF_LEVELS = [level for levels in LEVELS.values() for level in levels]
NASTY = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="&<>`*_~@|!\n\r\t \x00\u202e\u200b'\"\\:#é漢🔥", max_size=300),
    st.sampled_from(
        [
            "<!here>",
            "<!channel> @everyone",
            "<@U123>",
            "<https://evil.example|Approve>",
            "```",
            "`*_~",
            "&amp;&lt;",
            "a" * 10_000,
        ]
    ),
)


def blocks_of(message: Message) -> list[dict[str, Any]]:
    """The blocks as they go over the wire (slack_sdk validates them here)."""
    return [json.loads(json.dumps(block.to_dict())) for block in message.blocks]


def texts_of(message: Message) -> list[str]:
    """Every text of the message's blocks."""
    found = []
    for block in blocks_of(message):
        parts = block.get("elements", []) + ([block["text"]] if "text" in block else [])
        found += [part["text"] for part in parts]
    return found


def shown(message: Message) -> str:
    """The message as a person reads it."""
    return html.unescape("\n".join(texts_of(message))).replace("\u2060", "")


def test_a_violation_reads_in_order_of_what_matters() -> None:
    assert shown(messages.opened(violation(), [driver()], WORDING)).splitlines() == [
        "\U0001f534 $412.30 over the monthly budget in 1\u201320 Nov 2026",
        "*$412.30 over* (+41%): `customer acme` spent $1,412.30 in 1\u201320 Nov 2026 (amortized cost), "
        "the limit is $1,000.00 a month.",
        "Rule acme-monthly (critical)",
        "What acme pays us for",
        "3 days so far, the newest 20 Nov 2026",
        "*What grew in 1\u201320 Nov 2026, against the mean of the 30 days before*",
        "1. *+$200.00* (+500%) `Harbor production (111111111111)` · `AmazonEC2` · `NatGateway-Bytes`, above all "
        "`arn:aws:ec2:us-east-1:111111111111:natgateway/nat-1` (+$200.00)",
        "*See it in Athena*",
        "```select aws_account_id, service, usage_type, resource_arn, sum(amortized_cost_usd) as usd",
        'from "outlay"."cost_node_resources"',
        "where day between date '2026-11-01' and date '2026-11-20'",
        "    and dimension = 'group'",
        "    and level = 'customer'",
        "    and ancestor_id = 'acme'",
        "group by 1, 2, 3, 4",
        "order by usd desc",
        "limit 50```",
        "<https://eu-west-1.console.aws.amazon.com/athena/home?region=eu-west-1#/query-editor|Open Athena>",
    ]


def test_an_anomaly_says_what_was_expected_and_how_unusual_it_is() -> None:
    text = shown(messages.opened(anomaly(), [driver(before="0")], WORDING))
    assert "\U0001f4c8 $150.00 over expected on 19 Nov 2026" in text
    assert "`account Harbor production (111111111111)` spent $200.00 on 19 Nov 2026 (usage cost)" in text
    assert "where $50.00 a day was expected" in text
    assert "6.2 standard deviations above the mean (30 days before)" in text
    assert "*+$240.00* (new)" in text
    assert "charge_category = 'usage'" in text


def test_a_cost_that_never_moved_has_no_deviations() -> None:
    assert "The cost had never moved before" in shown(messages.opened(anomaly(z_score=None), [], WORDING))


def test_a_daily_rules_amounts_are_those_of_its_newest_day() -> None:
    text = shown(messages.opened(violation(period="daily", cost_type="unblended"), [], WORDING))
    assert "on 20 Nov 2026 (unblended cost), the limit is $1,000.00 a day" in text
    assert "between date '2026-11-20' and date '2026-11-20'" in text


def test_a_resolution_says_since_when_and_what_it_was() -> None:
    message = messages.resolved(violation(status="resolved", resolved_day=date(2026, 12, 1)), WORDING)
    assert shown(message) == (
        "\u2705 Resolved on 1 Dec 2026: `customer acme` is back within its limit of $1,000.00 a month. "
        "It was $412.30 over the monthly budget in 1\u201320 Nov 2026."
    )


@pytest.mark.parametrize("finding", [violation(), violation(period="daily"), anomaly(), anomaly(day_count=4)])
def test_no_amount_stands_without_its_period(finding: Finding) -> None:
    dated = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}|a day|a month")
    for message in (messages.opened(finding, [driver()], WORDING), messages.resolved(finding, WORDING)):
        for text in (message.text, *texts_of(message)):
            assert "$" not in text or dated.search(text), text


@settings(deadline=None, max_examples=150)
@given(nasty=NASTY, other=NASTY, level=st.sampled_from(NAMES_OF_LEVELS), count=st.integers(1, 90))
def test_whatever_tags_contain_the_message_keeps_slacks_limits_and_rings_nobody(
    nasty: str, other: str, level: str, count: int
) -> None:
    finding = violation(level=level, ancestor_id=nasty, description=other, rule_id=nasty, severity=other)
    drivers = [driver(service=nasty, usage_type=other, resource_arn=nasty, aws_account_id=other)] * 5
    wording = Wording("eu-west-1", "outlay", {nasty: other})
    for message in (
        messages.opened(finding, drivers, wording),
        messages.resolved(finding, wording),
        messages.digest([finding] * count, wording),
    ):
        keeps_limits(message)
        rings_nobody(message)


def keeps_limits(message: Message) -> None:
    blocks = blocks_of(message)
    assert len(blocks) <= 50
    assert 0 < len(message.text) <= 3000
    assert len(json.dumps(blocks, ensure_ascii=False)) + len(message.text) <= 12_000
    assert sum(map(len, texts_of(message))) + len(message.text) <= 10_000
    for block in blocks:
        assert len(block.get("elements", [])) <= 10
        limit = 150 if block["type"] == "header" else 3000
        for part in block.get("elements", []) + ([block["text"]] if "text" in block else []):
            assert 0 < len(part["text"]) <= limit


def rings_nobody(message: Message) -> None:
    """The one control sequence is our own link; code spans and blocks are closed."""
    for text in (message.text, *texts_of(message)):
        controls = [part for part in re.findall(r"<[^>]*>?|>", text)]
        assert all(part.endswith("#/query-editor|Open Athena>") for part in controls), text
        assert not re.search(r"&(?!amp;|lt;|gt;)", text)
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        assert not re.search(r"@(channel|here|everyone)", prose)
        assert prose.count("`") % 2 == 0
        assert "\x00" not in text


def test_what_a_stranger_named_cannot_pose_as_markup() -> None:
    text = "\n".join(texts_of(messages.opened(violation(ancestor_id="<!here> *x* `y`"), [], WORDING)))
    assert "`customer &lt;!here&gt; *x* \u02cby\u02cb`" in text


@settings(deadline=None, max_examples=200)
@given(value=NASTY)
def test_the_query_to_paste_means_the_node_and_nothing_else(value: str) -> None:
    sql = cost_query(violation(ancestor_id=value), WORDING)
    assert "`" not in sql
    (condition,) = re.findall(r"and ancestor_id = (.*)\ngroup by", html.unescape(sql), flags=re.DOTALL)
    assert evaluated(condition) == value


def evaluated(expression: str) -> str:
    """What a concatenation of SQL strings and chr() calls amounts to; fails on anything else."""
    token = re.compile(r"'((?:[^']|'')*)'|chr\((\d+)\)")
    position, pieces = 0, []
    while True:
        match = token.match(expression, position)
        assert match, expression[position:]
        pieces.append(chr(int(match[2])) if match[2] else match[1].replace("''", "'"))
        position = match.end()
        if position == len(expression):
            return "".join(pieces)
        assert expression.startswith(" || ", position)
        position += 4


def test_the_query_to_paste_names_the_node_its_days_and_its_kind_of_cost() -> None:
    assert html.unescape(cost_query(anomaly(), WORDING)) == (
        "select aws_account_id, service, usage_type, resource_arn, sum(amortized_cost_usd) as usd\n"
        'from "outlay"."cost_node_resources"\n'
        "where day between date '2026-11-19' and date '2026-11-19'\n"
        "    and dimension = 'account'\n"
        "    and level = 'account'\n"
        "    and ancestor_id = '111111111111'\n"
        "    and charge_category = 'usage'\n"
        "group by 1, 2, 3, 4\norder by usd desc\nlimit 50"
    )


def test_a_digest_lists_what_fits_and_counts_the_rest() -> None:
    findings = [anomaly(str(500 - n), level="service", ancestor_id=f"service-{n:03d}") for n in range(400)]
    text = shown(messages.digest(findings, WORDING))
    listed = re.findall(r"service-(\d{3})", text)
    assert listed == [f"{n:03d}" for n in range(len(listed))]
    assert f"and {400 - len(listed)} smaller ones" in text


@pytest.mark.parametrize(
    ("usd", "words"),
    [
        ("1234.56", "$1,234.56"),
        ("0.005", "$0.01"),
        ("0.0049", "under $0.01"),
        ("0", "$0.00"),
        ("-12.5", "-$12.50"),
        ("1234567890.999999999999", "$1,234,567,891.00"),
    ],
)
def test_money_has_two_decimals_and_no_nothing_that_is_something(usd: str, words: str) -> None:
    assert money_text(Decimal(usd)) == words


@pytest.mark.parametrize(
    ("first", "last", "words"),
    [
        (date(2026, 11, 20), date(2026, 11, 20), "20 Nov 2026"),
        (date(2026, 11, 1), date(2026, 11, 20), "1\u201320 Nov 2026"),
        (date(2026, 10, 28), date(2026, 11, 3), "28 Oct \u2013 3 Nov 2026"),
        (date(2025, 12, 30), date(2026, 1, 2), "30 Dec 2025 \u2013 2 Jan 2026"),
    ],
)
def test_periods_read_as_people_write_them(first: date, last: date, words: str) -> None:
    assert period(first, last) == words


def test_small_words() -> None:
    assert per_cent(Decimal(1), Decimal(0)) is None
    assert code("") == "`-`"
    assert plain("a\nb\u202ec", 10) == "a b c"
    assert cut("abc &amp; d", 8) == "abc \u2026"
    assert visible_literal("o'brien`s") == "'o''brien' || chr(96) || 's'"


def test_a_driver_without_names_is_unattributed() -> None:
    nameless: Sequence[Driver] = [
        driver(aws_account_id=None, service=None, usage_type=None, resource_arn=None, resource_increase_usd=None)
    ]
    assert "*+$200.00* (+500%) unattributed" in shown(messages.opened(violation(), nameless, WORDING))
