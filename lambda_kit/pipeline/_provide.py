"""`provide`: passes the values of resources to the handler by keyword."""

from __future__ import annotations

import functools

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Never

    from lambda_kit._kernel.layers import Layer


def provide(*misplaced: Never, **resources: Callable[[], Any]) -> Layer:
    """Return a layer that passes values to the handler by keyword: `provide(table=orders)` passes `table=orders()`.

    Each callable is called once per invocation, without arguments, in the given order. A resource, a `Parameter` or a
    `Secret` returns its cached value. A coroutine function is awaited, on the kept event loop if the handler is not
    async. A keyword that the caller passes is not resolved, so that a unit test can pass its own value.

    Args:
        *misplaced: nothing; a positional argument is refused.
        **resources: the callables, by the names of the handler's parameters.

    Raises:
        ConfigurationError: no keyword was given, a value is not callable, or the function takes no such keyword.

    Example:
        ```python
        @handler(provide(today=date.today))
        def report(event, context, *, today):
            return today.isoformat()
        ```
    """
    if misplaced:
        raise ConfigurationError(
            "provide() takes keywords only: the names under which the handler gets the values; write it with "
            "parentheses: provide(table=orders)"
        )
    if not resources:
        raise ConfigurationError(
            "provide() was called without keywords; pass the arguments of the handler: provide(table=orders)"
        )
    for name, resource in resources.items():
        if not callable(resource):
            raise ConfigurationError(
                f"provide({name}=...) got {type(resource).__name__}, which is not callable; pass a resource, or a "
                f"function without parameters: provide({name}=lambda: value)"
            )
        signature = callables.signature_of(resource)
        if signature is not None and not signature.takes(0):
            raise ConfigurationError(
                f"provide({name}=...) got {callables.name_of(resource)}{signature}, which cannot be called without "
                f"arguments; pass a resource, or a function without parameters: provide({name}=lambda: value)"
            )
    getters = tuple((name, get, callables.is_coroutine_function(get)) for name, get in resources.items())

    def decorate(fn: Callable[..., Any], /) -> Callable[..., Any]:
        callables.refuse_handler(fn, "provide(...)")
        _check_keywords(fn, resources)
        make = _providing_coroutine if callables.is_coroutine_function(fn) else _providing_function
        provided: Any = functools.update_wrapper(make(fn, getters), fn)
        setattr(provided, callables.PROVIDES, callables.provided_keywords(fn) | resources.keys())
        return provided  # type: ignore[no-any-return]

    return decorate


def _providing_function(fn: Any, getters: tuple[tuple[str, Any, bool], ...]) -> Any:
    run: Any = None
    if any(waits for _, _, waits in getters):
        from lambda_kit._kernel.event_loop import run

    def provided(*args: Any, **kwargs: Any) -> Any:
        for name, get, waits in getters:
            if name not in kwargs:
                value = get()
                kwargs[name] = run(value) if waits else value
        return fn(*args, **kwargs)

    return provided


def _providing_coroutine(fn: Any, getters: tuple[tuple[str, Any, bool], ...]) -> Any:
    async def provided(*args: Any, **kwargs: Any) -> Any:
        for name, get, waits in getters:
            if name not in kwargs:
                value = get()
                kwargs[name] = await value if waits else value
        return await fn(*args, **kwargs)

    return provided


def _check_keywords(fn: Any, resources: dict[str, Any]) -> None:
    signature = callables.signature_of(fn)
    if signature is None or signature.var_keyword:
        return
    known = (*signature.keyword_only, *signature.positional)
    for name in resources:
        if name not in known:
            raise ConfigurationError(
                f"provide({name}=...) does not fit {callables.name_of(fn)}{signature}, which takes no keyword "
                f"{name!r}{callables.closest(name, known)}"
            )
