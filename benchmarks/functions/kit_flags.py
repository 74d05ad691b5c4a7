"""A feature flag through the kit."""

from __future__ import annotations

from benchmarks.functions.usage import initialized, usage
from lambda_kit import FeatureFlags, handler

CONDITION = {"action": "EQUALS", "key": "tier", "value": "premium"}
DOCUMENT = {"express": {"default": False, "rules": {"premium": {"when_match": True, "conditions": [CONDITION]}}}}
flags = FeatureFlags(lambda: DOCUMENT)


@handler
def handle(event: object, context: object) -> dict[str, float]:
    assert flags.enabled("express", tier="premium")
    return usage()


initialized()
