"""The documents say what the code does."""

from local.data_dictionary import DOCUMENT, data_dictionary
from tests.catalog import CATALOG


def test_the_data_dictionary_is_made_from_sql() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == data_dictionary(CATALOG), (
        "docs/data-dictionary.md is not what sql/ says; run: .venv/bin/python -m local.data_dictionary"
    )
