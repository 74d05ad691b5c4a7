"""`layer`: a generator function becomes a layer."""

from __future__ import annotations

import functools

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from typing import Any

    from lambda_kit._kernel.layers import Layer


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
        from lambda_kit.pipeline import _generator

        at = _event_position(fn, name)
        if callables.is_coroutine_function(fn):
            layered = _generator.around_coroutine(body, fn, name, at)
        elif str(callables.signature_of(fn)) == "(event, context)":
            layered = _generator.around_plain_function(body, fn, name)
        else:
            layered = _generator.around_function(body, fn, name, at)
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
