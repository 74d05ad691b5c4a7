"""A document of flags, checked and compiled. What is wrong with it is told with its path, all of it at once."""

from __future__ import annotations

import json
import re

from lambda_kit._kernel import callables, log, type_of
from lambda_kit.errors import FlagSchemaError
from lambda_kit.flags import _actions as actions
from lambda_kit.flags import _rollout as rollout
from lambda_kit.flags._model import Condition, Flag, Group, Outcome, Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    from lambda_kit.flags._model import Clock, Context, Test

SEGMENTS = "$segments"
_MAX_FLAGS = 10_000
_MAX_RULES = 1_000  # of a flag
_MAX_CONDITIONS = 1_000  # of a rule, and of a group
_MAX_DEPTH = 16  # of groups within groups
_MAX_VALUE_DEPTH = 64  # of objects and lists in a value, which each caller gets a copy of
_MAX_PROBLEMS = 50
_NAMES = {
    "flag": ("default", "boolean_type", "rules", "enabled"),
    "rule": ("when_match", "conditions", "rollout", "variants", "by"),
    "condition": ("action", "key", "value", "any", "all", "segment"),
    "segment": ("conditions",),
    "rollout": ("percentage", "by", "seed"),
    "variant": ("name", "weight", "value"),
    "time": ("START", "END", "TIMEZONE", "DAYS", "BASE"),
}
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")


class _Refused(ValueError):
    """JSON has no such thing."""


def parse_json(text: str | bytes) -> Any:
    """Return what a JSON text says.

    Raises:
        FlagSchemaError: it is no JSON; an object has a key twice; a number is none that JSON has.
    """

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise _Refused
        return found

    def constant(name: str) -> Any:
        raise _Refused

    try:
        return json.loads(text, object_pairs_hook=members, parse_constant=constant)
    except RecursionError:
        raise FlagSchemaError([("$", "it is nested too deeply")]) from None
    except ValueError as error:
        told = error
        if isinstance(error, _Refused):
            from lambda_kit.flags._places import first_refused

            told = first_refused(text)
        raise FlagSchemaError([("$", f"it is no JSON that can be used: {told}")]) from None


def compile_flags(document: Any) -> dict[str, Flag]:
    """Return the flags of a document by their names.

    Args:
        document: as JSON has it: an object with a member for each flag, and `$segments`.

    Raises:
        FlagSchemaError: it is wrong; all that is wrong is told.
    """
    compiler = _Compiler()
    flags = compiler.flags(document)
    if compiler.problems:
        raise FlagSchemaError(compiler.problems)
    return flags


