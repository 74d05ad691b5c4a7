"""Everything that can be wrong with a document, each with its path and the closest match; and all of it at once."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lambda_kit.errors import FlagSchemaError
from lambda_kit.flags._schema import compile_flags

CONDITION: dict[str, Any] = {"action": "EQUALS", "key": "tier", "value": "premium"}
RULE: dict[str, Any] = {"when_match": True, "conditions": [CONDITION]}
DOCUMENT: dict[str, Any] = {
    "$segments": {"grown": {"conditions": [CONDITION]}},
    "flag": {"default": False, "rules": {"rule": RULE}},
}
VARIANT = {"name": "a", "weight": 1, "value": True}
TIME = {"action": "SCHEDULE_BETWEEN_TIME_RANGE", "key": "CURRENT_TIME", "value": {"START": "08:00", "END": "17:00"}}


def problems(document: Any) -> list[tuple[str, str]]:
    """Return what is wrong with a document."""
    try:
        compile_flags(document)
    except FlagSchemaError as error:
        return error.problems
    return []


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return the document with another value at a path such as `flag.rules.rule`."""
    document = copy.deepcopy(DOCUMENT)
    place: Any = document
    *parents, last = path.split(".")
    for parent in parents:
        place = place[int(parent) if parent.isdigit() else parent]
    place[int(last) if last.isdigit() else last] = value
    return document


def with_condition(**parts: Any) -> dict[str, Any]:
    return changed("flag.rules.rule.conditions.0", {**CONDITION, **parts})


def with_time(action: str, value: Any, key: str = "") -> dict[str, Any]:
    keys = {"TIME_RANGE": "CURRENT_TIME", "DATETIME_RANGE": "CURRENT_DATETIME", "DAYS_OF_WEEK": "CURRENT_DAY_OF_WEEK"}
    return with_condition(action=f"SCHEDULE_BETWEEN_{action}", key=key or keys[action], value=value)


def with_rollout(value: Any) -> dict[str, Any]:
    return changed("flag.rules.rule", {**RULE, "rollout": value})


def with_variants(value: Any, **parts: Any) -> dict[str, Any]:
    return changed("flag.rules.rule", {"variants": value, "by": "user", **parts})


