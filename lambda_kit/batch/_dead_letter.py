"""Dead letters: records and events that failed for good are kept with their error, so that nothing is lost."""

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
        """A place that keeps dead letters."""

        def send(self, letter: DeadLetter, /) -> object:
            """Keep a letter; when this returns, the letter is kept.

            Raises:
                Exception: the letter could not be kept; the record or the event is then retried.
            """
            ...

    AnySink: TypeAlias = Sink | Callable[["DeadLetter"], object] | Callable[["DeadLetter"], Coroutine[Any, Any, object]]
else:

    class Sink:
        """A place that keeps dead letters; a protocol for type checkers."""


class DeadLetter:
    """A record or an event that failed for good, with its error and the invocation in which it failed.

    Attributes:
        id: the id of the record or of the request, by which a letter that is sent twice is recognised; a random id if
            there is none.
        source: the source of the record, such as `"sqs"`; `"invocation"` for an event.
        event: the record or the event, as it came.
        error: the exception.
        time: the time of the failure, in seconds since the epoch, to the millisecond.
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
        self.time = round(time.time(), 3)  # once, so that all who write it name the same second

    def as_dict(self) -> dict[str, Any]:
        """Return the letter as a dict for JSON.

        `error` has the type, the message, the notes and the traceback as text, without the values of variables, and
        without passwords that other libraries put into their messages, as the logger writes them.
        """
        import traceback

        from lambda_kit._kernel.messages import shown

        error = self.error
        notes: list[Any] = [*getattr(error, "__notes__", ())]
        return {
            "id": self.id,
            "source": self.source,
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.time)),
            "functionName": self.function_name,
            "requestId": self.request_id,
            "error": {
                "type": type(error).__name__,
                "message": shown(_text_of(error)),
                "notes": [shown(one) if isinstance(one, str) else one for one in notes],
                "traceback": shown("".join(traceback.format_exception(error))),
            },
            "event": self.event,
        }

    def to_json(self) -> str:
        """Return `as_dict()` as JSON text; a value that JSON cannot hold is replaced by its `repr`.

        Characters that UTF-8, a message of SQS or a line of a file cannot hold are escaped, and no others.
        """
        return _json_text(self.as_dict())

    def to_json_within(self, size: int, whole_at: str | None = None) -> str:
        """Return the letter as JSON text of at most `size` bytes; what does not fit is cut.

        The traceback is cut first, and then the texts and lists of the event. A letter that was cut has
        `"truncated": true`, the `size` of the whole one, and `wholeAt`. The identifiers of the record are short, and so
        are kept: they point to it in a stream, a topic or a bucket.

        Args:
            size: bytes in UTF-8.
            whole_at: the place of the whole letter; None if it is kept nowhere.
        """
        text = self.to_json()
        length = len(text.encode())
        if length <= size:
            return text
        letter = {**self.as_dict(), "truncated": True, "size": length, "wholeAt": whole_at}
        letter["error"] = _cut(letter["error"], 1_024, 10)
        for chars, items in ((length, length), (16_384, 1_024), (2_048, 256), (512, 64), (128, 16), (64, 4)):
            text = _json_text({**letter, "event": _cut(self.event, chars, items)})
            if len(text.encode()) <= size:
                return text
        return _json_text({**letter, "event": None})

    def __repr__(self) -> str:
        return f"<DeadLetter {self.id} of {self.source}: {type(self.error).__name__}>"


def _json_text(value: Any) -> str:
    import json
    import re

    try:
        text = json.dumps(value, default=_text_of, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # keys that are no text, cycles, integers of thousands of digits
        text = json.dumps(_cut(value, 1 << 30, 1 << 30), ensure_ascii=False)
    # Half surrogates and non-characters, and what some readers take for the end of a line.
    return re.sub("[\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\ufffe\\uffff]", lambda one: f"\\u{ord(one[0]):04x}", text)


def _cut(value: Any, chars: int, items: int, depth: int = 100) -> Any:
    """Return a value for JSON with texts of at most `chars` characters and lists and objects of `items` parts."""
    kind = type_of(value)
    if value is None or kind in (bool, float) or (kind is int and abs(value) < 1 << 64):
        return value
    if kind in (dict, list, tuple) and not depth:
        return "…"
    if kind is dict:
        pairs = list(value.items())[:items]
        return {_cut_text(str(name), chars): _cut(one, chars, items, depth - 1) for name, one in pairs}
    if kind in (list, tuple):
        return [_cut(one, chars, items, depth - 1) for one in value[:items]]
    return _cut_text(value if isinstance(value, str) else _text_of(value), chars)


def _cut_text(text: str, chars: int) -> str:
    return text if len(text) <= chars else f"{text[:chars]}…"


def _text_of(value: Any) -> str:
    try:
        return str(value) if isinstance(value, BaseException) else repr(value)
    except Exception:
        return f"<{type(value).__name__} without text>"


def _id_of(id: Any) -> str:  # noqa: A002
    return "" if id is None else "-".join(map(str, id.values())) if type_of(id) is dict else str(id)


def dead_letter(sink: AnySink, *, permanent: tuple[type[Exception], ...]) -> Layer:
    """Make a layer for asynchronous invocations that keeps events that fail for good; Lambda retries the others.

    A permanent error puts the event into the sink, with the error and its context, and the invocation succeeds: it
    returns None. Any other error goes on to Lambda, which tries twice more and then sends the event to the function's
    own destination (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>). If the sink
    fails, the error of the handler goes on to Lambda too, so the event is never lost.

    Args:
        sink: `SqsSink`, `S3Sink`, `DynamoDBSink`, `FileSink`, another object with `send(letter)`, or a function that
            takes a `DeadLetter`; around an async handler it may be async too.
        permanent: a tuple of the exceptions that no retry will mend.

    Raises:
        ConfigurationError: an argument is wrong.
    """
    check_permanent("dead_letter", permanent)
    if not permanent:
        raise ConfigurationError(
            "dead_letter(permanent=()): no event would go there; pass the exceptions that no retry will mend"
        )
    send = sender("dead_letter", sink)

    def decorate(fn: Callable[..., Any], /) -> Callable[..., Any]:
        callables.refuse_handler(fn, "dead_letter(...)")
        if callables.is_coroutine_function(fn):
            send_async = async_sender(send)

            async def layered_async(*args: Any, **kwargs: Any) -> Any:
                try:
                    return await fn(*args, **kwargs)
                except permanent as error:
                    letter = _letter(args, error)
                    try:
                        await send_async(letter)
                    except Exception as sink_error:
                        _log_not_sent(letter, sink_error)
                        raise error  # noqa: B904  # as it was raised
                    _log_sent(letter)

            return functools.update_wrapper(layered_async, fn)
        check_sync("dead_letter", sink, send, fn)

        def layered(*args: Any, **kwargs: Any) -> Any:
            try:
                return fn(*args, **kwargs)
            except permanent as error:
                letter = _letter(args, error)
                try:
                    send(letter)
                except Exception as sink_error:
                    _log_not_sent(letter, sink_error)
                    raise error  # noqa: B904
                _log_sent(letter)

        return functools.update_wrapper(layered, fn)

    return decorate


def _letter(args: tuple[Any, ...], error: Exception) -> DeadLetter:
    """Return the letter for an invocation, with the event as it came, before any layer replaced it.

    Raises:
        Exception: `error`, if it ends a run of a durable execution that goes on, so that nothing has failed for good.
    """
    from lambda_kit._kernel.durable import ends_run

    if ends_run(error):
        raise error
    invocation = current.get(None)
    event = invocation.event if invocation is not None else args[-2] if len(args) > 1 else None
    return DeadLetter(event, error, source="invocation")


def _log_sent(letter: DeadLetter) -> None:
    tell("dead_letter.sent", source=letter.source, error=type(letter.error).__name__)
    log.warning(
        "the event of request %s failed for good with %s, and went to the dead letter; it is not retried",
        letter.request_id,
        type(letter.error).__name__,
        exc_info=letter.error,
    )


def _log_not_sent(letter: DeadLetter, sink_error: Exception) -> None:
    log.error(
        "the event of request %s failed for good with %s, but could not be put into the dead letter; Lambda retries it",
        letter.request_id,
        type(letter.error).__name__,
        exc_info=sink_error,
    )


# `batch` uses these too


def sender(where: str, sink: Any) -> Callable[[DeadLetter], Any]:
    """Return the function that puts a letter into a sink.

    Raises:
        ConfigurationError: the value is not a sink.
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


