"""A spike is told once, at the node that names its cause best."""

from __future__ import annotations

from datetime import date

from notifiers.echoes import without_echoes
from tests.unit.notifiers.examples import anomaly, violation


def at(level: str, node: str, over: str, **changed: object) -> object:
    return anomaly(over, level=level, ancestor_id=node, finding_id=f"anomaly/{level}/{node}", **changed)


def test_a_spike_is_told_at_its_customer_and_not_again_at_account_and_total() -> None:
    spike = [at("total", "total", "900"), at("account", "1", "880"), at("customer", "acme", "850")]
    assert without_echoes(spike) == [spike[2]]  # type: ignore[arg-type]


def test_an_account_whose_customer_explains_most_of_it_is_an_echo() -> None:
    spike = [at("account", "1", "659"), at("customer", "aperture", "427")]
    assert without_echoes(spike) == [spike[1]]  # type: ignore[arg-type]


def test_other_money_of_the_same_day_is_told_too() -> None:
    both = [at("customer", "acme", "850"), at("service", "AmazonS3", "120"), at("total", "total", "970")]
    assert without_echoes(both) == both[:2]  # type: ignore[arg-type]


def test_two_customers_alike_are_two_findings() -> None:
    found = [at("customer", "acme", "850"), at("customer", "bolt", "850")]
    assert without_echoes(found) == found  # type: ignore[arg-type]


def test_another_day_or_direction_is_no_echo() -> None:
    found = [
        at("customer", "acme", "850"),
        at("account", "1", "850", usage_date=date(2026, 11, 12)),
        at("total", "total", "-850", anomaly_type="LOW_SPEND"),
    ]
    assert without_echoes(found) == found  # type: ignore[arg-type]


def test_broken_rules_are_always_told() -> None:
    found = [violation("850"), at("customer", "acme", "850")]
    assert without_echoes(found) == found  # type: ignore[arg-type]
