"""Layouts: how the keys of a delivery's manifest and data files look, and what its manifest calls the list of them.

An AWS Data Export (CUR 2.0, FOCUS):

    <export>/data/BILLING_PERIOD=2026-11/[<time>-<execution>/]<export>-00001.snappy.parquet
    <export>/metadata/BILLING_PERIOD=2026-11/[<time>-<execution>/]<export>-Manifest.json

A legacy Cost and Usage Report (CUR 1), as CSV and as Parquet; a manifest lies beside each assembly, too:

    <report>/20261101-20261201/[<assembly>/]<report>-1.csv.gz
    <report>/<report>/year=2026/month=11/<report>-1.snappy.parquet
    <report>/20261101-20261201/<report>-Manifest.json

Sources: AWS Data Exports, "Understanding export delivery"; AWS Cost and Usage Reports, "Report versioning".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class KeyParts:
    """What a key says: folder is the export's, execution the subfolder of one delivery ("" where there is none)."""

    folder: str
    period: str
    execution: str
    export: str = ""


@dataclass(frozen=True)
class Layout:
    """Where deliveries lie below a bill's prefix. list_field names the list of data files in a manifest.

    The patterns have the groups folder, execution, and period or year and month; a manifest's has export, too. within finds,
    in the key that a manifest lists, the part that is the same wherever the export was copied to.
    """

    manifest: re.Pattern[str]
    data: Sequence[re.Pattern[str]]
    list_field: str
    within: re.Pattern[str]
    looked_for: str

    def manifest_of(self, name: str) -> KeyParts | None:
        """What the key of a manifest says, below the bill's prefix; None for a key of another kind."""
        return _found(self.manifest.fullmatch(name))

    def data_of(self, name: str) -> KeyParts | None:
        """What the key of a data file says; None for a key of another kind."""
        return next((found for pattern in self.data if (found := _found(pattern.fullmatch(name)))), None)


def _found(match: re.Match[str] | None) -> KeyParts | None:
    if match is None:
        return None
    groups = match.groupdict()
    period = groups.get("period") or f"{groups['year']}-{int(groups['month']):02d}"
    return KeyParts(groups["folder"], period, groups.get("execution") or "", groups.get("export") or "")


_FOLDER = r"(?P<folder>(?:[^/]+/)*?)"
_PERIOD = r"BILLING_PERIOD=(?P<period>\d{4}-\d{2})/(?:(?P<execution>[^/]+)/)?"
_RANGE = r"(?P<year>\d{4})(?P<month>\d{2})\d{2}-\d{8}/(?:(?P<execution>[^/]+)/)?"

DATA_EXPORT = Layout(
    manifest=re.compile(rf"{_FOLDER}metadata/{_PERIOD}(?P<export>[^/]+)-Manifest\.json", re.I),
    data=(re.compile(rf"{_FOLDER}data/{_PERIOD}[^/]+", re.I),),
    list_field="dataFiles",
    within=re.compile(r"(?:.*/)?(?P<data>data/BILLING_PERIOD=.+)", re.I),
    looked_for="<export>/metadata/BILLING_PERIOD=…/<export>-Manifest.json",
)
LEGACY_REPORT = Layout(
    manifest=re.compile(rf"{_FOLDER}{_RANGE}(?P<export>[^/]+)-Manifest\.json", re.I),
    data=(
        re.compile(rf"{_FOLDER}{_RANGE}[^/]+\.(?:csv|csv\.gz|zip|parquet)", re.I),
        re.compile(rf"{_FOLDER}[^/]+/year=(?P<year>\d{{4}})/month=(?P<month>\d{{1,2}})/[^/]+\.parquet", re.I),
    ),
    list_field="reportKeys",
    within=re.compile(r"(?:.*/)?(?P<data>(?:\d{8}-\d{8}/|[^/]+/year=\d{4}/month=).+)"),
    looked_for="<report>/<yyyymmdd-yyyymmdd>/<report>-Manifest.json",
)
