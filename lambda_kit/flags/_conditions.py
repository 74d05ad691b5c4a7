"""The conditions of rules, checked and compiled: comparisons, groups of conditions, and segments."""

from __future__ import annotations

from lambda_kit._kernel import callables, log, type_of
from lambda_kit.flags import _actions as actions
from lambda_kit.flags._model import Condition, Group
from lambda_kit.flags._problems import kind_of, shown, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal

    from lambda_kit.flags._problems import Problems

SEGMENTS = "$segments"
_MAX_CONDITIONS = 1_000  # of a rule, and of a group
_MAX_DEPTH = 16  # levels of groups within groups


class Conditions:
    """Compiles the conditions of one document.

    Args:
        problems: takes what is wrong with them.
        segments: the segments of the document, by name.
    """

    def __init__(self, problems: Problems, segments: dict[str, Any]) -> None:
        self._problems = problems
        self._segments = segments
        self._compiled: dict[str, Group | None] = {}  # segments; None while one is being compiled
        self._wrong: set[str] = set()  # segments whose problems were noted
        self._reported: set[str] = set()  # the paths of conditions that could not compare a value
        for name in segments:
            self.segment(name, within(f"$.{SEGMENTS}", name), 0)

    def group(
        self, kind: Literal["all", "any"], given: Any, path: str, depth: int, segment: str | None = None
    ) -> Group | None:
        """Return the group of a list of conditions; None if it is wrong, which is noted.

        Args:
            kind: whether all of the conditions have to hold, or any one.
            given: the list.
            path: its path.
            depth: the number of groups that it is in.
            segment: the name of the segment that it is; None if it is none.
        """
        if type_of(given) is not list or not given:
            self._problems.add(path, f"must be a list with at least one condition, not {kind_of(given)}")
            return None
        if len(given) > _MAX_CONDITIONS:
            self._problems.add(path, f"has {len(given)} conditions; at most {_MAX_CONDITIONS} are allowed")
            return None
        if depth >= _MAX_DEPTH:
            self._problems.add(path, f"has conditions that are nested more than {_MAX_DEPTH} levels deep")
            return None
        members = [self._member(one, f"{path}[{i}]", depth + 1) for i, one in enumerate(given)]
        found = [member for member in members if member is not None]
        if len(found) < len(members):
            return None
        group = Group(kind, found, segment)
        # Segments are compiled once and may use each other: a short document may take long to evaluate.
        if group.size > _MAX_CONDITIONS:
            self._problems.add(
                path, f"has {group.size} conditions with those of segments; at most {_MAX_CONDITIONS} are allowed"
            )
            return None
        if group.height > _MAX_DEPTH:
            self._problems.add(
                path, f"has conditions that are nested more than {_MAX_DEPTH} levels deep with those of segments"
            )
            return None
        return group

    def segment(self, name: Any, path: str, depth: int) -> Group | None:
        """Return the group of a segment that is named at a path; None if it is wrong, which is noted."""
        if type_of(name) is not str or name not in self._segments:
            hint = callables.closest(name, self._segments) if type_of(name) is str else ""
            self._problems.add(path, f"names an unknown segment {shown(name)}{hint}")
            return None
        if name in self._wrong:
            return None
        if name in self._compiled:
            made = self._compiled[name]
            if made is None:
                self._problems.add(path, f"uses the segment {name!r} within itself")
            return made
        self._compiled[name] = None
        own = within(f"$.{SEGMENTS}", name)
        segment = self._segments[name]
        if type_of(segment) is not dict:
            self._problems.add(own, f"must be an object with 'conditions', not {kind_of(segment)}")
            self._wrong.add(name)
            return None
        self._problems.check_keys(segment, "segment", own)
        group = self.group("all", segment.get("conditions"), within(own, "conditions"), depth, name)
        if group is None:
            self._wrong.add(name)
        self._compiled[name] = group
        return group

    def _member(self, given: Any, path: str, depth: int) -> Condition | Group | None:
        if type_of(given) is not dict or not given:
            self._problems.add(path, f"must be an object with 'action', 'key' and 'value', not {kind_of(given)}")
            return None
        self._problems.check_keys(given, "condition", path)
        groups = [kind for kind in ("any", "all", "segment") if kind in given]
        if not groups:
            return self._condition(given, path)
        kinds = [*(name for name in ("action", "key", "value") if name in given), *groups]
        if len(kinds) > 1:
            names = " and ".join(repr(kind) for kind in kinds)
            told = f"has {names}; a condition is a comparison, or has one of 'any', 'all' and 'segment'"
            self._problems.add(path, told)
            return None
        if "segment" in given:
            return self.segment(given["segment"], within(path, "segment"), depth)
        kind: Literal["all", "any"] = "any" if "any" in given else "all"
        return self.group(kind, given[kind], within(path, kind), depth)

    def _condition(self, given: dict[str, Any], path: str) -> Condition | None:
        problems = self._problems
        action, key, value = given.get("action"), given.get("key"), given.get("value")
        if type_of(action) is not str or action not in actions.ACTIONS:
            hint = callables.closest(str(action), actions.ACTIONS)
            problems.add(within(path, "action"), f"names an unknown action {shown(action)}{hint}")
            return None
        if not problems.check_string(key, within(path, "key")):
            return None
        at = within(path, "value")
        if value is None:
            problems.add(at, "is missing or null")
            return None
        if not problems.check_depth(value, at):
            return None
        name, own = str(action), str(key)
        if action in actions.TIME_KEYS:
            if key != actions.TIME_KEYS[name]:
                told = f"must be {actions.TIME_KEYS[name]!r} for the action {name}, not {shown(key)}"
                problems.add(within(path, "key"), told)
                return None
            from lambda_kit.flags import _times

            test = _times.time_test(problems, name, value, at)
            return None if test is None else Condition(test, own, name, value)
        misfit = _misfit(name, value)
        if misfit is not None:
            problems.add(at, misfit)
            return None
        return Condition(actions.comparison(name, own, value, self._reporter(path, name)), own, name, value)

    def _reporter(self, path: str, action: str) -> Callable[[Any], None]:
        reported = self._reported

        def report(given: Any) -> None:
            if path not in reported:
                reported.add(path)
                log.warning(
                    "feature flags: %s at %s cannot compare a value of type %s; such a value never matches",
                    action,
                    path,
                    type(given).__name__,
                )

        return report


def _misfit(action: str, value: Any) -> str | None:
    """Return why an action cannot compare with a value; None if it can."""
    if action in actions.LIST_ACTIONS and type_of(value) is not list:
        return f"must be a list for the action {action}, not {kind_of(value)}"
    if action == "MODULO_RANGE" and not _is_modulo(value):
        return "must be an object with integers BASE, START and END, where 0 <= START <= END < BASE"
    return None


def _is_modulo(value: Any) -> bool:
    parts: list[Any] = [value.get(name) for name in ("BASE", "START", "END")] if type_of(value) is dict else [None]
    return all(type_of(part) is int for part in parts) and bool(0 <= parts[1] <= parts[2] < parts[0])
