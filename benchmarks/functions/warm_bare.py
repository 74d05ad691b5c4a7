"""A handler that does nothing, for what the runtime client itself costs."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def bare(event: Any, context: object) -> int | None:
    return os.getpid() if event.get("pid") else None
