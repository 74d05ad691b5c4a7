"""Responses that are sent part by part, where the running client of the Runtime API can do so.

A function returns an iterator of parts, or a `Stream`, which has also what comes before them. `deliver` sends it while
the layers around the function are still entered. Where it cannot be sent part by part, it returns the whole response.
"""

from __future__ import annotations

import sys
from contextvars import ContextVar

from lambda_kit._kernel import PACKAGE, callables, log, type_of
from lambda_kit.errors import ConfigurationError, ResponseTooLarge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable, Mapping
    from types import FrameType
    from typing import Any, Protocol, TypeAlias

    Part: TypeAlias = bytes | bytearray | memoryview | str

    class Client(Protocol):
        """A client of the Runtime API that sends parts."""

        def begin(self, prelude: Mapping[str, Any] | None) -> Callable[[bytes], bool] | None:
            """Begin the response of the running invocation.

            Returns:
                The function that sends a part; it returns False if nobody receives it. None if the invocation has
                begun its response already, or if none is running on this thread.
            """
            ...


WHOLE_LIMIT = 6 * 1024 * 1024
"""Bytes of a response that Lambda takes as a whole."""

_collects: ContextVar[bool] = ContextVar("lambda_kit_collects", default=False)

client: Client | None = None
"""The running client, if it sends parts; it puts itself here."""


def can_stream() -> bool:
    """Return True if the running client sends responses part by part, and no layer needs the whole response."""
    if client is None or _collects.get():
        return False
    from lambda_kit._kernel import environment

    return environment.flag("LAMBDA_KIT_STREAMING") is not False


def collect(fn: Any) -> Any:
    """Return `fn` that answers with the whole where its result is a stream, for the layers outside that need it."""
    if callables.is_coroutine_function(fn) or callables.is_async_generator_function(fn):
        waits = callables.is_coroutine_function(fn)

        async def collecting(*args: Any, **kwargs: Any) -> Any:
            token = _collects.set(True)
            try:
                result = fn(*args, **kwargs)
                return await deliver_from_coroutine(await result if waits else result)
            finally:
                _collects.reset(token)

        return collecting

    def collecting_now(*args: Any, **kwargs: Any) -> Any:
        token = _collects.set(True)
        try:
            return deliver(fn(*args, **kwargs))
        finally:
            _collects.reset(token)

    return collecting_now


class Stream:
    r"""A response that is sent part by part, with the status and headers that come before the parts.

    Without a prelude, the caller of `InvokeWithResponseStream` gets the parts and nothing else. With one, a function
    URL or a REST API gets status, headers and cookies first. They are sent with the first part. To send them earlier,
    yield an empty part.

    Args:
        parts: an iterable or asynchronous iterable of bytes and texts. Texts are sent as UTF-8. It is closed at the
            end, if it has a method `close` or `aclose`.
        prelude: `statusCode`, `headers`, `multiValueHeaders` and `cookies`, as Lambda takes them; default: None.
        whole: makes the response of the body where it cannot be sent part by part. Default: the body as bytes, and with
            a prelude the prelude with `body` and `isBase64Encoded`.
        streamed: False if the trigger takes whole responses alone, so that it is never sent part by part; default True.

    Attributes:
        sent: True once it was sent part by part, to its end or until nobody received it.

    Example:
        ```python
        from lambda_kit import handler
        from lambda_kit.pipeline import Stream


        @handler
        def count(event, context):
            numbers = (f"{number}\n" for number in range(3))
            return Stream(
                numbers, {"statusCode": 200, "headers": {"Content-Type": "text/plain"}}
            )


        # Outside of a client that streams, the whole:
        assert count({}, None)["body"] == "0\n1\n2\n"
        ```
    """

    __slots__ = ("parts", "prelude", "sent", "streamed", "whole")

    def __init__(
        self,
        parts: Iterable[Part] | AsyncIterable[Part],
        prelude: Mapping[str, Any] | None = None,
        *,
        whole: Callable[[bytes], Any] | None = None,
        streamed: bool = True,
    ) -> None:
        if isinstance(parts, bytes | str) or not (hasattr(parts, "__iter__") or hasattr(parts, "__aiter__")):
            raise ConfigurationError(
                f"Stream(...) got parts of type {type_of(parts).__name__}; pass an iterable of bytes and texts, such "
                "as a generator"
            )
        self.parts: Any = parts
        self.prelude = prelude
        self.whole = whole
        self.streamed = streamed
        self.sent = False

    def __repr__(self) -> str:
        return f"<Stream of {type_of(self.parts).__name__}{', sent' if self.sent else ''}>"