AT = "$.flag.rules.rule.conditions[0]"
CASES: list[tuple[Any, str, str]] = [
    # the document
    ([], "$", "must be an object with one member for each flag, not an empty list"),
    (None, "$", "must be an object with one member for each flag, not null"),
    (changed("$segments", []), "$.$segments", "must be an object, not an empty list"),
    # flags
    ({"a b": 5}, "$['a b']", "must be an object with 'default' or 'enabled', not a number"),
    ({"flag": {}}, "$.flag", "must be an object with 'default' or 'enabled', not an empty object"),
    ({"flag": {"enabled": "yes"}}, "$.flag.enabled", "must be a boolean, not a string"),
    (
        {"flag": {"enabled": True, "_variants": []}},
        "$.flag._variants",
        "only AppConfig's agent evaluates flags with variants; read them through AppConfigAgent(...)",
    ),
    ({"flag": {"defualt": True}}, "$.flag.defualt", "is an unknown key; did you mean 'default'?"),
    ({"flag": {"rules": {}}}, "$.flag", "has no 'default' (or 'enabled', for a native flag of AppConfig)"),
    (changed("flag.boolean_type", "no"), "$.flag.boolean_type", "must be a boolean, not a string"),
    (
        changed("flag.default", 5),
        "$.flag.default",
        'must be a boolean, not a number; or set "boolean_type": false in the flag',
    ),
    (changed("flag.rules", []), "", ""),
    (changed("flag.rules", [1]), "$.flag.rules", "must be an object with one member for each rule, not a list"),
    (
        changed("flag.rules", {str(i): RULE for i in range(1_001)}),
        "$.flag.rules",
        "has 1001 rules; at most 1000 are allowed",
    ),
    ({str(i): {"default": True} for i in range(10_001)}, "$", "has 10001 flags; at most 10000 are allowed"),
    # rules
    (
        changed("flag.rules.rule", {}),
        "$.flag.rules.rule",
        "must be an object with 'conditions' and 'when_match', not an empty object",
    ),
    (changed("flag.rules", {"": RULE}), "$.flag.rules['']", "has an empty name"),
    (
        changed("flag.rules.rule", {"when_match": True, "conditons": [CONDITION]}),
        "$.flag.rules.rule.conditons",
        "is an unknown key; did you mean 'conditions'?",
    ),
    (
        changed("flag.rules.rule", {"conditions": [CONDITION]}),
        "$.flag.rules.rule",
        "has no 'when_match', the value of the flag where the rule matches",
    ),
    (
        changed("flag.rules.rule.when_match", "x"),
        "$.flag.rules.rule.when_match",
        'must be a boolean, not a string; or set "boolean_type": false in the flag',
    ),
    (
        changed("flag.rules.rule", {"when_match": True}),
        "$.flag.rules.rule.conditions",
        "must be a list with at least one condition, not null",
    ),
    (
        changed("flag.rules.rule.conditions", []),
        "$.flag.rules.rule.conditions",
        "must be a list with at least one condition, not an empty list",
    ),
    (
        changed("flag.rules.rule.conditions", [CONDITION] * 1_001),
        "$.flag.rules.rule.conditions",
        "has 1001 conditions; at most 1000 are allowed",
    ),
    # conditions
    (
        changed("flag.rules.rule.conditions", [5]),
        AT,
        "must be an object with 'action', 'key' and 'value', not a number",
    ),
    (
        changed("flag.rules.rule.conditions", [{}]),
        AT,
        "must be an object with 'action', 'key' and 'value', not an empty object",
    ),
    (with_condition(action="EQUAL"), f"{AT}.action", "names an unknown action 'EQUAL'; did you mean 'EQUALS'?"),
    (with_condition(action=None), f"{AT}.action", "names an unknown action null"),
    (with_condition(key=""), f"{AT}.key", "must be a non-empty string, not ''"),
    (with_condition(key=5), f"{AT}.key", "must be a non-empty string, not 5"),
    (with_condition(value=None), f"{AT}.value", "is missing or null"),
    (
        changed("flag.rules.rule.conditions", [{"action": "EQUALS", "key": "tier", "valeu": 1}]),
        f"{AT}.valeu",
        "is an unknown key; did you mean 'value'?",
    ),
    (with_condition(action="ANY_IN_VALUE"), f"{AT}.value", "must be a list for the action ANY_IN_VALUE, not a string"),
    (
        with_condition(action="MODULO_RANGE", value=5),
        f"{AT}.value",
        "must be an object with integers BASE, START and END, where 0 <= START <= END < BASE",
    ),
    (
        with_condition(action="MODULO_RANGE", value={"BASE": 5, "START": 3, "END": 5}),
        f"{AT}.value",
        "must be an object with integers BASE, START and END, where 0 <= START <= END < BASE",
    ),
    (with_condition(action="MODULO_RANGE", value={"BASE": 5, "START": 3, "END": 2}), f"{AT}.value", "<= END < BASE"),
    (with_condition(action="MODULO_RANGE", value={"BASE": 5, "START": True, "END": 2}), f"{AT}.value", "<= END < BASE"),
    (
        changed("flag.rules.rule.conditions", [{"any": [CONDITION], "all": [CONDITION]}]),
        AT,
        "has 'any' and 'all'; a condition is a comparison, or has one of 'any', 'all' and 'segment'",
    ),
    (
        changed("flag.rules.rule.conditions", [{"all": [CONDITION], "segment": "grown"}]),
        AT,
        "has 'all' and 'segment'; a condition is a comparison, or has one of 'any', 'all' and 'segment'",
    ),
    (
        changed("flag.rules.rule.conditions", [{**CONDITION, "any": [CONDITION]}]),
        AT,
        "'key' and 'value' and 'any'; a condition is a comparison, or has one of 'any', 'all' and 'segment'",
    ),
    (
        changed("flag.rules.rule.conditions", [{"segment": "grown", "value": "premium"}]),
        AT,
        "has 'value' and 'segment'; a condition is a comparison, or has one of 'any', 'all' and 'segment'",
    ),
    (
        changed("flag.rules.rule.conditions", [{"any": []}]),
        f"{AT}.any",
        "must be a list with at least one condition, not an empty list",
    ),
    (
        changed("flag.rules.rule.conditions", [{"all": [5]}]),
        f"{AT}.all[0]",
        "must be an object with 'action', 'key' and 'value', not a number",
    ),
    # segments
    (
        changed("flag.rules.rule.conditions", [{"segment": "gron"}]),
        f"{AT}.segment",
        "names an unknown segment 'gron'; did you mean 'grown'?",
    ),
    (changed("flag.rules.rule.conditions", [{"segment": 5}]), f"{AT}.segment", "names an unknown segment 5"),
    (changed("$segments.grown", 5), "$.$segments.grown", "must be an object with 'conditions', not a number"),
    (
        changed("$segments.grown", {}),
        "$.$segments.grown.conditions",
        "must be a list with at least one condition, not null",
    ),
    (
        changed("$segments.grown", {"condition": [CONDITION]}),
        "$.$segments.grown.condition",
        "is an unknown key; did you mean 'conditions'?",
    ),
    (
        changed("$segments.grown.conditions", [{"segment": "grown"}]),
        "$.$segments.grown.conditions[0].segment",
        "uses the segment 'grown' within itself",
    ),
    # times
    (
        with_time("TIME_RANGE", TIME["value"], "CURRENT_DATETIME"),
        f"{AT}.key",
        "must be 'CURRENT_TIME' for the action SCHEDULE_BETWEEN_TIME_RANGE, not 'CURRENT_DATETIME'",
    ),
    (with_time("TIME_RANGE", "08:00"), f"{AT}.value", "must be an object, not a string"),
    (
        with_time("TIME_RANGE", {"START": "8:00", "END": "17:00"}),
        f"{AT}.value.START",
        "must be a time HH:MM, not '8:00'",
    ),
    (
        with_time("TIME_RANGE", {"START": "08:00", "END": "24:00"}),
        f"{AT}.value.END",
        "must be a time HH:MM, not '24:00'",
    ),
    (
        with_time("TIME_RANGE", {"START": "08:00", "END": "08:60"}),
        f"{AT}.value.END",
        "must be a time HH:MM, not '08:60'",
    ),
    (with_time("TIME_RANGE", {"START": "08:00"}), f"{AT}.value.END", "must be a time HH:MM, not null"),
    (
        with_time("TIME_RANGE", {"START": "08:00", "END": "17:00", "TIMEZONE": "Europe/Zürich"}),
        f"{AT}.value.TIMEZONE",
        "names a time zone 'Europe/Zürich' that is unknown here; did you mean 'Europe/Zurich'?",
    ),
    (
        with_time("TIME_RANGE", {"START": "08:00", "END": "17:00", "TIMEZONE": 1}),
        f"{AT}.value.TIMEZONE",
        "must be a non-empty string, not 1",
    ),
    (
        with_time("TIME_RANGE", {"START": "08:00", "END": "17:00", "TIMEZONE": "../../etc/passwd"}),
        f"{AT}.value.TIMEZONE",
        "names a time zone '../../etc/passwd' that is unknown here",
    ),
    (
        with_time("DATETIME_RANGE", {"START": "2026-11-23T08:00:00Z", "END": "2026-11-24"}),
        f"{AT}.value.START",
        "must be a date and time without an offset, as 2026-11-23T08:00:00, not '2026-11-23T08:00:00Z'",
    ),
    (
        with_time("DATETIME_RANGE", {"START": "soon", "END": "2026-11-24"}),
        f"{AT}.value.START",
        "must be a date and time without an offset, as 2026-11-23T08:00:00, not 'soon'",
    ),
    (with_time("DAYS_OF_WEEK", {"DAYS": "MONDAY"}), f"{AT}.value.DAYS", "must be a list of days, not a string"),
    (
        with_time("DAYS_OF_WEEK", {"DAYS": ["MONDAY", "tuesday"]}),
        f"{AT}.value.DAYS[1]",
        "names an unknown day 'tuesday'; did you mean 'TUESDAY'?",
    ),
    # roll-outs
    (
        with_rollout(10),
        "$.flag.rules.rule.rollout",
        'must be an object such as {"percentage": 10, "by": "user"}, not a number',
    ),
    (with_rollout({"by": "user"}), "$.flag.rules.rule.rollout.percentage", "must be a number from 0 to 100, not null"),
    (
        with_rollout({"percentage": 101, "by": "u"}),
        "$.flag.rules.rule.rollout.percentage",
        "must be a number from 0 to 100, not 101",
    ),
    (
        with_rollout({"percentage": -1, "by": "u"}),
        "$.flag.rules.rule.rollout.percentage",
        "must be a number from 0 to 100, not -1",
    ),
    (
        with_rollout({"percentage": True, "by": "u"}),
        "$.flag.rules.rule.rollout.percentage",
        "must be a number from 0 to 100, not true",
    ),
    (with_rollout({"percentage": 10}), "$.flag.rules.rule.rollout.by", "must be a non-empty string, not null"),
    (
        with_rollout({"percentage": 10, "by": "u", "seed": 5}),
        "$.flag.rules.rule.rollout.seed",
        "must be a non-empty string, not 5",
    ),
    (with_rollout({"percent": 10, "by": "u"}), "$.flag.rules.rule.rollout.percent", "did you mean 'percentage'?"),
    (
        changed("flag.rules.rule", {"when_match": True, "conditions": {}, "rollout": {"percentage": 10, "by": "u"}}),
        "$.flag.rules.rule.conditions",
        "must be a list with at least one condition, not an empty object",
    ),
    (
        changed("flag.rules.rule", {**RULE, "percentage": 10}),
        "$.flag.rules.rule.percentage",
        "has no effect here; it belongs in rollout",
    ),
    (
        changed("flag.rules.rule", {**RULE, "seed": "x"}),
        "$.flag.rules.rule.seed",
        "has no effect here; it belongs in rollout",
    ),
    (changed("flag.rules.rule", {**RULE, "by": "user"}), "$.flag.rules.rule.by", "in rollout or beside variants"),
    # variants
    (with_variants([VARIANT], by=None), "$.flag.rules.rule.by", "must be a non-empty string, not null"),
    (
        with_variants([]),
        "$.flag.rules.rule.variants",
        "must be a non-empty list of objects with 'name', 'weight' and 'value'",
    ),
    (
        with_variants([5]),
        "$.flag.rules.rule.variants",
        "must be a non-empty list of objects with 'name', 'weight' and 'value'",
    ),
    (
        with_variants([{**VARIANT, "weight": -1}]),
        "$.flag.rules.rule.variants[0].weight",
        "must be a number of at least 0, not -1",
    ),
    (
        with_variants([{**VARIANT, "weight": "1"}]),
        "$.flag.rules.rule.variants[0].weight",
        "must be a number of at least 0, not '1'",
    ),
    (
        with_variants([{**VARIANT, "weight": 0}]),
        "$.flag.rules.rule.variants",
        "has only weights of 0; at least one must be above 0",
    ),
    (
        with_variants([{**VARIANT, "name": ""}]),
        "$.flag.rules.rule.variants[0].name",
        "must be a non-empty string, not ''",
    ),
    (with_variants([{"name": "a", "weight": 1}]), "$.flag.rules.rule.variants[0]", "has no 'value'"),
    (
        with_variants([{**VARIANT, "value": 5}]),
        "$.flag.rules.rule.variants[0].value",
        'must be a boolean, not a number; or set "boolean_type": false in the flag',
    ),
    (with_variants([VARIANT, VARIANT]), "$.flag.rules.rule.variants", "has two variants with the same name"),
    (
        with_variants([{"name": "a", "weight": 1, "vaule": True}]),
        "$.flag.rules.rule.variants[0].vaule",
        "is an unknown key; did you mean 'value'?",
    ),
    (
        with_variants([VARIANT, {"nmae": "b", "weight": 1, "value": True}]),
        "$.flag.rules.rule.variants[1].nmae",
        "is an unknown key; did you mean 'name'?",
    ),
    (
        with_variants([VARIANT], when_match=True),
        "$.flag.rules.rule",
        "has both 'when_match' and 'variants'; only one of them may give the value",
    ),
]


