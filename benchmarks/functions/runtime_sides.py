"""Handlers for the benchmark of runtime clients."""

from __future__ import annotations

import os
import time

from lambda_kit import handler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_spent = 0.0


def echo(event: Any, context: object) -> Any:
    """Return the event."""
    return os.getpid() if event.get("pid") else event


def _parts(event: Any) -> Any:
    if event.get("slow"):
        for _ in range(10):
            yield b"part"
            time.sleep(0.005)
    if event.get("long"):
        block = b"x" * 65536
        for _ in range(80):
            yield block


@handler
def stream(event: Any, context: object) -> Any:
    """Return parts; `spent` asks for the processor time since the last `spent`, in ms."""
    global _spent
    if event.get("spent"):
        now = time.process_time() * 1000
        before, _spent = _spent, now
        return now - before
    return _parts(event)
