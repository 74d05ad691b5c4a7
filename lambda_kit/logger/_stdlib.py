"""The bridge that writes records of `logging` as lines of a logger."""

from __future__ import annotations

import logging

from lambda_kit._kernel import lifecycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    WriteRecord: TypeAlias = Callable[[int, Any, Any, dict[str, Any], str], None]

_OWN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "message",
    "asctime",
    "taskName",
    "_frame_type",  # the runtime client's
}


class _Bridge(logging.Handler):
    def __init__(self, write_record: WriteRecord) -> None:
        super().__init__()
        self._write_record = write_record

    def emit(self, record: logging.LogRecord) -> None:
        try:
            fields = {name: value for name, value in vars(record).items() if name not in _OWN}
            fields = {"logger": record.name, **fields}
            if record.stack_info:
                fields["stack"] = record.stack_info
            if record.exc_info:
                fields["exc_info"] = record.exc_info
            # A record class of the user may have its own getMessage, for messages with braces.
            message, args = record.msg, record.args or ()
            if type(record).getMessage is not logging.LogRecord.getMessage:
                message, args = record.getMessage(), ()
            where = f"{record.module}.{record.funcName}:{record.lineno}"
            self._write_record(record.levelno, message, args, fields, where)
        except Exception:
            self.handleError(record)


_replaced: list[logging.Handler] | None = None
_level = logging.WARNING
_registered = False


def capture(write_record: WriteRecord, level: int) -> None:
    """Replace the handlers of the root logger, the runtime client's included, with the bridge."""
    global _replaced, _level, _registered
    release()
    if not _registered:
        _registered = True
        lifecycle.on_reset(release)
    root = logging.getLogger()
    _replaced, _level = list(root.handlers), root.level
    root.handlers[:] = [_Bridge(write_record)]
    root.setLevel(level)


def release() -> None:
    """Restore the handlers, if they were replaced."""
    global _replaced
    if _replaced is not None:
        root = logging.getLogger()
        added = [handler for handler in root.handlers if not isinstance(handler, _Bridge)]
        root.handlers[:] = [*_replaced, *(handler for handler in added if handler not in _replaced)]
        root.setLevel(_level)
        _replaced = None