def test_the_document_that_all_cases_change_is_right() -> None:
    assert problems(DOCUMENT) == []
    assert problems(with_variants([VARIANT])) == []
    assert problems(with_rollout({"percentage": 12.5, "by": "user", "seed": "spring"})) == []
    assert problems(changed("flag.rules.rule.conditions", [{"any": [TIME, {"segment": "grown"}]}])) == []


@pytest.mark.parametrize(("document", "path", "told"), CASES)
def test_what_is_wrong_is_told_with_its_path(document: Any, path: str, told: str) -> None:
    found = problems(document)
    if not path:
        assert found == []
        return
    assert found
    assert [one for one in found if one[0] == path and one[1].endswith(told)], found


def test_all_that_is_wrong_is_told_at_once() -> None:
    document = {
        "a": {"default": 5, "rules": {"r": {"when_match": True, "conditions": [{**CONDITION, "action": "X"}]}}},
        "b": {"enabled": "yes"},
        "c": 5,
    }
    assert [path for path, _ in problems(document)] == [
        "$.a.default",
        "$.a.rules.r.conditions[0].action",
        "$.b.enabled",
        "$.c",
    ]
    assert len(problems({str(i): 5 for i in range(200)})) == 50


def test_the_error_has_all_paths_in_its_text() -> None:
    with pytest.raises(FlagSchemaError) as info:
        compile_flags({"a": 5, "b c": 5})
    assert info.value.path == "$.a"
    assert str(info.value).splitlines() == [
        "the feature flags cannot be used:",
        "  $.a: must be an object with 'default' or 'enabled', not a number",
        "  $['b c']: must be an object with 'default' or 'enabled', not a number",
    ]


