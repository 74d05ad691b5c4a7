"""The cost of a feature flag, against the peer: the same document and the same answers on both sides.

The peer's store hands out one dict over and over, as its own stores do as long as they have it in their cache: that is
how the peer knows that it has validated the document already.
"""

from __future__ import annotations

import json
import os
from importlib import import_module
from typing import Any
from unittest import mock

from benchmarks._calls import calls_of
from benchmarks._model import Case, Figure, Row, Topic
from benchmarks._worker import Loop

_TTL = 86_400.0  # seconds: neither side fetches while it is measured
_AGENT = "shop/prod/features"
_PEER = "aws_lambda_powertools.utilities.feature_flags"
_USER = 1004  # within both the roll-out and the range of the modulo


def _equals(value: str) -> dict[str, Any]:
    return _when({"action": "EQUALS", "key": "tier", "value": value})


def _when(condition: dict[str, Any]) -> dict[str, Any]:
    return {"when_match": True, "conditions": [condition]}


def _flag(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"default": False, "rules": {f"rule {i}": rule for i, rule in enumerate(rules)}}


_TWENTY = _flag(*(_equals(f"tier {i}") for i in range(19)), _equals("premium"))
_TIME = {"START": "00:00", "END": "23:59", "TIMEZONE": "Europe/Zurich"}
# By kind: the flag, the context, the answer.
_FLAGS: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "one": (_flag(_equals("premium")), {"tier": "premium"}, True),
    "last": (_TWENTY, {"tier": "premium"}, True),
    "none": (_TWENTY, {"tier": "basic"}, False),
    "time": (
        _flag(_when({"action": "SCHEDULE_BETWEEN_TIME_RANGE", "key": "CURRENT_TIME", "value": _TIME})),
        {"tier": "premium"},
        True,
    ),
    "modulo": (
        _flag(_when({"action": "MODULO_RANGE", "key": "user", "value": {"BASE": 100, "START": 0, "END": 49}})),
        {"user": _USER},
        True,
    ),
    "rollout": (
        _flag({"when_match": True, "rollout": {"percentage": 50, "by": "user"}}),
        {"user": _USER},
        True,
    ),
}
# Of 200 flags each other one is on.
_MANY = {f"flag {i}": _flag(_equals("premium" if i % 2 else "basic")) for i in range(200)}
_ON = [f"flag {i}" for i in range(1, 200, 2)]


def kit(kind: str, source: str) -> Loop:
    """Evaluate a flag that stands in the program, that a function returns, or that AppConfig's agent has."""
    flag, context, answer = _FLAGS[kind]
    flags = _kit_flags({"flag": flag}, source)
    assert flags.enabled("flag", context) is answer
    return Loop("enabled('flag', context)", {"enabled": flags.enabled, "context": context})


def kit_all() -> Loop:
    """Evaluate all flags."""
    flags, context = _kit_flags(_MANY, "function"), {"tier": "premium"}
    found = flags.all(context)
    assert len(found) == 200
    assert [name for name, on in found.items() if on] == _ON
    return Loop("all(context)", {"all": flags.all, "context": context})


def _kit_flags(document: dict[str, Any], source: str) -> Any:
    from lambda_kit import FeatureFlags
    from lambda_kit.flags import AppConfigAgent, StaticFlags

    if source == "static":
        return FeatureFlags(StaticFlags(document))
    if source == "function":
        return FeatureFlags(lambda: document, ttl=_TTL)
    flags = FeatureFlags(AppConfigAgent(*_AGENT.split("/")), ttl=_TTL)
    _fetch(lambda: flags.enabled("flag", default=False), document)
    return flags


def peer(kind: str, source: str) -> Loop:
    """Evaluate a flag of a store that has the document in memory, or of the peer's own with its cache."""
    flag, context, answer = _FLAGS[kind]
    flags = _peer_flags({"flag": flag}, source)
    assert flags.evaluate(name="flag", context=context, default=False) is answer
    names = {"evaluate": flags.evaluate, "context": context}
    return Loop("evaluate(name='flag', context=context, default=False)", names)


def peer_all() -> Loop:
    """Evaluate all flags; the peer tells those that are on."""
    flags, context = _peer_flags(_MANY, "memory"), {"tier": "premium"}
    assert flags.get_enabled_features(context=context) == _ON
    return Loop("all(context=context)", {"all": flags.get_enabled_features, "context": context})


def _peer_flags(document: dict[str, Any], source: str) -> Any:
    module: Any = import_module(_PEER)
    if source == "memory":
        base: Any = import_module(f"{_PEER}.base")

        class Memory(base.StoreProvider):  # type: ignore[misc]
            @property
            def get_raw_configuration(self) -> dict[str, Any]:
                return document

            def get_configuration(self) -> dict[str, Any]:
                return document

        return module.FeatureFlags(store=Memory())
    application, environment, name = _AGENT.split("/")
    found: list[Any] = []

    def fetch() -> None:
        # It looks up the port when it is made.
        store = module.AppConfigStore(environment, application, name, max_age=int(_TTL), use_extension=True)
        found.append(module.FeatureFlags(store=store))
        found[0].evaluate(name="flag", context={}, default=False)

    _fetch(fetch, document)
    return found[0]


def _fetch(fetch: Any, document: dict[str, Any]) -> None:
    """Let a side fetch the document from an agent, which is gone when flags are evaluated."""
    from lambda_kit.testing import FakeAppConfigAgent

    with FakeAppConfigAgent({_AGENT: json.dumps(document)}) as agent, mock.patch.dict(os.environ, agent.environ):
        fetch()
        assert len(agent.requests) == 1


_TITLES = {
    "one": "a flag with one rule",
    "last": "a flag with 20 rules, the last matches",
    "none": "a flag with 20 rules, none matches",
    "time": "a flag with a range of times",
    "modulo": "a flag with a range of a modulo",
}

TOPIC = Topic(
    name="flags",
    about="What a feature flag costs. The goal: at most 1/8 of the peer's.",
    cases=(
        Case("kit static", "kit", "kit", ("one", "static")),
        *(Case(f"kit {kind}", "kit", "kit", (kind, "function")) for kind in _TITLES),
        *(Case(f"peer {kind}", "peer", "peer", (kind, "memory")) for kind in _TITLES),
        Case("kit agent", "kit", "kit", ("one", "agent")),
        Case("peer agent", "peer", "peer", ("one", "agent")),
        Case("kit rollout", "kit", "kit", ("rollout", "function")),
        Case("kit all", "kit", "kit_all"),
        Case("peer all", "peer", "peer_all"),
    ),
    rows=(
        Row("a flag with one rule, no ttl", Figure("kit static"), Figure("peer one"), "Powertools", goal=1 / 8),
        *(
            Row(title, Figure(f"kit {kind}"), Figure(f"peer {kind}"), "Powertools", goal=1 / 8)
            for kind, title in _TITLES.items()
        ),
        Row("a flag with a roll-out", Figure("kit rollout"), Figure("peer modulo"), "Powertools' modulo"),
        Row("a flag with a roll-out", Figure("kit rollout"), Figure("kit one"), "one rule of ours"),
        Row("a flag of AppConfig's agent", Figure("kit agent"), Figure("peer agent"), "AppConfigStore", goal=1 / 8),
        Row("all of 200 flags", Figure("kit all"), Figure("peer all"), "Powertools"),
    ),
    open=calls_of("benchmarks.flags"),
    rounds=(20, 5),
)
