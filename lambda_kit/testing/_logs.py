"""Log entries that tests search, and messages that show the closest entries if none matches."""

from __future__ import annotations

import re
from difflib import SequenceMatcher, get_close_matches

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Any, Self

    Entry = dict[str, Any]

_LEVELS = {"WARNING": "WARN", "CRITICAL": "FATAL", "NOTSET": "TRACE"}
_SHOWN = 5  # entries that a message shows
_WIDTH = 300  # characters of an entry that a message shows


class LogQueries:
    """The searches of `Logs` and `RecordedLogs`.

    Each takes fields that an entry must have. A value is compared by type:

    - A compiled regular expression is searched in the text of the field.
    - A dict has the members that the object of the field must have, at least.
    - An exception class is compared with the type of the logged exception.
    - A function of one argument is called with the value and tells whether it matches.
    - Other values must be equal. The case of levels does not matter; WARN and WARNING are equal, and so are FATAL and
      CRITICAL.

    A field with a name that Python does not accept as an argument is passed in a dict: `find({"from": "a"})`.
    """

    _note = ""  # the end of each message: the error of the handler

    def _entries(self) -> Sequence[Entry]:
        raise NotImplementedError

    def find(self, fields: Mapping[str, Any] | None = None, /, **more: Any) -> Entry:
        """Return the first entry with these fields.

        Raises:
            AssertionError: there is none. The message shows the closest entries, and what differs.
        """
        __tracebackhide__ = True
        for entry in self._matching({**(fields or {}), **more}):
            return entry
        raise AssertionError(explain(self._entries(), {**(fields or {}), **more}) + self._note)

    def find_all(self, fields: Mapping[str, Any] | None = None, /, **more: Any) -> list[Entry]:
        """Return all entries with these fields, in order; an empty list if there is none."""
        return list(self._matching({**(fields or {}), **more}))

    def one(self, fields: Mapping[str, Any] | None = None, /, **more: Any) -> Entry:
        """Return the only entry with these fields.

        Raises:
            AssertionError: there is none, or more than one. The message shows the entries.
        """
        __tracebackhide__ = True
        wanted = {**(fields or {}), **more}
        found = list(self._matching(wanted))
        if len(found) == 1:
            return found[0]
        if not found:
            raise AssertionError(explain(self._entries(), wanted) + self._note)
        raise AssertionError(
            f"{len(found)} log entries have {_spelled(wanted)}, not one:\n{_listed(found)}{self._note}"
        )

    def assert_none(self, fields: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Check that no entry has these fields.

        Raises:
            AssertionError: there is one. The message shows it.
        """
        __tracebackhide__ = True
        wanted = {**(fields or {}), **more}
        found = list(self._matching(wanted))
        if found:
            what = _spelled(wanted) if wanted else "been written"
            raise AssertionError(f"{_entries_have(len(found))} {what}, and none should:\n{_listed(found)}{self._note}")

    @property
    def messages(self) -> list[Any]:
        """The messages of all entries that have one, in order."""
        return [entry["message"] for entry in self._entries() if "message" in entry]

    def _matching(self, wanted: Mapping[str, Any]) -> Iterator[Entry]:
        for entry in self._entries():
            if all(_matches(entry, name, value) for name, value in wanted.items()):
                yield entry


class Logs(LogQueries, tuple["dict[str, Any]", ...]):  # noqa: SLOT001  # it has the note
    """The log entries of an invocation, in order: a tuple of dicts that can be searched.

    Example:
        ```python
        logs = Logs([{"level": "INFO", "message": "placed", "order_id": "o-1"}])
        assert logs.find(level="info", order_id="o-1")["message"] == "placed"
        logs.assert_none(level="ERROR")
        ```
    """

    def _entries(self) -> Sequence[Entry]:
        return self

    @classmethod
    def parse(cls, output: str) -> Self:
        """Return the entries in a text: its lines that are JSON objects."""
        from lambda_kit.local._lines import Lines

        lines = Lines()
        lines.write(output)
        lines.end()
        return cls(lines.logs)


def explain(entries: Sequence[Entry], wanted: Mapping[str, Any]) -> str:
    """Return the message for entries none of which has these fields; the closest come first."""
    if not entries:
        return f"no log entry has {_spelled(wanted)}: nothing was logged" if wanted else "nothing was logged"
    hints = "".join(_unknown_field(entries, name) for name in wanted)
    ranked = sorted(
        enumerate(entries), key=lambda one: sum(_closeness(one[1], *field) for field in wanted.items()), reverse=True
    )
    which = "the only entry" if len(entries) == 1 else f"the closest of {len(entries)} entries"
    parts = [f"no log entry has {_spelled(wanted)}{hints}", f"{which}:"]
    for number, entry in ranked[:_SHOWN]:
        parts.append(f"  [{number}] {shown(entry)}")
        parts += [
            f"      {name} is {_short(entry[name])}, not {_wanted(value)}"
            if name in entry
            else f"      {name} is missing"
            for name, value in wanted.items()
            if not _matches(entry, name, value)
        ]
    if len(ranked) > _SHOWN:
        parts.append(f"  and {len(ranked) - _SHOWN} more")
    return "\n".join(parts)


def shown(entry: Entry) -> str:
    """Return an entry in one line: level, message and the fields that tell entries apart."""
    if "_aws" in entry:
        names = [metric["Name"] for directive in entry["_aws"]["CloudWatchMetrics"] for metric in directive["Metrics"]]
        return _cut("metrics " + ", ".join(f"{name}={entry.get(name)!r}" for name in names))
    head = f"{entry.get('level', '')} {entry.get('message', '')!r}".strip()
    rest = [f"{name}={_short(value)}" for name, value in entry.items() if name not in _HEAD and name not in _PLATFORM]
    return _cut("  ".join([head, *rest]))


_HEAD = ("level", "message")
# Fields of all lines, which tell entries of a test not apart.
_PLATFORM = ("timestamp", "location", "requestId", "xrayTraceId", "functionName", "coldStart")


def _listed(entries: Iterable[Entry]) -> str:
    listed = [f"  {shown(entry)}" for entry in entries]
    more = [f"  and {len(listed) - _SHOWN} more"] if len(listed) > _SHOWN else []
    return "\n".join([*listed[:_SHOWN], *more])


def _entries_have(count: int) -> str:
    return "1 log entry has" if count == 1 else f"{count} log entries have"


def _matches(entry: Entry, name: str, wanted: Any) -> bool:
    if name not in entry:
        return False
    if name == "level" and isinstance(wanted, str):
        return _level(wanted) == _level(entry[name])
    return _equal(wanted, entry[name])


def _equal(wanted: Any, value: Any) -> bool:
    if type_of(wanted) is re.Pattern:
        return isinstance(value, str) and wanted.search(value) is not None
    if isinstance(wanted, type):
        return _is_of(wanted, value)
    if type_of(wanted) is dict and type_of(value) is dict:
        return all(name in value and _equal(one, value[name]) for name, one in wanted.items())
    if callable(wanted):
        return bool(wanted(value))
    return bool(wanted == value)


def _is_of(cls: type[Any], value: Any) -> bool:
    if issubclass(cls, BaseException):
        if type_of(value) is dict:  # a logged exception
            return value.get("type") in (cls.__name__, cls.__qualname__)
        return isinstance(value, str) and (value == cls.__name__ or value.startswith(f"{cls.__name__}:"))
    return isinstance(value, cls)


def _level(level: Any) -> str:
    text = str(level).upper()
    return _LEVELS.get(text, text)


def _closeness(entry: Entry, name: str, wanted: Any) -> float:
    """Return 2 for a field that matches, less for one that differs, and 0 for a field that is missing."""
    if name not in entry:
        return 0.0
    if _matches(entry, name, wanted):
        return 2.0
    likeness = SequenceMatcher(None, str(wanted)[:_WIDTH], str(entry[name])[:_WIDTH]).ratio()
    return 0.5 + likeness / 2 if name != "level" else 0.5


def _unknown_field(entries: Iterable[Entry], name: str) -> str:
    known = {field: None for entry in entries for field in entry}
    if name in known:
        return ""
    close = get_close_matches(name, known, 1)
    return f"\nno entry has a field {name!r}" + (f"; did you mean {close[0]!r}?" if close else "")


def _spelled(wanted: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={_wanted(value)}" for name, value in wanted.items())


def _wanted(value: Any) -> str:
    if type_of(value) is re.Pattern:
        return f"re.compile({value.pattern!r})"
    return getattr(value, "__qualname__", None) or _short(value)


def _short(value: Any) -> str:
    if type_of(value) is dict and "type" in value and "message" in value:
        return f"{value['type']}: {value['message']}"  # an exception: its frames would fill the message
    return _cut(repr(value), 120)


def _cut(text: str, width: int = _WIDTH) -> str:
    return text if len(text) <= width else f"{text[:width]}…"
