"""Handlers and the layers around them.

A layer is a function decorator: it takes a callable and returns one with the same signature. `handler` puts layers
around a function, the first one outermost, and opens an `Invocation` for each call:

```python
from lambda_kit import handler, layer, time_limit


@layer
def announce(event, context):
    print("before")
    response = yield
    print("after", response)


@handler(announce, time_limit(margin=1.0))
def greet(event, context):
    return f"Hello, {event['name']}"
```

Whatever happens, a layer that was entered is left exactly once, and one that was not entered is never left. The
exception of the handler reaches the runtime as it was raised; what fails in a layer's clean-up meanwhile is logged.
"""

from __future__ import annotations

import functools
import os
import sys

from lambda_kit import _callables as callables
from lambda_kit.errors import ConfigurationError
from lambda_kit.invocation import Invocation, at_end, current, process

TYPE_CHECKING = False
if TYPE_CHECKING:
    import logging
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
    from typing import Any, Concatenate, Never, ParamSpec, Protocol, TypeAlias, TypeVar, overload

    P = ParamSpec("P")
    R = TypeVar("R")
    S = TypeVar("S")
    E = TypeVar("E")
    C = TypeVar("C")
    R_co = TypeVar("R_co", covariant=True)
    W_co = TypeVar("W_co", covariant=True)
    E_contra = TypeVar("E_contra", contravariant=True)
    C_contra = TypeVar("C_contra", contravariant=True)

    AnyLayer: TypeAlias = Callable[[Callable[..., Any]], Callable[..., Any]]

    class Layer(Protocol):
        """A function decorator that keeps the signature. Every object that fits is a layer; nothing need be derived."""

        def __call__(self, fn: Callable[P, R], /) -> Callable[P, R]:
            """Return `fn` with the layer around it."""
            ...

    class Handler(Protocol[E_contra, C_contra, R_co, W_co]):
        """What `handler` returns: a synchronous callable, as the runtime calls it.

        Attributes:
            __wrapped__: the plain function, without the layers, for unit tests.
        """

        __name__: str
        __qualname__: str

        @property
        def __wrapped__(self) -> W_co: ...

        def __call__(self, event: E_contra, context: C_contra) -> R_co:
            """Run the pipeline for one event."""
            ...

    class Decorate(Protocol):
        """What `handler(...)` returns: the decorator that makes a function a handler."""

        @overload
        def __call__(  # type: ignore[overload-overlap]  # a coroutine is also some R
            self, fn: Callable[[E, C], Coroutine[Any, Any, R]], /
        ) -> Handler[E, C, R, Callable[[E, C], Coroutine[Any, Any, R]]]: ...
        @overload
        def __call__(self, fn: Callable[[E, C], R], /) -> Handler[E, C, R, Callable[[E, C], R]]: ...
        @overload
        def __call__(  # type: ignore[overload-overlap]
            self, fn: Callable[Concatenate[S, E, C, P], Coroutine[Any, Any, R]], /
        ) -> Callable[[S, E, C], R]: ...
        @overload
        def __call__(self, fn: Callable[Concatenate[S, E, C, P], R], /) -> Callable[[S, E, C], R]: ...
        @overload
        def __call__(
            self, fn: Callable[Concatenate[E, C, P], Coroutine[Any, Any, R]], /
        ) -> Handler[E, C, R, Callable[Concatenate[E, C, P], Coroutine[Any, Any, R]]]: ...
        @overload
        def __call__(
            self, fn: Callable[Concatenate[E, C, P], R], /
        ) -> Handler[E, C, R, Callable[Concatenate[E, C, P], R]]: ...

else:

    class Layer:
        """A function decorator that keeps the signature; a protocol for type checkers."""

    class Handler:
        """What `handler` returns; a protocol for type checkers."""


_WARM_AT_INIT = 8.0  # seconds; Lambda allows 10 for the init phase of an on-demand function

__all__ = ["Handler", "Layer", "handler", "layer", "provide", "time_limit"]

if TYPE_CHECKING:

    @overload
    def handler(  # type: ignore[overload-overlap]  # a coroutine is also some R
        fn: Callable[[E, C], Coroutine[Any, Any, R]], /
    ) -> Handler[E, C, R, Callable[[E, C], Coroutine[Any, Any, R]]]: ...
    @overload
    def handler(fn: Callable[[E, C], R], /) -> Handler[E, C, R, Callable[[E, C], R]]: ...
    @overload
    def handler(  # type: ignore[overload-overlap]
        fn: Callable[Concatenate[S, E, C, P], Coroutine[Any, Any, R]], /
    ) -> Callable[[S, E, C], R]: ...
    @overload
    def handler(fn: Callable[Concatenate[S, E, C, P], R], /) -> Callable[[S, E, C], R]: ...
    @overload
    def handler(
        fn: Callable[Concatenate[E, C, P], Coroutine[Any, Any, R]], /
    ) -> Handler[E, C, R, Callable[Concatenate[E, C, P], Coroutine[Any, Any, R]]]: ...
    @overload
    def handler(fn: Callable[Concatenate[E, C, P], R], /) -> Handler[E, C, R, Callable[Concatenate[E, C, P], R]]: ...
    @overload
    def handler(*layers: AnyLayer) -> Decorate: ...


