"""AWS's rules for subsegment documents: `parse` returns the document of a datagram and its violations of the rules.

The rules are those of <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html> and of the
schema on that page. Strings have the limits of the schema, which limits neither messages of exceptions nor members of
`aws`. Here a member that AWS does not document is a violation too, except in `aws`.
"""

from __future__ import annotations

import json
import re

from lambda_kit._kernel.callables import closest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, NoReturn

    # Appends the violations of a value at a path to a list, and returns whether the value has the right type.
    Rule = Callable[[Any, str, list[str]], bool]

LIMIT = 64_000  # bytes of a document: 64 kB
_MAX_TEXT = 250
_HEADER = {"format": "json", "version": 1}
_KINDS = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "an array",
    dict: "an object",
    type(None): "null",
}


def parse(datagram: bytes) -> tuple[dict[str, Any] | None, list[str]]:
    """Return the document of a datagram, or None if it has none, and the violations of both."""
    header, newline, body = datagram.partition(b"\n")
    try:
        known = bool(newline) and json.loads(header) == _HEADER
    except ValueError:
        known = False
    if not known:
        return None, [f"the datagram does not begin with a line {json.dumps(_HEADER)}"]
    found: list[str] = []
    try:
        document: Any = json.loads(body.decode(), object_pairs_hook=_object_of, parse_constant=_no_constant)
        if not _object(document, "the document", found):
            return None, found
        if len(body) > LIMIT:
            found.append(f"the document has {len(body)} bytes; X-Ray accepts {LIMIT}")
        _independent(document, found)
    except RecursionError:
        return None, ["the document is nested too deeply"]
    except ValueError as error:
        return None, [f"the document is not JSON: {error}"]
    return document, found


def _object_of(members: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(members)
    if len(made) < len(members):
        names = [name for name, _ in members]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"an object has the member {twice!r:.80} twice")
    return made


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


# Functions that make rules


def _of(wanted: str, *kinds: type) -> Rule:
    def check(value: Any, at: str, found: list[str]) -> bool:
        if type(value) in kinds:
            return True
        found.append(f"{at} is {_KINDS[type(value)]}; it must be {wanted}")
        return False

    return check


def _matching(pattern: str, wanted: str) -> Rule:
    matches = re.compile(pattern).fullmatch
    is_text = _of(wanted, str)

    def check(value: Any, at: str, found: list[str]) -> bool:
        if not is_text(value, at, found):
            return False
        if matches(value) is None:
            found.append(f"{at} is {value!r:.80}; it must be {wanted}")
        return True

    return check


def _text_of(limit: int) -> Rule:
    def check(value: Any, at: str, found: list[str]) -> bool:
        if not _text(value, at, found):
            return False
        if len(value) > limit:
            found.append(f"{at} has {len(value)} characters; X-Ray accepts {limit}")
        return True

    return check


def _array_of(rule: Rule) -> Rule:
    def check(value: Any, at: str, found: list[str]) -> bool:
        if not _array(value, at, found):
            return False
        for number, item in enumerate(value):
            rule(item, f"{at}[{number}]", found)
        return True

    return check


def _object_with(known: dict[str, Rule], *, required: Iterable[str] = (), others: bool = False) -> Rule:
    def check(value: Any, at: str, found: list[str]) -> bool:
        if not _object(value, at, found):
            return False
        _members(value, f"{at}.", found, known, required=required, others=others)
        return True

    return check


def _members(
    value: dict[str, Any],
    prefix: str,
    found: list[str],
    known: dict[str, Rule],
    *,
    required: Iterable[str] = (),
    others: bool = False,
) -> None:
    found += [f"{prefix}{name} is missing" for name in required if name not in value]
    for name, member in value.items():
        rule = known.get(name)
        if rule is not None:
            rule(member, f"{prefix}{name}", found)
        elif not others:
            found.append(f"{prefix}{name:.80} is not documented by AWS{closest(name, known)}")


# The rules

_text = _of("a string", str)
_number = _of("a number", int, float)
_integer = _of("a whole number", int)
_boolean = _of("a boolean", bool)
_array = _of("an array", list)
_object = _of("an object", dict)
_short_text = _text_of(_MAX_TEXT)
_id = _matching(r"[0-9a-fA-F]{16}", "16 hexadecimal digits")
_trace_id = _matching(r"1-[0-9a-fA-F]{8}-[0-9a-fA-F]{24}", "1, 8 and 24 hexadecimal digits, joined by hyphens")
_name = _matching(
    r"(?:(?![\t-\r\x1c-\x1f\x85])[\w\s.:/%&#=+\\\-@]){1,200}",
    "1 to 200 letters, digits, spaces and characters of _.:/%&#=+\\-@",
)
_key = re.compile(r"[A-Za-z0-9_]{1,500}")
_annotation = _of("a string, a number or a boolean", str, int, float, bool)
_annotation_text = _text_of(1_000)

