"""The deployment that the doctor looks at: its settings, and a session in its region."""

from __future__ import annotations

from dataclasses import dataclass

import boto3

from infra.settings.files import DeploymentSettings
from infra.settings.load import Settings


@dataclass(frozen=True)
class DeployedStacks:
    """A deployment in AWS. whole is every file of its settings."""

    whole: Settings
    session: boto3.session.Session

    @property
    def settings(self) -> DeploymentSettings:
        """What deployment.yaml says."""
        return self.whole.deployment

    @property
    def name(self) -> str:
        """What stands in front of every name in AWS."""
        return self.settings.name
