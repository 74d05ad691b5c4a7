"""The same with Powertools."""

# The peer is not in the environment of the type checkers.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUntypedBaseClass=false, reportUnknownArgumentType=false, reportUntypedFunctionDecorator=false
from __future__ import annotations

import os

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.feature_flags import FeatureFlags, StoreProvider

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONDITION = {"action": "EQUALS", "key": "tier", "value": "premium"}
DOCUMENT = {"express": {"default": False, "rules": {"premium": {"when_match": True, "conditions": [CONDITION]}}}}


class Memory(StoreProvider):  # type: ignore[misc]
    """A store that has the document already."""

    def get_configuration(self) -> dict[str, Any]:
        return DOCUMENT

    @property
    def get_raw_configuration(self) -> dict[str, Any]:
        return DOCUMENT


log: Any = Logger(service="shop")
tracer: Any = Tracer(service="shop")
metrics: Any = Metrics(namespace="Shop", service="shop")
flags: Any = FeatureFlags(store=Memory())


def _answer(event: Any) -> int | None:
    return os.getpid() if event.get("pid") else None


def _one_line(event: Any, context: object) -> int | None:
    log.info("placing order", order_id="o-1")
    return _answer(event)


def _five_lines(event: Any, context: object) -> int | None:
    for _ in range(5):
        log.info("placing order", order_id="o-1")
    return _answer(event)


def _traced(event: Any, context: object) -> int | None:
    with tracer.provider.in_subsegment("## card"):
        return _answer(event)


def _one_metric(event: Any, context: object) -> int | None:
    metrics.add_metric(name="Orders", unit="Count", value=1)
    return _answer(event)


def _pipeline(event: Any, context: object) -> int | None:
    assert parameters.get_parameter("/app/db/host", max_age=300)
    assert flags.evaluate(name="express", context={"tier": "premium"}, default=False)
    metrics.add_metric(name="Orders", unit="Count", value=1)
    log.info("placing order", order_id="o-1")
    return _answer(event)


one_line: Any = log.inject_lambda_context(_one_line)
five_lines: Any = log.inject_lambda_context(_five_lines)
traced: Any = tracer.capture_lambda_handler(capture_response=False)(_traced)
one_metric: Any = metrics.log_metrics(_one_metric)
pipeline: Any = log.inject_lambda_context(
    tracer.capture_lambda_handler(capture_response=False)(metrics.log_metrics(_pipeline))
)
