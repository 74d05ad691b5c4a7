"""Handlers and the layers around them.

A layer is a function decorator: it takes a callable and returns one with the same signature. `handler` puts layers
around a function, the first layer outermost, and opens an `Invocation` for each call:

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

A layer that was entered is left exactly once, and a layer that was not entered is never left. An exception of the
handler reaches the runtime unchanged. If a layer fails while it cleans up after that exception, its failure is logged.
"""

from __future__ import annotations

import functools
import os
import sys
from types import ModuleType

from lambda_kit import lazy_exports
from lambda_kit._kernel import callables, passing_on, type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.invocation import opening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, Concatenate, ParamSpec, TypeVar, overload

    from lambda_kit._kernel.layers import Adapter, AnyLayer, Layer
    from lambda_kit._kernel.streaming import Stream
    from lambda_kit.pipeline._layer import layer
    from lambda_kit.pipeline._provide import provide
    from lambda_kit.pipeline._time_limit import time_limit
    from lambda_kit.pipeline._types import Decorate, Handler, RecordHandler, TakesRecords

    P = ParamSpec("P")
    R = TypeVar("R")
    S = TypeVar("S")
    E = TypeVar("E")
    C = TypeVar("C")
    F = TypeVar("F")
    D = TypeVar("D")
else:
    __getattr__, __dir__ = lazy_exports(
        globals(),
        {
            "Handler": "lambda_kit.pipeline._types",
            "Layer": "lambda_kit._kernel.layers",
            "Stream": "lambda_kit._kernel.streaming",
            "layer": "lambda_kit.pipeline._layer",
            "provide": "lambda_kit.pipeline._provide",
            "time_limit": "lambda_kit.pipeline._time_limit",
        },
    )

_WHOLE = frozenset(
    {type(None), bool, int, float, str, bytes, list, tuple, dict}
)  # types of responses that are no streams
_STREAMING = frozenset({"lambda_kit.runtime", "lambda_kit._kernel.streaming"})  # one is loaded where parts are sent
_WARM_AT_INIT = 8.0  # seconds; Lambda allows 10 for the init phase of an on-demand function

__all__ = ["Handler", "Layer", "Stream", "handler", "layer", "provide", "time_limit"]

if TYPE_CHECKING:

    @overload
    def handler(fn: TakesRecords[F], /) -> RecordHandler[F]: ...  # type: ignore[overload-overlap]
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
    def handler(*layers: *tuple[*tuple[AnyLayer, ...], Adapter[D]]) -> D: ...
    @overload
    def handler(*layers: AnyLayer) -> Decorate: ...


