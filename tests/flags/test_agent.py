"""Flags from AppConfig's agent: connections, failures, and variants by the context."""

from __future__ import annotations

import enum
import logging
import os
from decimal import Decimal
from typing import Any

import pytest

from lambda_kit import FeatureFlags
from lambda_kit._kernel import lifecycle
from lambda_kit.errors import FlagsUnavailable
from lambda_kit.flags import AppConfigAgent
from lambda_kit.flags._agent_variants import Variants
from lambda_kit.invocation import Invocation, current
from lambda_kit.testing import FakeAppConfigAgent, FakeClock, make_context, reset

NAME = "shop/prod/features"
PLACE = ("shop", "prod", "features")


def banner(context: dict[str, str]) -> dict[str, Any]:
    tier = context.get("tier", "none")
    return {"enabled": tier == "premium", "colour": tier, "_variant": tier}


FLAGS: dict[str, Any] = {"banner": banner, "plain": {"enabled": True}, "rules": {"default": False}}


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


@pytest.fixture
def flags(agent: FakeAppConfigAgent, clock: FakeClock) -> FeatureFlags:
    agent.put(NAME, FLAGS)
    return FeatureFlags(AppConfigAgent(*PLACE))


# The set as a whole


def test_flags_are_asked_for_every_thirty_seconds_over_one_connection(
    agent: FakeAppConfigAgent, clock: FakeClock, flags: FeatureFlags
) -> None:
    assert flags.enabled("plain")
    agent.put(NAME, {"plain": {"enabled": False}})
    clock.advance(29.0)
    assert flags.enabled("plain")
    clock.advance(2.0)
    assert not flags.enabled("plain")
    clock.advance(31.0)
    assert not flags.enabled("plain", default=True)
    assert [request.configuration for request in agent.requests] == [NAME] * 3
    assert len(agent._connections) == 1


def test_names_are_encoded(agent: FakeAppConfigAgent) -> None:
    agent.put("a b/prod&x/é?", {"plain": {"enabled": True}})
    assert FeatureFlags(AppConfigAgent("a b", "prod&x", "é?")).enabled("plain")


def test_an_agent_that_is_not_ready_is_asked_again(agent: FakeAppConfigAgent, flags: FeatureFlags) -> None:
    agent.not_ready(3)
    assert flags.enabled("plain")
    assert len(agent.requests) == 4


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (404, r"the AppConfig agent knows no configuration shop/prod/features \(it answered: no such thing\)"),
        (500, "status 500: no such thing"),
        (400, "status 400: no such thing"),
    ],
)
def test_what_the_agent_refuses_is_told(agent: FakeAppConfigAgent, flags: FeatureFlags, status: int, told: str) -> None:
    agent.fail(NAME, status, "no\n such   thing")
    with pytest.raises(FlagsUnavailable, match=told):
        flags.enabled("plain")
    assert flags.enabled("plain", default=True)
    assert len(agent.requests) == 1


def test_an_agent_that_is_absent_or_breaks_off_is_told(agent: FakeAppConfigAgent, flags: FeatureFlags) -> None:
    agent.break_off()
    with pytest.raises(FlagsUnavailable, match="the AppConfig agent could not be used"):
        flags.enabled("plain")
    agent.stop()
    with pytest.raises(FlagsUnavailable, match="refused"):
        FeatureFlags(AppConfigAgent(*PLACE)).enabled("plain")


def test_an_agent_that_hangs_gets_half_of_what_the_invocation_has_left(
    agent: FakeAppConfigAgent, flags: FeatureFlags
) -> None:
    agent.hang()
    context = make_context(timeout=1.0)
    token = current.set(Invocation({}, context))
    try:
        assert flags.enabled("plain", default=True)
        assert context.get_remaining_time_in_millis() > 0
    finally:
        current.reset(token)


