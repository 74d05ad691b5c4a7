"""How much a document may have, to the last one that may be: flags, rules, conditions, and how deep they stand."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_kit.errors import FlagSchemaError
from lambda_kit.flags._schema import compile_flags


def nested(kind: str, depth: int) -> dict[str, Any]:
    condition: dict[str, Any] = {"action": "EQUALS", "key": "a", "value": 1}
    for _ in range(depth):
        condition = {kind: [condition]}
    return {"f": {"default": False, "rules": {"r": {"when_match": True, "conditions": [condition]}}}}


@pytest.mark.parametrize("kind", ["any", "all"])
def test_groups_stand_sixteen_deep_at_the_most(kind: str) -> None:
    assert compile_flags(nested(kind, 15))["f"].decide({"a": 1}, lambda: 0.0).value is True
    for depth in (16, 20, 500):
        with pytest.raises(FlagSchemaError, match=r"nested more than 16 levels deep$"):
            compile_flags(nested(kind, depth))


def test_groups_in_a_segment_stand_as_deep() -> None:
    document = nested("any", 15)
    document["$segments"] = {"s": {"conditions": document["f"]["rules"]["r"].pop("conditions")}}
    document["f"]["rules"]["r"]["conditions"] = [CONDITION]
    assert compile_flags(document)
    document["f"]["rules"]["r"]["conditions"] = [{"segment": "s"}]
    with pytest.raises(FlagSchemaError, match=r"nested more than 16 levels deep with those of segments$"):
        compile_flags(document)


def chain(length: int, *, twice: bool) -> dict[str, Any]:
    """Segments of which each uses the one before."""
    document = nested("any", 0)
    segments: dict[str, Any] = {"s0": {"conditions": document["f"]["rules"]["r"]["conditions"]}}
    for i in range(1, length):
        one = {"segment": f"s{i - 1}"}
        segments[f"s{i}"] = {"conditions": [one, one] if twice else [one]}
    document["f"]["rules"]["r"]["conditions"] = [{"segment": f"s{length - 1}"}]
    return {"$segments": segments, **document}


def test_segments_within_segments_count() -> None:
    assert compile_flags(chain(10, twice=True))["f"].decide({"a": 1}, lambda: 0.0).value is True
    with pytest.raises(FlagSchemaError, match="has 1024 conditions with those of segments; at most 1000 are allowed"):
        compile_flags(chain(11, twice=True))
    with pytest.raises(FlagSchemaError, match=r"nested more than 16 levels deep with those of segments"):
        compile_flags(chain(17, twice=False))
    for twice in (True, False):
        with pytest.raises(FlagSchemaError) as info:
            compile_flags(chain(400, twice=twice))
        assert len(info.value.problems) == 50 or len(info.value.problems) == 1


CONDITION: dict[str, Any] = {"action": "EQUALS", "key": "a", "value": 1}


def with_rules(count: int) -> dict[str, Any]:
    rule = {"when_match": True, "conditions": [CONDITION]}
    return {"f": {"default": False, "rules": {str(i): rule for i in range(count)}}}


def with_conditions(count: int) -> dict[str, Any]:
    return {"f": {"default": False, "rules": {"r": {"when_match": True, "conditions": [CONDITION] * count}}}}


def with_groups(count: int) -> dict[str, Any]:
    """Return a rule with so many conditions in groups of half as many."""
    group = {"any": [CONDITION] * (count // 2)}
    return {"f": {"default": False, "rules": {"r": {"when_match": True, "conditions": [group, group]}}}}


def with_flags(count: int) -> dict[str, Any]:
    return {str(i): {"default": True} for i in range(count)}


def with_value(depth: int) -> dict[str, Any]:
    value: Any = 1
    for i in range(depth):
        value = [value] if i % 2 else {"a": value}
    return {"f": {"default": value, "boolean_type": False}}


def with_condition_value(depth: int) -> dict[str, Any]:
    condition = {"action": "EQUALS", "key": "a", "value": with_value(depth)["f"]["default"]}
    return {"f": {"default": False, "rules": {"r": {"when_match": True, "conditions": [condition]}}}}


def with_attributes(depth: int) -> dict[str, Any]:
    return {"f": {"enabled": True, "x": with_value(depth - 1)["f"]["default"]}}


@pytest.mark.parametrize(
    ("made", "most", "told"),
    [
        (with_flags, 10_000, "has 10001 flags"),
        (with_rules, 1_000, "has 1001 rules"),
        (with_conditions, 1_000, "has 1001 conditions"),
        (with_condition_value, 64, "is nested more than 64 levels deep"),
        (with_value, 64, "is nested more than 64 levels deep"),
        (with_attributes, 64, "has attributes that are nested more than 64 levels deep"),
    ],
)
def test_one_more_than_may_be_is_told(made: Any, most: int, told: str) -> None:
    assert compile_flags(made(most))
    with pytest.raises(FlagSchemaError, match=told):
        compile_flags(made(most + 1))


def test_conditions_in_groups_are_counted_together() -> None:
    assert compile_flags(with_groups(1_000))
    with pytest.raises(FlagSchemaError, match="has 1002 conditions with those of segments; at most 1000 are allowed"):
        compile_flags(with_groups(1_002))
