"""The logger as a layer: an exception of the handler is logged once, the event if it is wanted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger, handler, time_limit
from lambda_kit.errors import OutsideInvocation, TimeLimitReached
from lambda_kit.testing import FakeClock, make_context

if TYPE_CHECKING:
    from collections.abc import Callable

    Logs = Callable[[], list[dict[str, Any]]]


def two_layers() -> tuple[Logger, ...]:
    log = Logger()
    return log, log.child(a=1), Logger(service="other")


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("def", ValueError("v")),
        ("def", KeyboardInterrupt()),
        ("def", SystemExit(1)),
        ("async def", ValueError("v")),
        ("async def", RecursionError()),
    ],
)
def test_an_exception_is_logged_once_however_many_loggers_there_are(
    kind: str, error: BaseException, logs: Logs
) -> None:
    def fail(event: object, context: object) -> None:
        raise error

    async def fail_later(event: object, context: object) -> None:
        await asyncio.sleep(0)
        raise error

    run: Any = handler(*two_layers())(fail if kind == "def" else fail_later)
    for _ in range(2):  # the same object, as of a cached failure, counts again in the next invocation
        with pytest.raises(type(error)) as caught:
            run({}, make_context())
        assert caught.value is error
        (line,) = logs()
        assert line["level"] == "ERROR"
        assert line["message"].startswith(f"the handler failed: {type(error).__name__}")
        assert line["exception"]["type"] == type(error).__name__
        assert line["exception"]["frames"][-1]["function"].endswith(("fail", "fail_later"))
        assert line["location"].endswith(("fail", "fail_later"))


def test_another_exception_that_a_layer_raises_instead_is_another_line(logs: Logs) -> None:
    inner, outer = Logger(), Logger()

    def translate(fn: Any) -> Any:
        def translated(event: object, context: object) -> Any:
            try:
                return fn(event, context)
            except KeyError as error:
                raise ValueError("translated") from error

        return translated

    @handler(outer, translate, inner)
    def place(event: object, context: object) -> None:
        raise KeyError("k")

    with pytest.raises(ValueError, match="translated"):
        place({}, make_context())
    assert [line["exception"]["type"] for line in logs()] == ["KeyError", "ValueError"]


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_time_limit_between_two_loggers_is_one_line_beside_that_of_the_kit(kind: str, logs: Logs) -> None:
    import time

    def hang(event: object, context: object) -> None:
        time.sleep(30)

    async def hang_later(event: object, context: object) -> None:
        await asyncio.sleep(30)

    run: Any = handler(Logger(), time_limit(margin=1.0), Logger())(hang if kind == "def" else hang_later)
    with pytest.raises(TimeLimitReached):
        run({}, make_context(timeout=1.03, clock=FakeClock()))
    (line,) = [line for line in logs() if "logger" not in line]
    assert line["exception"]["type"] in ("TimeLimitInterrupt", "CancelledError")


def test_a_coroutine_that_is_closed_has_not_failed(logs: Logs) -> None:
    log = Logger()

    @handler
    def place(event: object, context: object) -> None:
        @log
        async def waits() -> None:
            await asyncio.Future[None]()

        loop = asyncio.new_event_loop()
        try:
            asyncio.set_event_loop(loop)
            coroutine = waits()

            async def start() -> None:
                coroutine.send(None)

            loop.run_until_complete(start())
            coroutine.close()
        finally:
            asyncio.set_event_loop(None)
            loop.close()

    place({}, make_context())
    assert logs() == []


def test_a_handler_that_succeeds_is_no_line(logs: Logs) -> None:
    assert handler(Logger())(lambda event, context: event)(5, make_context()) == 5
    assert logs() == []


def test_the_event_is_logged_as_it_came_if_the_level_has_it(logs: Logs) -> None:
    for level in ("INFO", "WARN"):
        log = Logger(level=level, log_event=True)

        def place(event: Any, context: object) -> None:
            event["changed"] = True

        handler(log)(place)({"n": 1, "token": "t"}, make_context())
    (line,) = logs()
    assert (line["message"], line["event"]) == ("event", {"n": 1, "token": "[redacted]"})


def test_above_the_level_a_failure_is_no_line(logs: Logs) -> None:
    @handler(Logger(level="FATAL"))
    def place(event: object, context: object) -> None:
        raise ValueError("v")

    with pytest.raises(ValueError, match="v"):
        place({}, make_context())
    assert logs() == []


def test_it_is_a_layer_of_methods_and_keeps_what_functions_are_called(logs: Logs) -> None:
    log = Logger(log_event=True)

    class Orders:
        @handler(log)
        def place(self, event: Any, context: object) -> Any:
            """Place it."""
            return self, event

    orders = Orders()
    assert orders.place(1, make_context()) == (orders, 1)
    assert logs()[0]["event"] == 1

    @log
    def plain(event: object, context: object, *, extra: int = 1) -> int:
        """Do it."""
        return extra

    assert (plain.__name__, plain.__doc__) == ("plain", "Do it.")
    with pytest.raises(OutsideInvocation):
        plain({}, None)
