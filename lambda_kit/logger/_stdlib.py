"""Records of the standard library's `logging` in the shape and the context of a logger's own lines."""

from __future__ import annotations

import logging

from lambda_kit._kernel import lifecycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.logger._logger import Logger

_OWN = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "message",
    "asctime",
    "taskName",
    "_frame_type",  # the runtime client's
}


class _Bridge(logging.Handler):
    def __init__(self, logger: Logger) -> None:
        super().__init__()
        self.kit_logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        try:
            fields = {name: value for name, value in vars(record).items() if name not in _OWN}
            fields = {"logger": record.name, **fields}
            if record.stack_info:
                fields["stack"] = record.stack_info
            if record.exc_info:
                fields["exc_info"] = record.exc_info
            # A record class of the user's has a getMessage of its own, for messages with braces.
            message, args = record.msg, record.args or ()
            if type(record).getMessage is not logging.LogRecord.getMessage:
                message, args = record.getMessage(), ()
            where = f"{record.module}.{record.funcName}:{record.lineno}"
            self.kit_logger.log_record(record.levelno, message, args, fields, where)
        except Exception:
            self.handleError(record)


_replaced: list[logging.Handler] | None = None
_level = logging.WARNING
_registered = False


def capture(logger: Logger, level: int) -> None:
    """Put the bridge in the place of the root logger's handlers, the runtime client's among them."""
    global _replaced, _level, _registered
    release()
    if not _registered:
        _registered = True
        lifecycle.on_reset(release)
    root = logging.getLogger()
    _replaced, _level = list(root.handlers), root.level
    root.handlers[:] = [_Bridge(logger)]
    root.setLevel(level)


def release() -> None:
    """Put the handlers back, if they were replaced."""
    global _replaced
    if _replaced is not None:
        root = logging.getLogger()
        added = [handler for handler in root.handlers if not isinstance(handler, _Bridge)]
        root.handlers[:] = [*_replaced, *(handler for handler in added if handler not in _replaced)]
        root.setLevel(_level)
        _replaced = None