def handler(*args: Any) -> Any:
    """Make a function the handler of a Lambda function: `@handler`, or `@handler(first, second, ...)` with layers.

    The first layer is the outermost, so that reading order is running order. Layers stacked as decorators under a bare
    `@handler` do the same. The result is a synchronous callable `(event, context)` for `def` and `async def` functions
    alike; coroutines run on one event loop that is kept for the life of the environment. Each call opens an
    `Invocation`, which `current_invocation()` returns, and closes it when the outermost layer is left.

    Whatever the function returns is passed through untouched, generators and bytes too.

    Args:
        *args: the layers; or, without parentheses, the function itself, which takes `(event, context)`, and by keyword
            whatever `provide` gives it. In a class it takes `self` before them.

    Returns:
        The handler, or a decorator that makes one. `__wrapped__` of the handler is the plain function, for unit tests.

    Raises:
        ConfigurationError: a layer is not callable, or the function cannot be called with `(event, context)`.

    Example:
        ```python
        @handler
        def ping(event, context):
            return "pong"


        assert ping({}, None) == "pong"
        ```
    """
    if len(args) == 1 and _is_handler_function(args[0]):
        return _handler((), args[0])
    for position, candidate in enumerate(args, start=1):
        _check_layer(candidate, position)

    def decorate(*functions: Any) -> Any:
        if len(functions) != 1:
            _refuse_call(args, functions)
        return _handler(args, functions[0])

    return decorate


def _is_handler_function(candidate: Any) -> bool:
    """Tell the function of a bare `@handler` from a single layer: the one takes two arguments, the other one."""
    if not callable(candidate):
        return False
    signature = callables.signature_of(candidate)
    if signature is None:
        return False
    names = [name.lstrip("_").lower() for name in signature.positional]
    if not signature.takes(2):
        # A layer takes the function; whoever takes an event and nothing else meant a handler.
        in_class = signature.takes(3) and names[:1] in (["self"], ["cls"])
        if not in_class and (not signature.takes(1) or names[:1] in (["event"], ["evt"])):
            raise _wrong_signature(candidate, signature)
        return in_class
    if not signature.takes(1):
        return True
    if names[1:2] in (["context"], ["ctx"], ["lambda_context"], [""]):
        return True
    raise ConfigurationError(
        f"handler() cannot tell whether {callables.name_of(candidate)}{signature} is a layer or a handler function: it "
        "can be called with one argument and with two; write @handler() above a handler function, and pass a layer as "
        "lambda fn: layer(fn)"
    )


def _wrong_signature(fn: Any, signature: object) -> ConfigurationError:
    return ConfigurationError(
        f"handler function {callables.name_of(fn)}{signature} cannot be called with (event, context), which is how the "
        "runtime calls it; take these two by position, and anything else by keyword from provide(...)"
    )


def _check_layer(candidate: Any, position: int) -> None:
    where = f"layer {position} of handler(...)"
    if not callable(candidate):
        raise ConfigurationError(
            f"{where} is {candidate!r}, which is not callable; a layer takes the function and returns one"
        )
    signature = callables.signature_of(candidate)
    if signature is None or signature.takes(1):
        return
    name = callables.name_of(candidate)
    if callables.is_generator_function(candidate) and signature.takes(2):
        raise ConfigurationError(f"{where}, {name}, is a generator function; put @layer above it")
    hint = f"; did you mean {name.rpartition('.')[2]}(...)?" if signature.takes(0) else ""
    raise ConfigurationError(
        f"{where}, {name}{signature}, does not take one argument; a layer takes the function and returns one{hint}"
    )


def _refuse_call(layers: tuple[Any, ...], arguments: tuple[Any, ...]) -> Never:
    names = ", ".join(callables.name_of(one) for one in layers)
    raise ConfigurationError(
        f"handler({names}) is a decorator and was called with {len(arguments)} arguments, as the runtime calls a "
        f"handler; {names or 'nothing'} was taken for a layer: a handler function takes (event, context)"
    )


