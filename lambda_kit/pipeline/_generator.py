"""How the generator function under `@layer` runs around a handler: the rules of the `yield`.

The body is started, and stands at its `yield` while the handler runs. It is resumed with the response, or the exception
is raised there. Whatever it does then, it is left once, and the handler's exception is not lost.
"""

from __future__ import annotations

import contextlib

from lambda_kit._kernel import callables, log
from lambda_kit.errors import LayerError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

_DONE: Any = object()


class _Answer:
    """What a body returned, where that is not None."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _drive() -> Generator[Any, Any, None]:
    """Run one body after the other.

    A generator ends by raising StopIteration, which costs more than all the rest of a layer; not so inside the
    `yield from` of another generator. So bodies run inside of drivers, which wait in `_idle` between two of them.
    """
    value: Any = None
    while True:
        body: Generator[Any, Any, Any] = yield _DONE if value is None else _Answer(value)
        value = yield from body


def _new_driver() -> Any:
    driver = _drive()
    next(driver)
    return driver.send


_idle: list[Any] = []


def around_plain_function(body: Any, call: Any, name: str) -> Any:
    """Do what `around_function` does for the signature of most handlers, at half the cost."""
    take, give = _idle.pop, _idle.append

    def layered(event: Any, context: Any) -> Any:
        try:
            send = take()
        except IndexError:
            send = _new_driver()
        new_event = send(body(event, context))
        if new_event is not None:
            if new_event is _DONE:
                give(send)
                return None
            if type(new_event) is _Answer:
                return new_event.value
            event = new_event
        try:
            response = call(event, context)
        except BaseException as error:
            answer = _throw_in(send.__self__, error, name)
            if answer is None:
                raise
            return answer
        end = send(response)
        if end is _DONE:
            give(send)
            return response
        if type(end) is _Answer:
            return end.value
        raise _yielded_twice(send.__self__, name)

    return layered


def _throw_in(driver: Any, error: BaseException, name: str) -> Any:
    """Do what `_raise_at_yield` does, for a body that runs inside of a driver, which is not used again."""
    traceback = error.__traceback__
    try:
        end = driver.throw(error)
        if end is _DONE:
            return None
        if type(end) is _Answer:
            return end.value
        raise _yielded_twice(driver, name)
    except Exception as other:
        passed_through = isinstance(error, StopIteration) and other.__cause__ is error
        if other is not error and not passed_through:
            _log_clean_up(other, error, name)
    except BaseException as other:
        if other is not error:
            raise
    finally:
        error.__traceback__ = traceback
        del traceback
    return None


def around_function(body: Any, call: Any, name: str, at: int) -> Any:
    def layered(*args: Any, **kwargs: Any) -> Any:
        if len(args) <= at + 1:
            args, kwargs = _by_position(call, args, kwargs, at)
        generator = body(args[at], args[at + 1])
        try:
            event = next(generator)
        except StopIteration as early:
            return early.value
        if event is not None:
            args = (*args[:at], event, *args[at + 1 :])
        try:
            response = call(*args, **kwargs)
        except BaseException as error:
            answer = _raise_at_yield(generator, error, name)
            if answer is None:
                raise
            return answer
        return _resume(generator, response, name)

    return layered


def around_coroutine(body: Any, call: Any, name: str, at: int) -> Any:
    async def layered(*args: Any, **kwargs: Any) -> Any:
        if len(args) <= at + 1:
            args, kwargs = _by_position(call, args, kwargs, at)
        generator = body(args[at], args[at + 1])
        try:
            event = next(generator)
        except StopIteration as early:
            return early.value
        if event is not None:
            args = (*args[:at], event, *args[at + 1 :])
        try:
            response = await call(*args, **kwargs)
        except BaseException as error:
            answer = _raise_at_yield(generator, error, name)
            if answer is None:
                raise
            return answer
        return _resume(generator, response, name)

    return layered


def _by_position(call: Any, args: Any, kwargs: dict[str, Any], at: int) -> tuple[Any, dict[str, Any]]:
    """Move the event and the context of a call that passed them by keyword to where they stand by position."""
    signature = callables.signature_of(call)
    names = () if signature is None else signature.positional[len(args) : at + 2]
    missing = [name for name in names if name not in kwargs] if names else ["event", "context"]
    if missing:
        raise TypeError(f"{callables.name_of(call)}() missing arguments: {', '.join(missing)}")
    rest = {name: value for name, value in kwargs.items() if name not in names}
    return (*args, *(kwargs[name] for name in names)), rest


def _resume(generator: Generator[Any, Any, Any], response: Any, name: str) -> Any:
    """Let the body go on behind its `yield` with the response; return the response, or the one it returned instead."""
    try:
        generator.send(response)
    except StopIteration as end:
        return response if end.value is None else end.value
    raise _yielded_twice(generator, name)


def _raise_at_yield(generator: Generator[Any, Any, Any], error: BaseException, name: str) -> Any:
    """Raise `error` at the `yield`; return the response that the body answers with, or None to let `error` go on."""
    traceback = error.__traceback__
    try:
        generator.throw(error)
        raise _yielded_twice(generator, name)
    except StopIteration as end:
        if end is not error:
            return end.value
    except Exception as other:
        # A generator turns a StopIteration that passes through it into a RuntimeError.
        passed_through = isinstance(error, StopIteration) and other.__cause__ is error
        if other is not error and not passed_through:
            _log_clean_up(other, error, name)
    except BaseException as other:
        if other is not error:
            raise
    finally:
        error.__traceback__ = traceback  # without the frames of this layer
        del traceback
    return None


def _yielded_twice(generator: Generator[Any, Any, Any], name: str) -> LayerError:
    with contextlib.suppress(RuntimeError):  # a third yield, in a finally
        generator.close()
    return LayerError(f"layer {name} yielded twice; a layer yields once, where the handler runs", layer=name)


def _log_clean_up(failure: Exception, error: BaseException, name: str) -> None:

    log.error(
        "layer %s failed while it handled %s, which goes on unchanged; to answer instead, a layer returns a response",
        name,
        type(error).__name__,
        exc_info=failure,
    )
