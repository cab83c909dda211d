"""What every stack is given: the settings, the catalog, the names that follow from them, and the functions' code."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from infra.names import Names
from infra.permissions import LakePermissions
from infra.settings.load import Settings
from lake.catalog import Catalog


@dataclass(frozen=True)
class Deployment:
    """One deployment of Outlay, about to be synthesized. asset is the folder of the functions' code."""

    settings: Settings
    catalog: Catalog
    asset: Path
    names: Names = field(init=False)
    permissions: LakePermissions = field(init=False)

    def __post_init__(self) -> None:
        """Derive the names and permissions."""
        deployed = self.settings.deployment
        object.__setattr__(self, "names", Names(deployed.name, deployed.database_prefix))
        object.__setattr__(self, "permissions", LakePermissions(self.names, self.catalog))
