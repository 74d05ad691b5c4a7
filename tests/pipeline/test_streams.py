"""Handlers whose result is a stream: sent part by part inside the layers, or answered as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler, idempotent, layer, time_limit
from lambda_kit._kernel import streaming
from lambda_kit.errors import ConfigurationError, ResponseTooLarge, TimeLimitReached
from lambda_kit.idempotency import MemoryStore
from lambda_kit.invocation import current_invocation
from lambda_kit.pipeline import Stream
from lambda_kit.testing import make_context

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

log: list[Any] = []


class Client:
    """A client of the Runtime API that notes what it sends."""

    def __init__(self, receives: int = 1000) -> None:
        self.receives = receives
        self.begun = False

    def begin(self, prelude: Mapping[str, Any] | None) -> Callable[[bytes], bool] | None:
        if self.begun:
            return None
        self.begun = True
        log.append(("begin", prelude))
        return self.send

    def send(self, part: bytes) -> bool:
        log.append(part)
        self.receives -= 1
        return self.receives > 0


@pytest.fixture(autouse=True)
def _empty_log() -> None:
    log.clear()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    made = Client()
    monkeypatch.setattr(streaming, "client", made)
    return made


@layer
def around(event: Any, context: Any) -> Generator[None, Any, None]:
    log.append("enter")
    try:
        response = yield
        log.append(("response", response))
    finally:
        log.append("leave")


def parts() -> Generator[str, None, None]:
    try:
        yield "one"
        yield "two"
    finally:
        log.append("closed")


@handler(around)
def generates(event: Any, context: Any) -> Any:
    yield from parts()


@handler(around)
def returns_an_iterator(event: Any, context: Any) -> Iterator[str]:
    return parts()


@handler(around)
async def returns_an_iterator_from_a_coroutine(event: Any, context: Any) -> Iterator[str]:
    return parts()


async def async_parts() -> Any:
    for part in parts():
        yield part


@handler(around)
async def generates_asynchronously(event: Any, context: Any) -> Any:
    for part in parts():
        yield part


@handler(around)
async def returns_an_async_iterator(event: Any, context: Any) -> Any:
    return async_parts()


@handler(around)
def returns_an_async_iterator_from_a_function(event: Any, context: Any) -> Any:
    return async_parts()


class Shop:
    @handler(around)
    def method(self, event: Any, context: Any) -> Iterator[str]:
        yield from parts()


KINDS: list[Any] = [
    pytest.param(generates, id="generator"),
    pytest.param(returns_an_iterator, id="iterator"),
    pytest.param(returns_an_iterator_from_a_coroutine, id="iterator-of-a-coroutine"),
    pytest.param(generates_asynchronously, id="async-generator"),
    pytest.param(returns_an_async_iterator, id="async-iterator"),
    pytest.param(returns_an_async_iterator_from_a_function, id="async-iterator-of-a-function"),
    pytest.param(Shop().method, id="method"),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.usefixtures("client")
def test_layers_are_left_after_the_last_part(kind: Any) -> None:
    result = kind({}, None)
    assert isinstance(result, Stream)
    assert result.sent
    assert log == ["enter", ("begin", None), b"one", b"two", "closed", ("response", result), "leave"]


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_client_that_streams_the_answer_is_the_whole(kind: Any) -> None:
    assert kind({}, None) == b"onetwo"
    assert log == ["enter", "closed", ("response", b"onetwo"), "leave"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_that_nobody_receives_is_closed_and_its_layers_are_left(kind: Any, client: Client) -> None:
    client.receives = 1
    kind({}, None)
    assert [one for one in log if not isinstance(one, tuple)] == ["enter", b"one", "closed", "leave"]


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_error_between_two_parts_passes_through_the_layers_unchanged(asynchronous: bool) -> None:
    failure = RuntimeError("broken")

    if asynchronous:

        @handler(around)
        async def breaks(event: Any, context: Any) -> Any:
            yield "one"
            raise failure
    else:

        @handler(around)
        def breaks(event: Any, context: Any) -> Any:
            yield "one"
            raise failure

    with pytest.raises(RuntimeError) as caught:
        breaks({}, None)
    assert caught.value is failure
    assert log == ["enter", ("begin", None), b"one", "leave"]


@pytest.mark.usefixtures("client")
def test_the_invocation_is_open_while_parts_are_made() -> None:
    seen: list[str] = []

    @handler
    def names(event: Any, context: Any) -> Iterator[str]:
        for _ in range(2):
            seen.append(current_invocation().request_id)
            yield "part"

    names({}, make_context(request_id="r-1"))
    assert seen == ["r-1", "r-1"]


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("asynchronous", [False, True])
def test_the_time_limit_holds_while_a_stream_is_sent(asynchronous: bool) -> None:
    limited = handler(around, time_limit(margin=9.9))
    if asynchronous:

        @limited
        async def stream(event: Any, context: Any) -> Any:
            import asyncio

            while True:
                yield b"."
                await asyncio.sleep(0)
    else:

        @limited
        def stream(event: Any, context: Any) -> Any:
            while True:
                yield b"."

    streaming_client: Any = streaming.client
    streaming_client.receives = float("inf")
    with pytest.raises(TimeLimitReached):
        stream({}, make_context(timeout=10))
    assert log[-1] == "leave"


@pytest.mark.usefixtures("client")
def test_a_prelude_is_passed_to_the_client() -> None:
    prelude = {"statusCode": 201, "headers": {"X-One": "1"}, "cookies": ["a=1"]}

    @handler
    def stream(event: Any, context: Any) -> Stream:
        return Stream(["one", b"two", bytearray(b"three"), memoryview(b"four")], prelude)

    stream({}, None)
    assert log == [("begin", prelude), b"one", b"two", b"three", b"four"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(["é", "ü"], {"body": "éü", "isBase64Encoded": False}, id="text"),
        pytest.param([b"\xff"], {"body": "/w==", "isBase64Encoded": True}, id="bytes"),
        pytest.param([], {"body": "", "isBase64Encoded": False}, id="nothing"),
    ],
)
def test_the_whole_of_a_stream_with_a_prelude_is_an_http_response(body: list[Any], expected: Any) -> None:
    @handler
    def stream(event: Any, context: Any) -> Any:
        return Stream(body, {"statusCode": 200})

    assert stream({}, None) == {"statusCode": 200, **expected}


@pytest.mark.usefixtures("client")
def test_a_trigger_that_takes_whole_responses_alone_gets_what_whole_makes() -> None:
    @handler
    def stream(event: Any, context: Any) -> Any:
        return Stream(parts(), {"statusCode": 200}, whole=lambda body: {"text": body.decode()}, streamed=False)

    assert stream({}, None) == {"text": "onetwo"}


@pytest.mark.usefixtures("client")
def test_streaming_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert streaming.can_stream()
    monkeypatch.setenv("LAMBDA_KIT_STREAMING", "0")
    assert not streaming.can_stream()
    assert generates({}, None) == b"onetwo"


@pytest.mark.parametrize("size", [(6 << 20) - 8, 6 << 20])
def test_the_whole_is_bounded_by_the_limit_of_lambda(size: int) -> None:
    taken: list[int] = []

    @handler
    def stream(event: Any, context: Any) -> Iterator[bytes]:
        for _ in range(16):
            taken.append(1)
            yield b"x" * (size // 8)

    with pytest.raises(ResponseTooLarge, match=r"over 6291456 bytes.*lambda_kit\.runtime"):
        stream({}, None)
    assert len(taken) == 9  # it does not collect more than it can send


def test_base64_counts_for_the_limit() -> None:
    @handler
    def stream(event: Any, context: Any) -> Stream:
        return Stream([b"\xff" * (5 << 20)], {"statusCode": 200})

    with pytest.raises(ResponseTooLarge):
        stream({}, None)


@pytest.mark.parametrize("part", [1, None, ["a"], {"a": 1}])
def test_a_part_of_another_type_is_a_named_error(part: Any) -> None:
    @handler
    def stream(event: Any, context: Any) -> Any:
        yield part

    with pytest.raises(ConfigurationError, match=f"a part of the stream is of type {type(part).__name__}"):
        stream({}, None)


@pytest.mark.parametrize("given", ["text", b"bytes", 1, None])
def test_a_stream_of_what_is_no_iterable_of_parts_is_a_named_error(given: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"parts of type {type(given).__name__}"):
        Stream(given)


@pytest.mark.usefixtures("client")
def test_a_handler_that_another_handler_calls_answers_with_the_whole() -> None:
    @handler
    def outer(event: Any, context: Any) -> dict[str, Any]:
        return {"inner": generates(event, context)}

    assert outer({}, None) == {"inner": b"onetwo"}


@pytest.mark.usefixtures("client")
def test_a_second_stream_of_an_invocation_is_answered_as_a_whole() -> None:
    def plain(event: Any, context: Any) -> Any:
        return [generates(event, context), generates(event, context)]

    first, second = plain({}, None)
    assert first.sent
    assert second == b"onetwo"


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_layer_above_a_generator_function_is_a_named_error(asynchronous: bool) -> None:
    def plain(event: Any, context: Any) -> Any:
        yield ""

    async def asynchronously(event: Any, context: Any) -> Any:
        yield ""

    fn = asynchronously if asynchronous else plain
    with pytest.raises(ConfigurationError, match=rf"generator function .*{fn.__name__}.*@handler\(first, second\)"):
        handler(around(fn))


def test_a_decorator_of_the_user_may_collect_what_a_generator_makes() -> None:
    import functools

    def collected(fn: Any) -> Any:
        @functools.wraps(fn)
        def collect(event: Any, context: Any) -> Any:
            return list(fn(event, context))

        return collect

    @handler
    @around
    @collected
    def numbers(event: Any, context: Any) -> Any:
        yield 1
        yield 2

    assert numbers({}, None) == [1, 2]


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_layer_that_stores_the_result_gets_the_whole_of_a_stream(asynchronous: bool) -> None:
    decorate = handler(idempotent(MemoryStore(), key="id"))
    if asynchronous:

        @decorate
        async def stream(event: Any, context: Any) -> Any:
            log.append("called")
            yield "one"
            yield "two"
    else:

        @decorate
        def stream(event: Any, context: Any) -> Any:
            log.append("called")
            yield "one"
            yield "two"

    answers: list[Any] = [stream({"id": 1}, make_context()) for _ in range(2)]
    assert answers == [b"onetwo", b"onetwo"]
    assert log == ["called"]