class _Compiler:
    """Goes through one document."""

    def __init__(self) -> None:
        self.problems: list[tuple[str, str]] = []
        self._segments: dict[str, Any] = {}
        self._made: dict[str, Group | None] = {}  # segments; None while one is being made
        self._broken: set[str] = set()  # segments of which it was told what is wrong
        self._reported: set[str] = set()

    def _problem(self, path: str, problem: str) -> None:
        if len(self.problems) < _MAX_PROBLEMS:
            self.problems.append((path, problem))

    def flags(self, document: Any) -> dict[str, Flag]:
        if type_of(document) is not dict:
            self._problem("$", f"it is {_kind(document)}; an object with a member for each flag is needed")
            return {}
        flags: dict[str, Any] = dict(document)
        segments: dict[str, Any] = flags.pop(SEGMENTS, {})
        if type_of(segments) is not dict:
            self._problem(f"$.{SEGMENTS}", f"it is {_kind(segments)}; an object is needed")
            segments = {}
        self._segments = segments
        for name in segments:
            self._segment(name, _within(f"$.{SEGMENTS}", name), 0)
        if len(flags) > _MAX_FLAGS:
            self._problem("$", f"there are {len(flags)} flags; {_MAX_FLAGS} are allowed")
            return {}
        found = {name: self._flag(name, flag, _within("$", name)) for name, flag in flags.items()}
        return {name: flag for name, flag in found.items() if flag is not None}

    def _flag(self, name: str, flag: Any, path: str) -> Flag | None:
        if type_of(flag) is not dict or not flag:
            self._problem(path, f"it is {_kind(flag)}; an object with default, or with enabled, is needed")
            return None
        if "_variants" in flag:
            self._problem(
                _within(path, "_variants"),
                "AppConfig's agent evaluates flags with variants; read them by AppConfigAgent(...)",
            )
            return None
        if "default" in flag or "enabled" not in flag:
            return self._ruled(name, flag, path)
        if type_of(flag["enabled"]) is not bool:
            self._problem(_within(path, "enabled"), f"it is {_kind(flag['enabled'])}; true or false is needed")
            return None
        if _is_deep(flag):
            self._problem(path, f"its attributes are nested more than {_MAX_VALUE_DEPTH} deep")
            return None
        variant = flag.get("_variant")
        value = {key: one for key, one in flag.items() if key != "_variant"}
        if variant is not None:
            outcome = Outcome(value, "TARGETING_MATCH", variant=str(variant), native=True)
        else:
            outcome = Outcome(value, "STATIC" if value["enabled"] else "DISABLED", native=True)
        return Flag(name, outcome, [], native=True, varies=variant is not None)

    def _ruled(self, name: str, flag: dict[str, Any], path: str) -> Flag | None:
        self._misspelt(flag, "flag", path)
        if "default" not in flag:
            self._problem(path, "there is no default (enabled, for a flag of AppConfig's own)")
            return None
        boolean: Any = flag.get("boolean_type", True)
        if type_of(boolean) is not bool:
            self._problem(_within(path, "boolean_type"), f"it is {_kind(boolean)}; true or false is needed")
            return None
        self._check_value(flag["default"], _within(path, "default"), boolean=boolean)
        rules: Any = flag.get("rules") or {}
        at = _within(path, "rules")
        if type_of(rules) is not dict:
            self._problem(at, f"it is {_kind(rules)}; an object with a member for each rule is needed")
            return None
        if len(rules) > _MAX_RULES:
            self._problem(at, f"there are {len(rules)} rules; {_MAX_RULES} are allowed")
            return None
        found = [
            self._rule(name, rule_name, rule, _within(at, rule_name), boolean) for rule_name, rule in rules.items()
        ]
        default = Outcome(flag["default"], "DEFAULT" if rules else "STATIC")
        return Flag(name, default, [rule for rule in found if rule is not None])

    def _check_value(self, value: Any, path: str, *, boolean: bool) -> None:
        if boolean and type_of(value) is not bool:
            self._problem(path, f'it is {_kind(value)}; true or false is needed, or "boolean_type": false in the flag')
        elif _is_deep(value):
            self._problem(path, f"it is nested more than {_MAX_VALUE_DEPTH} deep")

    # Rules

    def _rule(self, flag: str, name: str, rule: Any, path: str, boolean: bool) -> Rule | None:
        if type_of(rule) is not dict or not rule:
            self._problem(path, f"it is {_kind(rule)}; an object with conditions and when_match is needed")
            return None
        if not name:
            self._problem(path, "a rule needs a name")
        self._misspelt(rule, "rule", path)
        conditions: Any = rule.get("conditions")
        limited = None if "rollout" not in rule else self._rollout(flag, rule["rollout"], _within(path, "rollout"))
        group: Group | None = None
        if conditions not in (None, []) or not ("rollout" in rule or "variants" in rule):
            group = self._group("all", conditions, _within(path, "conditions"), 0)
        for part, whole in (("percentage", "rollout"), ("seed", "rollout"), ("by", "rollout or beside variants")):
            if part in rule and not (part == "by" and "variants" in rule):
                self._problem(_within(path, part), f"it would change nothing here; it stands in {whole}")
        if "variants" in rule:
            if "when_match" in rule:
                self._problem(path, "it has both when_match and variants; one of them says what the flag is")
            return self._split(flag, name, rule, path, boolean, group, limited)
        if "when_match" not in rule:
            self._problem(path, "there is no when_match, which says what the flag is where the rule matches")
            return None
        self._check_value(rule["when_match"], _within(path, "when_match"), boolean=boolean)
        reason: Literal["SPLIT", "TARGETING_MATCH"] = "TARGETING_MATCH" if limited is None else "SPLIT"
        return Rule(name, group, limited, Outcome(rule["when_match"], reason, rule=name))

    def _rollout(self, flag: str, given: Any, path: str) -> Condition | None:
        if type_of(given) is not dict:
            self._problem(path, f'it is {_kind(given)}; an object such as {{"percentage": 10, "by": "user"}} is needed')
            return None
        self._misspelt(given, "rollout", path)
        percentage, by, seed = given.get("percentage"), given.get("by"), given.get("seed", flag)
        if not callables.is_number(percentage) or not 0 <= percentage <= 100:
            self._problem(_within(path, "percentage"), f"it is {_shown(percentage)}; a number from 0 to 100 is needed")
            return None
        if not self._is_text(by, _within(path, "by")) or not self._is_text(seed, _within(path, "seed")):
            return None
        key, salt, within = by, seed, rollout.is_within(percentage)
        unit_of, number = rollout.unit_of, rollout.numbers("rollout", salt)

        def test(context: Context, now: Clock) -> bool:
            unit = unit_of(context.get(key))
            return unit is not None and within(number(unit))

        return Condition(test, key, "ROLLOUT", percentage)

    def _split(
        self, flag: str, name: str, rule: Any, path: str, boolean: bool, group: Group | None, limited: Condition | None
    ) -> Rule | None:
        at, by = _within(path, "variants"), rule.get("by")
        variants: Any = rule["variants"]
        if not self._is_text(by, _within(path, "by")):
            return None
        if type_of(variants) is not list or not variants or not all(type_of(one) is dict for one in variants):
            self._problem(at, "a list of objects with name, weight and value is needed")
            return None
        outcomes: list[Outcome] = []
        weights: list[float] = []
        for i, one in enumerate(variants):
            own = f"{at}[{i}]"
            self._misspelt(one, "variant", own)
            weight: Any = one.get("weight")
            if not callables.is_number(weight) or weight < 0:
                self._problem(_within(own, "weight"), f"it is {_shown(weight)}; a number from 0 on is needed")
                return None
            if not self._is_text(one.get("name"), _within(own, "name")):
                return None
            if "value" not in one:
                self._problem(own, "there is no value")
                return None
            self._check_value(one["value"], _within(own, "value"), boolean=boolean)
            weights.append(weight)
            outcomes.append(Outcome(one["value"], "SPLIT", rule=name, variant=one["name"]))
        if not any(weights):
            self._problem(at, "all weights are 0")
            return None
        if len({one["name"] for one in variants}) < len(variants):
            self._problem(at, "two variants have the same name")
        pick, unit_of, number = rollout.chooser(weights), rollout.unit_of, rollout.numbers("variant", flag)

        def choose(context: Context) -> Outcome | None:
            unit = unit_of(context.get(by))
            return None if unit is None else outcomes[pick(number(unit))]

        return Rule(name, group, limited, None, choose, by)

    # Conditions

    def _group(
        self, kind: Literal["all", "any"], given: Any, path: str, depth: int, segment: str | None = None
    ) -> Group | None:
        if type_of(given) is not list or not given:
            self._problem(path, f"it is {_kind(given)}; a list of conditions is needed")
            return None
        if len(given) > _MAX_CONDITIONS:
            self._problem(path, f"there are {len(given)} conditions; {_MAX_CONDITIONS} are allowed")
            return None
        if depth > _MAX_DEPTH:
            self._problem(path, f"conditions are nested more than {_MAX_DEPTH} deep")
            return None
        members = [self._member(one, f"{path}[{i}]", depth + 1) for i, one in enumerate(given)]
        found = [member for member in members if member is not None]
        if len(found) < len(members):
            return None
        group = Group(kind, found, segment)
        # Segments are made once, and may stand in one another: what is small to write may be large to evaluate.
        if group.size > _MAX_CONDITIONS:
            self._problem(path, f"there are {group.size} conditions, with segments; {_MAX_CONDITIONS} are allowed")
            return None
        if group.height > _MAX_DEPTH:
            self._problem(path, f"conditions are nested more than {_MAX_DEPTH} deep, with segments")
            return None
        return group

    def _member(self, given: Any, path: str, depth: int) -> Condition | Group | None:
        if type_of(given) is not dict or not given:
            self._problem(path, f"it is {_kind(given)}; an object with action, key and value is needed")
            return None
        self._misspelt(given, "condition", path)
        if "action" not in given:
            kinds = [kind for kind in ("any", "all", "segment") if kind in given]
            if len(kinds) > 1:
                self._problem(path, f"it has {' and '.join(kinds)}; a condition has one of them")
                return None
            if "any" in given:
                return self._group("any", given["any"], _within(path, "any"), depth)
            if "all" in given:
                return self._group("all", given["all"], _within(path, "all"), depth)
            if "segment" in given:
                return self._segment(given["segment"], _within(path, "segment"), depth)
        return self._condition(given, path)

    def _segment(self, name: Any, path: str, depth: int) -> Group | None:
        if type_of(name) is not str or name not in self._segments:
            hint = callables.closest(name, self._segments) if type_of(name) is str else ""
            self._problem(path, f"there is no segment {_shown(name)}{hint}")
            return None
        if name in self._broken:
            return None
        if name in self._made:
            made = self._made[name]
            if made is None:
                self._problem(path, f"the segment {name!r} needs itself")
            return made
        self._made[name] = None
        own = _within(f"$.{SEGMENTS}", name)
        segment = self._segments[name]
        if type_of(segment) is not dict:
            self._problem(own, f"it is {_kind(segment)}; an object with conditions is needed")
            self._broken.add(name)
            return None
        self._misspelt(segment, "segment", own)
        group = self._group("all", segment.get("conditions"), _within(own, "conditions"), depth, name)
        if group is None:
            self._broken.add(name)
        self._made[name] = group
        return group

    def _condition(self, given: dict[str, Any], path: str) -> Condition | None:
        action, key, value = given.get("action"), given.get("key"), given.get("value")
        if type_of(action) is not str or action not in actions.ACTIONS:
            hint = callables.closest(str(action), actions.ACTIONS)
            self._problem(_within(path, "action"), f"there is no action {_shown(action)}{hint}")
            return None
        if not self._is_text(key, _within(path, "key")):
            return None
        if value is None:
            self._problem(_within(path, "value"), "there is none, or it is null")
            return None
        name, own, at = str(action), str(key), _within(path, "value")
        if action in actions.TIME_KEYS:
            if key != actions.TIME_KEYS[name]:
                self._problem(_within(path, "key"), f"it is {_shown(key)}; {name} goes with {actions.TIME_KEYS[name]}")
                return None
            test = self._time(name, value, at)
            return None if test is None else Condition(test, own, name, value)
        if action in actions.LIST_ACTIONS and type_of(value) is not list:
            self._problem(at, f"it is {_kind(value)}; {name} needs a list")
            return None
        if action == "MODULO_RANGE" and not self._is_modulo(value, at):
            return None
        return Condition(actions.comparison(name, own, value, self._reporter(path, name)), own, name, value)

    def _reporter(self, path: str, action: str) -> Callable[[Any], None]:
        reported = self._reported  # of this version of the document

        def report(given: Any) -> None:
            if path not in reported:
                reported.add(path)

                log.warning(
                    "feature flags: %s at %s cannot compare a %s; such a value never matches",
                    action,
                    path,
                    type(given).__name__,
                )

        return report

    def _is_modulo(self, value: Any, path: str) -> bool:
        parts = [value.get(name) for name in ("BASE", "START", "END")] if type_of(value) is dict else []
        if (
            len(parts) < 3
            or not all(type_of(part) is int for part in parts)
            or not 0 <= parts[1] <= parts[2] < parts[0]
        ):
            self._problem(path, "integers BASE, START and END with 0 <= START <= END < BASE are needed")
            return False
        return True

    def _time(self, action: str, value: Any, path: str) -> Test | None:
        if type_of(value) is not dict:
            self._problem(path, f"it is {_kind(value)}; an object is needed")
            return None
        self._misspelt(value, "time", path)
        name: Any = value.get("TIMEZONE", "UTC")
        if not self._is_text(name, _within(path, "TIMEZONE")):
            return None
        try:
            zone = actions.zone_of(name)
        except ValueError:
            # Finding the closest takes some milliseconds, for which there is no use where it is not told.
            hint = _closest_zone(name) if len(self.problems) < _MAX_PROBLEMS else ""
            self._problem(_within(path, "TIMEZONE"), f"there is no time zone {_shown(name)} here{hint}")
            return None
        if action == "SCHEDULE_BETWEEN_DAYS_OF_WEEK":
            return self._days(value.get("DAYS"), zone, _within(path, "DAYS"))
        read = _minutes if action == "SCHEDULE_BETWEEN_TIME_RANGE" else _moment
        ends: list[Any] = []
        for end in ("START", "END"):
            given: Any = value.get(end)
            try:
                ends.append(read(given))
            except (TypeError, ValueError, AttributeError):
                wanted = "a time HH:MM" if read is _minutes else "a date and time such as 2026-11-23T08:00:00"
                self._problem(_within(path, end), f"it is {_shown(given)}; {wanted}, without an offset, is needed")
        if len(ends) < 2:
            return None
        made = actions.between_times if read is _minutes else actions.between_moments
        return made(ends[0], ends[1], zone)

    def _days(self, days: Any, zone: Any, path: str) -> Test | None:
        if type_of(days) is not list:
            self._problem(path, f"it is {_kind(days)}; a list of days is needed")
            return None
        for i, day in enumerate(days):
            if day not in actions.DAYS:
                hint = callables.closest(day.upper(), actions.DAYS) if type_of(day) is str else ""
                self._problem(f"{path}[{i}]", f"there is no day {_shown(day)}{hint}")
                return None
        return actions.on_days(days, zone)

    # What they share

    def _is_text(self, given: Any, path: str) -> bool:
        if type_of(given) is str and given:
            return True
        self._problem(path, f"it is {_shown(given)}; a text is needed")
        return False

    def _misspelt(self, given: dict[str, Any], what: str, path: str) -> None:
        """Tell a key that looks like one that there is; others may be there for people and for other programs."""
        known = _NAMES[what]
        for key in given:
            if key not in known and key.lower() not in ("description", "comment", "note"):
                hint = callables.closest(key, [one for one in known if one not in given])
                if hint:
                    self._problem(_within(path, key), f"there is no key {key!r}{hint}")


