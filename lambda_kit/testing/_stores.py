"""Replacing the stores of idempotency records in tests."""

from __future__ import annotations

from lambda_kit.idempotency._settings import Override

TYPE_CHECKING = False
if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from typing import TypeVar

    from lambda_kit.idempotency import Store

    S = TypeVar("S", bound=Store)


def override_stores(store: S) -> AbstractContextManager[S]:
    """Return a context manager in which one store takes the place of all stores of `idempotent`, in all threads.

    The fixture `idempotency_store` does it with a `MemoryStore` for one test. `override` of a store replaces that one.

    Example:
        ```python
        from lambda_kit import handler, idempotent
        from lambda_kit.idempotency import DynamoDBStore, MemoryStore
        from lambda_kit.testing import override_stores


        @handler(idempotent(DynamoDBStore("records"), key="id"))
        def charge(event, context):
            return event["amount"]


        with override_stores(MemoryStore()) as memory:
            assert charge({"id": 1, "amount": 5}, None) == 5
            assert charge({"id": 1, "amount": 6}, None) == 5
            assert len(memory.records) == 1
        ```

    Args:
        store: the store in the place of all others, such as `MemoryStore()`.

    Raises:
        ConfigurationError: it is no store.
    """
    return Override(None, store)
