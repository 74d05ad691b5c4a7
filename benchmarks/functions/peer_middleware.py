"""A Powertools middleware alone. Its import loads the root of the package, and so the logger, tracer and metrics."""

# The peer is not in the environment of the type checkers.
# pyright: reportMissingImports=false, reportUnknownVariableType=false
from __future__ import annotations

from aws_lambda_powertools.middleware_factory import lambda_handler_decorator

from benchmarks.functions.usage import initialized, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _announce(handler: Any, event: Any, context: Any) -> Any:
    return handler(event, context)


def _handle(event: object, context: object) -> dict[str, float]:
    return usage()


handle: Any = lambda_handler_decorator(_announce)(_handle)


initialized()
