"""A store whose steps fail, and a protected function that counts its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambda_kit.idempotency import Claim, MemoryStore, Record, idempotent

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    R = TypeVar("R")


class FaultyStore(MemoryStore):
    """A store whose steps fail: before they are made, or after, as when the reply is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.failing: dict[str, list[str]] = {"claim": [], "complete": [], "release": []}
        self.calls: list[str] = []

    def _step(self, name: str, call: Callable[[], R]) -> R:
        self.calls.append(name)
        how = self.failing[name].pop(0) if self.failing[name] else ""
        if how == "before":
            raise ConnectionError("lost before")
        result = call()
        if how == "after":
            raise ConnectionError("lost after")
        return result

    def claim(self, claim: Claim, /) -> Record | None:
        return self._step("claim", lambda: super(FaultyStore, self).claim(claim))

    def complete(self, record: Record, /) -> bool:
        return self._step("complete", lambda: super(FaultyStore, self).complete(record))

    def release(self, key: str, owner: str, /) -> bool:
        return self._step("release", lambda: super(FaultyStore, self).release(key, owner))


def counting(store: Any, **options: Any) -> tuple[Any, list[Any]]:
    """Return a protected function, and a list of the events that it has run with."""
    runs: list[Any] = []
    given: dict[str, Any] = {"key": "id", **options}

    @idempotent(store, **given)
    def charge(event: Any, context: object = None) -> Any:
        runs.append(event)
        return event.get("result")

    return charge, runs
