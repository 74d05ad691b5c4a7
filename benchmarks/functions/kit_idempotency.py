"""A handler that the kit protects with records in DynamoDB."""

from __future__ import annotations

from benchmarks.functions.usage import initialized, usage
from lambda_kit import handler
from lambda_kit.idempotency import DynamoDBStore, idempotent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

numbers = iter(range(1_000))


def unique(event: Any) -> str:
    return f"{id(event)} {next(numbers)}"


@handler(idempotent(DynamoDBStore("records"), key=unique))
def handle(event: object, context: object) -> dict[str, float]:
    return usage()


initialized()
