"""The problems of one document of flags, with the JSON path of each."""

from __future__ import annotations

import gc
import re

from lambda_kit._kernel import callables, type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_VALUE_DEPTH = 64  # levels of objects and lists in a value: it is copied for each caller, and compared
_MAX_PROBLEMS = 50
_KEYS = {
    "flag": ("default", "boolean_type", "rules", "enabled"),
    "rule": ("when_match", "conditions", "rollout", "variants", "by"),
    "condition": ("action", "key", "value", "any", "all", "segment"),
    "segment": ("conditions",),
    "rollout": ("percentage", "by", "seed"),
    "variant": ("name", "weight", "value"),
    "time": ("START", "END", "TIMEZONE", "DAYS", "BASE"),
}
_KINDS = {str: "a string", bool: "a boolean", type(None): "null"}
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")


class Problems:
    """The problems that were found so far.

    Attributes:
        found: pairs of a JSON path and the problem there; the first fifty.
    """

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []

    @property
    def is_full(self) -> bool:
        """True if no more problems are kept."""
        return len(self.found) >= _MAX_PROBLEMS

    def add(self, path: str, problem: str) -> None:
        """Note a problem."""
        if not self.is_full:
            self.found.append((path, problem))

    def check_string(self, given: Any, path: str) -> bool:
        """Tell whether `given` is a non-empty string, and note a problem if it is not."""
        if type_of(given) is str and given:
            return True
        self.add(path, f"must be a non-empty string, not {shown(given)}")
        return False

    def check_depth(self, given: Any, path: str) -> bool:
        """Tell whether the nesting of a value is within its limit, and note a problem if it is not."""
        if not is_deeper(given, MAX_VALUE_DEPTH):
            return True
        self.add(path, f"is nested more than {MAX_VALUE_DEPTH} levels deep")
        return False

    def check_keys(self, given: dict[str, Any], what: str, path: str) -> None:
        """Note each key that looks like a known one that is missing.

        Other unknown keys are allowed: they are for people and for other programs.

        Args:
            given: the object.
            what: the kind of object: a key of `_KEYS`.
            path: its path.
        """
        known = _KEYS[what]
        for key in given:
            if key not in known and key.lower() not in ("description", "comment", "note"):
                hint = callables.closest(key, [one for one in known if one not in given])
                if hint:
                    self.add(within(path, key), f"is an unknown key{hint}")


def is_deeper(value: Any, limit: int) -> bool:
    """Tell whether objects and lists are nested in a value of JSON more than `limit` levels deep."""
    level: list[Any] = [value]
    for _ in range(limit + 1):
        level = gc.get_referents(*level)
        if not level:
            return False
    return True


def within(path: str, key: str) -> str:
    """Return the path of a member of an object."""
    return f"{path}.{key}" if _IDENTIFIER.fullmatch(key) else f"{path}[{key!r}]"


def kind_of(value: Any) -> str:
    """Return the JSON type of a value, with its article."""
    if type_of(value) in (dict, list):
        name = "object" if type_of(value) is dict else "list"
        return f"a{'n' if name == 'object' else ''} {name}" if value else f"an empty {name}"
    return _KINDS.get(type_of(value), "a number")


def shown(value: Any) -> str:
    """Return a short text that shows a value, or the JSON type of an object or a list."""
    text = repr(value) if type_of(value) in (str, int, float) else kind_of(value)
    if type_of(value) is bool:
        text = "true" if value else "false"
    return text if len(text) <= 60 else f"{text[:60]}…"
