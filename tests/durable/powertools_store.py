"""Records of Powertools in the memory of this process, by the rules of its own store for DynamoDB."""

from __future__ import annotations

import threading
import time
from importlib import import_module
from typing import Any

_persistence: Any = import_module("aws_lambda_powertools.utilities.idempotency.persistence.base")
_errors: Any = import_module("aws_lambda_powertools.utilities.idempotency.exceptions")


class Records(_persistence.BasePersistenceLayer):  # type: ignore[misc]
    """The records by their keys. One that has expired, or whose claim has, counts as absent."""

    def __init__(self) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self._records: dict[str, Any] = {}
        self._lock = threading.Lock()

    def _get_record(self, idempotency_key: str) -> Any:
        try:
            return self._records[idempotency_key]
        except KeyError:
            raise _errors.IdempotencyItemNotFoundError from None

    def _put_record(self, data_record: Any) -> None:
        now = time.time()
        with self._lock:
            there = self._records.get(data_record.idempotency_key)
            if there is not None and there.expiry_timestamp > now:
                claimed = there.in_progress_expiry_timestamp
                if there.status != "INPROGRESS" or claimed is None or claimed >= now * 1000:
                    raise _errors.IdempotencyItemAlreadyExistsError(old_data_record=there)
            self._records[data_record.idempotency_key] = data_record

    def _update_record(self, data_record: Any) -> None:
        self._records[data_record.idempotency_key] = data_record

    def _delete_record(self, data_record: Any) -> None:
        self._records.pop(data_record.idempotency_key, None)
