"""A handler that tells when it is first called, for what a start costs."""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def started(event: Any, context: object) -> float:
    """Return the processor time of the process until now, in ms."""
    return time.process_time() * 1000
