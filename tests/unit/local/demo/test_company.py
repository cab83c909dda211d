"""The demo company: the same seed and day give the same company, and its resources are what a real one has."""

from __future__ import annotations

from collections import Counter
from datetime import date

from local.demo.company import build_company

LAST_DAY = date(2026, 11, 20)


def test_the_same_seed_and_day_give_the_same_company_and_another_seed_another():
    company = build_company(LAST_DAY)
    assert company == build_company(LAST_DAY)
    assert company.resources != build_company(LAST_DAY, seed=1).resources


def test_ids_do_not_move_with_the_day_so_that_a_later_demo_scans_the_same_resources():
    assert build_company(LAST_DAY).resources == build_company(date(2027, 3, 1)).resources


def test_about_two_thousand_resources_in_three_accounts_and_three_regions():
    company = build_company(LAST_DAY)
    assert 1_900 <= len(company.resources) <= 2_100
    assert len({r.account_id for r in company.resources}) == 3
    assert len({r.region for r in company.resources}) == 3
    assert len({r.arn for r in company.resources}) == len(company.resources)


def test_it_has_the_waste_that_people_look_for():
    company = build_company(LAST_DAY)
    assert Counter(v.instance_id is None for v in company.volumes)[True] >= 100
    assert sum(a.idle for a in company.addresses) >= 30
    assert sum(i.state == "stopped" for i in company.instances) >= 20
    assert sum(g.spikes for g in company.nat_gateways) == 1


def test_addresses_are_reserved_ones_that_belong_to_nobody():
    assert all(a.public_ip.startswith(("198.18.", "198.19.")) for a in build_company(LAST_DAY).addresses)
