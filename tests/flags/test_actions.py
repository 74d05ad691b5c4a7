"""The actions of conditions, one by one: what matches, what does not, and what cannot be compared."""

from __future__ import annotations

import logging
from typing import Any, NoReturn

import pytest

from lambda_kit.flags._actions import ACTIONS, TIME_KEYS
from lambda_kit.flags._schema import compile_flags

BELOW_TEN = {"BASE": 100, "START": 0, "END": 9}
NAN = float("nan")


def matches(action: str, value: Any, context: dict[str, Any], now: float = 0.0) -> bool:
    """Tell whether a rule with this one condition matches."""
    return bool(flag_of(action, value).decide(context, lambda: now).value)


def flag_of(*condition: Any) -> Any:
    """Return a flag that is on if the conditions hold, each an action and a value."""
    pairs = zip(condition[::2], condition[1::2], strict=True)
    conditions = [{"action": action, "key": TIME_KEYS.get(action, "k"), "value": value} for action, value in pairs]
    rule = {"when_match": True, "conditions": [{"any": conditions}]}
    return compile_flags({"flag": {"default": False, "rules": {"rule": rule}}})["flag"]


class Failing:
    """Fails whatever it is compared with."""

    def _fail(self, *_: object) -> NoReturn:
        raise RuntimeError("hunter2")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __mod__ = __contains__ = __iter__ = _fail
    __hash__ = _fail


class Undecided:
    """Equals everything, so it says, but not when asked whether that is true."""

    def __eq__(self, other: object) -> Any:
        return self

    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __eq__

    def __hash__(self) -> int:
        raise RuntimeError

    def __bool__(self) -> NoReturn:
        raise RuntimeError


# For each action: the value, what matches it, what does not, and what cannot be compared with it.
TABLE: list[tuple[str, Any, list[Any], list[Any], list[Any]]] = [
    ("EQUALS", "a", ["a"], ["b", "", "A", 5, None, ["a"], b"a", NAN], [Failing(), Undecided()]),
    ("EQUALS", 5, [5, 5.0], ["5", 6, None, 10**400, NAN], [Failing(), Undecided()]),
    ("EQUALS", 1, [1, True], [False, 0], []),
    ("EQUALS", True, [True, 1], [False, "true"], []),
    ("EQUALS", ["a", 1], [["a", 1]], [["a"], ("a", 1), "a"], []),
    ("EQUALS", {"a": [1]}, [{"a": [1]}], [{}, None], []),
    ("NOT_EQUALS", "a", ["b", "", 5, None, ["a"], b"a", NAN], ["a"], [Failing(), Undecided()]),
    ("KEY_GREATER_THAN_VALUE", 5, [6, 5.5, 10**400, float("inf")], [5, 4, -(10**400), NAN], ["6", None, [6]]),
    ("KEY_GREATER_THAN_VALUE", "b", ["c", "bb"], ["b", "a", ""], [5, None, b"c", Failing()]),
    ("KEY_GREATER_THAN_OR_EQUAL_VALUE", 5, [5, 5.0, 6], [4, NAN], ["5", None, {}, Failing()]),
    ("KEY_LESS_THAN_VALUE", 5, [4, True, -(10**400)], [5, 6, NAN], ["4", None, Undecided()]),
    ("KEY_LESS_THAN_OR_EQUAL_VALUE", 5, [5, 4], [6, 10**400, NAN], ["5", None, object()]),
    ("STARTSWITH", "pre", ["pre", "premium"], ["", "Premium", "apre"], [5, None, ["pre"], b"premium", Failing()]),
    ("ENDSWITH", "@a.ch", ["x@a.ch", "@a.ch"], ["", "@a.ch "], [5, None, ["@a.ch"], b"x@a.ch", {}]),
    ("IN", ["a", "b"], ["a", "b"], ["c", "", "ab", 5, None, [], ["a"], {}, b"a"], [Failing(), Undecided()]),
    ("IN", ["a", 5, [1]], ["a", 5, 5.0, [1]], ["b", 6, [], {}, NAN], [Failing()]),
    ("IN", "abc", ["b", "abc", ""], ["d", "ca"], [5, None, ["a"], b"a"]),
    ("IN", {"a": 1}, ["a"], ["b", 1], [["a"], {}]),
    ("IN", [], [], ["a", None, 5, []], []),
    ("KEY_IN_VALUE", ["a", "b"], ["a"], ["c", 5, None, ["a"]], [Failing()]),
    ("NOT_IN", ["a", "b"], ["c", "", 5, None, ["a"], b"a", NAN], ["a", "b"], [Failing(), Undecided()]),
    ("NOT_IN", ["a", 5], ["b", 6, []], ["a", 5, 5.0], [Failing()]),
    ("NOT_IN", "abc", ["d"], ["a", "bc", ""], [5, None]),
    ("KEY_NOT_IN_VALUE", ["a", "b"], ["c", 5, None, {}], ["a"], [Failing()]),
    ("VALUE_IN_KEY", "a", [["a"], ("a", "b"), {"a"}, {"a": 1}, "cab"], [[], ["b"], "b", [["a"]]], [5, None, b"a"]),
    ("VALUE_IN_KEY", ["a"], [[["a"]]], [["a"], []], ["a", {"a"}, 5, Failing()]),
    ("VALUE_NOT_IN_KEY", "a", [[], ["b"], "b", {}], [["a"], "cab"], [5, None, Failing()]),
    (
        "ALL_IN_VALUE",
        ["a", "b"],
        [["a"], ["a", "b", "a"], [], ("b",), {"a"}],
        [["a", "c"], [["a"]]],
        ["a", None, 5, {}],
    ),
    ("ANY_IN_VALUE", ["a", "b"], [["a", "c"], ("b",), frozenset("a")], [["c"], [], [["a"]]], ["a", None, 5, {}]),
    ("NONE_IN_VALUE", ["a", "b"], [["c"], [], (), [["a"]]], [["a", "c"], {"b"}], ["c", None, 5, {}, Failing()]),
    ("ALL_IN_VALUE", ["a"], [], [], [[Failing()], [Undecided()]]),
    ("ANY_IN_VALUE", ["a"], [["a", Failing()]], [], [[Failing(), "a"]]),
    ("MODULO_RANGE", BELOW_TEN, [0, 9, 109, 9.0, True, 10**400], [10, 99, -1, 9.5, NAN], ["5", "%d", b"5", None, []]),
    ("MODULO_RANGE", {"BASE": 3, "START": 1, "END": 1}, [1, 4, -2], [0, 2, 3], ["%s", bytearray(b"%d"), Failing()]),
]
IDS = [f"{row[0]}-{str(row[1])[:12]}" for row in TABLE]
ODD = [(action, value, one) for action, value, _, _, odd in TABLE for one in odd]


