"""Environment variables of the functions; `lake.environment` reads them."""

from __future__ import annotations

from infra.deployment import Deployment


def lake_environment(deployment: Deployment) -> dict[str, str]:
    """What every function that works on the lake is told."""
    return {
        "OUTLAY_BUCKET": deployment.names.bucket,
        "OUTLAY_WORKGROUP": deployment.names.workgroup,
        "OUTLAY_DATABASE_PREFIX": deployment.names.database_prefix,
    }
