"""Facts that capabilities tell, and observers that the logger, the tracer and the metrics register to hear of them.

So that no capability imports another one, and a fact costs nothing where nobody listens. What takes time is an
operation: the tracer shows it as a span.
"""

from __future__ import annotations

from lambda_kit._kernel import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any, Protocol, Self

    class Operation(Protocol):
        """What is under way, as a context manager; what is said about it has to be said before it ends."""

        def __enter__(self) -> Self: ...

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None, /
        ) -> None: ...

        def annotate(self, /, **annotations: str | float | bool) -> None:
            """Add values by which it can be searched for; never a payload, a key as it was given, or a secret."""
            ...

        def metadata(self, /, **metadata: Any) -> None:
            """Add values that are shown with it."""
            ...


observers: list[Callable[[str, dict[str, Any]], object]] = []


def observe(observer: Callable[[str, dict[str, Any]], object]) -> None:
    """Call `observer` with the name and the fields of every fact from now on, in the thread that tells it."""
    if observer not in observers:
        observers.append(observer)


def tell(name: str, **fields: Any) -> None:
    """Tell a fact. An observer that fails is logged, and the others still hear of it.

    Args:
        name: capability and fact: `"idempotency.claimed"`.
        **fields: what belongs to it; never a payload, a key as it was given, or a secret.
    """
    for observer in observers:
        try:
            observer(name, fields)
        except Exception:
            log.exception("an observer of the fact %s failed", name)


class _Unobserved:
    """An operation that nobody watches."""

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
    """Let `watcher` make the operations from now on; it returns `UNOBSERVED` for those that it does not watch."""
    global _watcher
    _watcher = watcher


def operation(name: str) -> Operation:
    """Return an operation of a capability, which begins when it is entered.

    Args:
        name: capability and what it does: `"parameters fetch"`.
    """
    return UNOBSERVED if _watcher is None else _watcher(name)