def test_what_is_wrong_with_a_segment_is_told_once() -> None:
    document = copy.deepcopy(DOCUMENT)
    document["$segments"]["grown"]["conditions"] = [{**CONDITION, "action": "X"}]
    for name in ("a", "b"):
        document[name] = {"default": False, "rules": {"r": {"when_match": True, "conditions": [{"segment": "grown"}]}}}
    assert [path for path, _ in problems(document)] == ["$.$segments.grown.conditions[0].action"]
    document["$segments"]["grown"] = 5
    assert [path for path, _ in problems(document)] == ["$.$segments.grown"]


@pytest.mark.parametrize(
    ("kind", "expected"), [("any", [True, True, True, False]), ("all", [True, False, False, False])]
)
def test_a_group_holds_if_any_or_all_of_its_conditions_do(kind: str, expected: list[bool]) -> None:
    group = {kind: [CONDITION, {**CONDITION, "key": "plan"}]}
    flag = compile_flags(changed("flag.rules.rule.conditions", [group]))["flag"]
    contexts = [{"tier": tier, "plan": plan} for tier in ("premium", "") for plan in ("premium", "")]
    assert [flag.decide(context, lambda: 0.0).value for context in contexts] == expected
    assert flag.rules[0].group is not None
    assert [getattr(one, "kind", None) for one in flag.rules[0].group.members] == [kind]
    wrong = changed("flag.rules.rule.conditions", [{kind: [{**CONDITION, "action": "X"}]}])
    assert [path for path, _ in problems(wrong)] == [f"{AT}.{kind}[0].action"]


