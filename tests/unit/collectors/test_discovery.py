"""Collectors are found by their declaration alone, and cost nothing to find."""

from __future__ import annotations

import subprocess
import sys

import pytest

from collectors.scanning.declaration import Collector
from collectors.scanning.discovery import collector_modules, collectors, load_collector
from lake.errors import ConfigurationError


def test_every_declaration_is_found_under_its_files_name() -> None:
    found = collectors()
    assert {"ec2_instances", "ebs_volumes", "nat_gateways", "elastic_ips"} <= set(found)
    assert all(isinstance(collector, Collector) and collector.actions for collector in found.values())
    assert list(found) == sorted(found)


def test_modules_that_declare_nothing_are_no_collectors() -> None:
    assert "bills" not in collector_modules()


def test_an_unknown_collector_is_told_with_those_that_exist() -> None:
    with pytest.raises(ConfigurationError, match=r"^there is no collector 'ec2'; there are .*ebs_volumes"):
        load_collector("ec2")


def test_finding_imports_no_sdk() -> None:
    """Every synthesis and every cold start does it."""
    code = (
        "import sys; from collectors.scanning.discovery import collector_modules as m; m(); sys.exit('boto3' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": "functions"}, check=False).returncode == 0
