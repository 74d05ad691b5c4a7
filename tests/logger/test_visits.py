"""Lines that wait for an error, while other threads keep and write lines: each is written once, the newest always."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lambda_kit.logger._buffer import InvocationLog
from tests.stepping import visit_each_step

if TYPE_CHECKING:
    from collections.abc import Callable


class Lines:
    """A log with room for a certain number of lines, and what was written."""

    def __init__(self, room: int) -> None:
        self.log = InvocationLog(0.5)
        self.limit = 10 * room
        self.kept: list[str] = []
        self.written: list[str] = []
        self.dropped: list[int] = []
        for _ in range(3):
            self.keep()

    def keep(self) -> None:
        self.kept.append(f"{len(self.kept):09}\n")
        self.log.keep(self.kept[-1], self.limit)

    def write(self) -> None:
        self.log.write_to(self.written.append, self.dropped.append)

    def write_and_keep(self) -> None:
        self.write()
        self.keep()

    def check(self, places: str) -> None:
        self.write()
        assert self.kept[-1] in self.written
        assert len(self.written) == len(set(self.written)) == len(self.kept) - sum(self.dropped)
        assert self.log._size == 0


@pytest.mark.parametrize("visitor", [Lines.keep, Lines.write_and_keep], ids=["keep", "write and keep"])
def test_a_line_that_is_kept_while_a_full_buffer_is_written_is_not_dropped(visitor: Callable[[Lines], None]) -> None:
    assert visit_each_step(Lines.write, visitor, prepare=lambda: Lines(3), check=Lines.check)
