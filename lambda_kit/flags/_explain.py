"""Explanations of a flag, for people: its value, and the rules that led to it."""

from __future__ import annotations

import json

from lambda_kit.flags._actions import TIME_KEYS
from lambda_kit.flags._model import Group
from lambda_kit.flags._rollout import unit_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from lambda_kit.flags._model import Clock, Condition, Context, Flag, Outcome, Rule

_MISSING: Any = object()
_SHOWN = 80  # characters of a value
_WORDS = {
    "EQUALS": "is",
    "NOT_EQUALS": "is not",
    "KEY_GREATER_THAN_VALUE": "is above",
    "KEY_GREATER_THAN_OR_EQUAL_VALUE": "is at least",
    "KEY_LESS_THAN_VALUE": "is below",
    "KEY_LESS_THAN_OR_EQUAL_VALUE": "is at most",
    "STARTSWITH": "starts with",
    "ENDSWITH": "ends with",
    "IN": "is one of",
    "NOT_IN": "is none of",
    "KEY_IN_VALUE": "is one of",
    "KEY_NOT_IN_VALUE": "is none of",
    "VALUE_IN_KEY": "contains",
    "VALUE_NOT_IN_KEY": "does not contain",
    "ALL_IN_VALUE": "has only values of",
    "ANY_IN_VALUE": "has a value of",
    "NONE_IN_VALUE": "has no value of",
    "MODULO_RANGE": "is, modulo and within,",
    "SCHEDULE_BETWEEN_TIME_RANGE": "is within",
    "SCHEDULE_BETWEEN_DATETIME_RANGE": "is within",
    "SCHEDULE_BETWEEN_DAYS_OF_WEEK": "is one of",
    "ROLLOUT": "is among the first percent:",
}


class Explanation:
    """The explanation of a flag's value. Print it to get a text for people.

    Attributes:
        flag: the name of the flag.
        value: its value.
        reason: the reason for the value, as OpenFeature names it: `"TARGETING_MATCH"`, `"SPLIT"`, `"DEFAULT"`, …
        rule: the name of the rule that matched; None if none did.
        variant: the name of the variant; None if there is none.
        lines: the lines of the text.
    """

    __slots__ = ("flag", "lines", "reason", "rule", "value", "variant")

    def __init__(self, flag: str, outcome: Outcome, value: Any, lines: list[str]) -> None:
        self.flag = flag
        self.value = value
        self.reason: str = outcome.reason
        self.rule = outcome.rule
        self.variant = outcome.variant
        self.lines = lines

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def __repr__(self) -> str:
        return f"<Explanation of {self.flag}: {self.reason}>"


def explain(flag: Flag, context: Context, now: Clock, outcome: Outcome) -> list[str]:
    """Return the lines of the text: the value, then each rule that was tested, up to the condition that failed."""
    variant = f", variant {outcome.variant!r}" if outcome.variant not in (None, "on", "off") else ""
    lines = [f"{flag.name} is {_text(outcome.value)}{variant}: {_because(flag, outcome)}"]
    for rule in flag.rules:
        matched = rule.name == outcome.rule
        lines.append(f"  rule {rule.name!r} {'matches' if matched else 'does not match'}")
        lines += [f"    {line}" for line in _steps(rule, context, now)]
        if matched:
            break
    return lines


def _because(flag: Flag, outcome: Outcome) -> str:
    if outcome.rule is not None:
        return f"rule {outcome.rule!r} matches"
    if flag.varies:
        return "AppConfig's agent has chosen it for this context"
    if flag.native:
        return "AppConfig says so"
    return "no rule matches, so it is the default" if flag.rules else "it has no rules"


def _steps(rule: Rule, context: Context, now: Clock) -> Iterator[str]:
    held = True
    if rule.group is not None:
        for member in rule.group.members:
            yield from _told(member, context, now)
            if not member.test(context, now):
                held = False
                break
    if held and rule.rollout is not None:
        yield from _told(rule.rollout, context, now)
        held = rule.rollout.test(context, now)
    if held and rule.by is not None:
        given = context.get(rule.by, _MISSING)
        if given is _MISSING:
            yield f"no  {rule.by} is missing from the context"
        elif unit_of(given) is None:
            yield f"no  {rule.by} is no unit; a unit is a string, or an integer of at most 64 bits"
        else:
            yield f"yes {rule.by} decides which variant it gets"


def _told(member: Condition | Group, context: Context, now: Clock) -> Iterator[str]:
    mark = "yes" if member.test(context, now) else "no "
    if isinstance(member, Group):
        kind = "all of" if member.kind == "all" else "one of"
        yield f"{mark} {kind if member.segment is None else f'segment {member.segment!r}, {kind}'}:"
        for one in member.members:
            for line in _told(one, context, now):
                yield f"  {line}"
        return
    words = f"{member.key} {_WORDS[member.action]} {_text(member.value)}"
    if member.action in TIME_KEYS:
        yield f"{mark} {words} (now: {_clock(now, member.value)})"
        return
    given = context.get(member.key, _MISSING)
    yield f"{mark} {words} ({'missing from the context' if given is _MISSING else f'given: {_given(member, given)}'})"


def _given(member: Condition, given: Any) -> str:
    from lambda_kit._kernel.json_text import DEFAULT_REDACT, Encoder

    encoder = Encoder(DEFAULT_REDACT)
    return "[redacted]" if encoder.key(member.key)[1] else _cut(encoder.value(given))


def _clock(now: Clock, value: Any) -> str:
    from datetime import datetime

    from lambda_kit.flags._times import zone_of

    moment = datetime.fromtimestamp(now(), zone_of(value.get("TIMEZONE", "UTC")))
    return f"{moment:%A %Y-%m-%dT%H:%M:%S} {value.get('TIMEZONE', 'UTC')}"


def _text(value: Any) -> str:
    return _cut(json.dumps(value, ensure_ascii=False))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
