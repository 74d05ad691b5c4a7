"""The memory of a function on Managed Instances, for `lambda-kit doctor`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from lambda_kit.errors import LambdaKitError
from lambda_kit.local._environment import Environment
from lambda_kit.local._settings import MOST_MEMORY_MANAGED

if TYPE_CHECKING:
    from collections.abc import Mapping

_PATIENCE, _PAUSE = 60.0, 0.1  # seconds: for all processes to be ready, and between two looks
_MOST = 4
"""The most processes that are started to measure what each takes."""


def measure(handler: str, settings: Mapping[str, Any], event: object, processes: int) -> tuple[float, float, int]:
    """Run the function with one process and with several; return the MB of each run, and the number of processes.

    Raises:
        LambdaKitError: the system does not tell how much memory a process takes.
    """
    count = max(2, min(processes, _MOST))
    found: list[float] = []
    for number in (1, count):
        arguments: dict[str, Any] = {**settings, "init_type": None, "log_format": None, "memory": MOST_MEMORY_MANAGED}
        with Environment(handler, **arguments, concurrency=number) as environment:
            deadline = time.monotonic() + _PATIENCE
            while environment.ready_processes < number and time.monotonic() < deadline:
                environment.invoke(event)
                time.sleep(_PAUSE)
            # Memory is looked at while an invocation runs, and not more often than every 50 ms.
            time.sleep(_PAUSE)
            peak = environment.invoke(event).max_memory_mb
        if peak is None:
            raise LambdaKitError("the memory of processes is not known on this system; leave --concurrency out")
        found.append(float(peak))
    return found[0], found[1], count
