"""An interrupt anywhere in a call of the logger leaves it usable: the next line is whole, and nothing is locked."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger, handler
from lambda_kit.errors import TimeLimitInterrupt
from lambda_kit.testing import make_context
from tests.patience import PATIENCE
from tests.stepping import interrupt_each_step

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.stepping import Outcome


class Value:
    def __str__(self) -> str:
        return "value"


def fail(log: Logger) -> None:
    try:
        raise ValueError("v")
    except ValueError:
        log.exception("x")


def bound(log: Logger) -> None:
    with log.bind(bound=1):
        log.info("x")


CALLS: dict[str, Callable[[Logger], object]] = {
    "line": lambda log: log.info("x %s", 1, a="text", b=2),
    "nested": lambda log: log.info("x", data={"a": [Value(), {"password": 1}], "b": [1] * 20}),
    "exception": fail,
    "bound": bound,
    "appended": lambda log: log.append(appended=1),
}


@pytest.mark.parametrize("call", CALLS)
def test_after_an_interrupt_at_any_bytecode_of_a_line_the_next_one_is_whole(call: str, writes: list[str]) -> None:
    log = Logger(service="shop")

    def run(log: Logger) -> None:
        @handler(log)
        def place(event: object, context: object) -> None:
            CALLS[call](log)

        place({}, make_context(request_id="first"))

    def check(log: Logger, outcome: Outcome) -> None:
        assert outcome.error is None or isinstance(outcome.error, TimeLimitInterrupt), outcome.error
        writes.clear()

        @handler(log)
        def place(event: object, context: object) -> None:
            for _ in range(2):
                log.info("next %s", Value(), data=Value())

        place({}, make_context(request_id="next"))
        lines: list[dict[str, Any]] = [json.loads(line) for line in writes]
        assert [(line["message"], line["requestId"], line["data"]) for line in lines] == [
            ("next value", "next", "value")
        ] * 2
        assert not any({"bound", "appended", "loggingError"} & line.keys() for line in lines)

    log.info("everything is loaded", data=[Value(), [1] * 20], exc_info=ValueError("v"))
    inside = tuple(f"lambda_kit/{room}" for room in ("logger", "_kernel"))
    steps = interrupt_each_step(run, prepare=lambda: log, check=check, steps="bytecodes", inside=frames_of(inside))
    assert steps > 20


def frames_of(rooms: tuple[str, ...]) -> tuple[str, ...]:
    """Return the beginnings of the names of the files of some rooms."""
    import lambda_kit

    folder = lambda_kit.__path__[0].removesuffix("lambda_kit")
    return tuple(f"{folder}{room}" for room in rooms)


def test_after_an_interrupt_while_lines_are_kept_or_written_none_is_lost_or_written_twice(writes: list[str]) -> None:
    log = Logger(buffer=10_000)
    kept: list[str] = []

    def run(log: Logger) -> None:
        @handler(log)
        def place(event: object, context: object) -> None:
            for name in ("a", "b"):
                kept.append(name)
                log.debug(name)
            log.error("now")

        place({}, make_context())

    def check(log: Logger, outcome: Outcome) -> None:
        found = [json.loads(line)["message"] for line in writes]
        writes.clear()
        waiting = [message for message in found if message in ("a", "b")]
        assert waiting == kept or waiting == kept[:-1], "the last may have been interrupted before it was kept"
        kept.clear()
        done = threading.Thread(target=run, args=(log,))
        done.start()
        done.join(PATIENCE)
        assert [json.loads(line)["message"] for line in writes] == ["a", "b", "now"]
        writes.clear()
        kept.clear()

    interrupt_each_step(run, prepare=lambda: log, check=check, inside=frames_of(("lambda_kit/logger",)))