def test_the_table_and_the_times_are_all_actions() -> None:
    assert {row[0] for row in TABLE} | set(TIME_KEYS) == set(ACTIONS)
    assert len(ACTIONS) == len(set(ACTIONS)) == 21


@pytest.mark.parametrize(("action", "value", "right", "wrong", "odd"), TABLE, ids=IDS)
def test_an_action_compares_what_the_context_has_with_its_value(
    action: str, value: Any, right: list[Any], wrong: list[Any], odd: list[Any], caplog: pytest.LogCaptureFixture
) -> None:
    assert right or wrong or odd
    assert [one for one in right if not matches(action, value, {"k": one})] == []
    assert [one for one in wrong if matches(action, value, {"k": one})] == []
    assert not matches(action, value, {})
    assert not matches(action, value, {"K": right[0] if right else "a", "": 1})
    assert caplog.records == []
    for one in odd:
        assert not matches(action, value, {"k": one})


@pytest.mark.parametrize(("action", "value", "given"), ODD, ids=lambda one: str(type(one).__name__))
def test_what_cannot_be_compared_never_matches_and_is_told_once(
    action: str, value: Any, given: Any, caplog: pytest.LogCaptureFixture
) -> None:
    flag = flag_of(action, value)
    for _ in range(3):
        assert flag.decide({"k": given}, lambda: 0.0).value is False
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("lambda_kit", logging.WARNING)
    assert record.getMessage() == (
        f"feature flags: {action} at $.flag.rules.rule.conditions[0].any[0] cannot compare a value of type "
        f"{type(given).__name__}; such a value never matches"
    )


def test_each_condition_tells_for_itself_and_each_version_anew(caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        flag = flag_of("STARTSWITH", "a", "KEY_LESS_THAN_VALUE", "a")
        for given in (5, 5.5, None):
            flag.decide({"k": given}, lambda: 0.0)
    assert [record.getMessage().split(" cannot ")[0] for record in caplog.records] == [
        "feature flags: STARTSWITH at $.flag.rules.rule.conditions[0].any[0]",
        "feature flags: KEY_LESS_THAN_VALUE at $.flag.rules.rule.conditions[0].any[1]",
    ] * 2


def test_the_conditions_after_one_that_cannot_compare_still_count() -> None:
    flag = flag_of("KEY_GREATER_THAN_VALUE", 5, "EQUALS", "a")
    assert flag.decide({"k": "a"}, lambda: 0.0).value is True


def test_a_text_of_the_context_is_never_a_format() -> None:
    formats: list[object] = []

    class Format(str):
        __slots__ = ()

        def __mod__(self, other: object) -> str:
            formats.append(other)
            return ""

    assert not matches("MODULO_RANGE", BELOW_TEN, {"k": Format("%9999999999d")})
    assert formats == []


def test_texts_of_a_class_of_their_own_are_looked_up_by_what_they_say() -> None:
    class Shouting(str):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return str(self).lower() == other

        def __hash__(self) -> int:
            raise RuntimeError

    assert matches("IN", ["a", "b"], {"k": Shouting("A")})
    assert not matches("NOT_IN", ["a", "b"], {"k": Shouting("A")})
