"""Replaces the handlers of the root logger with a bridge, which writes records of `logging` as lines of a logger."""

from __future__ import annotations

import logging

from lambda_kit._kernel import lifecycle
from lambda_kit._kernel.records import Bridge, is_foreign

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit._kernel import WriteRecord

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
    root.handlers[:] = [_RootBridge(write_record)]
    root.setLevel(level)


class _RootBridge(Bridge):
    """The bridge on the root logger. The kit's own records may have a bridge of their own."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on, unless the kit's own bridge writes it."""
        if is_foreign(record):
            super().emit(record)


def release() -> None:
    """Restore the handlers, if they were replaced."""
    global _replaced
    if _replaced is not None:
        root = logging.getLogger()
        added = [handler for handler in root.handlers if not isinstance(handler, Bridge)]
        root.handlers[:] = [*_replaced, *(handler for handler in added if handler not in _replaced)]
        root.setLevel(_level)
        _replaced = None
