"""The clock of tests: one that stands still until it is moved, and all of the kit's time frozen to it."""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from datetime import datetime

from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

_time, _time_ns, _monotonic = time.time, time.time_ns, time.monotonic
_frozen: FakeClock | None = None
_start = _passed = 0.0  # the first time of the frozen clock, and the seconds for which it has been moved at most


class FakeClock:
    """A clock that stands still until it is moved, for `freeze_clock`, `make_context(clock=...)` and the like.

    Args:
        now: the first time: seconds since the epoch, a datetime with a time zone, or a text such as
            `"2026-01-02T03:04:05Z"`.

    Attributes:
        now: the time, in seconds since the epoch.
    """

    def __init__(self, now: float | str | datetime = 1_700_000_000.0) -> None:
        self.now = _seconds(now)

    def __call__(self) -> float:
        """Return the time, in seconds since the epoch."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the clock by this many seconds; a negative number sets it back."""
        self._move(self.now + seconds)

    def move_to(self, when: float | str | datetime) -> None:
        """Move the clock to a time, later or earlier, given as in the constructor."""
        self._move(_seconds(when))

    def _move(self, now: float) -> None:
        self.now = now
        if self is _frozen:
            _moved()
            _ring_what_is_due()


@contextlib.contextmanager
def freeze_clock(now: float | str | datetime | None = None) -> Generator[FakeClock]:
    """Return a context manager in which time stands still until the clock that it returns is moved.

    Everything in the kit follows: times to live, idempotency records, timestamps of log lines, metrics and spans,
    timers, deadlines, rules of feature flags. So do `time.time()` and `time.time_ns()` of all code, but not in a module
    that had imported the function by its name before. `time.monotonic()` goes on and gains what the clock is moved
    forward, so that a deadline or a time limit is reached when the clock passes it. `datetime.now()` and `time.sleep`
    are not changed.

    Args:
        now: the first time, as for `FakeClock`; None, the default, for the present second.

    Raises:
        ConfigurationError: the clock is frozen already, or the time cannot be read.

    Example:
        ```python
        @init.resource(ttl=300.0)
        def settings():
            return object()

        with freeze_clock("2026-01-02T03:04:05Z") as clock:
            first = settings()
            clock.advance(299)
            assert settings() is first
            clock.advance(1)
            assert settings() is not first
        ```
    """
    global _frozen, _start, _passed
    if _frozen is not None:
        raise ConfigurationError("freeze_clock: the clock is frozen already; move the one that you have")
    clock = FakeClock(float(int(_time())) if now is None else now)
    _frozen, _start, _passed = clock, clock.now, 0.0
    try:
        _replace(frozen=True)
        yield clock
    finally:
        _frozen = None
        _replace(frozen=False)


def _now() -> float:
    return _time() if _frozen is None else _frozen.now


def _now_ns() -> int:
    return _time_ns() if _frozen is None else int(_frozen.now * 1_000_000) * 1000


def _running() -> float:
    """Return the monotonic time, with what the frozen clock was moved; it never goes back while the clock is frozen."""
    return _monotonic() + (0.0 if _frozen is None else _moved())


def _standing() -> float:
    """Return a time for durations, which are what the clock is moved."""
    return time.perf_counter() if _frozen is None else _moved()


def _moved() -> float:
    global _passed
    clock = _frozen
    if clock is not None:
        _passed = max(_passed, clock.now - _start)
    return _passed


# Modules of the kit that keep a function of the clock under a name of their own: the room that must be loaded for the
# module to matter, the name, and the functions when the time is frozen and when it is not.
_KEPT: tuple[tuple[str, str, str, Callable[[], Any], Callable[[], Any]], ...] = (
    ("time", "time", "time", _now, _time),
    ("time", "time", "time_ns", _now_ns, _time_ns),
    ("time", "time", "monotonic", _running, _monotonic),
    ("lambda_kit.logger", "lambda_kit.logger._line", "_now", _now, _time),
    ("lambda_kit.tracer", "lambda_kit.tracer._xray", "_now", _now_ns, _time_ns),
    ("lambda_kit.metrics", "lambda_kit.metrics._timer", "perf_counter", _standing, time.perf_counter),
    ("lambda_kit.http", "lambda_kit.http._app", "perf_counter", _standing, time.perf_counter),
    ("lambda_kit.http", "lambda_kit.http._websocket", "perf_counter", _standing, time.perf_counter),
)


def _replace(*, frozen: bool) -> None:
    for room, module, name, when_frozen, when_not in _KEPT:
        if room in sys.modules:
            setattr(importlib.import_module(module), name, when_frozen if frozen else when_not)
    init_cache: Any = sys.modules.get("lambda_kit.init_cache")
    if init_cache is not None:
        for cache in init_cache._living_caches():
            if frozen:
                cache._replace_clock(_time, _now)
            else:
                cache._replace_clock(_now, _time)


def _ring_what_is_due() -> None:
    """Let the alarms of time limits ring that the clock has passed."""
    interrupt: Any = sys.modules.get("lambda_kit._kernel.interrupt")
    if interrupt is not None and interrupt._alarms and interrupt.uses_signal():
        interrupt._set_next_timer()


def _seconds(when: float | str | datetime) -> float:
    if isinstance(when, str):
        try:
            when = datetime.fromisoformat(when)
        except ValueError as error:
            raise ConfigurationError(f"{when!r} is no time; pass one such as '2026-01-02T03:04:05Z'") from error
    if isinstance(when, datetime):
        if when.tzinfo is None:
            raise ConfigurationError(f"{when} has no time zone; pass one such as '2026-01-02T03:04:05Z'")
        return when.timestamp()
    return float(when)
