"""Answers in parts: joined up to the limit of the trigger, or sent one by one where the runtime client can."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator  # noqa: TC003  # annotations of routes are evaluated
from typing import TYPE_CHECKING, Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import HttpApp, handler, layer
from lambda_kit._kernel import streaming
from lambda_kit.errors import ConfigurationError
from lambda_kit.http import (
    Cors,
    Depends,
    EventStream,
    Forbidden,
    Header,
    JsonLines,
    Response,
    SecurityHeaders,
    ServerEvent,
    TestClient,
)
from tests.http.clients import check_taken, every_trigger, problem
from tests.http.streaming import STREAMING, FakeClient, call, every_streaming, sending

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Generator

type_of: Any = type


def app_of(function: Any, **options: Any) -> HttpApp:
    app = HttpApp(**options)
    app.get("/")(function)
    return app


async def _async_parts(parts: list[Any]) -> AsyncIterator[Any]:
    for one in parts:
        await asyncio.sleep(0)
        yield one


def buffers() -> Any:
    yield bytearray(b"a")
    yield memoryview(b"b")


def _handled(_error: Any, _request: Any) -> Any:
    return iter(["from a handler"])


class AsyncIterable:
    def __aiter__(self) -> AsyncIterator[str]:
        return _async_parts(["a", "b"])


@every_trigger
@pytest.mark.parametrize(
    ("make", "content_type", "content"),
    [
        (lambda: Response(iter(["é", "", "b"])), "text/plain; charset=utf-8", "éb".encode()),
        (lambda: Response(_async_parts([b"a", "b"]), 201), "application/octet-stream", b"ab"),
        (lambda: Response(AsyncIterable(), media_type="text/csv"), "text/csv; charset=utf-8", b"ab"),
        (lambda: Response(io.BytesIO(b"a\nb\n")), "application/octet-stream", b"a\nb\n"),
        (lambda: Response(buffers()), "application/octet-stream", b"ab"),
        (lambda: _async_parts(["a", b"\xff"]), "text/plain; charset=utf-8", b"a\xff"),
        (lambda: (201, iter(["a"])), "text/plain; charset=utf-8", b"a"),
        (lambda: Response(iter(())), None, b""),
        (lambda: EventStream(["a\nb"], retry=2), "text/event-stream", b"retry: 2000\n\ndata: a\ndata: b\n\n"),
        (lambda: EventStream(_async_parts([{"a": 1}])), "text/event-stream", b'data: {"a":1}\n\n'),
        (lambda: JsonLines([{"a": "é"}, None, "\n"]), "application/jsonl", '{"a":"é"}\nnull\n"\\n"\n'.encode()),
        (lambda: JsonLines(_async_parts([1]), media_type="application/x-ndjson"), "application/x-ndjson", b"1\n"),
    ],
    ids=["text", "async", "iterable", "file", "buffers", "mixed", "tuple", "empty", "events", "data", "lines", "json"],
)
def test_an_answer_in_parts_is_their_whole(trigger: Any, make: Any, content_type: str | None, content: bytes) -> None:
    answer = app_of(make).test_client(trigger).get("/")
    assert answer.content == content
    assert answer.headers.get("content-type") == content_type
    check_taken(trigger, answer.raw)


def test_a_coroutine_may_return_an_asynchronous_generator() -> None:
    async def route() -> Any:
        return _async_parts(["a", "b"])

    assert app_of(route).test_client().get("/").text == "ab"


class Source:
    """An endless generator that knows what happened to it."""

    def __init__(self, fail_at: int = -1, error: Exception | None = None, part: Any = "part") -> None:
        self.events: list[str] = []
        self._fail_at, self._error, self._part = fail_at, error, part

    def __call__(self) -> Generator[Any]:
        self.events.append("started")
        try:
            for number in range(10_000_000):
                if number == self._fail_at and self._error is not None:
                    raise self._error
                yield self._part
        except GeneratorExit:
            self.events.append("closed")
            raise
        finally:
            self.events.append("ended")

    async def asynchronous(self) -> Any:
        for part in self():
            yield part


@every_trigger
@pytest.mark.parametrize("kind", ["plain", "async"])
def test_more_than_the_trigger_takes_is_500_and_ends_the_generator(
    trigger: Any, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    source = Source(part=b"x" * 100_000)
    answer = app_of(source if kind == "plain" else source.asynchronous).test_client(trigger).get("/")
    most = 1_000_000 if trigger.startswith("alb") else 6 * 1024 * 1024
    assert (answer.status, problem(answer)["title"]) == (500, "Internal Server Error")
    assert [f"more than {most} bytes" in one.getMessage() for one in caplog.records] == [True]
    if kind == "plain":
        assert source.events == ["started", "closed", "ended"]
    check_taken(trigger, answer.raw)


@every_trigger
def test_parts_that_fit_and_grow_by_their_encoding_are_500_too(trigger: Any, caplog: pytest.LogCaptureFixture) -> None:
    most = 1_000_000 if trigger.startswith("alb") else 6 * 1024 * 1024
    answer = app_of(lambda: iter([b"x" * (most - 1000)])).test_client(trigger).get("/")
    assert (answer.status, len(caplog.records)) == (500, 1)
    assert f"the trigger takes {most}" in caplog.text


@every_trigger
def test_an_error_in_the_middle_is_500_and_logged_once(trigger: Any, caplog: pytest.LogCaptureFixture) -> None:
    source = Source(2, KeyError("secret"))
    answer = app_of(source).test_client(trigger).get("/")
    assert (answer.status, "part" in answer.text, "secret" in answer.text) == (500, False, False)
    assert [one.exc_info is not None for one in caplog.records] == [True]
    assert source.events == ["started", "ended"]
    refused = app_of(Source(2, Forbidden("not you"))).test_client(trigger).get("/")
    assert problem(refused)["detail"] == "not you"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: iter([5]), "a part of the answer is of type int"),
        (lambda: EventStream([{1, object()}]), "the data of an event has no JSON"),
        (lambda: JsonLines([float("nan")]), "a value of the answer has no JSON"),
    ],
    ids=["part", "event", "line"],
)
def test_a_part_that_cannot_be_sent_is_500(make: Any, told: str, caplog: pytest.LogCaptureFixture) -> None:
    assert app_of(make).test_client().get("/").status == 500
    assert told in caplog.text


def test_a_body_that_is_set_later_is_checked_too(caplog: pytest.LogCaptureFixture) -> None:
    def route(kind: str) -> Any:
        response: Any = Response("x")
        response.body = iter(["a", "b"]) if kind == "parts" else {"a": 1}
        return response

    client = app_of(route).test_client()
    assert client.get("/?kind=parts").text == "ab"
    assert client.get("/?kind=dict").status == 500
    assert "the body of the answer is of type dict" in caplog.text


@every_trigger
def test_head_does_not_run_the_iterator(trigger: Any) -> None:
    source = Source()
    answer = app_of(lambda: Response(source(), media_type="text/csv")).test_client(trigger).head("/")
    assert (answer.status, answer.content, answer.headers["content-type"]) == (200, b"", "text/csv; charset=utf-8")
    assert source.events == []


def test_an_iterator_that_cannot_be_closed_is_logged_alone(caplog: pytest.LogCaptureFixture) -> None:
    class Stubborn:
        def __iter__(self) -> Iterator[str]:
            return self

        def __next__(self) -> str:
            raise StopIteration

        def close(self) -> None:
            raise OSError("stuck")

    assert app_of(lambda: Response(Stubborn())).test_client().get("/").status == 200
    assert "could not be closed" in caplog.text


def dependency(seen: Annotated[list[str], Depends(lambda: SEEN)]) -> Any:
    yield "d"
    seen.append("dependency out")


SEEN: list[str] = []


def in_order() -> tuple[HttpApp, list[str]]:
    """Return an app with a layer, a layer of its route, a dependency and a body in parts, which note what happens."""

    def noting(name: str) -> Any:
        @layer
        def note(event: Any, context: Any) -> Any:
            seen.append(f"{name} in")
            try:
                yield
            finally:
                seen.append(f"{name} out")

        return note

    seen = SEEN
    seen.clear()
    app = HttpApp(layers=[noting("app")])

    @app.get("/", layers=[noting("route")])
    def route(value: Annotated[str, Depends(dependency)]) -> Iterator[str]:
        seen.append("first")
        yield "a"
        seen.append("last")
        yield "b"

    return app, seen


ORDER = ["app in", "route in", "first", "last", "dependency out", "route out", "app out"]


@every_trigger
def test_layers_and_dependencies_stay_until_the_last_part(trigger: Any) -> None:
    app, seen = in_order()
    assert app.test_client(trigger).get("/").text == "ab"
    assert seen == ORDER


# A runtime client that streams


@every_trigger
def test_parts_are_streamed_where_client_and_trigger_can(trigger: Any) -> None:
    def route() -> Any:
        response = Response(iter(["a", "é"]), 201, headers={"X-A": ["1", "2"]})
        response.set_cookie("a", "1")
        return response

    app = app_of(route, cors=Cors(["https://a.example"]), security=SecurityHeaders(), compress=True, etag=True)
    with sending() as sent:
        found = call(app, trigger, headers=[("origin", "https://a.example"), ("accept-encoding", "gzip")])
    if trigger not in STREAMING:
        assert (found["statusCode"], found["body"], sent.preludes) == (201, "aé", [])
        return
    (prelude,) = sent.preludes
    assert (type_of(found), found.sent) == (streaming.Stream, True)
    assert sent.parts == [b"a", "é".encode()]
    assert prelude.keys() == {"statusCode", "headers", "cookies"}
    assert (prelude["statusCode"], prelude["cookies"][0][:4]) == (201, "a=1;")
    headers = prelude["headers"]
    assert (headers["x-a"], headers["content-type"]) == ("1, 2", "text/plain; charset=utf-8")
    assert headers["access-control-allow-origin"] == "https://a.example"
    assert headers["x-content-type-options"] == "nosniff"
    json.dumps(prelude)


@every_streaming
def test_a_part_is_sent_before_the_next_one_is_made(trigger: Any) -> None:
    made: list[int] = []

    def route() -> Any:
        for _ in range(4):
            made.append(len(sent.parts))
            yield b"x"

    with sending() as sent:
        call(app_of(route), trigger)
    assert made == [0, 1, 2, 3]


@every_streaming
def test_an_empty_first_part_sends_the_headers(trigger: Any) -> None:
    def route() -> Any:
        yield ""
        assert (len(sent.preludes), sent.parts) == (1, [b""])
        yield "a"

    with sending() as sent:
        call(app_of(route), trigger)
    assert sent.parts == [b"", b"a"]
    assert sent.preludes[0]["headers"]["content-type"] == "text/plain; charset=utf-8"


@every_streaming
def test_layers_stay_entered_while_parts_are_sent(trigger: Any) -> None:
    app, seen = in_order()
    with sending() as sent:
        found = call(app, trigger)
    assert (seen, sent.parts, found.sent) == (ORDER, [b"a", b"b"], True)


@every_streaming
def test_values_that_have_no_parts_are_not_streamed(trigger: Any) -> None:
    with sending() as sent:
        assert call(app_of(lambda: {"a": 1}), trigger)["body"] == '{"a":1}'
    assert sent.preludes == []


@every_streaming
@pytest.mark.parametrize("kind", ["plain", "layered", "handled"])
def test_an_error_behind_the_first_part_reaches_the_client_unchanged(trigger: Any, kind: str) -> None:
    error = KeyError("broken")
    source = Source(2, error)
    app = HttpApp(layers=[layer(_passing)] if kind == "layered" else [])
    app.get("/", layers=[layer(_passing)] if kind == "layered" else [])(source)
    if kind == "handled":
        app.on_error(KeyError)(_handled)
    with sending() as sent, pytest.raises(KeyError) as raised:
        call(app, trigger)
    assert raised.value is error
    assert sent.parts == [b"part", b"part"]
    assert source.events == ["started", "ended"]


def _passing(event: Any, context: Any) -> Any:
    yield


@every_streaming
def test_an_error_before_the_first_part_has_an_answer_of_its_own(trigger: Any) -> None:
    with sending() as sent:
        assert call(app_of(Source(0, Forbidden())), trigger)["statusCode"] == 403
        assert call(app_of(Source(0, KeyError())), trigger)["statusCode"] == 500
        wrong = Response(iter(["a"]), headers={"x-a": "a\r\nb: c"})
        assert call(app_of(lambda: wrong), trigger)["statusCode"] == 500
    assert sent.preludes == []


@every_streaming
def test_a_client_that_goes_away_ends_the_generator(trigger: Any) -> None:
    source = Source()
    with sending(FakeClient(stop_after=3)) as sent:
        call(app_of(source), trigger)
    assert (len(sent.parts), source.events) == (3, ["started", "closed", "ended"])


@every_streaming
def test_a_stream_that_the_client_has_is_304(trigger: Any) -> None:
    source = Source()
    app = app_of(lambda: Response(source(), headers={"ETag": '"v1"'}), etag=True)
    with sending() as sent:
        assert call(app, trigger, headers=[("if-none-match", '"v1"')])["statusCode"] == 304
        assert call(app, trigger, "HEAD")["body"] == ""
    assert (sent.preludes, source.events) == ([], [])


@every_streaming
def test_handlers_of_exceptions_and_layers_may_answer_in_parts(trigger: Any) -> None:
    app = HttpApp(layers=[layer(_answering)])
    app.on_error(KeyError)(_handled)

    @app.get("/")
    def broken() -> None:
        raise KeyError

    with sending() as sent:
        call(app, trigger)
        call(app, trigger, headers=[("x-own", "1")])
    assert sent.parts == [b"from a handler", b"from a layer"]
    assert [call(app, trigger)["body"], call(app, trigger, headers=[("x-own", "1")])["body"]] == [
        "from a handler",
        "from a layer",
    ]


def _answering(event: Any, context: Any) -> Any:
    if "x-own" in str(event):
        return Response(iter(["from a layer"]))
    yield


def test_silence_of_an_asynchronous_stream_is_filled_with_comments() -> None:
    ready = asyncio.Event()
    closed: list[bool] = []

    async def events() -> AsyncIterator[str]:
        try:
            yield "a"
            await ready.wait()
            yield "b"
            await asyncio.Event().wait()
        finally:
            closed.append(True)

    class Impatient(FakeClient):
        def _send(self, part: bytes) -> bool:
            self.parts.append(part)
            if self.parts.count(b":\n\n") == 2:
                ready.set()
            return self.parts[-2:] != [b"data: b\n\n", b":\n\n"]

    with sending(Impatient()) as sent:
        call(app_of(lambda: EventStream(events(), heartbeat=0.01)))
    assert sent.parts[0] == b"data: a\n\n"
    assert set(sent.parts) == {b"data: a\n\n", b"data: b\n\n", b":\n\n"}
    assert closed == [True]


# Server-sent events


def parsed(stream: str) -> tuple[list[tuple[str, str, str]], int | None]:
    """Read a stream as https://html.spec.whatwg.org/multipage/server-sent-events.html, section 9.2.6, says."""
    found: list[tuple[str, str, str]] = []
    data, kind, last_id, retry = "", "", "", None
    for line in stream.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]:
        if not line:
            if data:
                found.append((kind or "message", data.removesuffix("\n"), last_id))
            data, kind = "", ""
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "data":
            data += value + "\n"
        elif name == "event":
            kind = value
        elif name == "id" and "\0" not in value:
            last_id = value
        elif name == "retry" and value.isascii() and value.isdecimal():
            retry = int(value)
        else:
            assert name == "", f"an unknown field {name!r}"
    return found, retry


TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.text("\r\n: a\u2028\x0b")
WORD = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), min_size=1)


@given(st.lists(st.tuples(TEXT, st.none() | WORD, st.none() | WORD, st.none() | TEXT), max_size=4))
def test_a_browser_reads_the_events_that_were_sent(events: Any) -> None:
    sent = [ServerEvent(data, event=event, id=own, comment=comment) for data, event, own, comment in events]
    answer = app_of(lambda: EventStream(sent, retry=1.5)).test_client().get("/")
    found, retry = parsed(answer.text)
    last = ""
    expected: list[tuple[str, str, str]] = []
    for data, event, own, _ in events:
        last = last if own is None else own
        expected.append((event or "message", data.replace("\r\n", "\n").replace("\r", "\n"), last))
    assert found == expected
    assert retry == (1500 if events else None)


def test_comments_and_ids_alone_are_no_events() -> None:
    assert parsed(ServerEvent(comment="a\nb", id="7").text()) == ([], None)
    assert ServerEvent(comment="").text() == ":\n\n"
    assert ServerEvent("").text() == "data: \n\n"


@pytest.mark.parametrize(
    "options", [{"event": "a\nb"}, {"id": "a\0"}, {"id": "a\r"}, {"retry": -1}, {"retry": float("inf")}], ids=repr
)
def test_an_event_that_would_break_its_stream_is_refused(options: Any) -> None:
    with pytest.raises(ConfigurationError, match="ServerEvent"):
        ServerEvent("a", **options)


@pytest.mark.parametrize(
    "make",
    [
        lambda: EventStream("text"),
        lambda: EventStream(5),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        lambda: JsonLines({"a": 1}),
        lambda: EventStream([], heartbeat=5),
        lambda: EventStream(_async_parts([]), heartbeat=0),
        lambda: EventStream([], retry=-1),
    ],
    ids=["text", "number", "dict", "plain-heartbeat", "no-heartbeat", "retry"],
)
def test_what_is_no_stream_is_refused(make: Any) -> None:
    with pytest.raises(ConfigurationError):
        make()


@every_trigger
def test_a_route_reads_the_last_event_id(trigger: Any) -> None:
    app = HttpApp()

    @app.get("/")
    def events(last_event_id: Annotated[str, Header()] = "0") -> Any:
        return EventStream(ServerEvent(n, id=str(n)) for n in range(int(last_event_id), 3))

    client = TestClient(handler()(app), trigger)
    assert client.get("/", headers={"Last-Event-ID": "2"}).text == "id: 2\ndata: 2\n\n"
