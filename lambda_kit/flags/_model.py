"""The compiled form of a document of flags: rules as closures, and every outcome made in advance."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit._kernel.copies import copier

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Literal, TypeAlias

    Context: TypeAlias = Mapping[str, Any]
    Clock: TypeAlias = Callable[[], float]
    Test: TypeAlias = Callable[[Context, Clock], bool]
    Decide: TypeAlias = Callable[[Context, Clock], "Outcome"]
    Reason: TypeAlias = Literal["DEFAULT", "DISABLED", "SPLIT", "STATIC", "TARGETING_MATCH"]


class Outcome:
    """The result of evaluating a flag.

    Attributes:
        value: the value.
        copy: returns a copy of a value that a caller could change, a dict or a list; None for other values.
        enabled: whether the flag is on: the value if it is a boolean, or `enabled` of a native flag; else None.
        variant: the name of the variant; `"on"` or `"off"` for a boolean without variants; None if there is none.
        reason: the reason for the value, as OpenFeature names it.
        rule: the name of the rule that matched; None if none did.
    """

    __slots__ = ("copy", "enabled", "reason", "rule", "value", "variant")

    def __init__(
        self, value: Any, reason: Reason, *, rule: str | None = None, variant: str | None = None, native: bool = False
    ) -> None:
        self.value = value
        self.reason = reason
        self.rule = rule
        self.enabled: bool | None = value["enabled"] if native else value if type_of(value) is bool else None
        self.copy: Callable[[], Any] | None = copier(value) if type_of(value) in (dict, list) else None
        on = {True: "on", False: "off"}
        self.variant = variant if variant is not None or self.enabled is None else on[self.enabled]

    def __repr__(self) -> str:
        return f"<Outcome {self.value!r}, {self.reason}>"


class Condition:
    """One condition of a rule.

    Attributes:
        test: tells whether the condition holds.
        key: the key of the context that it compares; one of `CURRENT_...` for the time.
        action: the action.
        value: the value that it compares with.
        size: 1.
        height: 0.
    """

    __slots__ = ("action", "key", "test", "value")
    size = 1
    height = 0

    def __init__(self, test: Test, key: str, action: str, value: Any) -> None:
        self.test = test
        self.key = key
        self.action = action
        self.value = value


class Group:
    """A group of conditions: all of them have to hold, or any one.

    Attributes:
        test: tells whether the group holds.
        kind: `"all"` or `"any"`.
        members: the conditions and groups in it.
        segment: the name, if the group is a segment; else None.
        size: the number of conditions that an evaluation may test; those of a segment count each time it is used.
        height: the number of levels of groups, this one included.
    """

    __slots__ = ("height", "kind", "members", "segment", "size", "test")

    def __init__(
        self, kind: Literal["all", "any"], members: list[Condition | Group], segment: str | None = None
    ) -> None:
        self.kind = kind
        self.members = members
        self.segment = segment
        self.size: int = sum(member.size for member in members)
        self.height: int = 1 + max((member.height for member in members), default=0)
        tests = tuple(member.test for member in members)
        self.test: Test = _all_of(tests) if kind == "all" else _any_of(tests)


class Rule:
    """A rule of a flag.

    Attributes:
        name: the name.
        group: the conditions; None if it has none.
        rollout: the condition that limits it to some units; None if it applies to all.
        outcome: the outcome where it matches; None if `choose` gives it.
        choose: returns the outcome for a context; None for a context without a unit.
        by: the key of the context that has the unit for `choose`.
    """

    __slots__ = ("by", "choose", "group", "name", "outcome", "rollout")

    def __init__(
        self,
        name: str,
        group: Group | None,
        rollout: Condition | None,
        outcome: Outcome | None,
        choose: Callable[[Context], Outcome | None] | None = None,
        by: str | None = None,
    ) -> None:
        self.name = name
        self.group = group
        self.rollout = rollout
        self.outcome = outcome
        self.choose = choose
        self.by = by

    def compiled(self) -> tuple[Test | None, Outcome | None, Callable[[Context], Outcome | None] | None]:
        """Return the three parts that an evaluation needs: the test, the outcome, and the chooser of the outcome."""
        tests = tuple(one.test for one in (self.group, self.rollout) if one is not None)
        test = None if not tests else tests[0] if len(tests) == 1 else _all_of(tests)
        return test, self.outcome, self.choose


class Flag:
    """A flag.

    Attributes:
        name: the name.
        native: whether it is a native flag of AppConfig.
        default: the outcome where no rule matches.
        rules: the rules in their order.
        metadata: facts about the flag for OpenFeature: strings, numbers and booleans by name.
        varies: whether AppConfig's agent chose a variant, which may differ for another context.
        decide: returns the outcome for a context and a clock; it reads the clock only for a rule about the time.
    """

    __slots__ = ("decide", "default", "metadata", "name", "native", "rules", "varies")

    def __init__(
        self, name: str, default: Outcome, rules: list[Rule], *, native: bool = False, varies: bool = False
    ) -> None:
        self.name = name
        self.native = native
        self.default = default
        self.rules = rules
        self.varies = varies
        self.metadata: dict[str, str | float | bool] = {}
        self.decide: Callable[[Context, Clock], Outcome] = _decider(default, [rule.compiled() for rule in rules])


def _decider(default: Outcome, rules: list[Any]) -> Callable[[Context, Clock], Outcome]:
    if not rules:
        return lambda context, now: default
    if len(rules) == 1 and rules[0][0] is not None and rules[0][2] is None:
        test, outcome, _ = rules[0]
        return lambda context, now: outcome if test(context, now) else default
    compiled = tuple(rules)

    def decide(context: Context, now: Clock) -> Outcome:
        for test, outcome, choose in compiled:
            if test is None or test(context, now):
                chosen: Outcome | None = outcome if choose is None else choose(context)
                if chosen is not None:
                    return chosen
        return default

    return decide


def _all_of(tests: tuple[Test, ...]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def test(context: Context, now: Clock) -> bool:
        for one in tests:  # noqa: SIM110  # a generator takes longer than what it would go through
            if not one(context, now):
                return False
        return True

    return test


def _any_of(tests: tuple[Test, ...]) -> Test:
    if len(tests) == 1:
        return tests[0]

    def test(context: Context, now: Clock) -> bool:
        for one in tests:  # noqa: SIM110
            if one(context, now):
                return True
        return False

    return test
