"""A flag of AppConfig's agent through the kit."""

from __future__ import annotations

from benchmarks.functions.usage import initialized, usage
from lambda_kit import FeatureFlags, handler
from lambda_kit.flags import AppConfigAgent

flags = FeatureFlags(AppConfigAgent("shop", "prod", "features"))


@handler
def handle(event: object, context: object) -> dict[str, float]:
    assert flags.enabled("express", tier="premium")
    return usage()


initialized()
