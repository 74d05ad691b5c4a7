"""A feature flag through Powertools, from a store that has it already."""

# The peer is not in the environment of the type checkers.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
# pyright: reportUntypedBaseClass=false
from __future__ import annotations

from aws_lambda_powertools.utilities.feature_flags import FeatureFlags, StoreProvider

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


flags = FeatureFlags(store=Memory())


def handle(event: object, context: object) -> dict[str, float]:
    assert flags.evaluate(name="express", context={"tier": "premium"}, default=False)
    return usage()


initialized()
