"""The repository's own catalog, parsed once for all tests."""

from pathlib import Path

from lake.catalog_parser import parse_catalog

ROOT = Path(__file__).resolve().parent.parent
CATALOG = parse_catalog(ROOT / "sql")
