"""Metrics in CloudWatch's embedded metric format: one line of JSON for each invocation, without a call to an API."""

from __future__ import annotations

from lambda_kit import lazy_exports
from lambda_kit.metrics._metrics import Metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.metrics._rules import Unit
else:
    __getattr__, __dir__ = lazy_exports(globals(), {})
    Unit = str  # which units there are is told to type checkers, and checked when a metric is added

__all__ = ["Metrics", "Unit"]
