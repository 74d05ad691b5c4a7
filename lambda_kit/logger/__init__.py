"""Structured logging: one JSON object a line, with the invocation's fields, at next to no cost."""

from __future__ import annotations

from lambda_kit import lazy_exports
from lambda_kit.logger._logger import Logger

TYPE_CHECKING = False
if not TYPE_CHECKING:
    __getattr__, __dir__ = lazy_exports(globals(), {})

__all__ = ["Logger"]
