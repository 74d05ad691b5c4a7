"""The handler of the root logger on Lambda, which writes records as text or as JSON.

It is set up when `logging` is imported. A function that never imports it does not pay for it.
"""

from __future__ import annotations

import json
import logging
import os
import time

from lambda_kit.runtime import _output
from lambda_kit.runtime._state import state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The last four bits of the type of a frame tell the level, and the lowest one JSON from text.
_FRAMES_OF_JSON = {0: 0xA55A0002, 10: 0xA55A000A, 20: 0xA55A000E, 30: 0xA55A0012, 40: 0xA55A0016, 50: 0xA55A001A}
_FRAMES_OF_TEXT = {level: kind | 1 for level, kind in _FRAMES_OF_JSON.items()}
_NO_EXTRA = frozenset(
    (
        *("name", "msg", "args", "levelname", "levelno", "pathname", "filename", "module", "exc_info", "exc_text"),
        *("stack_info", "lineno", "funcName", "created", "msecs", "relativeCreated", "thread", "threadName"),
        *("processName", "process", "aws_request_id", "tenant_id", "_frame_type"),
    )
)
_SECONDS = "%Y-%m-%dT%H:%M:%SZ"


def set_up() -> None:
    """Add the handler to the root logger, and set its level to `AWS_LAMBDA_LOG_LEVEL`, if that is set."""
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "")
    level = "DEBUG" if level == "TRACE" else level.upper()
    logging.Formatter.converter = time.gmtime
    root = logging.getLogger()
    handler = RecordHandler(_output.sink, has_level=state.logs_json or bool(level))
    if state.logs_json:
        handler.setFormatter(JsonFormatter())
    else:
        line = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
        handler.setFormatter(logging.Formatter(line, "%Y-%m-%dT%H:%M:%S"))
    if level in logging.getLevelNamesMapping():
        root.setLevel(level)
    handler.addFilter(_add_invocation)
    root.addHandler(handler)


class RecordHandler(logging.Handler):
    """Writes records to the sink of the client.

    Attributes:
        log_sink: the sink.
    """

    def __init__(self, log_sink: Any, has_level: bool) -> None:
        super().__init__()
        self.log_sink = log_sink
        self._has_level = has_level

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        text = self.format(record)
        if self._has_level:
            kind = getattr(record, "_frame_type", None) or _FRAMES_OF_TEXT[_level_of(record)]
            self.log_sink.log(text, frame_type=kind)
        else:
            self.log_sink.log(text)


def _add_invocation(record: logging.LogRecord) -> bool:
    record.aws_request_id = state.request_id or ""
    record.tenant_id = state.tenant_id
    return True


def _level_of(record: logging.LogRecord) -> int:
    return min(50, max(0, record.levelno)) // 10 * 10


class JsonFormatter(logging.Formatter):
    """Makes one line of JSON of a record."""

    def __init__(self) -> None:
        super().__init__(datefmt=_SECONDS)
        self._encode = json.JSONEncoder(ensure_ascii=False, default=str).encode

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, with its newline."""
        record.levelno = _level_of(record)
        record.levelname = logging.getLevelName(record.levelno)
        record._frame_type = _FRAMES_OF_JSON[record.levelno]
        message: Any = record.msg
        whole = isinstance(message, dict) and not record.args
        fields: dict[str, Any] = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "message": message if whole else record.getMessage(),
            "logger": record.name,
            "stackTrace": None,
            "errorType": None,
            "errorMessage": None,
            "requestId": getattr(record, "aws_request_id", None),
            "location": None,
        }
        if record.exc_info:
            kind, error, trace = record.exc_info
            from traceback import format_tb

            fields["stackTrace"] = format_tb(trace)
            fields["errorType"] = None if kind is None else kind.__name__
            fields["errorMessage"] = str(error)
            fields["location"] = f"{record.pathname}:{record.funcName}:{record.lineno}"
        if getattr(record, "tenant_id", None) is not None:
            fields["tenantId"] = record.__dict__["tenant_id"]
        for name, value in record.__dict__.items():
            if name not in _NO_EXTRA and name not in fields:
                fields[name] = value
        if record.exc_info and record.exc_info[1] is not None:
            from lambda_kit.runtime._errors import related

            fields.setdefault("relatedErrors", related(record.exc_info[1]) or None)
        return self._encode({name: value for name, value in fields.items() if value is not None}) + "\n"
