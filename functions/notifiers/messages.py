"""What Slack shows for a finding: Block Kit and the one line for notifications. Pure: no clock, no network.

Every amount stands with its period. Dollars over the limit or the expected come first, then what drove them, largest
first, then the query that shows more. Within Slack's limits: 50 blocks, 3,000 characters a section, 150 a header, and
TOTAL_LENGTH in all (Slack refuses more than about 11,000, which it does not document).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slack_sdk.models.blocks import Block, ContextBlock, HeaderBlock, MarkdownTextObject, PlainTextObject, SectionBlock

from notifiers.drivers import Driver
from notifiers.drivers_query import DAYS_BEFORE
from notifiers.findings import Anomaly, Finding, Violation
from notifiers.formatting import code, cut, in_period, money_text, per_cent, plain
from notifiers.wording import SPEND, Wording, cost_query

SECTION_LENGTH, HEADER_LENGTH, TOTAL_LENGTH = 3000, 150, 10_000
DIGEST_SECTIONS = 3
_MARKS = {"critical": "\U0001f534", "warning": "\U0001f7e0", "info": "\U0001f535"}
_ANOMALY_MARK, _RESOLVED_MARK, _WITHDRAWN_MARK = "\U0001f4c8", "\u2705", "\u21a9\ufe0f"


@dataclass(frozen=True)
class Message:
    """One Slack message. text is the line for notifications and for clients that show no blocks."""

    text: str
    blocks: tuple[Block, ...]


def opened(finding: Finding, drivers: Sequence[Driver] | None, wording: Wording) -> Message:
    """The message that tells of a new finding. drivers is None where they could not be read."""
    summary = one_line(finding, wording)
    query = cost_query(finding, wording)
    blocks: list[Block] = [
        HeaderBlock(text=cut(f"{_mark(finding)} {_headline(finding)}", HEADER_LENGTH)),
        _section(_what_happened(finding, wording)),
        _context(_circumstances(finding)),
    ]
    if drivers is not None:
        blocks.append(_section(_drivers(finding, drivers, wording)))
    if len(query) <= SECTION_LENGTH - 100:
        blocks.append(_section(f"*See it in Athena*\n```{query}```"))
    blocks.append(ContextBlock(elements=[_markdown(f"<{wording.console}|Open Athena>")]))
    return Message(summary, tuple(blocks))


def resolved(finding: Finding, wording: Wording) -> Message:
    """The note that a finding is over."""
    day = finding.resolved_day
    when = f" {in_period(day, day)}" if day else ""
    node = code(wording.node(finding))
    past = f"It was {money_text(finding.over_usd)} over {_yardstick(finding)} {in_period(*finding.window)}."
    told = f"{_RESOLVED_MARK} Resolved{when}: {node} is back {_back(finding)}. {past}"
    return Message(f"Resolved{when}: {plain(wording.node(finding))} is back {_back(finding)}. {past}", (_section(told),))


def reopened(finding: Finding, wording: Wording) -> Message:
    """The note that a finding which was called over is open again: the bill was restated."""
    node, over = (
        wording.node(finding),
        f"{money_text(finding.over_usd)} over {_yardstick(finding)} {in_period(*finding.window)}",
    )
    told = f"{_mark(finding)} Open again: {code(node)} is {over}. The bill was restated."
    return Message(f"Open again: {plain(node)} is {over}", (_section(told),))


def withdrawn_message(summary: str) -> Message:
    """The note that what was told no longer holds; summary is the announcement's line, escaped already."""
    why = "The bill was restated, or the rule was changed."
    told = f"{_WITHDRAWN_MARK} No longer so: {summary}. {why}"
    return Message(f"No longer so: {summary}. {why}", (_section(told),))


def digest(findings: Sequence[Finding], wording: Wording) -> Message:
    """One message for many findings, largest first: a line each while they fit, and how many more there are."""
    text = f"{len(findings)} more new findings, the largest {one_line(findings[0], wording)}"
    sections, listed = [""], 0
    for finding in findings:
        line = f"\u2022 {_mark(finding)} *{money_text(finding.over_usd)}* over {_yardstick(finding)} "
        line += f"{in_period(*finding.window)}: {code(wording.node(finding))}\n"
        if len(sections[-1]) + len(line) > SECTION_LENGTH - 200:
            if len(sections) == DIGEST_SECTIONS:
                break
            sections.append("")
        sections[-1] += line
        listed += 1
    if listed < len(findings):
        sections[-1] += f"\u2026 and {len(findings) - listed} smaller ones: see budget_violations and cost_anomalies."
    blocks: list[Block] = [HeaderBlock(text=f"{len(findings)} more new findings"), *map(_section, sections)]
    blocks.append(ContextBlock(elements=[_markdown(f"<{wording.console}|Open Athena>")]))
    return Message(text, tuple(blocks))


