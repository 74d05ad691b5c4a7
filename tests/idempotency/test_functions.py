"""Functions that are no handlers: their arguments, methods, threads."""

from __future__ import annotations

import contextvars
import threading
from typing import Any

from lambda_kit import handler
from lambda_kit.idempotency import (
    MemoryStore,
    idempotent,
)
from lambda_kit.testing import make_context


class TestFunctions:
    def test_the_arguments_of_a_function_are_found_by_name_however_they_are_passed(self, store: MemoryStore) -> None:
        runs: list[Any] = []

        @idempotent(store, key="[order.id, currency]")
        def charge(order: dict[str, Any], amount: int, *, currency: str = "EUR") -> int:
            runs.append(order)
            return amount

        assert charge({"id": 1}, 5) == 5
        assert charge(order={"id": 1}, amount=6) == 5
        assert charge({"id": 1}, 7, currency="EUR") == 5
        assert charge({"id": 1}, amount=8, currency="USD") == 8
        assert len(runs) == 2

    def test_methods_and_callable_keys_work(self, store: MemoryStore) -> None:
        class Shop:
            def __init__(self, name: str) -> None:
                self.name = name

            @idempotent(store, key=lambda arguments: arguments["order"])
            def charge(self, order: int) -> str:
                return self.name

            @handler(idempotent(store, key="id"))
            def place(self, event: Any, context: object) -> str:
                return self.name

        assert (Shop("a").charge(1), Shop("b").charge(order=1)) == ("a", "a")
        assert (Shop("a").place({"id": 1}, None), Shop("b").place({"id": 1}, None)) == ("a", "a")

    def test_models_and_dataclasses_are_looked_into(self, store: MemoryStore) -> None:
        import dataclasses

        import pydantic

        class Model(pydantic.BaseModel):
            id: int

        @dataclasses.dataclass
        class Order:
            inner: Model

        @idempotent(store, key="order.inner.id")
        def charge(order: Order) -> int:
            return order.inner.id + 1

        assert charge(Order(Model(id=1))) == charge(Order(Model(id=1))) == 2
        assert charge(Order(Model(id=5))) == 6

    def test_a_handler_may_call_its_arguments_what_it_likes(self, store: MemoryStore) -> None:
        @handler(idempotent(store, key="id"))
        def place(request: Any, ctx: object) -> int:
            return int(request["id"])

        assert place({"id": 1}, make_context()) == 1
        assert place({"id": 1}, None) == 1

    def test_name_signature_and_kind_stay(self, store: MemoryStore) -> None:
        import inspect

        @idempotent(store, key="a")
        def charge(a: int, *, b: str = "") -> None:
            """Charge."""

        @idempotent(store, key="a")
        async def charge_async(a: int) -> None: ...

        assert (charge.__name__, charge.__doc__, str(inspect.signature(charge))) == (
            "charge",
            "Charge.",
            "(a: 'int', *, b: 'str' = '') -> 'None'",
        )
        assert inspect.iscoroutinefunction(charge_async)

    def test_threads_of_one_invocation_call_it_side_by_side(self, store: MemoryStore) -> None:
        runs: list[int] = []

        @idempotent(store, key="order", on_in_progress="wait")
        def charge(order: int) -> int:
            runs.append(order)
            return order * 2

        @handler
        def place(event: object, context: object) -> list[int]:
            found: list[int] = []
            contexts = [contextvars.copy_context() for _ in range(12)]
            threads = [
                threading.Thread(target=one.run, args=(lambda i=i: found.append(charge(i % 3)),))
                for i, one in enumerate(contexts)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return sorted(found)

        assert place({}, make_context(timeout=30)) == [0] * 4 + [2] * 4 + [4] * 4
        assert sorted(runs) == [0, 1, 2]
