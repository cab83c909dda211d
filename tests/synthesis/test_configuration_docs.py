"""docs/configuration.md names every setting, no other, and the defaults that hold."""

from __future__ import annotations

import re

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from infra.settings.files import Accounts, Bills, Budgets, DeploymentSettings, Grouping, NotificationSettings
from tests.synthesis.conftest import ROOT

FILES: dict[str, type[BaseModel]] = {
    "deployment.yaml": DeploymentSettings,
    "accounts.yaml": Accounts,
    "grouping.yaml": Grouping,
    "budgets.yaml": Budgets,
    "bills.yaml": Bills,
    "notifications.yaml": NotificationSettings,
}
ROW = re.compile(r"^\| `([^`]+)` \| ?(.*?) ?\| ", re.MULTILINE)


def fields(model: type[BaseModel], before: str = "") -> dict[str, FieldInfo]:
    """Fields by their path as the page writes it: `slack.api_url`, `accounts[].name`."""
    found: dict[str, FieldInfo] = {}
    for name, field in model.model_fields.items():
        parts = [field.annotation, *getattr(field.annotation, "__args__", ())]
        inner = next((part for part in parts if isinstance(part, type) and issubclass(part, BaseModel)), None)
        if inner is None:
            found[before + name] = field
        else:
            found |= fields(inner, f"{before}{name}{'[]' if inner is not field.annotation else ''}.")
    return found


@pytest.mark.parametrize("file", FILES)
def test_the_page_names_every_setting_with_its_default(file: str) -> None:
    page = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    section = page.split(f"\n## {file}\n")[1].split("\n## ")[0]
    documented, declared = dict(ROW.findall(section)), fields(FILES[file])
    assert set(documented) == set(declared)
    for name, shown in documented.items():
        default = declared[name].default
        if shown.startswith("`") and shown.strip("`") != "regions":
            assert str(default).lower() == shown.strip("`")
        elif shown == "by region":
            assert default is None