def test_old_flags_are_used_while_the_agent_fails(
    agent: FakeAppConfigAgent, clock: FakeClock, flags: FeatureFlags, caplog: pytest.LogCaptureFixture
) -> None:
    flags.all()
    agent.crash()
    for _ in range(3):
        clock.advance(40.0)
        assert flags.enabled("plain")
    assert len(warnings(caplog)) == 1


# Variants


def test_a_flag_with_variants_is_asked_for_with_the_context_once_in_a_time_to_live(
    agent: FakeAppConfigAgent, clock: FakeClock, flags: FeatureFlags
) -> None:
    for _ in range(3):
        assert flags.enabled("banner", tier="premium", count=3, ratio=1.5, new=True, gone=None)
        assert not flags.enabled("banner", {"tier": "basic"})
        assert flags.evaluate("banner", tier="basic") == {"enabled": False, "colour": "basic"}
        assert flags.enabled("plain", tier="premium")
        assert flags.evaluate("rules", tier="premium") is False
    whole, premium, basic = agent.requests
    assert (whole.flags, whole.context) == ([], {})
    assert premium.flags == ["banner"]
    assert premium.context == {"tier": "premium", "count": "3", "ratio": "1.5", "new": "true"}
    assert (basic.flags, basic.context) == (["banner"], {"tier": "basic"})
    clock.advance(31.0)
    flags.enabled("banner", tier="basic")
    assert len(agent.requests) == 5
    assert len(agent._connections) == 1


def test_without_a_context_the_flag_is_as_it_was_fetched(agent: FakeAppConfigAgent, flags: FeatureFlags) -> None:
    assert flags.evaluate("banner") == {"enabled": False, "colour": "none"}
    assert flags.evaluate("banner", {}) == {"enabled": False, "colour": "none"}
    assert len(agent.requests) == 1


def test_all_and_explain_ask_for_variants_too(agent: FakeAppConfigAgent, flags: FeatureFlags) -> None:
    assert flags.all(tier="premium") == {
        "banner": {"enabled": True, "colour": "premium"},
        "plain": {"enabled": True},
        "rules": False,
    }
    found = flags.explain("banner", tier="premium")
    assert (found.value, found.variant) == ({"enabled": True, "colour": "premium"}, "premium")
    assert "AppConfig's agent" in str(found)
    assert len(agent.requests) == 2


def test_answers_about_an_old_version_are_not_used(
    agent: FakeAppConfigAgent, clock: FakeClock, flags: FeatureFlags
) -> None:
    flags.all()
    clock.advance(25.0)
    assert flags.enabled("banner", tier="premium")
    agent.put(NAME, {"banner": lambda context: {"enabled": False, "_variant": "new"}})
    clock.advance(6.0)  # the answer is six seconds old
    assert not flags.enabled("banner", tier="premium")


