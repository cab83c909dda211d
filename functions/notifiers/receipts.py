"""What has been said already: one DynamoDB record for each (subject, kind), kept by Powertools' idempotency.

A record holds the receipt of what was done, so that everything that follows from it can be made again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyItemNotFoundError,
    IdempotencyPersistenceLayerError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import STATUS_CONSTANTS

from lake.errors import RetriableError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from mypy_boto3_dynamodb import DynamoDBClient

KEY_PREFIX = "outlay-notifications"
"""Fixed: by default it would be the function's name, and renaming that would announce everything again."""
REMEMBERED_SECONDS = 10 * 365 * 24 * 3600
"""Longer than any finding stays open."""

Receipt = dict[str, Any]


class Receipts:
    """Does each thing once. context says how long a run that never came back is waited for."""

    def __init__(self, table: str, context: LambdaContext, client: DynamoDBClient | None = None) -> None:
        config = IdempotencyConfig(expires_after_seconds=REMEMBERED_SECONDS, hash_function="sha256")
        config.register_lambda_context(context)
        self._store = DynamoDBPersistenceLayer(table_name=table, boto3_client=client)
        self._store.configure(config, key_prefix=KEY_PREFIX)

        def do(*, delivery: dict[str, str], act: Callable[[], Receipt]) -> Receipt:
            return act()

        self._do: Callable[..., Receipt] = idempotent_function(
            do,
            data_keyword_argument="delivery",
            persistence_store=self._store,
            config=config,
            key_prefix=KEY_PREFIX,
        )

    def recall(self, subject: str, kind: str) -> Receipt | None:
        """The receipt of what was done; None where it was not, or is being done by another run."""
        try:
            record = self._store.get_record(data=_key(subject, kind))
        except IdempotencyItemNotFoundError:
            return None
        if record is None or record.status != STATUS_CONSTANTS["COMPLETED"]:
            return None
        return record.response_json_as_dict()

    def once(self, subject: str, kind: str, act: Callable[[], Receipt]) -> Receipt | None:
        """Do it unless it was done; the receipt either way. None where another run is doing it right now.

        An exception of act leaves it undone. Raises RetriableError where the table cannot be reached.
        """
        try:
            return self._do(delivery=_key(subject, kind), act=act)
        except IdempotencyAlreadyInProgressError:
            return None
        except IdempotencyPersistenceLayerError as error:
            raise RetriableError(f"the record of {kind} {subject!r} cannot be kept: {error}") from error


def _key(subject: str, kind: str) -> dict[str, str]:
    return {"finding_id": subject, "kind": kind}
