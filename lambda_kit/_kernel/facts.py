"""Events inside the kit: capabilities publish facts and operations; logger, tracer and metrics observe them.

No capability has to import another one for this, and a fact costs nothing if nobody observes it. A fact is a moment. An
operation takes time: the tracer shows it as a span.
"""

from __future__ import annotations

from lambda_kit._kernel import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Protocol, Self

    class Operation(Protocol):
        """Work that takes time, as a context manager. Annotations and metadata have to be added before it ends."""

        def __enter__(self) -> Self: ...

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
        ) -> None: ...

        def annotate(self, /, **annotations: str | float | bool) -> None:
            """Add values to search by. Never pass a payload, an idempotency key in clear text, or a secret."""
            ...

        def metadata(self, /, **metadata: Any) -> None:
            """Add values to show beside it."""
            ...


observers: list[Callable[[str, dict[str, Any]], object]] = []


def observe(observer: Callable[[str, dict[str, Any]], object]) -> None:
    """Call `observer` with the name and the fields of each later fact, in the thread that publishes it."""
    if observer not in observers:
        observers.append(observer)


def tell(name: str, **fields: Any) -> None:
    """Publish a fact to all observers. If an observer fails, its exception is logged and the others are still called.

    Args:
        name: capability and fact, for example `"idempotency.claimed"`.
        **fields: details of the fact; never a payload, an idempotency key in clear text, or a secret.
    """
    for observer in observers:
        try:
            observer(name, fields)
        except Exception:
            log.exception("an observer of the fact %s failed", name)


class _Unobserved:
    """An operation that nobody observes: it does nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
    ) -> None:
        pass

    def annotate(self, /, **annotations: Any) -> None:
        pass

    def metadata(self, /, **metadata: Any) -> None:
        pass


UNOBSERVED: Operation = _Unobserved()
_watcher: Callable[[str], Operation] | None = None


def watch(watcher: Callable[[str], Operation]) -> None:
    """Let `watcher` create the later operations. It returns `UNOBSERVED` for those that it ignores."""
    global _watcher
    _watcher = watcher


def operation(name: str) -> Operation:
    """Return an operation. It starts when it is entered.

    Args:
        name: capability and action, for example `"parameters fetch"`.
    """
    return UNOBSERVED if _watcher is None else _watcher(name)