def deliver(result: Any) -> Any:
    """Send a result part by part if it is a stream, and the client can; return what the layers outside see.

    Call it inside the layers, so that they are left after the last part.

    Returns:
        A `Stream` that was sent; the whole response of one that cannot be sent part by part; any other result
        unchanged.

    Raises:
        ConfigurationError: a part is neither bytes nor text.
        ResponseTooLarge: the whole response is over the limit of Lambda.
    """
    stream = _stream_of(result)
    if stream is None:
        return result
    if hasattr(stream.parts, "__aiter__"):
        from lambda_kit._kernel import event_loop

        return event_loop.run(_deliver_asynchronous(stream))
    return _deliver(stream)


async def deliver_from_coroutine(result: Any) -> Any:
    """Do what `deliver` does, for a coroutine function."""
    stream = _stream_of(result)
    if stream is None:
        return result
    if hasattr(stream.parts, "__aiter__"):
        return await _deliver_asynchronous(stream)
    return _deliver(stream)


def _stream_of(result: Any) -> Stream | None:
    """Return the stream that a result is and that has to be delivered; None for any other result."""
    if isinstance(result, Stream):
        return None if result.sent else result
    if hasattr(result, "__next__") or hasattr(result, "__anext__"):
        return Stream(result)
    return None


def _deliver(stream: Stream) -> Any:
    parts = stream.parts
    try:
        send, body = _receiver(stream)
        for part in parts:
            if not send(part if type_of(part) is bytes else _encoded(part)):
                log.info("nobody receives the response any longer; its generator is closed")
                break
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    return stream if body is None else _whole(stream, body)


async def _deliver_asynchronous(stream: Stream) -> Any:
    parts = stream.parts
    try:
        send, body = _receiver(stream)
        async for part in parts:
            if not send(part if type_of(part) is bytes else _encoded(part)):
                log.info("nobody receives the response any longer; its generator is closed")
                break
    finally:
        close = getattr(parts, "aclose", None)
        if close is not None:
            await close()
    return stream if body is None else _whole(stream, body)


def _encoded(part: Any) -> bytes:
    if isinstance(part, str):
        return part.encode()
    if isinstance(part, bytes | bytearray | memoryview):
        return bytes(part)  # pyright: ignore[reportUnknownArgumentType]  # whatever its items are
    raise ConfigurationError(
        f"a part of the stream is of type {type_of(part).__name__}; yield bytes or text, for example json.dumps(...)"
    )


def _receiver(stream: Stream) -> tuple[Callable[[bytes], bool], bytearray | None]:
    """Return the function that takes the parts, and the list where it collects them, or None if it sends them."""
    if stream.streamed and client is not None and can_stream() and not _is_nested():
        send = client.begin(stream.prelude)
        if send is not None:
            stream.sent = True
            return send, None
    body = bytearray()

    def collect(part: bytes) -> bool:
        if len(body) + len(part) > WHOLE_LIMIT:
            raise _too_large(stream)
        body.extend(part)
        return True

    return collect, body


def _is_nested() -> bool:
    """Return True in a handler that another handler has called: the caller needs its result."""
    frame: FrameType | None = sys._getframe()
    entries = 0
    while frame is not None:
        code = frame.f_code
        entries += code.co_qualname == "opening.<locals>.entry" and code.co_filename.startswith(PACKAGE)
        frame = frame.f_back
    return entries > 1


def _whole(stream: Stream, body: bytearray) -> Any:
    if stream.whole is not None:
        return stream.whole(bytes(body))
    if stream.prelude is None:
        return bytes(body)
    try:
        text, encoded = body.decode(), False
    except UnicodeDecodeError:
        from binascii import b2a_base64

        text, encoded = b2a_base64(body, newline=False).decode(), True
        if len(text) > WHOLE_LIMIT:
            raise _too_large(stream) from None
    return {**stream.prelude, "body": text, "isBase64Encoded": encoded}


def _too_large(stream: Stream) -> ResponseTooLarge:
    if not stream.streamed:
        why = "its trigger takes whole responses alone"
    else:
        why = "a layer needs the whole" if _collects.get() else "this client of the Runtime API cannot"
    return ResponseTooLarge(
        f"the response is over {WHOLE_LIMIT} bytes, Lambda's limit for a whole response, and it was not sent part by "
        f"part, because {why}; run the function under lambda_kit.runtime behind a function URL or a REST API that "
        "streams, or send less"
    )
