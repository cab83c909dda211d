"""The documents say what the code does."""

from local.data_dictionary import DOCUMENT, data_dictionary
from local.security_page import DOCUMENT as SECURITY
from local.security_page import security_page
from tests.support.catalog import CATALOG


def test_the_data_dictionary_is_made_from_sql() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == data_dictionary(CATALOG), (
        "docs/data-dictionary.md is not what sql/ says; run: .venv/bin/python -m local.data_dictionary"
    )


def test_the_security_page_shows_each_role_as_infra_makes_it() -> None:
    found = SECURITY.read_text(encoding="utf-8")
    assert found == security_page(found), (
        "docs/security.md is not what infra/ says; run: .venv/bin/python -m local.security_page"
    )
