"""A function under the runtime client, which takes turns with others, and the processor time of its invocations."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lambda_kit.local import Environment

_WARM_UP = 50  # invocations before the first round: the interpreter specialises code, caches fill


class Function:
    """A function that is kept alive.

    Args:
        environment: the function; it answers an event with a `pid` with the id of its process.
        turn: how many invocations make a turn.
        event: the event of each.
    """

    def __init__(self, environment: Environment, turn: int, event: dict[str, Any] | None = None) -> None:
        self._environment = environment
        self._turn = turn
        self._event = event or {}
        self._pid = int(str(self._invoke({"pid": True})))
        for _ in range(_WARM_UP):
            self._invoke(self._event)

    def _invoke(self, event: dict[str, Any]) -> object:
        trace_id = f"Root=1-{int(time.time()):08x}-{os.urandom(12).hex()};Parent={os.urandom(8).hex()};Sampled=1"
        outcome = self._environment.invoke(event, trace_id=trace_id)
        if outcome.status != "success":
            raise RuntimeError(f"{outcome.error}\n{outcome.output}")
        return outcome.payload

    def turn(self) -> float:
        """Return the processor time of one invocation of a turn, in µs."""
        before = self._processor_ns()
        for _ in range(self._turn):
            self._invoke(self._event)
        return (self._processor_ns() - before) / self._turn / 1000

    def _processor_ns(self) -> int:
        tasks = Path(f"/proc/{self._pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)
