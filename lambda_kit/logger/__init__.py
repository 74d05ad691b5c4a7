"""Structured logging: one JSON object a line, with the invocation's fields, at next to no cost."""

from __future__ import annotations

from lambda_kit.logger._logger import Logger

__all__ = ["Logger"]