def handler(*args: Any) -> Any:  # type: ignore[misc]  # mypy takes Any for no element of a tuple of types
    """Make a function the handler of a Lambda function: `@handler`, or `@handler(first, second, ...)` with layers.

    Layers run in reading order: the first one is the outermost. Layers stacked as decorators under a bare `@handler` do
    the same. The result is a synchronous callable `(event, context)`, for `def` and `async def` functions. Coroutines
    run on one event loop, which is kept for the life of the environment. Each call opens an `Invocation`, which
    `current_invocation()` returns, and closes it when the outermost layer has been left.

    The return value of the function is passed through unchanged, except for streams: an iterator or asynchronous
    iterator of bytes and texts, or a `Stream`. The parts are sent one by one, while the layers are still entered, if
    the runtime can do so (`lambda_kit.runtime`). Elsewhere the handler returns the whole response.

    Args:
        *args: the layers; for a bare `@handler` the function itself. The function takes `(event, context)`, and by
            keyword what `provide` passes. A method takes `self` first.

    Returns:
        The handler; for `@handler(...)` the decorator that makes it. `__wrapped__` of the handler is the plain
        function, for unit tests.

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
        entry = _handler((), args[0])
        return _or_layer(entry, args[0]) if callables.is_generator_function(args[0]) else entry
    for position, candidate in enumerate(args, start=1):
        _check_layer(candidate, position)
        if position < len(args) and hasattr(type_of(candidate), callables.ADAPTS):
            raise ConfigurationError(
                f"layer {position} of handler(...), {callables.name_of(candidate)}, calls the function by the names of "
                "its parameters, so that it has to be the last layer"
            )

    def decorate(*functions: Any) -> Any:
        if len(functions) != 1:
            from lambda_kit.pipeline import _refusals

            raise _refusals.called_like_a_handler(args, functions)
        if args and hasattr(type_of(args[-1]), callables.ADAPTS):
            return _adapted(args, functions[0])
        return _handler(args, functions[0])

    return decorate


def _is_handler_function(candidate: Any) -> bool:
    """Return True for the function under a bare `@handler`, which takes two arguments; a layer takes one."""
    if not callable(candidate) or isinstance(candidate, type | ModuleType):
        return False
    signature = callables.signature_of(candidate)
    if signature is None:
        return False
    names = [name.lstrip("_").lower() for name in signature.positional]
    if not signature.takes(2):
        # A layer takes a function. A single parameter named `event` means that a handler was intended.
        in_class = signature.takes(3) and names[0] == "self"
        if not in_class and (not signature.takes(1) or names in (["event"], ["evt"])):
            from lambda_kit.pipeline import _refusals

            raise _refusals.not_of_event_and_context(candidate, signature)
        return in_class
    if not signature.takes(1):
        return True
    if names[1:2] in (["context"], ["ctx"], ["lambda_context"], [""]):
        return True
    raise ConfigurationError(
        f"handler() cannot tell if {callables.name_of(candidate)}{signature} is a layer or a handler function, because "
        "it takes one argument or two; write @handler() above a handler function, and pass a layer as "
        "lambda fn: layer(fn)"
    )


def _or_layer(entry: Any, fn: Any) -> Any:
    """Return the handler of a generator function. It says what to do if it is used as a decorator.

    A generator function `(event, context)` may be a handler, or a layer without `@layer` above it. Only the call tells.
    """

    def call(*args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and callable(args[0]):
            raise ConfigurationError(
                f"handler({callables.name_of(fn)}) was put above {callables.name_of(args[0])}; {callables.name_of(fn)} "
                "is a generator function and was taken for the handler; put @layer above it"
            )
        return entry(*args, **kwargs)

    functools.update_wrapper(call, entry)
    call.__wrapped__ = fn  # type: ignore[attr-defined]  # pyright: ignore[reportFunctionMemberAccess]
    return call


def _check_layer(candidate: Any, position: int) -> None:
    where = f"layer {position} of handler(...)"
    if isinstance(candidate, ModuleType) and callable(candidate):
        candidate()  # it says what to import
    if isinstance(candidate, type):
        from lambda_kit.pipeline import _refusals

        _refusals.check_class(where, candidate)
    if not callable(candidate):
        raise ConfigurationError(
            f"{where} is {candidate!r}, which is not callable; a layer takes a function and returns a function"
        )
    if _makes_layers(candidate):
        raise ConfigurationError(
            f"{where} is the function {candidate.__name__}; did you mean {candidate.__name__}(...)?"
        )
    signature = callables.signature_of(candidate)
    if signature is None or signature.takes(1):
        return
    from lambda_kit.pipeline import _refusals

    raise _refusals.not_of_one_argument(where, candidate, signature)


def _makes_layers(candidate: Any) -> bool:
    """Return True for a function of the kit that makes layers, such as `provide`. `batch` is also a layer itself."""
    if not callables.is_own(candidate) or candidate.__name__ in ("batch", "layer"):
        return False
    module = str(candidate.__module__)  # `layer` gives its result the module of the generator function
    return module.startswith("lambda_kit.") and getattr(sys.modules.get(module), candidate.__name__, None) is candidate


def _handler(layers: tuple[Any, ...], fn: Any) -> Any:
    if not callable(fn):
        raise ConfigurationError(f"handler() was put above {fn!r}, which is not callable")
    signature = callables.signature_of(fn)
    names = () if signature is None else signature.positional
    in_class = names[:1] == ("self",) and signature is not None and signature.takes(3)
    if signature is not None and not in_class and not signature.takes(2):
        from lambda_kit.pipeline import _refusals

        raise _refusals.not_of_event_and_context(fn, signature)
    callables.refuse_handler(fn, "handler(...)")
    _refuse_layers_of_generator(fn)
    whole_only = hasattr(fn, "record_function")
    # Without layers, the entry delivers: one function less is called.
    by_entry = not (whole_only or layers or in_class or _is_asynchronous(fn))
    needs_result = any(getattr(one, callables.NEEDS_RESULT, False) for one in layers)
    inner = fn if whole_only or by_entry else _delivering(fn, needs_result=needs_result)
    call = _stack(layers, inner, by_two=not in_class)
    callables.tell_handled(call)
    if not in_class:
        _check_provided(call, callables.plain(fn))
    _warm_eager_resources()
    if callables.is_coroutine_function(inner):
        call = _blocking(call)
    entry: Any = _method_entry(call) if in_class else opening(call, _checked if by_entry else None)
    functools.update_wrapper(entry, fn)
    entry.__wrapped__ = callables.plain(fn)
    setattr(entry, callables.HANDLER, True)
    if _are_own(call, callables.plain(fn)):  # other layers may pass keywords that nobody knows of
        setattr(entry, callables.PROVIDES, callables.provided_keywords(call))
    return entry


def _is_asynchronous(fn: Any) -> bool:
    return callables.is_coroutine_function(fn) or callables.is_async_generator_function(fn)


def _delivering(fn: Any, *, needs_result: bool) -> Any:
    """Return `fn`, which delivers its result, if it is a stream, inside the layers; as a whole if one needs it."""
    delivering: Any
    if needs_result and _STREAMING & sys.modules.keys():  # under other clients nothing is sent part by part
        from lambda_kit._kernel.streaming import collect

        delivering = collect(fn)
    elif callables.is_coroutine_function(fn):
        delivering = _delivering_coroutine(fn)
    elif callables.is_async_generator_function(fn):
        delivering = _delivering_async_generator(fn)
    elif callables.has_handler_signature(fn):
        delivering = _delivering_two(fn)
    else:

        def delivering_any(*args: Any, **kwargs: Any) -> Any:
            result = fn(*args, **kwargs)
            return result if result.__class__ in _WHOLE else _delivered(result)

        delivering = delivering_any
    functools.update_wrapper(delivering, fn)
    callables.delivering.add(delivering.__code__)
    if not hasattr(fn, "__qualname__"):  # an object with __call__ is named by its repr
        delivering.__module__, delivering.__qualname__ = "", repr(fn)
    return delivering


def _delivering_two(fn: Any) -> Any:
    """Return the same for a function that takes `(event, context)`, at half the cost."""

    def delivering(event: Any, context: Any) -> Any:
        result = fn(event, context)
        return result if result.__class__ in _WHOLE else _delivered(result)

    return delivering


def _delivering_coroutine(fn: Any) -> Any:
    async def delivering(*args: Any, **kwargs: Any) -> Any:
        result = await fn(*args, **kwargs)
        if result.__class__ in _WHOLE:
            return result
        from lambda_kit._kernel.streaming import deliver_from_coroutine

        return await deliver_from_coroutine(result)

    return delivering


def _delivering_async_generator(fn: Any) -> Any:
    """Return a coroutine function, so that layers treat it as one, and a time limit can cancel it."""

    async def delivering(*args: Any, **kwargs: Any) -> Any:
        from lambda_kit._kernel.streaming import deliver_from_coroutine

        return await deliver_from_coroutine(fn(*args, **kwargs))

    return delivering


def _checked(result: Any) -> tuple[Any, type | None]:
    """Return a result, delivered if it is a stream, and its class if no result of that class is one."""
    return (result, result.__class__) if result.__class__ in _WHOLE else (_delivered(result), None)


def _delivered(result: Any) -> Any:
    from lambda_kit._kernel.streaming import deliver

    return deliver(result)


def _refuse_layers_of_generator(fn: Any) -> None:
    """Raise an error if a layer was put above a generator function as a decorator.

    The call of such a function returns at once, so that the layer would be left before the first part of the stream.
    """
    while (inner := getattr(fn, "__wrapped__", None)) is not None:
        if callables.is_own(fn) and not _makes_generator(fn) and _makes_generator(inner):
            raise ConfigurationError(
                f"a layer was put above the generator function {callables.name_of(inner)} as a decorator, where it "
                "would be left before the first part; pass layers of a stream in parentheses: @handler(first, second)"
            )
        fn = inner


def _makes_generator(fn: Any) -> bool:
    return callables.is_generator_function(fn) or callables.is_async_generator_function(fn)


def _adapted(layers: tuple[Any, ...], fn: Any) -> Any:
    """Return the handler of a function with other parameters than `(event, context)`, which the last layer passes."""
    made = layers[-1](fn)
    entry = _handler(layers[:-1], made)
    entry.__wrapped__ = callables.plain(fn)
    setattr(entry, callables.ADAPTED, made)
    return entry


def _check_provided(call: Any, fn: Any) -> None:
    """Raise an error if the function needs a keyword that no layer passes.

    Nothing can be known if a layer is not one of the kit: it may pass keywords too.
    """
    needed = callables.required_keywords(fn) - callables.provided_keywords(call)
    if not needed or not _are_own(call, fn):
        return
    name = min(needed)
    raise ConfigurationError(
        f"handler function {callables.name_of(fn)} needs the keyword {name!r}, which no layer passes, so that each "
        f"invocation would fail; add provide({name}=...) to the layers, or a default to the parameter"
    )


def _are_own(call: Any, fn: Any) -> bool:
    """Return True if all layers around a function are those of the kit."""
    while call is not fn:
        if not callables.is_own(call) or not hasattr(call, "__wrapped__"):
            return False
        call = call.__wrapped__
    return True


def _warm_eager_resources() -> None:
    cache = sys.modules.get("lambda_kit.init_cache")
    if cache is not None and "AWS_LAMBDA_RUNTIME_API" in os.environ:
        cache.init.warm(timeout=_WARM_AT_INIT)


def _stack(layers: tuple[Any, ...], fn: Any, *, by_two: bool) -> Any:
    """Put the layers around a function, which is called with `(event, context)`, or with `self` before these two."""
    waits = callables.is_coroutine_function(fn)
    call = fn
    for position, one in reversed(list(enumerate(layers, start=1))):
        if by_two and callables.is_own(call) and passing_on.issuperset(map(type_of, layers[:position])):
            setattr(call, callables.CALLED_WITH_TWO, True)
        inner, call = call, one(call)
        if not callable(call):
            raise ConfigurationError(
                f"layer {position} of handler(...), {callables.name_of(one)}, returned {call!r} for "
                f"{callables.name_of(fn)}; a layer takes a function and returns a function"
            )
        if waits and not callables.is_coroutine_function(call):
            call = _awaiting(call, inner)
    return call


def _awaiting(call: Any, inner: Any) -> Any:
    """Make a coroutine function of a layer's plain function, so that the layers outside recognise it as one."""

    @functools.wraps(inner)
    async def awaiting(*args: Any, **kwargs: Any) -> Any:
        return await call(*args, **kwargs)

    return awaiting


def _blocking(call: Any) -> Any:
    from lambda_kit._kernel import event_loop

    @functools.wraps(call)
    def blocking(*args: Any) -> Any:
        return event_loop.run(call(*args))

    return blocking


def _method_entry(call: Any) -> Any:
    def entry(self: Any, event: Any, context: Any) -> Any:
        return opening(functools.partial(call, self))(event, context)

    return entry
