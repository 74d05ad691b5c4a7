"""Lines for terminals: aligned, coloured, exceptions as tracebacks."""

from __future__ import annotations

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_COLOURS = {"TRACE": "2", "DEBUG": "2", "INFO": "32", "WARN": "33", "ERROR": "31", "FATAL": "1;31"}
_SHOWN = ("timestamp", "level", "message", "location")
# Common fields, the same on all lines: left out unless a call gave them another value.
_LEFT_OUT = ("functionName", "requestId", "coldStart", "service")
# Control characters: an attacker could send them in a header to move the cursor or change colours.
_CONTROLS = {code: f"\\u{code:04x}" for code in (*range(32), *range(127, 160)) if code not in (9, 10)}


def prettify(line: str, common: dict[str, str], *, colour: bool) -> str:
    """Return a JSON line as text for a terminal.

    Args:
        line: the line as it would go to CloudWatch.
        common: the common fields of the logger, as names and JSON texts.
        colour: whether it is coloured.
    """
    entry: dict[str, Any] = json.loads(line)
    level = entry["level"]
    error = entry.get("exception")
    is_error = isinstance(error, dict) and "type" in error and "message" in error
    hidden = {name for name in _LEFT_OUT if name in common and entry.get(name) == json.loads(common[name])}
    hidden.update(_SHOWN, ("exception",) if is_error else ())
    fields = [
        f"{_paint(_clean(name), '36', colour)}={_value(value)}" for name, value in entry.items() if name not in hidden
    ]
    message = entry["message"] if isinstance(entry["message"], str) else _json(entry["message"])
    clock = _paint(entry["timestamp"][11:23], "2", colour)
    text = (
        f"{clock} {_paint(f'{level:<5}', _COLOURS.get(level, '0'), colour)} {_clean(message):<40} {'  '.join(fields)}"
    )
    lines = [text.rstrip()]
    if is_error:
        lines += [f"    {one}" for one in _traceback(entry["exception"])]
    return "\n".join(lines) + "\n"


def _paint(text: str, code: str, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text


def _clean(text: str) -> str:
    return text.translate(_CONTROLS)


def _json(value: Any) -> str:
    return _clean(json.dumps(value, ensure_ascii=False))


def _value(value: Any) -> str:
    return value if isinstance(value, str) and value.isprintable() and value and " " not in value else _json(value)


def _traceback(error: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for name, words in (("cause", "which caused"), ("context", "during which came")):
        if name in error:
            lines += [*_traceback(error[name]), words]
    for frame in error.get("frames", ()):
        if "cut" in frame:
            lines.append(f"  ... {frame['cut']} more frames")
            continue
        lines.append(_clean(f"  {frame['file']}:{frame['line']} in {frame['function']}"))
        if "code" in frame:
            lines.append(_clean(f"      {frame['code']}"))
    lines += _clean(f"{error['type']}: {error['message']}").split("\n")
    lines += [_clean(f"  {note}") for note in error.get("notes", ())]
    if error.get("cut"):
        lines.append("  ... and more")
    for one in error.get("exceptions", ()):
        lines += [f"  | {line}" for line in _traceback(one)]
    if "exceptionsCut" in error:
        lines.append(f"  | ... {error['exceptionsCut']} more exceptions")
    return lines
