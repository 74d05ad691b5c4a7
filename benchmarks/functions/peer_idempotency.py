"""A handler that Powertools protects with records in DynamoDB."""

# The peer is not in the environment of the type checkers.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
from __future__ import annotations

from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent,
)

from benchmarks.functions.usage import initialized, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

numbers = iter(range(1_000))
store: Any = DynamoDBPersistenceLayer(table_name="records")
config: Any = IdempotencyConfig(event_key_jmespath="id")


def _handle(event: object, context: object) -> dict[str, float]:
    return usage()


_protected: Any = idempotent(_handle, persistence_store=store, config=config)


def handle(event: Any, context: object) -> Any:
    return _protected({"id": f"{id(event)} {next(numbers)}"}, context)


initialized()
