"""Why a flag is what it is, word for word."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from lambda_kit import FeatureFlags
from lambda_kit.flags import StaticFlags

NOW = datetime(2026, 11, 27, 7, 30, tzinfo=UTC).timestamp()


class Failing:
    """Fails whatever it is asked."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    def __repr__(self) -> str:
        raise RuntimeError

    def __hash__(self) -> int:
        raise RuntimeError


def explained(flag: dict[str, Any], context: dict[str, Any], **more: Any) -> list[str]:
    """Return the lines about a flag."""
    flags = FeatureFlags(StaticFlags({"flag": flag, **more}), clock=lambda: NOW)
    found = flags.explain("flag", context)
    assert str(found).splitlines() == found.lines
    assert found.value == flags.evaluate("flag", context)
    return found.lines


def condition(action: str, key: str, value: Any) -> dict[str, Any]:
    return {"action": action, "key": key, "value": value}


def ruled(*conditions: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {"default": False, "rules": {"rule": {"when_match": True, "conditions": list(conditions), **parts}}}


def test_the_conditions_are_told_up_to_the_first_that_does_not_hold() -> None:
    flag = ruled(
        condition("EQUALS", "tier", "premium"),
        condition("KEY_GREATER_THAN_OR_EQUAL_VALUE", "age", 18),
        condition("IN", "country", ["CH", "AT"]),
    )
    assert explained(flag, {"tier": "premium", "age": 17, "country": "CH"}) == [
        "flag is false: no rule matches, so it is the default",
        "  rule 'rule' does not match",
        '    yes tier is "premium" (given: "premium")',
        "    no  age is at least 18 (given: 17)",
    ]
    assert explained(flag, {"tier": "premium", "age": 18, "country": "AT"}) == [
        "flag is true: rule 'rule' matches",
        "  rule 'rule' matches",
        '    yes tier is "premium" (given: "premium")',
        "    yes age is at least 18 (given: 18)",
        '    yes country is one of ["CH", "AT"] (given: "AT")',
    ]


def test_the_rules_are_told_up_to_the_one_that_matches() -> None:
    rule = {"conditions": [condition("EQUALS", "tier", "a")], "when_match": "x"}
    other = {"conditions": [condition("NOT_EQUALS", "tier", "a")], "when_match": {"size": 5}}
    flag = {"default": None, "boolean_type": False, "rules": {"first": rule, "second": other, "third": rule}}
    assert explained(flag, {"tier": "b"}) == [
        "flag is {\"size\": 5}: rule 'second' matches",
        "  rule 'first' does not match",
        '    no  tier is "a" (given: "b")',
        "  rule 'second' matches",
        '    yes tier is not "a" (given: "b")',
    ]


def test_groups_and_segments_are_told_with_what_is_in_them() -> None:
    flag = ruled({"any": [condition("EQUALS", "tier", "a"), {"segment": "grown"}]})
    segments = {"grown": {"conditions": [condition("KEY_GREATER_THAN_VALUE", "age", 17)]}}
    assert explained(flag, {"age": 20}, **{"$segments": segments}) == [
        "flag is true: rule 'rule' matches",
        "  rule 'rule' matches",
        "    yes one of:",
        '      no  tier is "a" (missing from the context)',
        "      yes segment 'grown', all of:",
        "        yes age is above 17 (given: 20)",
    ]


def test_times_are_told_with_the_clock_of_their_zone() -> None:
    value = {"START": "22:00", "END": "08:00", "TIMEZONE": "Europe/Zurich"}
    (_, _, line) = explained(ruled(condition("SCHEDULE_BETWEEN_TIME_RANGE", "CURRENT_TIME", value)), {})
    assert line == (
        '    no  CURRENT_TIME is within {"START": "22:00", "END": "08:00", "TIMEZONE": "Europe/Zurich"} '
        "(now: Friday 2026-11-27T08:30:00 Europe/Zurich)"
    )


def test_a_roll_out_and_variants_are_told_with_the_unit() -> None:
    flag = ruled(rollout={"percentage": 100, "by": "user"})
    del flag["rules"]["rule"]["conditions"]
    assert explained(flag, {"user": "u-1"})[1:] == [
        "  rule 'rule' matches",
        '    yes user is among the first percent: 100 (given: "u-1")',
    ]
    split = {"variants": [{"name": "blue", "weight": 1, "value": 7}], "by": "user"}
    varied = {"default": 0, "boolean_type": False, "rules": {"split": split}}
    assert explained(varied, {"user": "u-1"}) == [
        "flag is 7, variant 'blue': rule 'split' matches",
        "  rule 'split' matches",
        "    yes user decides which variant it gets",
    ]
    assert explained(varied, {}) == [
        "flag is 0: no rule matches, so it is the default",
        "  rule 'split' does not match",
        "    no  user is missing from the context",
    ]


@pytest.mark.parametrize("unit", [None, True, 1.5, [], 2**64])
def test_a_value_that_is_no_unit_is_told_to_be_none(unit: Any) -> None:
    split = {"variants": [{"name": "blue", "weight": 1, "value": 7}], "by": "user"}
    assert explained({"default": 0, "boolean_type": False, "rules": {"split": split}}, {"user": unit})[1:] == [
        "  rule 'split' does not match",
        "    no  user is no unit; a unit is a string, or an integer of at most 64 bits",
    ]


def test_a_key_may_be_named_like_those_of_the_time() -> None:
    flag = ruled(condition("EQUALS", "CURRENT_TIER", "a"))
    assert explained(flag, {"CURRENT_TIER": "b"})[-1] == '    no  CURRENT_TIER is "a" (given: "b")'


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (float("nan"), '"nan"'),
        (10**5_000, '"[an integer of 16610 bits]"'),
        (b"abc", '"abc"'),
        ({1}, "[1]"),
        (Failing(), '"[cannot encode tests.flags.test_explain.Failing: RuntimeError]"'),
    ],
    ids=["nan", "huge", "bytes", "set", "failing"],
)
def test_odd_values_of_a_context_are_told(given: Any, told: str) -> None:
    lines = explained(ruled(condition("EQUALS", "tier", "a")), {"tier": given})
    assert lines[-1] == f'    no  tier is "a" (given: {told})'


@pytest.mark.parametrize(
    ("flag", "line"),
    [
        ({"default": True}, "flag is true: it has no rules"),
        ({"enabled": True, "limit": 5}, 'flag is {"enabled": true, "limit": 5}: AppConfig says so'),
        (
            {"enabled": True, "_variant": "blue"},
            "flag is {\"enabled\": true}, variant 'blue': AppConfig's agent has chosen it for this context",
        ),
    ],
)
def test_a_flag_without_rules_is_a_line(flag: dict[str, Any], line: str) -> None:
    assert explained(flag, {}) == [line]


def test_what_looks_like_a_secret_is_not_shown() -> None:
    lines = explained(ruled(condition("EQUALS", "password", "x")), {"password": "hunter2"})
    assert lines[-1] == '    no  password is "x" (given: [redacted])'


def test_long_values_are_cut() -> None:
    lines = explained(ruled(condition("IN", "tier", ["x" * 500])), {"tier": "y" * 500})
    assert all(len(line) < 300 for line in lines)
    assert lines[-1].count("…") == 2


def test_every_action_has_words_for_people() -> None:
    from lambda_kit.flags._actions import ACTIONS
    from lambda_kit.flags._explain import _WORDS

    assert set(_WORDS) == {*ACTIONS, "ROLLOUT"}
    assert len(ACTIONS) == 21