def _handler(layers: tuple[Any, ...], fn: Any) -> Any:
    if not callable(fn):
        raise ConfigurationError(f"handler() was put above {fn!r}, which is not callable")
    signature = callables.signature_of(fn)
    names = () if signature is None else signature.positional
    in_class = names[:1] == ("self",) and signature is not None and signature.takes(3)
    if signature is not None and not in_class and not signature.takes(2):
        raise _wrong_signature(fn, signature)
    call = _stack(layers, fn)
    _warm_eager_resources()
    if callables.is_coroutine_function(fn):
        call = _blocking(call)
    entry = _method_entry(call) if in_class else _entry(call)
    functools.update_wrapper(entry, fn)
    entry.__wrapped__ = callables.plain(fn)
    return entry


def _warm_eager_resources() -> None:
    cache = sys.modules.get("lambda_kit.init_cache")
    if cache is not None and "AWS_LAMBDA_RUNTIME_API" in os.environ:
        cache.init.warm(timeout=_WARM_AT_INIT)


def _stack(layers: tuple[Any, ...], fn: Any) -> Any:
    waits = callables.is_coroutine_function(fn)
    call = fn
    for position, one in reversed(list(enumerate(layers, start=1))):
        inner, call = call, one(call)
        if not callable(call):
            raise ConfigurationError(
                f"layer {position} of handler(...), {callables.name_of(one)}, returned {call!r} for "
                f"{callables.name_of(fn)}; a layer returns a callable"
            )
        if waits and not callables.is_coroutine_function(call):
            call = _awaiting(call, inner)
    return call


def _awaiting(call: Any, inner: Any) -> Any:
    """Show a layer's plain function around a coroutine function as what it is, for the layers outside."""

    @functools.wraps(inner)
    async def awaiting(*args: Any, **kwargs: Any) -> Any:
        return await call(*args, **kwargs)

    return awaiting


def _blocking(call: Any) -> Any:
    from lambda_kit import _event_loop

    def blocking(*args: Any) -> Any:
        return _event_loop.run(call(*args))

    return blocking


def _entry(call: Any) -> Any:
    enter, leave = current.set, current.reset

    def entry(event: Any, context: Any) -> Any:
        invocation = Invocation(event, context, process.cold)
        if process.cold:
            process.warm_up()
        token = enter(invocation)
        try:
            return call(event, context)
        finally:
            if at_end:
                _finish(invocation)
            invocation.ended = True
            leave(token)

    return entry


def _method_entry(call: Any) -> Any:
    def entry(self: Any, event: Any, context: Any) -> Any:
        return _entry(functools.partial(call, self))(event, context)

    return entry


def _finish(invocation: Invocation) -> None:
    for finish in list(at_end.values()):
        try:
            finish(invocation)
        except Exception:
            _logger().exception("what had to end with the invocation failed to")


def layer(body: Callable[[Any, Any], Iterator[Any] | AsyncIterator[Any]]) -> Layer:
    """Turn a generator function `(event, context)` that yields once into a layer.

    What stands before the `yield` runs before the handler, what stands after it runs after. The same body serves
    handlers with `def` and with `async def`.

    - The value of the `yield` is the response of the handler. To replace it, `return` another after the `yield`.
    - `yield new_event` passes another event on; a bare `yield` passes on the one that came.
    - `return response` before the `yield` answers early: neither the handler nor the layers inside run.
    - An exception of the handler is raised at the `yield`. Let it pass, or `return` a response (not None) to answer
      instead. It cannot be lost: if the body ends without a response, or raises something else, which is logged, the
      handler's exception goes on unchanged.
    - What the body raises after the handler succeeded is raised to the layers outside.

    Raises:
        ConfigurationError: `body` is not a generator function that takes `(event, context)`.
        LayerError: when running, the body yielded twice.

    Example:
        ```python
        @layer
        def answer_pings(event, context):
            if event.get("ping"):
                return "pong"
            yield
        ```
    """
    name = callables.name_of(body)
    signature = callables.signature_of(body)
    if callables.is_async_generator_function(body):
        raise ConfigurationError(
            f"@layer was put above {name}, an asynchronous generator, which could not serve a handler that is not "
            "async; write a plain generator, or a decorator of coroutine functions by hand where it has to await"
        )
    if not callables.is_generator_function(body):
        raise ConfigurationError(f"@layer was put above {name}, which is not a generator function: it has no yield")
    if signature is not None and not signature.takes(2):
        raise ConfigurationError(f"@layer was put above {name}{signature}; its generator takes (event, context)")

    def decorate(fn: Callable[..., Any], /) -> Callable[..., Any]:
        from lambda_kit import _generator_layer as generator_layer

        at = _event_position(fn, name)
        if callables.is_coroutine_function(fn):
            layered = generator_layer.around_coroutine(body, fn, name, at)
        elif str(callables.signature_of(fn)) == "(event, context)":
            layered = generator_layer.around_plain_function(body, fn, name)
        else:
            layered = generator_layer.around_function(body, fn, name, at)
        return functools.update_wrapper(layered, fn)

    decorate.__name__ = getattr(body, "__name__", "layer")
    decorate.__qualname__ = getattr(body, "__qualname__", "layer")
    decorate.__module__ = body.__module__
    decorate.__doc__ = body.__doc__
    return decorate


