"""Records of `logging` as lines of a `Logger`: those of the kit's own logger, and those that `capture_stdlib` takes."""

from __future__ import annotations

import logging

from lambda_kit import _kernel
from lambda_kit._kernel import lifecycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit._kernel import WriteRecord

OWN = "lambda_kit"  # the name of the kit's own logger
_NO_FIELDS = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {
    "message",
    "asctime",
    "taskName",
    "_frame_type",  # the runtime client's
}
_RUNTIMES = ("awslambdaric.", "lambda_kit.runtime")  # modules of handlers that would write the kit's records as text

_own_handler: Bridge | None = None
_own_level = logging.NOTSET
_filtered: list[logging.Handler] = []
_registered = False


class Bridge(logging.Handler):
    """A handler that passes records on.

    Args:
        write_record: takes the number of the level, the message, its arguments, the fields, and the location.
    """

    def __init__(self, write_record: WriteRecord) -> None:
        super().__init__()
        self._write_record = write_record

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on."""
        try:
            fields = {name: value for name, value in vars(record).items() if name not in _NO_FIELDS}
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


def take_own() -> None:
    """Write the records of the kit's own logger as lines of the `Logger` in the pipeline, and as nothing else."""
    global _own_handler, _own_level, _registered
    if _own_handler is not None or _kernel.log_writer is None:
        return
    if not _registered:
        _registered = True
        lifecycle.on_reset(release_own)
    own = logging.getLogger(OWN)
    _own_level = own.level
    if own.level == logging.NOTSET:
        own.setLevel(_kernel.log_writer[1])
    _own_handler = Bridge(_write_own)
    own.addHandler(_own_handler)
    for handler in logging.getLogger().handlers:
        if type(handler).__module__.startswith(_RUNTIMES):
            handler.addFilter(is_foreign)
            _filtered.append(handler)


def release_own() -> None:
    """Undo `take_own`."""
    global _own_handler
    _kernel.log_writer = None
    if _own_handler is not None:
        own = logging.getLogger(OWN)
        own.removeHandler(_own_handler)
        own.setLevel(_own_level)
        for handler in _filtered:
            handler.removeFilter(is_foreign)
        _filtered.clear()
        _own_handler = None


def _write_own(level: int, message: object, args: object, fields: dict[str, object], where: str) -> None:
    if _kernel.log_writer is not None:
        _kernel.log_writer[0](level, message, args, fields, where)


def is_foreign(record: logging.LogRecord) -> bool:
    """Tell whether a record is not written by the bridge of the kit's own logger."""
    return _own_handler is None or (record.name != OWN and not record.name.startswith(f"{OWN}."))