@pytest.mark.parametrize("group", ["any", "all", "segment"])
@pytest.mark.parametrize("part", ["action", "key", "value"])
def test_a_group_or_a_segment_has_no_part_of_a_comparison(part: str, group: str) -> None:
    given = {part: CONDITION[part], group: "grown" if group == "segment" else [CONDITION]}
    assert problems(changed("flag.rules.rule.conditions", [given])) == [
        (AT, f"has '{part}' and '{group}'; a condition is a comparison, or has one of 'any', 'all' and 'segment'")
    ]


@pytest.mark.parametrize("action", ["ALL_IN_VALUE", "ANY_IN_VALUE", "NONE_IN_VALUE"])
@pytest.mark.parametrize(
    ("value", "kind"), [("premium", "a string"), (5, "a number"), (True, "a boolean"), ({"a": 1}, "an object")]
)
def test_an_action_that_compares_with_a_list_takes_nothing_else(action: str, value: Any, kind: str) -> None:
    told = f"must be a list for the action {action}, not {kind}"
    assert problems(with_condition(action=action, value=value)) == [(f"{AT}.value", told)]


def test_a_segment_may_use_one_that_stands_behind_it() -> None:
    document = changed("flag.rules.rule.conditions", [{"segment": "first"}])
    document["$segments"] = {"first": {"conditions": [{"segment": "grown"}]}, **document["$segments"]}
    decide = compile_flags(document)["flag"].decide
    assert [decide({"tier": tier}, lambda: 0.0).value for tier in ("premium", "basic")] == [True, False]


