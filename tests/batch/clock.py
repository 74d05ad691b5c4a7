"""A clock for batches that a test sets."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from unittest import mock

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


class Clock:
    """The monotonic clock, set forward by `ahead` seconds."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.ahead


@contextmanager
def clock_of_runs(monotonic: Callable[[], float]) -> Generator[None]:
    """Let batches read this clock when they start and end a record."""
    with mock.patch("lambda_kit.batch._run.time") as module:
        module.monotonic = monotonic
        yield
