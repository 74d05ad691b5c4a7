"""What `idempotent` keeps of the types of what it is put around."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, assert_type

from lambda_kit import handler, idempotent
from lambda_kit.idempotency import Claim, MemoryStore, Record, Store, free_key, key_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

store = MemoryStore()
protect = idempotent(store, key="id")


@protect
def charge(order: int, *, currency: str = "EUR") -> list[str]:
    return [currency] * order


assert_type(charge(1, currency="USD"), list[str])
charge("1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


@protect
async def charge_later(order: int) -> bytes:
    return bytes(order)


def coroutine() -> Coroutine[Any, Any, bytes]:
    return charge_later(1)


class Shop:
    @protect
    def charge(self, order: int) -> str:
        return str(order)


assert_type(Shop().charge(1), str)


@handler(idempotent(store, key="id"))
def place(event: dict[str, int], context: object) -> float:
    return float(event["id"])


assert_type(place({"id": 1}, None), float)


class Own:
    max_bytes: int | None = None
    blocks: bool = False

    def claim(self, claim: Claim, /) -> Record | None:
        return None

    def complete(self, record: Record, /) -> bool:
        return True

    def release(self, key: str, owner: str, /) -> bool:
        return True


own: Store = Own()
idempotent(own, key=lambda event: event["id"], replay_errors=(ValueError,), on_in_progress="wait")
idempotent(own, key="id", on_in_progress="waits")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
idempotent(own, key="id", tll=5.0)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
idempotent(own)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]

assert_type(key_of(charge, 1, currency="USD"), str)
assert_type(free_key(charge_later, 1), bool)
key_of(charge, "1")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
