"""The repository's own catalog, parsed once for all tests."""

from pathlib import Path

from infra.catalog_parser import parse_catalog

ROOT = Path(__file__).resolve().parents[2]
CATALOG = parse_catalog(ROOT / "sql")
