"""The same with Powertools."""

# The peer is not in the environment of the type checkers.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUntypedBaseClass=false
from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.utilities import parameters
from aws_lambda_powertools.utilities.feature_flags import FeatureFlags, StoreProvider
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent

from benchmarks.functions.usage import initialized, usage

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


numbers = iter(range(1_000))
log: Any = Logger(service="shop")
tracer: Any = Tracer(service="shop")
metrics: Any = Metrics(namespace="Shop", service="shop")
flags: Any = FeatureFlags(store=Memory())
store: Any = DynamoDBPersistenceLayer(table_name="records")
config: Any = IdempotencyConfig(event_key_jmespath="id")


def _handle(event: object, context: object) -> dict[str, float]:
    host: Any = parameters.get_parameter("/app/db/host")
    assert host.endswith(".example.com")
    assert flags.evaluate(name="express", context={"tier": "premium"}, default=False)
    metrics.add_metric(name="Orders", unit="Count", value=1)
    with tracer.provider.in_subsegment("## card"):
        log.info("placing order")
    return usage()


_protected: Any = idempotent(_handle, persistence_store=store, config=config)
_pipeline: Any = log.inject_lambda_context(
    tracer.capture_lambda_handler(capture_response=False)(metrics.log_metrics(_protected))
)


def handle(event: Any, context: object) -> Any:
    return _pipeline({"id": f"{id(event)} {next(numbers)}"}, context)


initialized()