def _event_position(fn: Any, name: str) -> int:
    """Return at which position `fn` takes the event: 1 in a class, behind `self`, else 0."""
    if not callable(fn):
        raise ConfigurationError(f"layer {name} was put around {fn!r}, which is not callable")
    signature = callables.signature_of(fn)
    if signature is None:
        return 0
    if signature.positional[:1] == ("self",) and signature.takes(3):
        return 1
    if not signature.takes(2):
        raise ConfigurationError(
            f"layer {name} was put around {callables.name_of(fn)}{signature}, which cannot be called with "
            "(event, context)"
        )
    return 0


def _logger() -> logging.Logger:
    import logging

    return logging.getLogger("lambda_kit")


def provide(**resources: Callable[[], Any]) -> Layer:
    """Make a layer that passes values to the handler by keyword: `provide(table=orders)` passes `table=orders()`.

    Each callable is called without arguments, once per invocation, in the order given; a resource, a `Parameter` or a
    `Secret` answers from its cache. A coroutine function is awaited, on the kept event loop if the handler is not
    async. A keyword that the caller passes itself is not resolved, so a unit test can pass its own.

    Raises:
        ConfigurationError: nothing was given, a value is not callable, or the function takes no such keyword.

    Example:
        ```python
        @handler(provide(today=date.today))
        def report(event, context, *, today):
            return today.isoformat()
        ```
    """
    if not resources:
        raise ConfigurationError("provide() was given nothing; name what the handler takes: provide(table=orders)")
    for name, resource in resources.items():
        if not callable(resource):
            raise ConfigurationError(
                f"provide({name}=...) got {type(resource).__name__}, which is not callable; pass a resource or a "
                f"function without arguments: provide({name}=lambda: value)"
            )
    getters = tuple((name, get, callables.is_coroutine_function(get)) for name, get in resources.items())

    def decorate(fn: Callable[..., Any], /) -> Callable[..., Any]:
        _check_keywords(fn, resources)
        make = _providing_coroutine if callables.is_coroutine_function(fn) else _providing_function
        return functools.update_wrapper(make(fn, getters), fn)

    return decorate


def _providing_function(fn: Any, getters: tuple[tuple[str, Any, bool], ...]) -> Any:
    run: Any = None
    if any(waits for _, _, waits in getters):
        from lambda_kit._event_loop import run

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


def time_limit(margin: float = 0.5) -> Layer:
    """Make a layer that ends the handler `margin` seconds before Lambda would.

    Lambda kills the process at the deadline: nothing is cleaned up, and what is buffered is lost. This layer instead
    logs where the handler stands, interrupts it so that every layer inside unwinds, flushes the standard streams, and
    raises `TimeLimitReached` to the layers outside. If less than `margin` is left to begin with, the handler is not
    started.

    A synchronous handler sees `TimeLimitInterrupt`, which `except Exception` does not catch; an asynchronous one is
    cancelled, as by `asyncio.timeout`. Either may catch it to answer in its last moment. The interrupt comes by
    `SIGALRM` on the main thread, where the runtime calls handlers, and also ends a call that blocks. On another thread,
    and where that signal does not exist, it comes between two bytecodes, so that a blocking call is not ended.

    Args:
        margin: seconds before the deadline, 0 or more. Enough for the clean-up of the layers.

    Raises:
        ConfigurationError: `margin` is not a number of seconds that is 0 or more.
        TimeLimitReached: when running.
    """
    if not callables.is_number(margin) or margin < 0:
        raise ConfigurationError(f"time_limit(margin={margin!r}): pass the seconds before the deadline, 0 or more")

    def decorate(fn: Callable[..., Any], /) -> Callable[..., Any]:
        from lambda_kit import _deadline

        limit = _deadline.for_coroutine if callables.is_coroutine_function(fn) else _deadline.for_function
        return functools.update_wrapper(limit(fn, callables.name_of(fn), float(margin)), fn)

    return decorate
