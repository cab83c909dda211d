"""Ids that follow from what they name, so that a retry gives the same one."""

from __future__ import annotations

import uuid

NAMESPACE = uuid.UUID("6f0f3c5e-5f0e-5d1b-9f0a-0a1c0c057a11")


def stable_id(*parts: object) -> str:
    """UUIDv5 of parts: the same parts always give the same id."""
    return str(uuid.uuid5(NAMESPACE, "\x1f".join(str(part) for part in parts)))
