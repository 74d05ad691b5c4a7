"""A flag of AppConfig's agent through Powertools."""

# The peer is not in the environment of the type checkers.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
from __future__ import annotations

from aws_lambda_powertools.utilities.feature_flags import AppConfigStore, FeatureFlags

from benchmarks.functions.usage import initialized, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

store: Any = AppConfigStore(application="shop", environment="prod", name="features", use_extension=True)
flags: Any = FeatureFlags(store=store)


def handle(event: object, context: object) -> dict[str, float]:
    assert flags.evaluate(name="express", context={"tier": "premium"}, default=False)
    return usage()


initialized()
