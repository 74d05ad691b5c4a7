"""The parts of a body: an iterator over what a user's iterator or async iterator yields."""

from __future__ import annotations

from lambda_kit._kernel import log, type_of
from lambda_kit.http._call import InvalidResponse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_END: Any = object()
_SILENCE: Any = object()


class Parts:
    """The body of a response in parts: an iterator over text and bytes. Empty parts are left out, if it is not live.

    Args:
        source: an iterator, an async iterator, or an object that has one.
        encode: returns the part of a value; None if the values are the parts.
        heartbeat: seconds of silence of an async iterator after which `beat` is a part; None for none.
        beat: the part that shows that the stream is alive.

    Attributes:
        is_live: whether the parts are sent as they come: only then there are heartbeats.
    """

    __slots__ = ("_beat", "_encode", "_heartbeat", "_is_async", "_pending", "_source", "is_live")

    def __init__(
        self,
        source: Any,
        encode: Callable[[Any], str | bytes] | None = None,
        heartbeat: float | None = None,
        beat: str = "",
    ) -> None:
        self._is_async = hasattr(source, "__aiter__")
        self._source: Any = source.__aiter__() if self._is_async else iter(source)
        self._encode = encode
        self._heartbeat = heartbeat
        self._beat = beat
        self._pending: Any = None
        self.is_live = False

    def __iter__(self) -> Iterator[str | bytes]:
        return self

    def __next__(self) -> str | bytes:
        while True:
            part = self._part()
            if part or self.is_live:  # an empty part that is sent first sends the headers
                return part

    def _part(self) -> str | bytes:
        if self._is_async:
            from lambda_kit._kernel import event_loop

            value = event_loop.run(self._next_of_async())
            if value is _END:
                raise StopIteration
            if value is _SILENCE:
                return self._beat
        else:
            value = next(self._source)
        part: Any = value if self._encode is None else self._encode(value)
        kind: Any = type_of(part)
        if issubclass(kind, str | bytes):
            return part  # type: ignore[no-any-return]
        if kind is bytearray or kind is memoryview:
            return bytes(part)
        raise InvalidResponse(f"a part of the answer is of type {type_of(part).__name__}; yield text or bytes")

    async def _next_of_async(self) -> Any:
        """Return the next value, `_END` behind the last one, or `_SILENCE` if none has come for a while."""
        try:
            if self._heartbeat is None or not self.is_live:
                return await self._source.__anext__()
            import asyncio

            task = self._pending or asyncio.ensure_future(self._source.__anext__())
            self._pending = task
            await asyncio.wait((task,), timeout=self._heartbeat)
            if not task.done():
                return _SILENCE
            self._pending = None
            return await task
        except StopAsyncIteration:
            return _END

    def close(self) -> None:
        """Close the iterator. What it raises then is logged."""
        try:
            if self._is_async:
                if self._pending is not None or hasattr(self._source, "aclose"):
                    from lambda_kit._kernel import event_loop

                    event_loop.run(self._close_async())
            elif (close := getattr(self._source, "close", None)) is not None:
                close()
        except Exception:
            log.exception("lambda_kit: the iterator of an answer could not be closed")

    async def _close_async(self) -> None:
        task, self._pending = self._pending, None
        if task is not None:
            import asyncio

            task.cancel()
            await asyncio.wait((task,))
        if hasattr(self._source, "aclose"):
            await self._source.aclose()