_frame = _object_with({"path": _text, "line": _integer, "label": _text})
_exception = _object_with(
    {
        "id": _id,
        "message": _text,
        "type": _text,
        "remote": _boolean,
        "truncated": _integer,
        "skipped": _integer,
        "cause": _id,
        "stack": _array_of(_frame),
    },
    required=("id",),
)
_cause_object = _object_with(
    {"working_directory": _text, "paths": _array_of(_text), "exceptions": _array_of(_exception)}
)


def _cause(value: Any, at: str, found: list[str]) -> bool:
    return (_id if isinstance(value, str) else _cause_object)(value, at, found)


def _annotations(value: Any, at: str, found: list[str]) -> bool:
    if not _object(value, at, found):
        return False
    for key, one in value.items():
        if _key.fullmatch(key) is None:
            found.append(f"{at} has the key {key!r:.80}; it must be 1 to 500 of A-Z, a-z, 0-9 and _")
        (_annotation_text if isinstance(one, str) else _annotation)(one, f"{at}.{key:.80}", found)
    return True


def _metadata(value: Any, at: str, found: list[str]) -> bool:
    if not _object(value, at, found):
        return False
    for namespace, one in value.items():
        if namespace.startswith("AWS."):
            found.append(f"{at} has the namespace {namespace!r:.80}; names that begin with AWS. are reserved")
        _object(one, f"{at}.{namespace:.80}", found)
    return True


_SUBSEGMENT: dict[str, Rule] = {
    "id": _id,
    "name": _name,
    "start_time": _number,
    "end_time": _number,
    "in_progress": _boolean,
    "trace_id": _trace_id,
    "parent_id": _id,
    "type": _matching("subsegment", "'subsegment'"),
    # AWS documents "aws" and "remote"; its SDKs also send "local" where AWS says to leave the member out.
    "namespace": _matching("aws|remote|local", "'aws' or 'remote'"),
    "error": _boolean,
    "throttle": _boolean,
    "fault": _boolean,
    "traced": _boolean,
    "cause": _cause,
    "annotations": _annotations,
    "metadata": _metadata,
    "subsegments": _of("any value: `_subsegment` checks it", *_KINDS),
    "precursor_ids": _array_of(_id),
    "http": _object_with(
        {
            "request": _object_with(
                {
                    "method": _short_text,
                    "url": _short_text,
                    "user_agent": _short_text,
                    "client_ip": _short_text,
                    "traced": _boolean,
                }
            ),
            "response": _object_with({"status": _number, "content_length": _number}),
        }
    ),
    "aws": _object_with(
        dict.fromkeys(("operation", "account_id", "region", "request_id", "queue_url", "table_name"), _text),
        others=True,
    ),
    "sql": _object_with(
        {
            "connection_string": _text,
            "url": _text,
            "sanitized_query": _text,
            "database_type": _text,
            "database_version": _text,
            "driver_version": _text,
            "user": _short_text,
            "preparation": _text,
        }
    ),
}


def _independent(document: dict[str, Any], found: list[str]) -> None:
    if "type" not in document:
        found.append(
            "it is a segment, or its type is missing: Lambda sends the function's segment; code sends only subsegments"
        )
        return
    _subsegment(document, "", found, ("id", "name", "start_time", "trace_id", "parent_id"), document.get("trace_id"))


def _subsegment(span: Any, prefix: str, found: list[str], required: tuple[str, ...], trace_id: object) -> None:
    _members(span, prefix, found, _SUBSEGMENT, required=required)
    if ("end_time" in span) == (span.get("in_progress") is True):
        found.append(f"{prefix}end_time or {prefix}in_progress: true: it must have one of the two")
    start, end = span.get("start_time"), span.get("end_time")
    if type(start) in (int, float) and type(end) in (int, float) and end < start:
        found.append(f"{prefix}end_time {end!r} is before start_time {start!r}")
    if not _array(span.get("subsegments", []), f"{prefix}subsegments", found):
        return
    inherited = {"trace_id": trace_id, "parent_id": span.get("id")}
    for number, one in enumerate(span.get("subsegments", [])):
        inner = f"{prefix}subsegments[{number}]"
        if _object(one, inner, found):
            found += [
                f"{inner}.{name} is {one[name]!r:.80}, but it stands where that is {value!r:.80}"
                for name, value in inherited.items()
                if one.get(name, value) != value
            ]
            _subsegment(one, f"{inner}.", found, ("id", "name", "start_time"), trace_id)
