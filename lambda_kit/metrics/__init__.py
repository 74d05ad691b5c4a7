"""Metrics in CloudWatch's embedded metric format: one line of JSON for each invocation, without a call to an API."""

from __future__ import annotations

from lambda_kit import lazy_exports
from lambda_kit.metrics._metrics import Metrics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.metrics._rules import Unit
else:
    __getattr__, __dir__ = lazy_exports(globals(), {})
    Unit = str  # type checkers know the units by name; `add` checks them

__all__ = ["Metrics", "Unit"]