def _minutes(given: Any) -> tuple[int, int]:
    hour, minute = (
        int(part) if len(part) == 2 and part.isascii() and part.isdigit() else -1 for part in given.split(":")
    )
    if not (0 <= hour < 24 and 0 <= minute < 60):
        raise ValueError(given)
    return hour, minute


def _moment(given: Any) -> Any:
    from datetime import datetime

    moment = datetime.fromisoformat(given)
    if moment.tzinfo is not None:
        raise ValueError(given)
    return moment


def _closest_zone(name: str) -> str:
    try:
        from zoneinfo import available_timezones

        return callables.closest(name, available_timezones())
    except Exception:
        return ""


def _is_deep(value: Any) -> bool:
    """Tell whether objects and lists are nested more deeply in a value than may be."""
    level: list[Any] = [value]
    for _ in range(_MAX_VALUE_DEPTH + 1):
        level = [
            inner
            for one in level
            if type_of(one) in (dict, list)
            for inner in (one.values() if type_of(one) is dict else one)
        ]
        if not level:
            return False
    return True


def _within(path: str, key: str) -> str:
    return f"{path}.{key}" if _IDENTIFIER.fullmatch(key) else f"{path}[{key!r}]"


def _kind(value: Any) -> str:
    kinds = {dict: "an empty object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    if type_of(value) is dict and value:
        return "an object"
    return kinds.get(type_of(value), "a number")


def _shown(value: Any) -> str:
    text = repr(value) if type_of(value) in (str, int, float, bool, type(None)) else _kind(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
