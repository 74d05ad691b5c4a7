"""Dead letters: what failed for good, kept with its error and its context, so that nothing is lost."""

from __future__ import annotations

import functools
import os
import time

from lambda_kit._kernel import callables, log, type_of
from lambda_kit._kernel.facts import tell
from lambda_kit.errors import ConfigurationError
from lambda_kit.invocation import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, Protocol, TypeAlias

    from lambda_kit._kernel.layers import Layer

    class Sink(Protocol):
        """Where dead letters go."""

        def send(self, letter: DeadLetter, /) -> object:
            """Keep a letter. It is kept when this returns.

            Raises:
                Exception: it could not be kept; the record, or the event, is then retried.
            """
            ...

    AnySink: TypeAlias = Sink | Callable[["DeadLetter"], object] | Callable[["DeadLetter"], Coroutine[Any, Any, object]]
else:

    class Sink:
        """Where dead letters go; a protocol for type checkers."""


class DeadLetter:
    """A record or an event that failed for good, why, and where.

    Attributes:
        id: the id of the record, or of the request, so that a letter that is sent twice is known as one; a random one
            if there is none.
        source: what the record came from, such as `"sqs"`; `"invocation"` for an event.
        event: the record or the event, as it came.
        error: what was raised.
        time: when, in seconds since the epoch.
        function_name: the name of the function; `""` if it is not known.
        request_id: the id of the request; `""` if it is not known.
    """

    __slots__ = ("error", "event", "function_name", "id", "request_id", "source", "time")

    def __init__(self, event: Any, error: BaseException, *, source: str, id: Any = None) -> None:  # noqa: A002
        invocation = current.get(None)
        self.event = event
        self.error = error
        self.source = source
        self.function_name = "" if invocation is None else invocation.function_name
        self.request_id = "" if invocation is None else invocation.request_id
        self.id: str = _id_of(id) or self.request_id or os.urandom(16).hex()
        self.time = time.time()

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it.

        `error` has the type, the message, the notes and the traceback as text, without the values of variables.
        """
        import traceback

        error = self.error
        return {
            "id": self.id,
            "source": self.source,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.time)),
            "functionName": self.function_name,
            "requestId": self.request_id,
            "error": {
                "type": type(error).__name__,
                "message": str(error),
                "notes": list(getattr(error, "__notes__", ())),
                "traceback": "".join(traceback.format_exception(error)),
            },
            "event": self.event,
        }

    def to_json(self) -> str:
        """Return `as_dict()` as text in ASCII; what JSON has nothing for is told by its `repr`."""
        import json

        return json.dumps(self.as_dict(), default=repr)

    def __repr__(self) -> str:
        return f"<DeadLetter {self.id} of {self.source}: {type(self.error).__name__}>"


def _id_of(id: Any) -> str:  # noqa: A002
    return "" if id is None else "-".join(map(str, id.values())) if type_of(id) is dict else str(id)


def dead_letter(sink: AnySink, *, permanent: tuple[type[Exception], ...]) -> Layer:
    """Make a layer, for asynchronous invocations, that keeps events that fail for good; Lambda retries the others.

    An error that is permanent puts the event into the sink, with the error and its context, and the invocation
    succeeds: it returns None. Any other goes on to Lambda, which tries again twice and then sends the event to the
    function's own destination
    (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>). If the sink fails, the error
    of the handler goes on to Lambda too: the event is never lost.

    Args:
        sink: `SqsSink`, `S3Sink`, `DynamoDBSink`, `FileSink`, another object with `send(letter)`, or a function that
            takes a `DeadLetter`; around an async handler it may be async too.
        permanent: the exceptions that no retry will mend.

    Raises:
        ConfigurationError: an argument is wrong.
    """
    check_permanent("dead_letter", permanent)
    if not permanent:
        raise ConfigurationError("dead_letter(permanent=()): nothing would go there; pass the exceptions that do")
    send = sender("dead_letter", sink)

    def decorate(fn: Callable[..., Any], /) -> Callable[..., Any]:
        if callables.is_coroutine_function(fn):
            send_async = awaiting(send)

            async def layered_async(*args: Any, **kwargs: Any) -> Any:
                try:
                    return await fn(*args, **kwargs)
                except permanent as error:
                    letter = _letter(args, error)
                    try:
                        await send_async(letter)
                    except Exception as trouble:
                        _not_sent(letter, trouble)
                        raise error  # noqa: B904  # as it was raised
                    _sent(letter)

            return functools.update_wrapper(layered_async, fn)
        check_sync("dead_letter", sink, send, fn)

        def layered(*args: Any, **kwargs: Any) -> Any:
            try:
                return fn(*args, **kwargs)
            except permanent as error:
                letter = _letter(args, error)
                try:
                    send(letter)
                except Exception as trouble:
                    _not_sent(letter, trouble)
                    raise error  # noqa: B904
                _sent(letter)

        return functools.update_wrapper(layered, fn)

    return decorate


def _letter(args: tuple[Any, ...], error: Exception) -> DeadLetter:
    """Return the letter for an invocation: with the event as it came, whatever layers have made of it."""
    invocation = current.get(None)
    event = invocation.event if invocation is not None else args[-2] if len(args) > 1 else None
    return DeadLetter(event, error, source="invocation")


def _sent(letter: DeadLetter) -> None:
    tell("dead_letter.sent", source=letter.source, error=type(letter.error).__name__)
    log.warning(
        "the event of request %s failed for good with %s, and went to the dead letter; it is not retried",
        letter.request_id,
        type(letter.error).__name__,
        exc_info=letter.error,
    )


def _not_sent(letter: DeadLetter, trouble: Exception) -> None:
    log.error(
        "the event of request %s failed for good with %s, but could not be put into the dead letter; Lambda retries it",
        letter.request_id,
        type(letter.error).__name__,
        exc_info=trouble,
    )


# What `batch` needs too


def sender(where: str, sink: Any) -> Callable[[DeadLetter], Any]:
    """Return the function that puts a letter into a sink.

    Raises:
        ConfigurationError: it is no sink.
    """
    send: Any = getattr(sink, "send", sink)
    signature = callables.signature_of(send) if callable(send) else None
    if isinstance(sink, type) or not callable(send) or (signature is not None and not signature.takes(1)):
        raise ConfigurationError(
            f"{where} was given {callables.name_of(sink)} as its sink; pass SqsSink(...), S3Sink(...), "
            "DynamoDBSink(...), FileSink(...), or a function that takes a DeadLetter"
        )
    found: Callable[[DeadLetter], Any] = send
    return found


def awaiting(send: Callable[[DeadLetter], Any]) -> Callable[[DeadLetter], Any]:
    """Return `send` as a coroutine function; one that blocks runs in a thread."""
    if callables.is_coroutine_function(send):
        return send

    async def send_async(letter: DeadLetter) -> None:
        import asyncio

        await asyncio.to_thread(send, letter)

    return send_async


def check_sync(where: str, sink: Any, send: Callable[[DeadLetter], Any], fn: Any) -> None:
    """Refuse an async sink for a function that is not.

    Raises:
        ConfigurationError: it is one.
    """
    if callables.is_coroutine_function(send):
        raise ConfigurationError(
            f"{where}: the sink {callables.name_of(sink)} is async, and {callables.name_of(fn)} is not; make both alike"
        )


def _is_exception(one: Any) -> bool:
    return isinstance(one, type) and issubclass(one, Exception)


def check_permanent(where: str, permanent: Any) -> None:
    """Refuse what is no tuple of exceptions.

    Raises:
        ConfigurationError: it is none.
    """
    if type_of(permanent) is not tuple or not all(map(_is_exception, permanent)):
        raise ConfigurationError(
            f"{where}(permanent={permanent!r}): pass a tuple of exception classes, such as (ValueError,)"
        )
