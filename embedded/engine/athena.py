"""Athena's API in moto, answered by real Trino.

`install` replaces the part of moto's Athena that concerns queries; workgroups, named queries, prepared
statements and data catalogs stay moto's. It must run in the moto server's process, before requests come.
"""

import json
from collections.abc import Callable
from typing import Any

from moto.athena.responses import AthenaResponse
from moto.core.authorization import ActionAuthenticatorMixin

from embedded.engine import glue_gaps
from embedded.engine.api import AthenaApi
from embedded.engine.configuration import ENGINE_ACCESS_KEY
from embedded.engine.permissions import Allowed
from embedded.engine.runner import QueryRunner


def install(
    trino_port: Callable[[], int],
    allowed: Allowed | None = None,
    enforced: Callable[[], bool] = lambda: True,
) -> None:
    """Answer Athena's queries with the Trino at `trino_port()` (which may wait until it is ready).

    `allowed(access_key_id, action, resource)` says what a caller may do, and is asked while
    `enforced()`; without it everybody may do everything.
    """
    api = AthenaApi(QueryRunner(trino_port), allowed, enforced)
    for name in AthenaApi.ACTIONS:
        setattr(AthenaResponse, name, _method(getattr(api, name)))
    glue_gaps.install()
    _trust_the_engine()


def _method(action: Callable[[AthenaResponse], dict[str, Any]]) -> Callable[[AthenaResponse], str]:
    def method(self: AthenaResponse) -> str:
        return json.dumps(action(self))

    return method


def _trust_the_engine() -> None:
    """Let the engine read Glue and S3 as itself: its callers' permissions were checked before."""
    authorize = ActionAuthenticatorMixin._authenticate_and_authorize_action

    def authorize_others(self: Any, *arguments: Any, **named: Any) -> None:
        credential = self.headers.get("Authorization", "")
        if f"Credential={ENGINE_ACCESS_KEY}/" not in credential:
            authorize(self, *arguments, **named)

    ActionAuthenticatorMixin._authenticate_and_authorize_action = authorize_others  # type: ignore[method-assign]
