"""An interrupt at any step of an evaluation leaves the flags usable: rules, a fetch, variants of the agent, events."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Literal

import pytest
from openfeature.evaluation_context import EvaluationContext

from lambda_kit import FeatureFlags
from lambda_kit.flags import AppConfigAgent, Fetched
from lambda_kit.flags.openfeature import Provider
from tests.patience import PATIENCE
from tests.stepping import PACKAGE, Outcome, interrupt_each_step

if TYPE_CHECKING:
    from lambda_kit.testing import FakeAppConfigAgent, FakeClock

KINDS: list[Literal["bytecodes", "deliveries"]] = ["bytecodes", "deliveries"]
FLAGS = (PACKAGE + "flags", PACKAGE + "init_cache")
CONDITION = {"action": "EQUALS", "key": "tier", "value": "premium"}
DOCUMENT: dict[str, Any] = {
    "express": {"default": False, "rules": {"r": {"when_match": True, "conditions": [CONDITION]}}},
}


class Source:
    """A source whose document can be changed."""

    ttl = 10.0

    def __init__(self) -> None:
        self.document = DOCUMENT

    def fetch(self) -> Fetched:
        return Fetched(dict(self.document))


@pytest.mark.parametrize("kind", KINDS)
def test_a_fetch_and_an_evaluation(kind: Literal["bytecodes", "deliveries"]) -> None:
    def check(flags: FeatureFlags, _: Outcome) -> None:
        with ThreadPoolExecutor(1) as other:
            assert other.submit(flags.enabled, "express", tier="premium").result(PATIENCE)
        assert not flags.enabled("express")

    assert interrupt_each_step(
        lambda flags: flags.enabled("express", tier="premium"),
        prepare=lambda: FeatureFlags(Source()),
        check=check,
        steps=kind,
        inside=FLAGS,
    )


def banner(context: dict[str, str]) -> dict[str, Any]:
    return {"enabled": context.get("tier") == "premium", "_variant": context.get("tier", "none")}


@pytest.mark.parametrize("kind", KINDS)
def test_a_variant_of_the_agent(agent: FakeAppConfigAgent, kind: Literal["bytecodes", "deliveries"]) -> None:
    agent.put("shop/prod/features", {"banner": banner})

    def prepare() -> FeatureFlags:
        flags = FeatureFlags(AppConfigAgent("shop", "prod", "features"))
        flags.all()
        return flags

    def check(flags: FeatureFlags, _: Outcome) -> None:
        with ThreadPoolExecutor(1) as other:
            assert other.submit(flags.enabled, "banner", tier="premium").result(PATIENCE)
        assert flags.enabled("banner", tier="premium")

    assert interrupt_each_step(
        lambda flags: flags.enabled("banner", tier="premium"),
        prepare=prepare,
        check=check,
        steps=kind,
        inside=FLAGS,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_an_evaluation_of_openfeature_that_sends_events(
    clock: FakeClock, kind: Literal["bytecodes", "deliveries"]
) -> None:
    def prepare() -> tuple[Source, Provider, list[str]]:
        source = Source()
        sent: list[str] = []
        provider = Provider(FeatureFlags(source))
        provider.attach(lambda _, event, __: sent.append(event.value))
        provider.initialize(EvaluationContext())
        source.document = {**DOCUMENT, "new": {"default": True}}
        clock.advance(11)
        return source, provider, sent

    def call(prepared: tuple[Source, Provider, list[str]]) -> None:
        prepared[1].resolve_boolean_details("express", False)

    def check(prepared: tuple[Source, Provider, list[str]], _: Outcome) -> None:
        source, provider, sent = prepared
        del sent[:]
        source.document = {**DOCUMENT, "newer": {"default": True}}
        clock.advance(11)
        provider.resolve_boolean_details("express", False)
        assert sent[-1] == "PROVIDER_CONFIGURATION_CHANGED"

    assert interrupt_each_step(call, prepare=prepare, check=check, steps=kind, inside=FLAGS)
