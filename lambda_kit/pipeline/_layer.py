"""`layer`: makes a layer of a generator function."""

from __future__ import annotations

import functools

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Any

    from lambda_kit._kernel.layers import Layer

_NOTHING: Any = None


def layer(body: Callable[[Any, Any], Iterator[Any] | AsyncIterator[Any]] = _NOTHING) -> Layer:
    """Turn a generator function `(event, context)` that yields once into a layer.

    Code before the `yield` runs before the handler, code after it runs after the handler. The same generator works for
    `def` and `async def` handlers.

    - The value of the `yield` is the response of the handler. To replace it, `return` another one after the `yield`.
    - `yield new_event` passes a new event to the layers inside and the handler. A bare `yield` passes the event on.
    - `return response` before the `yield` answers early: the handler and the layers inside do not run.
    - An exception of the handler is raised at the `yield`. Let it pass, or `return` a response (not None) to answer
      instead. It cannot be lost: if the generator ends without a response, or raises another exception, which is
      logged, the exception of the handler goes on unchanged.
    - An exception that the generator raises after the handler succeeded is raised to the layers outside.

    Raises:
        ConfigurationError: `body` is not a generator function that takes `(event, context)`.
        LayerError: when running, the generator yielded twice.

    Example:
        ```python
        @layer
        def answer_pings(event, context):
            if event.get("ping"):
                return "pong"
            yield
        ```
    """
    if not callable(body):
        raise ConfigurationError("layer() was called without a generator function; write @layer, without parentheses")
    name = callables.name_of(body)
    signature = callables.signature_of(body)
    if callables.is_async_generator_function(body):
        raise ConfigurationError(
            f"@layer was put above {name}, an asynchronous generator, which cannot run around a plain function; write "
            "a plain generator, or, if the layer has to await, a decorator of coroutine functions"
        )
    if not callables.is_generator_function(body):
        raise ConfigurationError(f"@layer was put above {name}, which is not a generator function: it has no yield")
    if signature is not None and not signature.takes(2):
        raise ConfigurationError(f"@layer was put above {name}{signature}; its generator takes (event, context)")

    def decorate(fn: Callable[..., Any], /) -> Callable[..., Any]:
        from lambda_kit.pipeline import _generator

        callables.refuse_handler(fn, name)
        at = _event_position(fn, name)
        if callables.is_coroutine_function(fn):
            layered = _generator.around_coroutine(body, fn, name, at)
        elif callables.has_handler_signature(fn):
            layered = _generator.around_handler(body, fn, name)
        else:
            layered = _generator.around_function(body, fn, name, at)
        return functools.update_wrapper(layered, fn)

    decorate.__name__ = getattr(body, "__name__", "layer")
    decorate.__qualname__ = getattr(body, "__qualname__", "layer")
    decorate.__module__ = body.__module__
    decorate.__doc__ = body.__doc__
    return decorate


def _event_position(fn: Any, name: str) -> int:
    """Return the position of the event among the parameters of `fn`: 1 for a method, after `self`, else 0."""
    if not callable(fn):
        raise ConfigurationError(f"layer {name} was put above {fn!r}, which is not callable")
    signature = callables.signature_of(fn)
    if signature is None:
        return 0
    if signature.positional[:1] == ("self",) and signature.takes(3):
        return 1
    if not signature.takes(2):
        raise ConfigurationError(
            f"layer {name} was put above {callables.name_of(fn)}{signature}, which cannot be called with "
            "(event, context)"
        )
    return 0
