"""The usual pair of Powertools: a logger and metrics.

The tracer is imported with the root but not built: that needs aws-xray-sdk, which is an extra of Powertools.
"""

# The peer is not in the environment of the type checkers.
# pyright: reportMissingImports=false, reportUnknownVariableType=false
from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics

from benchmarks.functions.usage import initialized, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def _built() -> tuple[Any, Any]:
    return Logger(service="shop"), Metrics(namespace="Shop", service="shop")


_logger, _metrics = _built()


def _handle(event: object, context: object) -> dict[str, float]:
    _logger.info("placing order")
    _metrics.add_metric(name="Orders", unit="Count", value=1)
    return usage()


handle: Any = _logger.inject_lambda_context(_metrics.log_metrics(_handle))


initialized()
