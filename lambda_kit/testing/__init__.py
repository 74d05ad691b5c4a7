"""Tools for testing handlers: `invoke`, contexts, clocks, fakes of extensions and of the X-Ray daemon, `reset`.

The kit also brings a pytest plugin, which needs no configuration: it resets the kit's state between tests and offers
the fixtures `lambda_context`, `idempotency_store` and `xray_daemon`.
"""

from __future__ import annotations

from lambda_kit import lazy_exports
from lambda_kit._kernel.lifecycle import reset
from lambda_kit.testing._app_config_agent import AgentRequest, FakeAppConfigAgent
from lambda_kit.testing._assertions import assert_logged, assert_metric, assert_spans
from lambda_kit.testing._clock import FakeClock, freeze_clock
from lambda_kit.testing._context import FakeContext, make_context
from lambda_kit.testing._extension import ExtensionRequest, FakeExtension
from lambda_kit.testing._invoke import Result, invoke
from lambda_kit.testing._logs import Logs
from lambda_kit.testing._metric_values import MetricPoint, MetricValues
from lambda_kit.testing._recording import Recording, recorded
from lambda_kit.testing._spans import Spans
from lambda_kit.testing._xray import FakeXRayDaemon
from lambda_kit.testing._xray_tree import SpanException, SpanNode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.local._execution import Checkpoint, Run
    from lambda_kit.testing._live import RecordedLogs, RecordedMetrics, RecordedSpans
    from lambda_kit.testing._ministack import Ministack, MinistackMissing
    from lambda_kit.testing._real_function import RealFunction, RealResult, StartFunction
    from lambda_kit.testing._reported import Invoke
    from lambda_kit.testing._store_contract import StoreContract
    from lambda_kit.testing._stores import override_stores
else:
    __getattr__, __dir__ = lazy_exports(  # lazy, because few tests need them
        globals(),
        {
            "Checkpoint": "lambda_kit.local._execution",
            "Invoke": "lambda_kit.testing._reported",
            "Ministack": "lambda_kit.testing._ministack",
            "MinistackMissing": "lambda_kit.testing._ministack",
            "RealFunction": "lambda_kit.testing._real_function",
            "RealResult": "lambda_kit.testing._real_function",
            "StartFunction": "lambda_kit.testing._real_function",
            "RecordedLogs": "lambda_kit.testing._live",
            "RecordedMetrics": "lambda_kit.testing._live",
            "RecordedSpans": "lambda_kit.testing._live",
            "Run": "lambda_kit.local._execution",
            "StoreContract": "lambda_kit.testing._store_contract",
            "override_stores": "lambda_kit.testing._stores",
        },
    )


__all__ = [
    "AgentRequest",
    "Checkpoint",
    "ExtensionRequest",
    "FakeAppConfigAgent",
    "FakeClock",
    "FakeContext",
    "FakeExtension",
    "FakeXRayDaemon",
    "Invoke",
    "Logs",
    "MetricPoint",
    "MetricValues",
    "Ministack",
    "MinistackMissing",
    "RealFunction",
    "RealResult",
    "RecordedLogs",
    "RecordedMetrics",
    "RecordedSpans",
    "Recording",
    "Result",
    "Run",
    "SpanException",
    "SpanNode",
    "Spans",
    "StartFunction",
    "StoreContract",
    "assert_logged",
    "assert_metric",
    "assert_spans",
    "freeze_clock",
    "invoke",
    "make_context",
    "override_stores",
    "recorded",
    "reset",
]
