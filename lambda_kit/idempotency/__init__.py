"""Functions that run once for each key: claims, results and replays in a store."""

from __future__ import annotations

from lambda_kit import lazy_exports
from lambda_kit.errors import (
    AlreadyInProgress,
    FailedEarlier,
    IdempotencyError,
    LeaseLost,
    MissingIdempotencyKey,
    PayloadMismatch,
    ResultNotStored,
    ResultTooLarge,
    StoreUnavailable,
    UnreadableRecord,
)
from lambda_kit.idempotency._codec import Codec
from lambda_kit.idempotency._layer import idempotent
from lambda_kit.idempotency._record import Claim, Record, decide

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.idempotency._dynamodb import DynamoDBStore
    from lambda_kit.idempotency._keys import free_key, key_of
    from lambda_kit.idempotency._memory import MemoryStore
    from lambda_kit.idempotency._powertools import PowertoolsKeys
    from lambda_kit.idempotency._redis import RedisStore
    from lambda_kit.idempotency._sqlite import SQLiteStore
    from lambda_kit.idempotency._store import Store
else:
    __getattr__, __dir__ = lazy_exports(
        globals(),
        {
            "DynamoDBStore": "lambda_kit.idempotency._dynamodb",
            "MemoryStore": "lambda_kit.idempotency._memory",
            "PowertoolsKeys": "lambda_kit.idempotency._powertools",
            "RedisStore": "lambda_kit.idempotency._redis",
            "SQLiteStore": "lambda_kit.idempotency._sqlite",
            "Store": "lambda_kit.idempotency._store",
            "free_key": "lambda_kit.idempotency._keys",
            "key_of": "lambda_kit.idempotency._keys",
        },
    )


__all__ = [
    "AlreadyInProgress",
    "Claim",
    "Codec",
    "DynamoDBStore",
    "FailedEarlier",
    "IdempotencyError",
    "LeaseLost",
    "MemoryStore",
    "MissingIdempotencyKey",
    "PayloadMismatch",
    "PowertoolsKeys",
    "Record",
    "RedisStore",
    "ResultNotStored",
    "ResultTooLarge",
    "SQLiteStore",
    "Store",
    "StoreUnavailable",
    "UnreadableRecord",
    "decide",
    "free_key",
    "idempotent",
    "key_of",
]
