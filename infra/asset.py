"""The one code asset of all functions: functions/, what sql/ and config/ declare, and slack_sdk."""

from __future__ import annotations

import shutil
from importlib.metadata import distribution
from pathlib import Path

from lake.catalog import CATALOG_FILE, Catalog
from lake.configuration import CONFIG_FILE

_LEFT_OUT = ("__pycache__", "RECORD", "INSTALLER", "REQUESTED", "direct_url.json")


def build_asset(functions: Path, target: Path, catalog: Catalog, configuration_json: str) -> Path:
    """Fill target, an empty folder, with the asset and return it. The same inputs give the same files, byte for byte.

    boto3 is the Lambda runtime's own; awswrangler and pyarrow come from AWS's managed layer, Powertools from its own.
    slack_sdk is pure Python and is copied, with its license, as the environment has it installed.
    """
    for source in sorted(functions.rglob("*.py")):
        _copy(source, target / source.relative_to(functions))
    _copy_distribution("slack_sdk", target)
    (target / CATALOG_FILE).write_text(catalog.to_json(), encoding="utf-8")
    (target / CONFIG_FILE).write_text(configuration_json, encoding="utf-8")
    return target


def _copy_distribution(name: str, target: Path) -> None:
    """The files of an installed pure-Python distribution, without what its installation left beside them."""
    for file in distribution(name).files or ():
        if file.parts[0].startswith(name) and not any(part in _LEFT_OUT for part in file.parts):
            _copy(Path(str(file.locate())), target / Path(*file.parts))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
