"""Types of the feature flags, checked by mypy and pyright; never run."""

from __future__ import annotations

from typing import Any, assert_type

from lambda_kit import FeatureFlags
from lambda_kit.flags import (
    AppConfigAgent,
    AppConfigData,
    Explanation,
    Fetched,
    FlagFile,
    Source,
    StaticFlags,
)
from lambda_kit.testing import FakeAppConfigAgent


class Own:
    def fetch(self) -> Fetched:
        return Fetched(b"{}", "1")


class Wrong:
    def fetch(self) -> int:
        return 1


def document() -> dict[str, Any]:
    return {}


sources: list[Source] = [
    AppConfigAgent("a", "b", "c"),
    AppConfigData("a", "b", "c", region="eu-west-1", poll_interval=30),
    FlagFile("flags.json"),
    StaticFlags({"a": {"default": True}}),
    Own(),
]
flags = FeatureFlags(sources[0], envelope="flags", ttl=None, record=True, clock=lambda: 0.0)
FeatureFlags(document, ttl=5, stale_if_error=60, refresh="background")
FeatureFlags({})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
FeatureFlags(Wrong())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
FeatureFlags(document, refresh="sometimes")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

assert_type(flags.enabled("a"), bool)
assert_type(flags.enabled("a", {"tier": "premium"}, default=False, user=1), bool)
flags.enabled("a", default="no")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
flags.enabled("a", "premium")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]

assert_type(flags.evaluate("a"), Any)
assert_type(flags.evaluate("a", tier="premium"), Any)
assert_type(flags.evaluate("a", default=None), Any)
assert_type(flags.evaluate("a", {}, None), Any)
text = "x"
assert_type(flags.evaluate("a", default=text), str)
assert_type(flags.evaluate("a", {"tier": "premium"}, default=[text]), list[str])
assert_type(flags.evaluate("a", {"tier": "premium"}, text), str)
assert_type(flags.evaluate("a", tier="premium", default=text), str)

assert_type(flags.all({"tier": "premium"}), dict[str, Any])
assert_type(flags.explain("a", tier="premium"), Explanation)
with flags.override({"a": {"default": True}}):
    pass

with FakeAppConfigAgent({"a/b/c": {"x": {"enabled": True}, "y": lambda context: {"enabled": "z" in context}}}) as agent:
    assert_type(agent.put("a/b/c", b"{}"), int)
    assert_type(agent.environ, dict[str, str])
