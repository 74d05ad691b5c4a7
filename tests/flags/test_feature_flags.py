"""`FeatureFlags`: what it answers, how often it asks, and what it does when a source fails or a document is wrong."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from types import MappingProxyType
from typing import Any

import pytest

from lambda_kit import FeatureFlags, Tracer, handler
from lambda_kit.errors import (
    ConfigurationError,
    FlagError,
    FlagSchemaError,
    FlagsUnavailable,
    ResourceCycle,
    UnknownFlag,
)
from lambda_kit.flags import Explanation, Fetched, StaticFlags
from lambda_kit.testing import FakeClock, invoke, reset
from tests.flags.conftest import StubSource
from tests.patience import PATIENCE

PREMIUM = {"when_match": True, "conditions": [{"action": "EQUALS", "key": "tier", "value": "premium"}]}
EARLY = {"default": False, "rules": {"premium": PREMIUM}}
DOCUMENT: dict[str, Any] = {
    "early": EARLY,
    "limits": {"default": {"max": [1, 2]}, "boolean_type": False},
    "banner": {"enabled": True, "text": "hello", "sizes": [1]},
    "greeting": {"default": "hi", "boolean_type": False},
}
WRONG: dict[str, Any] = {"early": {"default": False, "rules": {"r": {**PREMIUM, "conditions": [{"action": "EQUAL"}]}}}}


def texts(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


# What it answers


def test_a_flag_is_on_where_its_rule_matches_the_context_in_whatever_form_it_comes() -> None:
    flags = FeatureFlags(StaticFlags(DOCUMENT))
    premium = {"tier": "premium"}
    assert flags.enabled("early", tier="premium")
    assert flags.enabled("early", premium)
    assert flags.enabled("early", context=premium)
    assert flags.enabled("early", MappingProxyType(premium))
    assert flags.enabled("early", {"tier": "basic"}, tier="premium")
    assert not flags.enabled("early", premium, tier="basic")
    assert not flags.enabled("early")
    assert flags.evaluate("early", premium) is True
    assert flags.evaluate("early", tier="premium", default=False) is True
    assert flags.evaluate("early", {}, True) is False
    assert premium == {"tier": "premium"}


def test_names_of_arguments_are_keys_of_the_context_too() -> None:
    rule = {"when_match": True, "conditions": [{"action": "EQUALS", "key": "name", "value": "ada"}]}
    flags = FeatureFlags(StaticFlags({"f": {"default": False, "rules": {"ada": rule}}}))
    assert flags.enabled("f", name="ada", self=1)
    assert flags.evaluate("f", name="ada", self=1) is True
    assert flags.all(name="ada", self=1) == {"f": True}
    assert flags.explain("f", name="ada", self=1).value is True


def test_a_context_that_is_no_mapping_is_told() -> None:
    flags = FeatureFlags(StaticFlags(DOCUMENT))
    with pytest.raises(FlagError, match="the context is a str; pass a mapping"):
        flags.enabled("early", context="premium")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_a_native_flag_is_on_by_its_enabled_and_its_value_has_the_attributes() -> None:
    flags = FeatureFlags(StaticFlags(DOCUMENT))
    assert flags.enabled("banner") is True
    assert flags.evaluate("banner") == {"enabled": True, "text": "hello", "sizes": [1]}


def test_a_flag_that_is_no_boolean_is_not_on_or_off() -> None:
    flags = FeatureFlags(StaticFlags(DOCUMENT))
    with pytest.raises(FlagError, match=r"'greeting' of .* is not a boolean; use evaluate\('greeting'\)"):
        flags.enabled("greeting", default=True)
    assert flags.evaluate("greeting") == "hi"


def test_values_are_copies_of_the_caller() -> None:
    document: dict[str, Any] = json.loads(json.dumps(DOCUMENT))
    flags = FeatureFlags(StaticFlags(document))
    flags.evaluate("limits")["max"].append(3)
    flags.evaluate("banner")["sizes"].append(3)
    flags.all()["limits"]["max"].append(3)
    flags.explain("limits").value["max"].append(3)
    document["limits"]["default"]["max"].append(3)
    assert flags.evaluate("limits") == {"max": [1, 2]}
    assert flags.evaluate("banner")["sizes"] == [1]


def test_all_flags_are_evaluated_for_one_context() -> None:
    assert FeatureFlags(StaticFlags(DOCUMENT)).all({"tier": "premium"}) == {
        "early": True,
        "limits": {"max": [1, 2]},
        "banner": {"enabled": True, "text": "hello", "sizes": [1]},
        "greeting": "hi",
    }


def test_an_unknown_flag_is_the_default_or_an_error_with_the_closest_name() -> None:
    flags = FeatureFlags(StaticFlags(DOCUMENT))
    assert flags.enabled("erly", default=True) is True
    assert flags.evaluate("erly", default=None) is None
    for ask in (flags.enabled, flags.evaluate, flags.explain):
        with pytest.raises(UnknownFlag, match=r"there is no feature flag 'erly' in .*; did you mean 'early'\?") as info:
            ask("erly")
        assert info.value.flag == "erly"
    with pytest.raises(LookupError, match="pass default="):
        flags.enabled("zzz")


def test_an_explanation_says_what_came_out_and_why() -> None:
    found = FeatureFlags(StaticFlags(DOCUMENT)).explain("early", tier="basic")
    assert isinstance(found, Explanation)
    assert (found.value, found.reason) == (False, "DEFAULT")
    assert "tier" in str(found)
    assert "basic" in str(found)


def test_rules_about_time_go_by_the_clock_that_was_given() -> None:
    clock = FakeClock(1_700_000_000.0)  # 22:13 in UTC
    window = {"START": "22:00", "END": "22:30"}
    condition = {"action": "SCHEDULE_BETWEEN_TIME_RANGE", "key": "CURRENT_TIME", "value": window}
    rule = {"when_match": True, "conditions": [condition]}
    flags = FeatureFlags(StaticFlags({"sale": {"default": False, "rules": {"late": rule}}}), clock=clock)
    assert flags.enabled("sale")
    clock.advance(3600.0)
    assert not flags.enabled("sale")


def test_an_envelope_finds_the_flags_in_a_larger_document() -> None:
    source = StaticFlags({"app": {"flags": DOCUMENT}, "list": [DOCUMENT]})
    assert FeatureFlags(source, envelope="app.flags").enabled("early", tier="premium")
    assert FeatureFlags(source, envelope="list[0]").enabled("early", tier="premium")
    with pytest.raises(FlagSchemaError, match="has no flags where the envelope looks for them"):
        FeatureFlags(source, envelope="app.flag").enabled("early")
    with pytest.raises(ConfigurationError, match="no JMESPath expression"):
        FeatureFlags(source, envelope="app.[")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"tll": 1}, "no option 'tll'; did you mean 'ttl'?"),
        ({"ttl": 0}, "ttl=0"),
        ({"ttl": None, "stale_if_error": 60.0}, "stale_if_error"),
        ({"refresh": "sometimes"}, "FeatureFlags(StaticFlags(0 flags)): resource(refresh='sometimes')"),
        ({"ttl": "60"}, "ttl='60'"),
        ({"stale_if_error": "a day", "ttl": 5.0}, "stale_if_error='a day'"),
    ],
)
def test_options_that_are_wrong_are_refused(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError) as info:
        FeatureFlags(StaticFlags({}), **options)
    assert told in str(info.value)


async def coroutine() -> dict[str, Any]:
    raise NotImplementedError


def with_an_argument(one: Any) -> dict[str, Any]:
    raise NotImplementedError


NO_SOURCES: list[Any] = [{"secret": 1}, None, coroutine, with_an_argument, object()]


@pytest.mark.parametrize("source", NO_SOURCES)
def test_what_is_no_source_is_refused_and_not_quoted(source: Any) -> None:
    with pytest.raises(ConfigurationError, match="pass a source, or a plain function") as info:
        FeatureFlags(source)
    assert "secret" not in str(info.value)


def test_flags_can_be_overridden_in_tests(clock: FakeClock) -> None:
    source = StubSource(DOCUMENT)
    flags = FeatureFlags(source, envelope="somewhere.else")
    with flags.override({"early": {"default": True}}):
        assert flags.enabled("early")
        assert flags.all() == {"early": True}
    assert source.fetches == 0
    with pytest.raises(FlagSchemaError):
        flags.override(WRONG)


# How often it asks


def test_the_source_is_asked_once_in_a_time_to_live(clock: FakeClock) -> None:
    source = StubSource(DOCUMENT)
    flags = FeatureFlags(source, ttl=10.0)
    assert source.fetches == 0
    for _ in range(3):
        flags.enabled("early")
        flags.all()
    assert source.fetches == 1
    clock.advance(9.9)
    flags.enabled("early")
    assert source.fetches == 1
    source.content = {"early": {"default": True}}
    clock.advance(0.2)
    assert flags.enabled("early")
    assert source.fetches == 2


def test_a_function_that_returns_a_dict_is_a_source(clock: FakeClock) -> None:
    document = {"early": {"default": False}}
    flags = FeatureFlags(lambda: document)
    assert not flags.enabled("early")
    document["early"]["default"] = True
    assert not flags.enabled("early")
    clock.advance(60.1)
    assert flags.enabled("early")


def test_sources_say_how_long_their_flags_live_unless_they_are_told(clock: FakeClock) -> None:
    source = StubSource(DOCUMENT)
    source.ttl = 5.0  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    own, told = FeatureFlags(source), FeatureFlags(source, ttl=20.0)
    own.all()
    told.all()
    clock.advance(6.0)
    own.all()
    told.all()
    assert source.fetches == 3


def test_a_version_is_compiled_once(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    from lambda_kit.flags import _schema

    compiled: list[Any] = []
    compile_flags = _schema.compile_flags

    def counting(document: Any) -> Any:
        compiled.append(document)
        return compile_flags(document)

    monkeypatch.setattr(_schema, "compile_flags", counting)
    source = StubSource(DOCUMENT)
    flags = FeatureFlags(source, ttl=1.0)
    for _ in range(4):
        flags.all()
        clock.advance(2.0)
    source.error = OSError("down")
    clock.advance(90_000.0)
    assert flags.evaluate("greeting", default="none") == "none"
    source.error = None
    clock.advance(60.0)
    assert flags.evaluate("greeting") == "hi"
    assert (source.fetches, len(compiled)) == (6, 1)
    source.content = {"early": EARLY}
    clock.advance(2.0)
    assert list(flags.all()) == ["early"]
    assert len(compiled) == 2


def test_threads_that_ask_at_once_share_one_fetch(clock: FakeClock) -> None:
    asked, go = threading.Event(), threading.Event()
    fetches: list[int] = []

    def fetch() -> dict[str, Any]:
        fetches.append(1)
        asked.set()
        assert go.wait(PATIENCE)
        return DOCUMENT

    flags = FeatureFlags(fetch)
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.append(flags.enabled("early", tier="premium"))) for _ in "abc"]
    for thread in threads:
        thread.start()
    assert asked.wait(PATIENCE)
    go.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert answers == [True] * 3
    assert len(fetches) == 1


def test_a_refresh_in_the_background_does_not_keep_a_call_waiting(clock: FakeClock) -> None:
    asked, go = threading.Event(), threading.Event()
    document = {"early": {"default": False}}
    fetches: list[int] = []

    def fetch() -> dict[str, Any]:
        fetches.append(1)
        if len(fetches) > 1:
            asked.set()
            assert go.wait(PATIENCE)
        return document

    flags = FeatureFlags(fetch, ttl=10.0, refresh="background")
    assert not flags.enabled("early")
    clock.advance(9.0)
    document["early"]["default"] = True
    assert not flags.enabled("early")
    assert asked.wait(PATIENCE)
    assert not flags.enabled("early")
    go.set()

    @handler
    def nothing(event: object, context: object) -> None:
        pass

    invoke(nothing)  # the end of an invocation waits for the refresh
    assert flags.enabled("early")
    assert len(fetches) == 2


def test_a_reset_begins_anew(clock: FakeClock) -> None:
    source = StubSource(DOCUMENT)
    flags = FeatureFlags(source, ttl=None)
    flags.all()
    reset()
    flags.all()
    assert source.fetches == 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_asks_for_itself() -> None:
    source = StubSource(DOCUMENT)
    flags = FeatureFlags(source, ttl=None)
    flags.all()
    child = os.fork()
    if child == 0:
        flags.all()
        os._exit(source.fetches)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 2
    assert source.fetches == 1


# When a source fails


def test_old_flags_stay_in_force_with_one_warning_and_a_word_when_it_is_over(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lambda_kit")
    source = StubSource(DOCUMENT)
    flags = FeatureFlags(source, ttl=10.0)
    flags.all()
    source.error = TimeoutError("no answer")
    for _ in range(20):
        clock.advance(31.0)
        assert flags.enabled("early", tier="premium")
    assert len(texts(caplog, logging.WARNING)) == 1
    assert "feature flags of StubSource" in caplog.text
    assert texts(caplog, logging.INFO) == []
    source.error = None
    clock.advance(31.0)
    assert flags.enabled("early", tier="premium")
    clock.advance(11.0)
    flags.all()
    assert texts(caplog, logging.INFO) == ["the feature flags of StubSource can be fetched again"]
    assert len(texts(caplog, logging.WARNING)) == 1


def test_a_source_that_fails_is_left_alone_for_longer_and_longer(clock: FakeClock) -> None:
    source = StubSource(DOCUMENT)
    source.error = OSError("down")
    flags = FeatureFlags(source, ttl=100.0)
    pauses: list[int] = []
    for _ in range(7):
        waited = 0
        before = source.fetches
        while source.fetches == before:
            assert flags.enabled("early", default=True)
            clock.advance(1.0)
            waited += 1
        pauses.append(waited)
    assert pauses == [1, 1, 2, 4, 8, 16, 30]


def test_without_old_flags_there_is_the_default_with_one_warning_or_an_error(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "lambda_kit")
    source = StubSource(DOCUMENT)
    source.error = cause = TimeoutError("no answer")
    flags = FeatureFlags(source, ttl=10.0)
    for _ in range(5):
        assert flags.enabled("early", default=True) is True
        assert flags.evaluate("early", default=None) is None
        asks: list[Any] = [lambda: flags.enabled("early"), flags.all, lambda: flags.explain("early")]
        for ask in asks:
            with pytest.raises(
                FlagsUnavailable, match="of StubSource could not be fetched: TimeoutError: no answer"
            ) as info:
                ask()
            assert info.value.__cause__ is cause
        clock.advance(31.0)
    assert source.fetches == 5
    assert len(texts(caplog, logging.WARNING)) == 1
    source.error = None
    assert flags.enabled("early", tier="premium")
    assert texts(caplog, logging.INFO) == ["the feature flags of StubSource can be fetched again"]


def test_old_flags_run_out(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    source = StubSource(DOCUMENT)
    flags = FeatureFlags(source, ttl=10.0, stale_if_error=60.0)
    flags.all()
    source.error = FlagsUnavailable("closed for today")
    clock.advance(69.0)
    assert flags.evaluate("greeting") == "hi"
    clock.advance(2.0)
    with pytest.raises(FlagsUnavailable, match="could not be fetched: closed for today; pass default="):
        flags.evaluate("greeting")
    assert len(texts(caplog, logging.WARNING)) == 2  # old flags are used; then there are none any more


def test_flags_for_the_life_of_the_environment_are_asked_for_again_if_that_failed(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    source = StubSource(DOCUMENT)
    source.error = OSError("down")
    flags = FeatureFlags(source, ttl=None)
    for _ in range(3):
        assert flags.evaluate("greeting", default="none") == "none"
    assert source.fetches == 1
    clock.advance(1.5)
    assert flags.evaluate("greeting", default="none") == "none"
    assert source.fetches == 2
    source.error = None
    clock.advance(2.5)
    assert flags.evaluate("greeting", default="none") == "hi"
    clock.advance(10**6)
    assert flags.evaluate("greeting") == "hi"
    assert source.fetches == 3
    assert len(texts(caplog, logging.WARNING)) == 1


def test_a_source_that_needs_its_own_flags_is_an_error_and_no_endless_loop() -> None:
    def fetch() -> dict[str, Any]:
        flags.enabled("early")
        return DOCUMENT

    flags = FeatureFlags(fetch)
    with pytest.raises(FlagsUnavailable) as info:
        flags.enabled("early")
    assert isinstance(info.value.__cause__, ResourceCycle)


# When a document is wrong


def test_a_wrong_version_is_logged_once_and_the_one_before_stays_in_force(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    source = StubSource(DOCUMENT)
    flags = FeatureFlags(source, ttl=10.0)
    flags.all()
    source.content = WRONG
    for _ in range(3):
        clock.advance(11.0)
        assert flags.enabled("early", tier="premium")
    (said,) = texts(caplog, logging.ERROR)
    assert "$.early.rules.r.conditions[0].action" in said
    assert "did you mean 'EQUALS'" in said
    assert said.endswith("This is about StubSource in version 7; the version before stays in force.")
    source.content = b"{"
    for _ in range(2):
        clock.advance(11.0)
        assert flags.enabled("early", tier="premium")
    assert len(texts(caplog, logging.ERROR)) == 2
    source.content = {"early": {"default": True}}
    clock.advance(11.0)
    assert flags.all() == {"early": True}


def test_a_wrong_first_version_is_an_error_whatever_the_default_until_it_is_right(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    source = StubSource(WRONG)
    flags = FeatureFlags(source, ttl=10.0)
    for _ in range(2):
        with pytest.raises(FlagSchemaError) as info:
            flags.enabled("early", default=True)
        assert info.value.path == "$.early.rules.r.conditions[0].action"
        with pytest.raises(FlagSchemaError):
            flags.all()
        clock.advance(11.0)
    assert source.fetches == 2
    assert len(texts(caplog, logging.ERROR)) == 1
    source.content = DOCUMENT
    assert flags.enabled("early", tier="premium")


def test_the_last_good_version_is_in_force_again_when_a_source_comes_back_with_a_wrong_one(clock: FakeClock) -> None:
    source = StubSource(DOCUMENT)
    flags = FeatureFlags(source, ttl=10.0, stale_if_error=0.0)
    flags.all()
    source.error = OSError("down")
    clock.advance(11.0)
    assert flags.evaluate("greeting", default="none") == "none"
    source.error, source.content = None, WRONG
    clock.advance(11.0)
    assert flags.evaluate("greeting") == "hi"


@pytest.mark.parametrize("content", [{"x": object()}, {"x": float("nan")}], ids=["object", "nan"])
def test_what_json_could_not_stand_for_is_told(content: Any) -> None:
    class Odd:
        def fetch(self) -> Fetched:
            return Fetched(content)

    with pytest.raises(FlagSchemaError, match="cannot be written as JSON"):
        FeatureFlags(Odd()).all()


# What is told


def test_evaluations_are_recorded_where_that_is_wanted_and_explaining_is_none() -> None:
    silent, flags = FeatureFlags(StaticFlags(DOCUMENT)), FeatureFlags(StaticFlags(DOCUMENT), record=True)
    tracer = Tracer()

    @handler(tracer)
    def place(event: object, context: object) -> None:
        with tracer.span("silent"):
            silent.all()
            flags.explain("early")
        with tracer.span("recorded"):
            flags.enabled("early", tier="premium")
            flags.evaluate("greeting")
            flags.enabled("banner")

    (tree,) = invoke(place).spans
    assert tree.find("silent").annotations == {}
    assert tree.find("recorded").annotations == {"flag_early": "on", "flag_greeting": "default", "flag_banner": "on"}


def test_a_fetch_is_a_span_and_an_evaluation_is_none(clock: FakeClock) -> None:
    flags = FeatureFlags(StubSource(DOCUMENT), ttl=10.0)

    @handler(Tracer())
    def place(event: object, context: object) -> None:
        flags.all()
        flags.enabled("early")
        clock.advance(11.0)
        flags.enabled("early")

    (tree,) = invoke(place).spans
    assert tree.names() == ("place", "feature flags", "feature flags")


# Names of Powertools


def test_a_name_that_is_passed_by_keyword_is_told_where_it_belongs() -> None:
    flags: Any = FeatureFlags(StaticFlags(DOCUMENT))
    for call in (flags.enabled, flags.evaluate, flags.explain):
        with pytest.raises(ConfigurationError, match="pass it as the first argument"):
            call(name="early", context={"tier": "premium"})
        with pytest.raises(ConfigurationError, match="the name of the flag is missing"):
            call()
    with pytest.raises(ConfigurationError, match="first argument"):
        flags.evaluate(name="early", context={}, default=False)


def test_a_name_may_be_a_key_of_the_context() -> None:
    rule = {"when_match": True, "conditions": [{"action": "EQUALS", "key": "name", "value": "Ada"}]}
    flags = FeatureFlags(StaticFlags({"f": {"default": False, "rules": {"r": rule}}}))
    assert flags.enabled("f", name="Ada")


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("get_enabled_features", "use all"),
        ("get_configuration", "explain"),
        ("evalute", "did you mean 'evaluate'?"),
        ("wholly_unknown", "has no attribute 'wholly_unknown'"),
    ],
)
def test_a_method_of_powertools_or_a_misspelt_one_is_told_by_its_name_here(method: str, told: str) -> None:
    flags = FeatureFlags(StaticFlags({}))
    with pytest.raises(AttributeError, match=re.escape(told)):
        getattr(flags, method)
    assert not hasattr(flags, method)


@pytest.mark.parametrize(
    ("option", "told"), [("store", "first argument"), ("max_age", "called ttl"), ("logger", "'lambda_kit'")]
)
def test_an_option_of_powertools_is_told_by_its_name_here(option: str, told: str) -> None:
    options: Any = {option: 1}
    with pytest.raises(ConfigurationError, match=f"no option '{option}'.*{told}"):
        FeatureFlags(StaticFlags({}), **options)