def one_line(finding: Finding, wording: Wording) -> str:
    """A finding in one escaped line."""
    return f"{_headline(finding)}: {plain(wording.node(finding))}"


def _headline(finding: Finding) -> str:
    return f"{money_text(finding.over_usd)} over {_yardstick(finding)} {in_period(*finding.window)}"


def _yardstick(finding: Finding) -> str:
    return f"the {finding.period} budget" if isinstance(finding, Violation) else "expected"


def _back(finding: Finding) -> str:
    if not isinstance(finding, Violation):
        return "to normal"
    return f"within its limit of {money_text(finding.limit_usd)} a {_PERIOD_NOUN[finding.period]}"


_PERIOD_NOUN = {"daily": "day", "monthly": "month"}


def _mark(finding: Finding) -> str:
    return _MARKS.get(finding.severity, "\U0001f7e0") if isinstance(finding, Violation) else _ANOMALY_MARK


def _what_happened(finding: Finding, wording: Wording) -> str:
    node, when = code(wording.node(finding)), in_period(*finding.window)
    _, kind = SPEND[finding.spend]
    if isinstance(finding, Violation):
        share = per_cent(finding.over_usd, finding.limit_usd)
        limit = f"{money_text(finding.limit_usd)} a {_PERIOD_NOUN[finding.period]}"
        return (
            f"*{money_text(finding.over_usd)} over*{f' ({share})' if share else ''}: {node} spent "
            f"{money_text(finding.actual_usd)} {when} ({kind}), the limit is {limit}."
        )
    if not isinstance(finding, Anomaly):
        raise TypeError(f"no words for a finding of type {type(finding).__name__}")
    share = per_cent(finding.over_usd, finding.expected_usd)
    return (
        f"*{money_text(finding.over_usd)} over expected*{f' ({share})' if share else ''}: {node} spent "
        f"{money_text(finding.daily_cost)} {when} ({kind}), where {money_text(finding.expected_usd)} a day was expected."
    )


def _circumstances(finding: Finding) -> list[str]:
    """Short facts, as plain text: rule and severity, or how unusual; and how long it has gone on."""
    facts = []
    if isinstance(finding, Violation):
        facts += [f"Rule {plain(finding.rule_id)} ({plain(finding.severity)})"]
        facts += [plain(finding.description, 300)] if finding.description else []
    elif isinstance(finding, Anomaly):
        score = finding.z_score
        sigmas = "The cost had never moved before" if score is None else f"{score:,.1f} standard deviations above the mean"
        facts += [f"{sigmas} ({DAYS_BEFORE} days before)"]
    if finding.day_count > 1:
        facts += [f"{finding.day_count} days so far, the newest {in_period(finding.last_day, finding.last_day)[3:]}"]
    return facts


def _drivers(finding: Finding, drivers: Sequence[Driver], wording: Wording) -> str:
    first, last = finding.window
    if not drivers:
        return "*Drivers*\nNo account, service or usage type of it cost more than in the days before."
    text = f"*What grew {in_period(first, last)}, against the mean of the {DAYS_BEFORE} days before*"
    for place, driver in enumerate(drivers, start=1):
        line = f"\n{place}. {_driver(driver, wording)}"
        if len(text) + len(line) > SECTION_LENGTH:
            break
        text += line
    return text


def _driver(driver: Driver, wording: Wording) -> str:
    share = per_cent(driver.increase_usd, driver.before_usd) or "new"
    account = driver.aws_account_id and wording.account(driver.aws_account_id)
    names = " \u00b7 ".join(code(part) for part in (account, driver.service, driver.usage_type) if part)
    line = f"*+{money_text(driver.increase_usd)}* ({share}) {names or 'unattributed'}"
    if driver.resource_arn and driver.resource_increase_usd is not None:
        line += f", above all {code(driver.resource_arn, 120)} (+{money_text(driver.resource_increase_usd)})"
    return line


def _section(text: str) -> SectionBlock:
    return SectionBlock(text=_markdown(text))


def _context(facts: Sequence[str]) -> ContextBlock:
    return ContextBlock(elements=[PlainTextObject(text=fact, emoji=False) for fact in facts])


def _markdown(text: str) -> MarkdownTextObject:
    """Markup in which Slack is kept from making links and mentions of what merely looks like them (verbatim)."""
    return MarkdownTextObject(text=text, verbatim=True)
