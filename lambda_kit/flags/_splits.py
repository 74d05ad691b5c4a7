"""The parts of rules that divide units by a hash, checked and compiled: roll-outs and variants."""

from __future__ import annotations

from lambda_kit._kernel import callables, type_of
from lambda_kit.flags import _rollout as rollout
from lambda_kit.flags._model import Condition, Outcome
from lambda_kit.flags._problems import kind_of, shown, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.flags._model import Clock, Context
    from lambda_kit.flags._problems import Problems


def rollout_condition(problems: Problems, flag: str, given: Any, path: str) -> Condition | None:
    """Return the condition of a `rollout`; None if it is wrong, which is noted.

    Args:
        problems: takes what is wrong.
        flag: the name of the flag, the default seed.
        given: the value of `rollout`.
        path: its path.
    """
    if type_of(given) is not dict:
        example = '{"percentage": 10, "by": "user"}'
        problems.add(path, f"must be an object such as {example}, not {kind_of(given)}")
        return None
    problems.check_keys(given, "rollout", path)
    percentage, by, seed = given.get("percentage"), given.get("by"), given.get("seed", flag)
    if not callables.is_number(percentage) or not 0 <= percentage <= 100:
        problems.add(within(path, "percentage"), f"must be a number from 0 to 100, not {shown(percentage)}")
        return None
    if not problems.check_string(by, within(path, "by")) or not problems.check_string(seed, within(path, "seed")):
        return None
    key, reaches = by, rollout.is_within(percentage)
    unit_of, number_of = rollout.unit_of, rollout.numbers("rollout", seed)

    def test(context: Context, now: Clock) -> bool:
        unit = unit_of(context.get(key))
        return unit is not None and reaches(number_of(unit))

    return Condition(test, key, "ROLLOUT", percentage)


def variant_chooser(
    problems: Problems, flag: str, rule: str, given: dict[str, Any], path: str, check_value: Callable[[Any, str], None]
) -> Callable[[Context], Outcome | None] | None:
    """Return the function that chooses a variant for a context; None if the variants are wrong, which is noted.

    Args:
        problems: takes what is wrong.
        flag: the name of the flag.
        rule: the name of the rule.
        given: the rule, which has `variants`.
        path: its path.
        check_value: notes what is wrong with the value of a variant.
    """
    at = within(path, "variants")
    variants: Any = given["variants"]
    by: Any = given.get("by")
    if not problems.check_string(by, within(path, "by")):
        return None
    if type_of(variants) is not list or not variants or not all(type_of(one) is dict for one in variants):
        problems.add(at, "must be a non-empty list of objects with 'name', 'weight' and 'value'")
        return None
    outcomes: list[Outcome] = []
    weights: list[float] = []
    for i, one in enumerate(variants):
        own = f"{at}[{i}]"
        problems.check_keys(one, "variant", own)
        weight: Any = one.get("weight")
        if not callables.is_number(weight) or weight < 0:
            problems.add(within(own, "weight"), f"must be a number of at least 0, not {shown(weight)}")
            return None
        if not problems.check_string(one.get("name"), within(own, "name")):
            return None
        if "value" not in one:
            problems.add(own, "has no 'value'")
            return None
        check_value(one["value"], within(own, "value"))
        weights.append(weight)
        outcomes.append(Outcome(one["value"], "SPLIT", rule=rule, variant=one["name"]))
    if not any(weights):
        problems.add(at, "has only weights of 0; at least one must be above 0")
        return None
    if len({one["name"] for one in variants}) < len(variants):
        problems.add(at, "has two variants with the same name")
    pick, unit_of, number_of = rollout.chooser(weights), rollout.unit_of, rollout.numbers("variant", flag)

    def choose(context: Context) -> Outcome | None:
        unit = unit_of(context.get(by))
        return None if unit is None else outcomes[pick(number_of(unit))]

    return choose
