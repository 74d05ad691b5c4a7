"""Errors of handlers: as they are reported to Lambda, as they are logged, and as X-Ray takes them."""

from __future__ import annotations

import os
import time
import traceback

from lambda_kit._kernel import type_of
from lambda_kit.runtime import _output
from lambda_kit.runtime._connection import RuntimeApiError
from lambda_kit.runtime._state import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

_OWN = os.path.dirname(__file__) + os.sep  # noqa: PTH120  # as in the kernel
_BLANK = "\N{NO-BREAK SPACE}"  # the console of Lambda would cut leading blanks
_LONGEST_CAUSE = 1 << 20
_MOST_RELATED = 20
_ERROR_FRAME_OF_JSON, _ERROR_FRAME_OF_TEXT = 0xA55A0016, 0xA55A0017


class Fault(Exception):
    """An error that the client finds, such as a missing handler.

    Attributes:
        kind: its type, as Lambda names it.
        message: what happened.
        trace: lines in place of a stack trace.
    """

    def __init__(self, kind: str, message: str, trace: list[str] | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.trace = trace or []


class Report:
    """An error, ready to be reported.

    Attributes:
        fields: what Lambda gets: message, type, request id and stack trace.
        frames: file, line, function and text of each frame.
        related: other exceptions that belong to it, which are logged.
        kind: the type for X-Ray.
    """

    __slots__ = ("fields", "frames", "kind", "related")

    def __init__(self, error: BaseException, request_id: str | None) -> None:
        self.related: list[dict[str, Any]] = []
        self.frames: list[tuple[str, int | None, str, str | None]] = []
        if isinstance(error, Fault):
            self.kind, message, name, trace = "LambdaValidationError", error.message, error.kind, error.trace
        else:
            self.frames = _frames(error.__traceback__)
            self.kind = name = type(error).__name__
            message = _message_of(error)
            trace = _formatted(self.frames)
            self.related = related(error)
        self.fields: dict[str, Any] = {
            "errorMessage": message,
            "errorType": name,
            "requestId": request_id or "",
            "stackTrace": trace,
        }

    def body(self) -> bytes:
        """Return the body for Lambda."""
        return state.encode(self.fields)

    def cause(self) -> bytes:
        """Return the document for X-Ray; nothing if it is too long for a header."""
        stack = [{"label": name, "path": path, "line": line} for path, line, name, _ in self.frames]
        try:
            folder = os.getcwd()  # noqa: PTH109  # pathlib costs a cold start
        except OSError:
            folder = ""
        document = {
            "working_directory": folder,
            "exceptions": [{"message": self.fields["errorMessage"], "type": self.kind, "stack": stack}],
            "paths": list({path for path, _, _, _ in self.frames}),
        }
        text = state.encode(document)
        return text if len(text) < _LONGEST_CAUSE else b""

    def log(self) -> None:
        """Write it to the log."""
        if state.logs_json:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            fields: dict[str, Any] = {"timestamp": stamp, "level": "ERROR", **self.fields}
            if self.related:
                fields["relatedErrors"] = self.related
            _output.sink.log_error([state.encode(fields).decode()], _ERROR_FRAME_OF_JSON)
            return
        name, message = self.fields["errorType"], self.fields["errorMessage"]
        head = "[ERROR]" + (f" {name}" if name else "") + (":" if name and message else "")
        lines = [head + (f" {message}" if message else ""), "Traceback (most recent call last):"]
        lines += _indented(self.fields["stackTrace"])
        for one in self.related:
            lines.append(f"{one['relation']}: {one['errorType']}: {one['errorMessage']}")
            lines += _indented(one["stackTrace"])
        _output.sink.log_error(lines, _ERROR_FRAME_OF_TEXT)


def related(error: BaseException) -> list[dict[str, Any]]:
    """Return the causes of an exception, the members of its group, and theirs, each once."""
    found: list[dict[str, Any]] = []
    seen = {id(error)}
    waiting = _next_to(error)
    while waiting and len(found) < _MOST_RELATED:
        relation, one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        found.append(
            {
                "relation": relation,
                "errorType": type(one).__name__,
                "errorMessage": _message_of(one),
                "stackTrace": _formatted(_frames(one.__traceback__)),
            }
        )
        waiting = _next_to(one) + waiting
    return found


def _next_to(error: BaseException) -> list[tuple[str, BaseException]]:
    found: list[tuple[str, BaseException]] = []
    members: Any = getattr(error, "exceptions", ())
    if not issubclass(type_of(error), BaseExceptionGroup):
        members = ()
    for number, one in enumerate(members, start=1):
        found.append((f"Exception {number} of {len(members)} in the group", one))
    if error.__cause__ is not None:
        found.append(("Caused by", error.__cause__))
    elif error.__context__ is not None and not error.__suppress_context__:
        found.append(("Raised while handling", error.__context__))
    return found


def _frames(trace: TracebackType | None) -> list[tuple[str, int | None, str, str | None]]:
    """Return the frames of a traceback without those of the client at its start."""
    frames = [(one.filename, one.lineno, one.name, one.line) for one in traceback.extract_tb(trace)]
    for position, frame in enumerate(frames):
        if not frame[0].startswith(_OWN):
            return frames[position:]
    return frames


def _formatted(frames: Any) -> list[str]:
    return traceback.format_list(frames)


def _message_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as other:
        return f"<str() of {type(error).__name__} failed with {type(other).__name__}>"


def _indented(entries: list[str]) -> list[str]:
    lines: list[str] = []
    for entry in entries:
        for line in entry.splitlines() or [""]:
            text = line.lstrip(" ")
            lines.append(_BLANK * (len(line) - len(text)) + text)
    return lines


def post_failure(path: bytes, kind: str, body: bytes, *, is_worker: bool = False) -> None:
    """Report that the environment cannot be used.

    Args:
        path: `init/error` or `restore/error`.
        kind: the type of the error.
        body: the error.
        is_worker: True if another process may have reported it before.
    """
    name = kind.encode("utf-8", "replace").replace(b"\r", b"?").replace(b"\n", b"?")
    try:
        state.connection.post(path, b"Lambda-Runtime-Function-Error-Type: %b\r\n" % name, body)
    except RuntimeApiError as error:
        if not is_worker or error.status != 403:
            raise
