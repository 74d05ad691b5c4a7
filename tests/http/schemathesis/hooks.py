"""Hooks of schemathesis. They run in its own environment."""

from __future__ import annotations

import uuid
from importlib import import_module
from typing import Any

schemathesis: Any = import_module("schemathesis")


def before_call(_context: Any, case: Any, _kwargs: Any = None) -> None:
    """Give each request that has a key one of its own: a key that is used again, with another body, is refused."""
    if case.headers and case.headers.get("idempotency-key"):
        case.headers["idempotency-key"] = str(uuid.uuid4())


schemathesis.hook(before_call)
