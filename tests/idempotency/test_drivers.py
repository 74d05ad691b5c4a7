"""The driver of the steps of a call holds the outcome of the run before an interrupt can strike."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency._drivers import Failed, drive

if TYPE_CHECKING:
    from collections.abc import Generator


class Interrupted(dict[int, Any]):
    """A run that is interrupted just after the function has returned."""

    def __missing__(self, key: int) -> Any:
        self[key] = "done"
        raise KeyboardInterrupt


def test_an_interrupt_after_the_function_has_returned_does_not_hide_its_result() -> None:
    run = Interrupted()
    seen: list[Any] = []

    def steps() -> Generator[tuple[str, Any], Any, Any]:
        try:
            yield "run", None
        except KeyboardInterrupt:
            seen.append(run.get(0))
            raise

    with pytest.raises(KeyboardInterrupt):
        drive(steps(), run)
    assert seen == ["done"]


def test_what_a_plain_function_returns_to_await_is_closed_and_refused() -> None:
    stopped: list[str] = []

    class Pending:
        def __await__(self) -> Generator[None, None, None]:
            yield

        def close(self) -> None:
            stopped.append("close")

        def cancel(self) -> None:
            stopped.append("cancel")

    def steps() -> Generator[tuple[str, Any], Any, Any]:
        yield "run", None
        return run[0]

    run: defaultdict[int, Any] = defaultdict(Pending)
    with pytest.raises(ConfigurationError, match=r"a decorator's around a coroutine function, that is the one$"):
        drive(steps(), run)
    assert stopped == ["close"]


def test_an_interrupt_between_two_steps_gets_to_the_steps() -> None:
    class Failing(dict[int, Any]):
        def __missing__(self, key: int) -> Any:
            raise ValueError("x")

    seen: list[Any] = []
    run = Failing()

    def steps() -> Generator[tuple[str, Any], Any, Any]:
        yield "run", None
        seen.append(type(run[0]))
        return run[0]

    with pytest.raises(ValueError, match="x"):
        drive(steps(), run)
    assert seen == [Failed]
