"""Hooks of schemathesis. They run in its own environment."""

from __future__ import annotations

import uuid
from importlib import import_module
from typing import Any

schemathesis: Any = import_module("schemathesis")


def map_headers(_context: Any, headers: Any) -> Any:
    """Give each request a key of its own: keys that are used again, with another body, are refused with reason."""
    if headers and "idempotency-key" in headers:
        headers["idempotency-key"] = str(uuid.uuid4())
    return headers


schemathesis.hook(map_headers)