def test_an_answer_that_was_overtaken_by_a_later_one_is_not_kept(
    agent: FakeAppConfigAgent, clock: FakeClock, flags: FeatureFlags, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags.all()
    ask = Variants._ask

    def ask_slowly(*arguments: Any) -> Any:
        outcome = ask(*arguments)
        monkeypatch.setattr(Variants, "_ask", ask)
        agent.put(NAME, {"banner": lambda context: {"enabled": False, "_variant": "new"}})
        clock.advance(5.0)
        assert not flags.enabled("banner", tier="premium")
        return outcome

    monkeypatch.setattr(Variants, "_ask", ask_slowly)
    flags.enabled("banner", tier="premium")
    assert not flags.enabled("banner", tier="premium")
    assert len(agent.requests) == 3


def test_an_answer_from_before_the_clock_was_set_back_makes_way_for_another(
    agent: FakeAppConfigAgent, clock: FakeClock, flags: FeatureFlags
) -> None:
    flags.all()
    assert flags.enabled("banner", tier="premium")
    clock.advance(-10.0)
    for _ in range(3):
        assert flags.enabled("banner", tier="premium")
    assert len(agent.requests) == 3


def test_what_cannot_stand_in_a_header_is_left_out_with_one_warning(
    agent: FakeAppConfigAgent, flags: FeatureFlags, caplog: pytest.LogCaptureFixture
) -> None:
    odd = {
        "line": "hidden\r\nx: y",
        "comma": "hidden,tier=premium",
        "equal": "a=hidden",
        "blank": " hidden",
        "empty": "",
        "foreign": "hidden-é",
        "list": ["hidden"],
        "a-key": "hidden",
    }
    for _ in range(2):
        assert not flags.enabled("banner", {**odd, "email": "a.b+c@example.com", "words": "two words"})
    assert agent.requests[1].context == {"email": "a.b+c@example.com", "words": "two words"}
    assert len(agent.requests) == 2
    said = warnings(caplog)
    assert len(said) == len(odd)
    assert all(any(repr(key) in one for one in said) for key in odd)
    assert "hidden" not in caplog.text


def test_while_the_agent_fails_the_last_answer_stays_or_that_without_a_context_with_one_warning(
    agent: FakeAppConfigAgent, clock: FakeClock, flags: FeatureFlags, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lambda_kit")
    assert flags.enabled("banner", tier="premium")
    clock.advance(29.0)
    flags.all()
    clock.advance(2.0)
    flags.evaluate("plain")  # the set is fresh, the answer is not
    agent.crash()
    asked = len(agent.requests)
    for _ in range(3):
        assert flags.enabled("banner", tier="premium")
        assert flags.evaluate("banner", tier="other") == {"enabled": False, "colour": "none"}
    assert len(agent.requests) == asked + 1
    clock.advance(11.0)
    assert flags.enabled("banner", tier="premium")
    assert len(agent.requests) == asked + 2
    (said,) = warnings(caplog)
    assert "the variants of feature flags from AppConfigAgent('shop', 'prod', 'features')" in said
    assert "status 500" in said
    agent.recover()
    clock.advance(11.0)
    assert flags.evaluate("banner", tier="other") == {"enabled": False, "colour": "other"}
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_thousand_answers_are_kept_and_the_one_that_was_needed_last_longest(
    agent: FakeAppConfigAgent, flags: FeatureFlags
) -> None:
    flags.enabled("banner", tier="premium")
    for number in range(999):
        flags.enabled("banner", user=number)
    flags.enabled("banner", tier="premium")
    flags.enabled("banner", user=999)
    asked = len(agent.requests)
    flags.enabled("banner", tier="premium")
    assert len(agent.requests) == asked
    flags.enabled("banner", user=0)
    assert len(agent.requests) == asked + 1


@pytest.mark.parametrize("again", [reset, lifecycle._restored], ids=["reset", "restore"])
def test_a_reset_and_a_restore_leave_no_answers(agent: FakeAppConfigAgent, flags: FeatureFlags, again: Any) -> None:
    flags.enabled("banner", tier="premium")
    again()
    flags.enabled("banner", tier="premium")
    assert [request.flags for request in agent.requests] == [[], ["banner"]] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_has_no_answers_and_connections_of_its_own(
    agent: FakeAppConfigAgent, flags: FeatureFlags
) -> None:
    flags.enabled("banner", tier="premium")
    child = os.fork()
    if child == 0:
        os._exit(0 if flags.enabled("banner", tier="premium") else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    flags.enabled("banner", tier="premium")
    assert [request.flags for request in agent.requests] == [[], ["banner"]] * 2
    assert len(agent._connections) == 2


def test_values_of_other_number_and_string_types_are_sent(agent: FakeAppConfigAgent, flags: FeatureFlags) -> None:
    class Tier(enum.StrEnum):
        PREMIUM = "premium"

    flags.enabled("banner", tier=Tier.PREMIUM, count=Decimal(3), ratio=Decimal("1.5"))
    assert agent.requests[-1].context == {"tier": "premium", "count": "3", "ratio": "1.5"}
