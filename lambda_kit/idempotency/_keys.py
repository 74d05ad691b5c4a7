"""The key of a call: computed without the call, and freed."""

from __future__ import annotations

from types import MethodType

from lambda_kit._kernel import callables, lifecycle
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency._protected import protections

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, ParamSpec

    from lambda_kit.idempotency._protected import Protected

    P = ParamSpec("P")


def key_of(fn: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> str:
    """Return the key under which the record of a call is stored, without the call.

    Args:
        fn: a function under `idempotent`, also behind further decorators.
        *args: the arguments of the call: of a handler the event and the context.
        **kwargs: its keyword arguments.

    Raises:
        MissingIdempotencyKey: these arguments have no key.
        ConfigurationError: the function is not under `idempotent`.

    Example:
        ```python
        from lambda_kit import idempotent
        from lambda_kit.idempotency import MemoryStore, key_of

        store = MemoryStore()


        @idempotent(store, key="order", name="charge")
        def charge(order):
            return f"charged {order}"


        charge("o-1")
        assert key_of(charge, "o-1") in store.records
        ```
    """
    protected, arguments = _protected(fn, args)
    return protected.key(arguments, kwargs)


def free_key(fn: Callable[P, Any], /, *args: P.args, **kwargs: P.kwargs) -> bool:
    """Delete the record of a call, whatever its state, so that the next call with its key runs.

    A call that is running is not stopped: it gets `LeaseLost` if another one runs meanwhile. Other environments that
    have the result in their local cache replay it until it expires.

    Args:
        fn: a function under `idempotent`, also behind further decorators.
        *args: the arguments of the call: of a handler the event and the context.
        **kwargs: its keyword arguments.

    Returns:
        Whether there was a record.

    Raises:
        MissingIdempotencyKey: these arguments have no key.
        ConfigurationError: the function is not under `idempotent`, or its store has no method `delete`.
    """
    protected, arguments = _protected(fn, args)
    return protected.free(arguments, kwargs)


def _protected(fn: Any, args: Any) -> tuple[Protected, tuple[Any, ...]]:
    if isinstance(fn, MethodType):
        args = (fn.__self__, *args)
        fn = fn.__func__
    inner: Any = fn
    found: Any
    while inner is not None:
        attributes: dict[str, Any] = getattr(inner, "__dict__", {})
        found = attributes.get("__idempotent__")
        if found is not None:
            return found, args
        inner = getattr(inner, "__wrapped__", None)
    known = lifecycle.living(protections.get(callables.plain(fn), set()))
    if len(known) == 1:  # a handler: its `__wrapped__` is the plain function, without the layers
        return known[0], args
    reason = (
        "is under several idempotent(...); pass one of the functions that they returned"
        if known
        else ("is not under idempotent(), so that its calls have no key")
    )
    raise ConfigurationError(f"{callables.name_of(fn)} {reason}")
