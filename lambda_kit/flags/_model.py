"""What a document of flags becomes: rules as closures, and every outcome made before it is asked for."""

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
    """What a flag is for some context.

    Attributes:
        value: its value.
        copy: returns a copy of a value that callers could change, a dict or a list; None for all others.
        enabled: whether the flag is on: its value if that is a boolean, or what a native flag says; None else.
        variant: the name of the variant: `"on"` or `"off"` of a boolean without one; None if there is none.
        reason: how it came to be, by the names that OpenFeature has.
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
        test: tells whether it holds.
        key: the key of the context that it is about; one of `CURRENT_...` for the time.
        action: the action.
        value: what it compares with.
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
    """Conditions of which all have to hold, or one.

    Attributes:
        test: tells whether it holds.
        kind: `"all"` or `"any"`.
        members: the conditions.
        segment: the name of the segment that it is; None if it is none.
        size: how many conditions an evaluation may look at, those of segments each time that they are used.
        height: how deep groups stand in it, itself included.
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
        name: its name.
        group: its conditions; None if it has none.
        rollout: to which units it applies beside them; None if to all.
        outcome: what the flag is where it matches; None if `choose` says.
        choose: returns the outcome for a context, None if there is nothing to tell it by.
        by: the key of the context that `choose` looks at.
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
        """Return what an evaluation needs of it."""
        tests = tuple(one.test for one in (self.group, self.rollout) if one is not None)
        test = None if not tests else tests[0] if len(tests) == 1 else _all_of(tests)
        return test, self.outcome, self.choose


class Flag:
    """A flag.

    Attributes:
        name: its name.
        native: whether it is one of AppConfig's own.
        default: what it is where no rule matches.
        rules: its rules in their order.
        varies: whether AppConfig's agent has evaluated it, so that it may be another one for another context.
        decide: returns the outcome for a context and a clock, which is asked where a rule is about the time.
    """

    __slots__ = ("decide", "default", "name", "native", "rules", "varies")

    def __init__(
        self, name: str, default: Outcome, rules: list[Rule], *, native: bool = False, varies: bool = False
    ) -> None:
        self.name = name
        self.native = native
        self.default = default
        self.rules = rules
        self.varies = varies
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
