"""The decorator that puts a span around each call: of a function, a coroutine, a generator or a context manager.

The span of a generator is the current one while the generator's own code runs, not while the code that iterates over
it does. The span of a context manager is also current in the block under its `with`.
"""

from __future__ import annotations

import functools

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.tracer._span import Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from typing import Any

    from lambda_kit.tracer._span import Kind, Options


def around(fn: Any, name: str, kind: Kind, options: Options) -> Any:
    """Return `fn` with a span of this name around each call.

    Raises:
        ConfigurationError: `fn` is not callable.
    """
    if isinstance(fn, staticmethod | classmethod):
        return _around_method(fn, name, kind, options)
    if isinstance(fn, type):
        raise ConfigurationError(
            f"the tracer decorates the class {fn.__qualname__}, but a traced class is none; put it above its methods"
        )
    if not callable(fn):
        hint = "under @property" if hasattr(fn, "fget") else "above a function"
        raise ConfigurationError(f"the tracer decorates {fn!r}, which is not callable; put it {hint}")
    make = _around_handler if callables.has_handler_signature(fn) and not options.capture_response else _around_function
    if _is_context_manager(fn):
        make = _around_context_manager
    elif callables.is_async_generator_function(fn):
        make = _around_async_generator
    elif callables.is_generator_function(fn):
        make = _around_generator
    elif callables.is_coroutine_function(fn):
        make = _around_coroutine
    return functools.update_wrapper(make(fn, name, kind, options), fn)


def _around_method(method: Any, name: str, kind: Kind, options: Options) -> Any:
    """Return a static method or class method, as one that is traced."""
    return type_of(method)(around(method.__func__, name, kind, options))


def _around_function(fn: Any, name: str, kind: Kind, options: Options) -> Any:
    backend = options.backend
    if options.capture_response:
        key = f"{name} response"

        def capturing(*args: Any, **kwargs: Any) -> Any:
            span = backend().begin(name, kind, options)
            if span is None:
                return fn(*args, **kwargs)
            with span:
                response = fn(*args, **kwargs)
                span.metadata(**{key: response})
                return response

        return capturing

    def traced(*args: Any, **kwargs: Any) -> Any:
        span = backend().begin(name, kind, options)
        if span is None:
            return fn(*args, **kwargs)
        # Not `with span`: its two calls show in a warm invocation.
        try:
            response = fn(*args, **kwargs)
        except BaseException as error:
            span.__exit__(type(error), error, error.__traceback__)
            raise
        span.end()
        return response

    return traced


def _around_handler(fn: Any, name: str, kind: Kind, options: Options) -> Any:
    """Return the span around a function of `(event, context)`, as most are: it spares packing the arguments."""
    backend = options.backend

    def traced(event: Any, context: Any) -> Any:
        span = backend().begin(name, kind, options)
        if span is None:
            return fn(event, context)
        try:
            response = fn(event, context)
        except BaseException as error:
            span.__exit__(type(error), error, error.__traceback__)
            raise
        span.end()
        return response

    return traced


def _around_coroutine(fn: Any, name: str, kind: Kind, options: Options) -> Any:
    backend = options.backend
    key = f"{name} response"

    async def traced(*args: Any, **kwargs: Any) -> Any:
        span = backend().begin(name, kind, options)
        if span is None:
            return await fn(*args, **kwargs)
        with span:
            response = await fn(*args, **kwargs)
            if options.capture_response:
                span.metadata(**{key: response})
            return response

    return traced


def _around_generator(fn: Any, name: str, kind: Kind, options: Options) -> Any:
    backend = options.backend
    key = f"{name} response"

    def traced(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with backend().detached(name, kind, options) or Span(name, kind, options) as span:
            response = yield from _steps(span, fn(*args, **kwargs))
            if options.capture_response:
                span.metadata(**{key: response})
            return response

    return traced


def _steps(span: Span, inner: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """Do what `yield from` does; the span is the current one while the inner generator runs."""
    step: Any
    given: Any
    step, given = inner.send, None
    try:
        while True:
            before = span._activate()
            try:
                value = step(given)
            except StopIteration as end:
                return end.value
            finally:
                span._deactivate(before)
            try:
                given = yield value
                step = inner.send
            except GeneratorExit:
                raise
            except BaseException as error:
                step, given = inner.throw, error
    finally:
        before = span._activate()
        try:
            inner.close()
        finally:
            span._deactivate(before)


def _around_async_generator(fn: Any, name: str, kind: Kind, options: Options) -> Any:
    backend = options.backend

    async def traced(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        inner = fn(*args, **kwargs)
        with backend().detached(name, kind, options) or Span(name, kind, options) as span:
            step, given = inner.asend, None
            try:
                while True:
                    before = span._activate()
                    try:
                        value = await step(given)
                    except StopAsyncIteration:
                        return
                    finally:
                        span._deactivate(before)
                    try:
                        given = yield value
                        step = inner.asend
                    except GeneratorExit:
                        raise
                    except BaseException as error:
                        step, given = inner.athrow, error
            finally:
                before = span._activate()
                try:
                    await inner.aclose()
                finally:
                    span._deactivate(before)

    return traced


def _is_context_manager(fn: Any) -> bool:
    """Tell whether `fn` was decorated with `contextlib.contextmanager` or `asynccontextmanager`."""
    return getattr(fn, "__globals__", {}).get("__name__") == "contextlib" and hasattr(fn, "__wrapped__")


def _around_context_manager(fn: Any, name: str, kind: Kind, options: Options) -> Any:
    import contextlib

    backend = options.backend
    if callables.is_async_generator_function(fn.__wrapped__):

        async def traced_async(*args: Any, **kwargs: Any) -> AsyncGenerator[Any]:
            with backend().begin(name, kind, options) or Span(name, kind, options):
                async with fn(*args, **kwargs) as value:
                    yield value

        return contextlib.asynccontextmanager(traced_async)

    def traced(*args: Any, **kwargs: Any) -> Generator[Any]:
        with backend().begin(name, kind, options) or Span(name, kind, options), fn(*args, **kwargs) as value:
            yield value

    return contextlib.contextmanager(traced)