def async_sender(send: Callable[[DeadLetter], Any]) -> Callable[[DeadLetter], Any]:
    """Return `send` as a coroutine function; a function that blocks runs in a thread."""
    if callables.is_coroutine_function(send):
        return send

    async def send_async(letter: DeadLetter) -> None:
        import asyncio

        await asyncio.to_thread(send, letter)

    return send_async


def check_sync(where: str, sink: Any, send: Callable[[DeadLetter], Any], fn: Any) -> None:
    """Refuse an async sink for a function that is not async.

    Raises:
        ConfigurationError: the sink is async.
    """
    if callables.is_coroutine_function(send):
        raise ConfigurationError(
            f"{where}: the sink {callables.name_of(sink)} is async, and {callables.name_of(fn)} is not; make both alike"
        )


def _is_exception(one: Any) -> bool:
    return isinstance(one, type) and issubclass(one, Exception)


def check_permanent(where: str, permanent: Any) -> None:
    """Refuse a value that is not a tuple of exceptions.

    Raises:
        ConfigurationError: it is not.
    """
    if type_of(permanent) is not tuple or not all(map(_is_exception, permanent)):
        raise ConfigurationError(
            f"{where}(permanent={permanent!r}): pass a tuple of exception classes, such as (ValueError,)"
        )
