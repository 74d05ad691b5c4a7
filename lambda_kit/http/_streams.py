"""Answers that are streams of values: server-sent events and JSON lines."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.http._call import InvalidResponse
from lambda_kit.http._json import json_of
from lambda_kit.http._parts import Parts
from lambda_kit.http._response import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Iterable, Mapping
    from typing import Any

_BEAT = ":\n\n"


class ServerEvent:
    r"""One server-sent event: <https://html.spec.whatwg.org/multipage/server-sent-events.html>.

    ```python
    from lambda_kit.http import ServerEvent

    assert (
        ServerEvent({"n": 1}, event="added", id="7").text()
        == 'event: added\nid: 7\ndata: {"n":1}\n\n'
    )
    assert ServerEvent("two\nlines").text() == "data: two\ndata: lines\n\n"
    ```

    Args:
        data: the data: text, or another value, which becomes JSON; default None, for none. A browser tells its page
            only about events with data.
        event: the name of the event; default: none, which a browser calls `message`.
        id: the id, which a browser sends as `Last-Event-ID` when it connects again; default: none.
        retry: seconds after which a browser connects again; default: none.
        comment: text that browsers ignore, such as a sign of life; default: none.

    Raises:
        ConfigurationError: `event` or `id` holds a line break, `id` holds NUL, or `retry` is negative.
    """

    __slots__ = ("comment", "data", "event", "id", "retry")

    def __init__(
        self,
        data: Any = None,
        *,
        event: str | None = None,
        id: str | None = None,  # noqa: A002  # the name of the field
        retry: float | None = None,
        comment: str | None = None,
    ) -> None:
        for name, text in (("event", event), ("id", id)):
            if text is not None and any(one in text for one in "\r\n\0"):
                raise ConfigurationError(
                    f"ServerEvent({name}=...) holds a line break or NUL, which would end or spoil the field; pass text "
                    "without them"
                )
        self.data = data
        self.event = event
        self.id = id
        self.retry = retry if retry is None else _checked_seconds("ServerEvent(retry", retry)
        self.comment = comment

    def text(self) -> str:
        """Return the event as it is sent.

        Raises:
            TypeError: the data has no JSON.
            ValueError: the data has a number that is not finite.
        """
        lines: list[str] = []
        if self.comment is not None:
            lines += [f": {one}" if one else ":" for one in _lines(self.comment)]
        if self.event is not None:
            lines.append(f"event: {self.event}")
        if self.id is not None:
            lines.append(f"id: {self.id}")
        if self.retry is not None:
            lines.append(f"retry: {round(self.retry * 1000)}")
        if self.data is not None:
            text = self.data if type_of(self.data) is str else json_of(self.data)
            lines += [f"data: {one}" for one in _lines(text)]
        return "\n".join([*lines, "", ""])

    def __repr__(self) -> str:
        return f"<ServerEvent {self.event or 'message'}>"


def _lines(text: str) -> list[str]:
    """Split text where the standard ends a line: at CR LF, LF and CR, and nowhere else."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _checked_seconds(what: str, seconds: Any, least: float = 0.0) -> float:
    if type_of(seconds) not in (int, float) or not least <= seconds < float("inf"):
        raise ConfigurationError(f"{what}={seconds!r}): pass seconds, {least:g} or more")
    return float(seconds)


class EventStream(Response):
    r"""An answer of server-sent events, which `EventSource` of a browser reads.

    ```python
    from lambda_kit import HttpApp
    from lambda_kit.http import EventStream, ServerEvent

    app = HttpApp()


    @app.get("/ticks")
    def ticks():
        return EventStream(ServerEvent({"n": n}, id=str(n)) for n in range(2))


    answer = app.test_client().get("/ticks")
    assert answer.headers["content-type"] == "text/event-stream"
    assert answer.text == 'id: 0\ndata: {"n":0}\n\nid: 1\ndata: {"n":1}\n\n'
    ```

    Args:
        events: an iterable or async iterable of events: `ServerEvent`, text, or other values, which become JSON.
        retry: seconds after which a browser connects again; default: none, which leaves it to the browser.
        heartbeat: seconds without an event after which a comment is sent, so that nobody takes the connection for
            dead; it needs an async iterable, and a runtime client that streams; default: none.
        status: the status; default 200.
        headers: further headers; default: `Cache-Control: no-store`.

    Raises:
        ConfigurationError: `events` is not iterable, or an option is not valid.
    """

    __slots__ = ()

    def __init__(
        self,
        events: Iterable[Any] | AsyncIterable[Any],
        *,
        retry: float | None = None,
        heartbeat: float | None = None,
        status: int = 200,
        headers: Mapping[str, str | list[str]] | None = None,
    ) -> None:
        super().__init__(None, status, headers=headers)
        self._headers.setdefault("content-type", "text/event-stream")
        self._headers.setdefault("cache-control", "no-store")
        _check_iterable("EventStream", events)
        if heartbeat is not None:
            heartbeat = _checked_seconds("EventStream(heartbeat", heartbeat, 0.001)
            if not hasattr(events, "__aiter__"):
                raise ConfigurationError(
                    "EventStream(heartbeat=...) needs an async iterable: a plain one cannot be waited for; yield "
                    "ServerEvent(comment='') from it"
                )
        first = None if retry is None else ServerEvent(retry=retry).text()

        def encode(value: Any) -> str:
            nonlocal first
            text = _event_text(value)
            if first is not None:
                text, first = first + text, None
            return text

        self.body = Parts(events, encode, heartbeat, _BEAT)


def _event_text(value: Any) -> str:
    try:
        return (value if isinstance(value, ServerEvent) else ServerEvent(value)).text()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidResponse("the data of an event has no JSON") from error


class JsonLines(Response):
    r"""An answer of JSON values, one in each line: <https://jsonlines.org>.

    ```python
    from lambda_kit import HttpApp
    from lambda_kit.http import JsonLines

    app = HttpApp()


    @app.get("/orders")
    def orders():
        return JsonLines({"id": number} for number in range(2))


    assert app.test_client().get("/orders").text == '{"id":0}\n{"id":1}\n'
    ```

    Args:
        values: an iterable or async iterable of values, which become JSON.
        status: the status; default 200.
        headers: further headers; default: none.
        media_type: the content type; default `application/jsonl`.

    Raises:
        ConfigurationError: `values` is not iterable, or an option is not valid.
    """

    __slots__ = ()

    def __init__(
        self,
        values: Iterable[Any] | AsyncIterable[Any],
        *,
        status: int = 200,
        headers: Mapping[str, str | list[str]] | None = None,
        media_type: str = "application/jsonl",
    ) -> None:
        super().__init__(None, status, headers=headers, media_type=media_type)
        _check_iterable("JsonLines", values)
        self.body = Parts(values, _line_of)


def _line_of(value: Any) -> str:
    try:
        return json_of(value) + "\n"
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidResponse("a value of the answer has no JSON") from error


def _check_iterable(what: str, values: Any) -> None:
    if isinstance(values, str | bytes | dict) or not (hasattr(values, "__iter__") or hasattr(values, "__aiter__")):
        raise ConfigurationError(f"{what}(...) got a value of type {type_of(values).__name__}; pass an iterable")
