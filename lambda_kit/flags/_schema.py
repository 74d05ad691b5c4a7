"""Documents of flags, checked and compiled. All problems of a document are found at once, each with its JSON path."""

from __future__ import annotations

import json

from lambda_kit._kernel import type_of
from lambda_kit.errors import FlagSchemaError
from lambda_kit.flags._conditions import SEGMENTS, Conditions
from lambda_kit.flags._model import Flag, Outcome, Rule
from lambda_kit.flags._problems import MAX_VALUE_DEPTH, Problems, is_deeper, kind_of, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal

    from lambda_kit.flags._model import Condition, Group

_MAX_FLAGS = 10_000
_MAX_RULES = 1_000  # of a flag
_MAX_DEPTH = 200  # levels of objects and lists in a document; what the interpreter takes differs by version


class _NotJson(ValueError):
    """Python's parser takes it, and JSON has no such thing."""


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        FlagSchemaError: it is not valid JSON; an object has a key twice; a number is not one of JSON; it is nested more
            than 200 levels deep.
    """

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise _NotJson
        return found

    def constant(name: str) -> Any:
        raise _NotJson

    try:
        value = json.loads(text, object_pairs_hook=members, parse_constant=constant)
        if not is_deeper(value, _MAX_DEPTH):
            return value
    except RecursionError:
        pass
    except ValueError as error:
        told = error
        if isinstance(error, _NotJson):
            from lambda_kit.flags._places import first_refused

            told = first_refused(text)
        raise FlagSchemaError([("$", f"is not valid JSON: {told}")]) from None
    raise FlagSchemaError([("$", f"is nested more than {_MAX_DEPTH} levels deep")])


def compile_flags(document: Any) -> dict[str, Flag]:
    """Return the flags of a document by their names.

    Args:
        document: the document as JSON has it: an object with a member for each flag, and `$segments`.

    Raises:
        FlagSchemaError: it is wrong; the error has all problems.
    """
    problems = Problems()
    flags = _compile(document, problems)
    if problems.found:
        raise FlagSchemaError(problems.found)
    return flags


def _compile(document: Any, problems: Problems) -> dict[str, Flag]:
    if type_of(document) is not dict:
        problems.add("$", f"must be an object with one member for each flag, not {kind_of(document)}")
        return {}
    flags: dict[str, Any] = dict(document)
    segments: dict[str, Any] = flags.pop(SEGMENTS, {})
    if type_of(segments) is not dict:
        problems.add(f"$.{SEGMENTS}", f"must be an object, not {kind_of(segments)}")
        segments = {}
    conditions = Conditions(problems, segments)
    if len(flags) > _MAX_FLAGS:
        problems.add("$", f"has {len(flags)} flags; at most {_MAX_FLAGS} are allowed")
        return {}
    found = (_flag(problems, conditions, name, flag) for name, flag in flags.items())
    return {flag.name: flag for flag in found if flag is not None}


def _flag(problems: Problems, conditions: Conditions, name: str, flag: Any) -> Flag | None:
    path = within("$", name)
    if type_of(flag) is not dict or not flag:
        problems.add(path, f"must be an object with 'default' or 'enabled', not {kind_of(flag)}")
        return None
    if "_variants" in flag:
        told = "only AppConfig's agent evaluates flags with variants; read them through AppConfigAgent(...)"
        problems.add(within(path, "_variants"), told)
        return None
    if "default" in flag or "enabled" not in flag:
        return _FlagWithRules(problems, conditions, name, path).compile(flag)
    if type_of(flag["enabled"]) is not bool:
        problems.add(within(path, "enabled"), f"must be a boolean, not {kind_of(flag['enabled'])}")
        return None
    if is_deeper(flag, MAX_VALUE_DEPTH):
        problems.add(path, f"has attributes that are nested more than {MAX_VALUE_DEPTH} levels deep")
        return None
    variant = flag.get("_variant")
    value = {key: one for key, one in flag.items() if key != "_variant"}
    if variant is not None:
        outcome = Outcome(value, "TARGETING_MATCH", variant=str(variant), native=True)
    else:
        outcome = Outcome(value, "STATIC" if value["enabled"] else "DISABLED", native=True)
    return Flag(name, outcome, [], native=True, varies=variant is not None)


class _FlagWithRules:
    """Compiles one flag that has a default, and rules."""

    def __init__(self, problems: Problems, conditions: Conditions, name: str, path: str) -> None:
        self._problems = problems
        self._conditions = conditions
        self._name = name
        self._path = path
        self._boolean = True

    def compile(self, flag: dict[str, Any]) -> Flag | None:
        problems, path = self._problems, self._path
        problems.check_keys(flag, "flag", path)
        if "default" not in flag:
            problems.add(path, "has no 'default' (or 'enabled', for a native flag of AppConfig)")
            return None
        boolean: Any = flag.get("boolean_type", True)
        if type_of(boolean) is not bool:
            problems.add(within(path, "boolean_type"), f"must be a boolean, not {kind_of(boolean)}")
            return None
        self._boolean = boolean
        self._check_value(flag["default"], within(path, "default"))
        rules: Any = flag.get("rules") or {}
        at = within(path, "rules")
        if type_of(rules) is not dict:
            problems.add(at, f"must be an object with one member for each rule, not {kind_of(rules)}")
            return None
        if len(rules) > _MAX_RULES:
            problems.add(at, f"has {len(rules)} rules; at most {_MAX_RULES} are allowed")
            return None
        found = [self._rule(name, rule, within(at, name)) for name, rule in rules.items()]
        default = Outcome(flag["default"], "DEFAULT" if rules else "STATIC")
        compiled = Flag(self._name, default, [rule for rule in found if rule is not None])
        metadata: Any = flag.get("metadata")
        if type_of(metadata) is dict:  # other documents may use the key in their own way
            compiled.metadata = {key: one for key, one in metadata.items() if type_of(one) in (str, int, float, bool)}
        return compiled

    def _check_value(self, value: Any, path: str) -> None:
        if self._boolean and type_of(value) is not bool:
            told = f'must be a boolean, not {kind_of(value)}; or set "boolean_type": false in the flag'
            self._problems.add(path, told)
        else:
            self._problems.check_depth(value, path)

    def _rule(self, name: str, rule: Any, path: str) -> Rule | None:
        problems = self._problems
        if type_of(rule) is not dict or not rule:
            problems.add(path, f"must be an object with 'conditions' and 'when_match', not {kind_of(rule)}")
            return None
        if not name:
            problems.add(path, "has an empty name")
        problems.check_keys(rule, "rule", path)
        conditions: Any = rule.get("conditions")
        limited: Condition | None = None
        if "rollout" in rule:
            from lambda_kit.flags._splits import rollout_condition

            limited = rollout_condition(problems, self._name, rule["rollout"], within(path, "rollout"))
        group: Group | None = None
        if conditions not in (None, []) or not ("rollout" in rule or "variants" in rule):
            group = self._conditions.group("all", conditions, within(path, "conditions"), 0)
        for part, place in (("percentage", "rollout"), ("seed", "rollout"), ("by", "rollout or beside variants")):
            if part in rule and not (part == "by" and "variants" in rule):
                problems.add(within(path, part), f"has no effect here; it belongs in {place}")
        if "variants" in rule:
            if "when_match" in rule:
                problems.add(path, "has both 'when_match' and 'variants'; only one of them may give the value")
            from lambda_kit.flags._splits import variant_chooser

            choose = variant_chooser(problems, self._name, name, rule, path, self._check_value)
            return None if choose is None else Rule(name, group, limited, None, choose, rule["by"])
        if "when_match" not in rule:
            problems.add(path, "has no 'when_match', the value of the flag where the rule matches")
            return None
        self._check_value(rule["when_match"], within(path, "when_match"))
        reason: Literal["SPLIT", "TARGETING_MATCH"] = "TARGETING_MATCH" if limited is None else "SPLIT"
        return Rule(name, group, limited, Outcome(rule["when_match"], reason, rule=name))
