"""The context manager that `Metrics.timer` returns."""

from __future__ import annotations

from time import perf_counter

from lambda_kit._kernel import log
from lambda_kit.errors import ConfigurationError

__all__ = ["Timer", "perf_counter"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class Timer:
    """Adds how long its block took.

    Args:
        name: of the metric, for messages.
        add: takes the seconds.
        clock: returns the time in seconds.
    """

    __slots__ = ("_add", "_clock", "_name", "_started")

    def __init__(self, name: str, add: Callable[[float], None], clock: Callable[[], float]) -> None:
        self._name = name
        self._add = add
        self._clock = clock
        self._started: float | None = None

    def __enter__(self) -> None:
        if self._started is not None:
            raise ConfigurationError(
                f"the timer of {self._name!r} was entered while it runs: call timer() for each of the blocks"
            )
        self._started = self._clock()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        started, self._started = self._started, None
        if error is not None and not isinstance(error, Exception):
            from lambda_kit._kernel.durable import is_suspension

            if is_suspension(error):  # the block goes on in another run
                return
        seconds = self._clock() - (started or 0.0)
        try:
            self._add(seconds)
        except ConfigurationError:
            if error is None:
                raise
            log.exception("a timer could not add what it measured")

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)
