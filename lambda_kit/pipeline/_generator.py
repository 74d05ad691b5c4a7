"""The rules of the `yield`: how the generator function under `@layer`, its body, runs around a handler.

The body is started and waits at its `yield` while the handler runs. Then it is resumed with the response, or the
exception of the handler is raised there. The body is left exactly once, and the exception of the handler is never lost.
"""

from __future__ import annotations

import contextlib

from lambda_kit._kernel import callables, log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from lambda_kit.errors import LayerError

_ENDED: Any = object()  # the body ended without a response


class _Response:
    """The return value of a body, if it is not None."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _drive() -> Generator[Any, Any, None]:
    """Run bodies, one after another.

    A generator that ends raises StopIteration, which costs more than the rest of the layer. Inside the `yield from` of
    another generator it costs almost nothing. That other generator is the driver. It is reused for the next body, and
    waits in `_idle_drivers` meanwhile.
    """
    value: Any = None
    while True:
        body: Generator[Any, Any, Any] = yield _ENDED if value is None else _Response(value)
        value = yield from body


def _new_driver() -> Any:
    driver = _drive()
    next(driver)
    return driver.send


_idle_drivers: list[Any] = []  # their `send` methods


# In each of the three functions below, one `try` covers everything from the start of the body to its end: an interrupt
# can strike between any two calls, and a body that waits at its `yield` has to be left before the layers around it.


def around_handler(body: Any, call: Any, name: str) -> Any:  # noqa: C901  # one more function would cost each call
    """Return `call`, declared as `(event, context)`, with the body around it; `around_function` at half the cost."""
    take, give_back = _idle_drivers.pop, _idle_drivers.append

    def layered(event: Any, context: Any) -> Any:  # noqa: C901
        generator = body(event, context)
        try:
            try:
                send = take()
            except IndexError:
                send = _new_driver()
            new_event = send(generator)
            if new_event is not None:
                if new_event is _ENDED:
                    give_back(send)
                    return None
                if type(new_event) is _Response:
                    return new_event.value
                event = new_event
            response = call(event, context)
            end = send(response)
            if end is _ENDED:
                give_back(send)
                return response
            if type(end) is _Response:
                return end.value
            raise _yielded_twice(send.__self__, name)
        except BaseException as error:
            answer = None
            try:
                if generator.gi_suspended:
                    answer = _raise_at_yield(generator, error, name)
            except BaseException as interrupt:
                _raise_at_yield(generator, interrupt, name)  # it does nothing if the body was left
                raise
            if answer is None:
                raise
            return answer

    return layered


def around_function(body: Any, call: Any, name: str, at: int) -> Any:
    """Return a function `call` of any signature with the body around it; it takes the event at position `at`."""

    def layered(*args: Any, **kwargs: Any) -> Any:
        if len(args) <= at + 1:
            args, kwargs = _by_position(call, args, kwargs, at)
        generator = body(args[at], args[at + 1])
        try:
            try:
                event = next(generator)
            except StopIteration as early:
                return early.value
            if event is not None:
                args = (*args[:at], event, *args[at + 1 :])
            response = call(*args, **kwargs)
            return _resume(generator, response, name)
        except BaseException as error:
            answer = None
            try:
                if generator.gi_suspended:
                    answer = _raise_at_yield(generator, error, name)
            except BaseException as interrupt:
                _raise_at_yield(generator, interrupt, name)  # it does nothing if the body was left
                raise
            if answer is None:
                raise
            return answer

    return layered


def around_coroutine(body: Any, call: Any, name: str, at: int) -> Any:
    """Return a coroutine function `call` with the body around it; it takes the event at position `at`."""

    async def layered(*args: Any, **kwargs: Any) -> Any:
        if len(args) <= at + 1:
            args, kwargs = _by_position(call, args, kwargs, at)
        generator = body(args[at], args[at + 1])
        try:
            try:
                event = next(generator)
            except StopIteration as early:
                return early.value
            if event is not None:
                args = (*args[:at], event, *args[at + 1 :])
            response = await call(*args, **kwargs)
            return _resume(generator, response, name)
        except BaseException as error:
            answer = None
            try:
                if generator.gi_suspended:
                    answer = _raise_at_yield(generator, error, name)
            except BaseException as interrupt:
                _raise_at_yield(generator, interrupt, name)  # it does nothing if the body was left
                raise
            if answer is None:
                raise
            return answer

    return layered


def _by_position(call: Any, args: Any, kwargs: dict[str, Any], at: int) -> tuple[Any, dict[str, Any]]:
    """Turn an event and a context that were passed by keyword into positional arguments."""
    signature = callables.signature_of(call)
    names = () if signature is None else signature.positional[len(args) : at + 2]
    missing = [name for name in names if name not in kwargs] if names else ["event", "context"]
    if missing:
        raise TypeError(f"{callables.name_of(call)}() missing arguments: {', '.join(missing)}")
    rest = {name: value for name, value in kwargs.items() if name not in names}
    return (*args, *(kwargs[name] for name in names)), rest


def _resume(generator: Generator[Any, Any, Any], response: Any, name: str) -> Any:
    """Resume the body with the response. Return the response, or the one that the body returned instead."""
    try:
        generator.send(response)
    except StopIteration as end:
        return response if end.value is None else end.value
    raise _yielded_twice(generator, name)


def _raise_at_yield(generator: Generator[Any, Any, Any], error: BaseException, name: str) -> Any:
    """Raise `error` at the `yield`. Return the response of the body, or None to let `error` go on.

    The suspension of a durable execution goes on whatever the body returns: a response would end the execution.
    """
    traceback = error.__traceback__
    try:
        generator.throw(error)
        raise _yielded_twice(generator, name)
    except StopIteration as end:
        if end is not error and not _is_suspension(error):
            return end.value
    except Exception as other:
        # Python turns a StopIteration that passes through a generator into a RuntimeError.
        passed_through = isinstance(error, StopIteration) and other.__cause__ is error
        if other is not error and not passed_through:
            _log_clean_up(other, error, name)
    except BaseException as other:
        if other is not error:
            raise
    finally:
        error.__traceback__ = traceback  # as it was, without the frames of the body
        del traceback
    return None


def _is_suspension(error: BaseException) -> bool:
    if isinstance(error, Exception):
        return False
    from lambda_kit._kernel.durable import is_suspension

    return is_suspension(error)


def _yielded_twice(generator: Generator[Any, Any, Any], name: str) -> LayerError:
    with contextlib.suppress(RuntimeError):  # a third yield, in a finally
        generator.close()
    from lambda_kit import errors

    return errors.LayerError(
        f"layer {name} yielded twice; a layer yields exactly once, where the handler runs", layer=name
    )


def _log_clean_up(failure: Exception, error: BaseException, name: str) -> None:
    log.error(
        "layer %s failed while it handled %s, which is raised unchanged; to answer instead, return a response",
        name,
        type(error).__name__,
        exc_info=failure,
    )
