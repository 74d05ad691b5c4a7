"""The logger as a layer: the correlation id, the event, and the exception of the handler."""

from __future__ import annotations

import functools

from lambda_kit import _kernel
from lambda_kit._kernel import callables, lifecycle
from lambda_kit._kernel.json_text import describe, escape
from lambda_kit.invocation import current, current_invocation
from lambda_kit.logger import _context as context
from lambda_kit.logger._levels import ERROR, INFO, WARNING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.invocation import Invocation
    from lambda_kit.logger._writer import Writer


def around(writer: Writer, fn: Any) -> Any:
    """Return `fn` with the layer around it."""
    layer = _Layer(writer, escape(callables.name_of(fn)))
    if callables.is_coroutine_function(fn):
        made = layer.around_coroutine(fn)
    else:
        made = layer.around_handler(fn) if callables.has_handler_signature(fn) else layer.around(fn)
    _kernel.log_writer = writer.log_record, writer.settings.threshold
    if _kernel.before_record is None:
        _kernel.before_record = _take_own_records
        lifecycle.on_reset(_forget_writer)
    return functools.update_wrapper(made, fn)


def _forget_writer() -> None:
    _kernel.log_writer = None


def _take_own_records() -> None:
    from lambda_kit._kernel import records

    records.take_own()


class _Layer:
    """The layer around one function."""

    __slots__ = ("_begins", "_log_writer", "_where", "_writer")

    def __init__(self, writer: Writer, where: str) -> None:
        self._writer = writer
        self._where = where
        settings = writer.settings
        self._log_writer = writer.log_record, settings.threshold
        self._begins = settings.correlation_id is not None or settings.log_event

    def around(self, fn: Any) -> Any:
        """Return the layer around a synchronous function."""
        enter, failed = self._enter, self._failed

        def logged(*args: Any, **kwargs: Any) -> Any:
            invocation = enter()
            try:
                return fn(*args, **kwargs)
            except BaseException as error:
                failed(invocation, error)
                raise

        return logged

    def around_handler(self, fn: Any) -> Any:
        """Return the layer around a function of `(event, context)`, as most are: it touches the least code."""
        get, enter, failed, begins = current.get, self._enter, self._failed, self._begins
        log_writer = self._log_writer

        def logged(event: Any, context: Any) -> Any:
            invocation = get(None)
            if begins or invocation is None:
                invocation = enter()
            _kernel.log_writer = log_writer
            try:
                return fn(event, context)
            except BaseException as error:
                failed(invocation, error)
                raise

        return logged

    def around_coroutine(self, fn: Any) -> Any:
        """Return the layer around a coroutine function."""
        enter, failed = self._enter, self._failed

        async def logged(*args: Any, **kwargs: Any) -> Any:
            invocation = enter()
            try:
                return await fn(*args, **kwargs)
            except BaseException as error:
                failed(invocation, error)
                raise

        return logged

    def _enter(self) -> Invocation:
        """Begin the work of the layer in an invocation, and return the invocation."""
        invocation: Invocation = current_invocation()
        _kernel.log_writer = self._log_writer
        if self._begins:
            self._begin(invocation)
        return invocation

    def _begin(self, invocation: Invocation) -> None:
        writer = self._writer
        settings = writer.settings
        if settings.correlation_id is not None:
            try:
                found = settings.correlation_id(invocation.event)
                if found is not None:
                    invocation.correlation_id = found
            except Exception as failure:
                if settings.threshold <= WARNING and not invocation.replay:
                    text = f"the correlation id could not be found: {describe(failure)}"
                    writer.log(WARNING, "WARN", text, (), {}, self._where)
        if settings.log_event and settings.threshold <= INFO:
            writer.log(INFO, "INFO", "event", (), {"event": invocation.event}, self._where)

    def _failed(self, invocation: Invocation, error: BaseException) -> None:
        from lambda_kit._kernel.durable import is_suspension

        if isinstance(error, GeneratorExit) or is_suspension(error):  # a closed coroutine, a suspension: no failures
            return
        writer = self._writer
        log = invocation._peek(context.BUFFER)
        if log is not None:
            writer.write_kept(log)
        if writer.settings.level <= ERROR and context.note_failure(invocation, error):
            message = f"the handler failed: {describe(error)}"
            writer.log(ERROR, "ERROR", message, (), {"exc_info": error}, self._where)
