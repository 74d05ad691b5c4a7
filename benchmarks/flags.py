"""What a feature flag costs, against the peer, whose store hands out the same document from memory."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from benchmarks._calls import calls_of
from benchmarks._model import Case, Figure, Row, Topic
from benchmarks._worker import Loop

_TTL = 86_400.0  # seconds: neither side fetches while it is measured


def _rule(key: str, value: Any) -> dict[str, Any]:
    return {"when_match": True, "conditions": [{"action": "EQUALS", "key": key, "value": value}]}


def _document(kind: str) -> dict[str, Any]:
    if kind == "all":
        return {f"flag-{i}": {"default": False, "rules": {"premium": _rule("tier", "premium")}} for i in range(200)}
    count = 1 if kind == "one" else 20
    rules = {f"rule {i}": _rule("tier", f"tier-{i}") for i in range(count - 1)}
    return {"flag": {"default": False, "rules": {**rules, "premium": _rule("tier", "premium")}}}


_CONTEXTS = {"one": "premium", "last": "premium", "none": "nobody", "all": "premium"}
_STATEMENTS = {
    "kit": {"flag": "flags.enabled('flag', context)", "all": "flags.all(context)"},
    "peer": {
        "flag": "flags.evaluate(name='flag', context=context, default=False)",
        "all": "flags.get_enabled_features(context=context)",
    },
}


def _loop(side: str, flags: Any, kind: str) -> Loop:
    context = {"tier": _CONTEXTS[kind], "country": "CH"}
    statement = _STATEMENTS[side]["all" if kind == "all" else "flag"]
    found = eval(statement, {"flags": flags, "context": context})  # it stands above
    if kind == "all":
        assert len(found) == 200
    else:
        assert found is (kind != "none")
    return Loop(statement, {"flags": flags, "context": context})


def kit(kind: str) -> Loop:
    """Evaluate flags that a function returns, with a time to live."""
    from lambda_kit import FeatureFlags

    document = _document(kind)
    return _loop("kit", FeatureFlags(lambda: document, ttl=_TTL), kind)


def kit_beyond(kind: str) -> Loop:
    """Evaluate what the peer has no rules for, or what it has them for and we look at alone."""
    from lambda_kit import FeatureFlags
    from lambda_kit.flags import StaticFlags

    office = {"START": "00:00", "END": "23:59", "TIMEZONE": "Europe/Zurich"}
    time = {"action": "SCHEDULE_BETWEEN_TIME_RANGE", "key": "CURRENT_TIME", "value": office}
    rules: dict[str, Any] = {
        "rollout": {"when_match": True, "rollout": {"percentage": 50, "by": "country"}},
        "time": {"when_match": True, "conditions": [time]},
    }
    flags = FeatureFlags(StaticFlags({"flag": {"default": False, "rules": {"rule": rules[kind]}}}))
    return Loop("flags.enabled('flag', context)", {"flags": flags, "context": {"country": "CH"}})


def _peer_flags(document: dict[str, Any]) -> Any:
    feature_flags: Any = import_module("aws_lambda_powertools.utilities.feature_flags")
    base: Any = import_module("aws_lambda_powertools.utilities.feature_flags.base")

    class Memory(base.StoreProvider):  # type: ignore[misc]
        """A store that has the document already."""

        def get_configuration(self) -> dict[str, Any]:
            return document

        @property
        def get_raw_configuration(self) -> dict[str, Any]:
            return document

    return feature_flags.FeatureFlags(store=Memory())


def peer(kind: str) -> Loop:
    """Evaluate flags of a store that has them already; the peer validates them for each evaluation."""
    return _loop("peer", _peer_flags(_document(kind)), kind)


def peer_time() -> Loop:
    """Evaluate a flag with a rule about the time."""
    office = {"START": "00:00", "END": "23:59", "TIMEZONE": "Europe/Zurich"}
    time = {"action": "SCHEDULE_BETWEEN_TIME_RANGE", "key": "CURRENT_TIME", "value": office}
    rule = {"when_match": True, "conditions": [time]}
    flags = _peer_flags({"flag": {"default": False, "rules": {"rule": rule}}})
    return Loop(_STATEMENTS["peer"]["flag"], {"flags": flags, "context": {"country": "CH"}})


_TITLES = {
    "one": "a flag with one rule",
    "last": "a flag with 20 rules, the last matches",
    "none": "a flag with 20 rules, none matches",
    "all": "all of 200 flags",
}

_GOALS = {"one": 1 / 8}

TOPIC = Topic(
    name="flags",
    about="What a feature flag costs. The goal: a flag at most 1/8 of the peer's.",
    cases=(
        *(Case(f"kit {kind}", "kit", "kit", (kind,)) for kind in _TITLES),
        *(Case(f"peer {kind}", "peer", "peer", (kind,)) for kind in _TITLES),
        Case("kit time", "kit", "kit_beyond", ("time",)),
        Case("peer time", "peer", "peer_time"),
        Case("kit rollout", "kit", "kit_beyond", ("rollout",)),
    ),
    rows=(
        *(
            Row(
                title,
                Figure(f"kit {kind}"),
                Figure(f"peer {kind}"),
                "Powertools",
                goal=1 / 8 if kind == "one" else None,
            )
            for kind, title in _TITLES.items()
        ),
        Row("a flag with a range of times", Figure("kit time"), Figure("peer time"), "Powertools"),
        Row("a flag with a roll-out", Figure("kit rollout"), Figure("kit one"), "one rule of ours"),
    ),
    open=calls_of("benchmarks.flags"),
    rounds=(20, 5),
)