def test_a_variant_is_the_outcome_of_a_split() -> None:
    outcome = compile_flags(with_variants([VARIANT]))["flag"].decide({"user": "u-1"}, lambda: 0.0)
    assert (outcome.reason, outcome.rule, outcome.variant, outcome.value) == ("SPLIT", "rule", "a", True)


def test_a_name_that_is_no_text_has_no_closest_match() -> None:
    document = changed("flag.rules.rule.conditions", [{"segment": 5}])
    assert problems(document) == [(f"{AT}.segment", "names an unknown segment 5")]


def nested(depth: int) -> Any:
    value: Any = 5
    for _ in range(depth):
        value = {"a": [value]}
    return value


def test_values_are_nested_so_deep_and_no_deeper() -> None:
    flag = {"default": nested(32), "boolean_type": False}
    outcome = compile_flags({"flag": flag})["flag"].decide({}, lambda: 0.0)
    assert outcome.copy is not None
    assert outcome.copy() == nested(32)
    for depth in (33, 400, 5_000):
        flag = {"default": nested(depth), "boolean_type": False}
        assert problems({"flag": flag}) == [("$.flag.default", "is nested more than 64 levels deep")]
        native = {"enabled": True, "deep": nested(depth)}
        assert problems({"flag": native}) == [("$.flag", "has attributes that are nested more than 64 levels deep")]


def test_keys_for_people_may_stand_anywhere() -> None:
    document = copy.deepcopy(DOCUMENT)
    for place in (
        document["flag"],
        document["flag"]["rules"]["rule"],
        document["flag"]["rules"]["rule"]["conditions"][0],
    ):
        place |= {"description": "why", "comment": "c", "owner": "shop", "ticket": 7}
    assert problems(document) == []


def test_rules_may_be_null_as_they_may_today() -> None:
    flag = compile_flags({"flag": {"default": True, "rules": None}})["flag"]
    assert (flag.decide({}, lambda: 0.0).value, flag.decide({}, lambda: 0.0).reason) == (True, "STATIC")


def test_flags_of_app_config_s_own() -> None:
    flags = compile_flags(
        {
            "on": {"enabled": True, "limit": 5},
            "off": {"enabled": False},
            "varied": {"enabled": True, "_variant": "blue", "limit": 7},
        }
    )
    outcomes = {name: flag.decide({}, lambda: 0.0) for name, flag in flags.items()}
    assert {name: (one.enabled, one.value, one.reason, one.variant) for name, one in outcomes.items()} == {
        "on": (True, {"enabled": True, "limit": 5}, "STATIC", "on"),
        "off": (False, {"enabled": False}, "DISABLED", "off"),
        "varied": (True, {"enabled": True, "limit": 7}, "TARGETING_MATCH", "blue"),
    }
    assert [flag.varies for flag in flags.values()] == [False, False, True]


def test_rules_about_the_time_alone_ask_for_it() -> None:
    def never() -> float:
        raise AssertionError

    assert compile_flags(DOCUMENT)["flag"].decide({"tier": "premium"}, never).value is True


@pytest.mark.parametrize("given", [{"key": "tier", "value": 1}, {"value": 1}])
def test_a_condition_of_no_kind_lacks_an_action(given: dict[str, Any]) -> None:
    ((path, told),) = problems(changed("flag.rules.rule.conditions.0", given))[:1]
    assert (path, told) == (f"{AT}.action", "names an unknown action null")
