"""The load of `lambda-kit bench --check-emulation`: processor time that is known, on one or several processes."""

from __future__ import annotations

import os
import time
from typing import Any


def handler(event: dict[str, Any], context: object) -> float:  # noqa: ARG001  # Lambda passes it
    """Use `seconds` of processor time, shared out among `processes`; return the elapsed seconds."""
    started = time.perf_counter()
    processes = event["processes"]
    children: list[int] = []
    for _ in range(processes - 1):
        child = os.fork()
        if child == 0:
            _use(event["seconds"] / processes)
            os._exit(0)
        children.append(child)
    _use(event["seconds"] / processes)
    for child in children:
        os.waitpid(child, 0)
    return time.perf_counter() - started


def _use(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
