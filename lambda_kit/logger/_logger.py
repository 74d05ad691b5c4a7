"""The logger: what a line is made of, and when it is written.

A line is put together from texts: the time, the level, the message, the place, then what is the same for every line of
the logger and of the invocation, which is rendered once, then the fields of the call. Everything a call does is inside
one `try`: whatever goes wrong, a line is written that says so, and the handler never learns of it.
"""

from __future__ import annotations

import functools
import os
import sys

from lambda_kit._kernel import callables, facts, type_of
from lambda_kit._kernel.json_text import DEFAULT_REDACT, REDACTED, Encoder, describe, escape, guarded
from lambda_kit._kernel.stdout import is_terminal, write
from lambda_kit.errors import ConfigurationError
from lambda_kit.invocation import current, current_invocation
from lambda_kit.logger import _context as context
from lambda_kit.logger import _levels as levels
from lambda_kit.logger._buffer import InvocationLog
from lambda_kit.logger._levels import CRITICAL, DEBUG, ERROR, INFO, WARNING
from lambda_kit.logger._line import LIMIT, SAFE, join, place, size_of, timestamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, ParamSpec, TypeVar

    from lambda_kit.invocation import Invocation

    P = ParamSpec("P")
    R = TypeVar("R")

_FEW = 16  # fields up to which adding one text to the other is faster than joining them at the end
_SHORT = 10**15  # integers below it need no care


class _Settings:
    """What a logger and its children have in common."""

    __slots__ = ("buffer", "correlation_id", "encoder", "level", "log_event", "pretty", "sample_rate", "threshold")

    def __init__(
        self,
        level: int,
        correlation_id: Callable[[Any], str | None] | None,
        encoder: Encoder,
        *,
        log_event: bool,
        sample_rate: float,
        buffer: int,
        pretty: bool | None,
    ) -> None:
        self.level = level
        self.correlation_id = correlation_id
        self.encoder = encoder
        self.log_event = log_event
        self.sample_rate = sample_rate
        self.buffer = buffer
        self.pretty = pretty
        self.threshold = min(level, DEBUG) if sample_rate or buffer else level


class Logger:
    """Writes one JSON object a line, with the fields of the invocation.

    Names of fields are `timestamp` (RFC 3339, UTC, milliseconds), `level` (as Lambda spells it), `message`, `location`,
    `service`, `functionName`, `requestId`, `coldStart`, `xrayTraceId`, `tenantId`, `correlationId`, `exception`. A
    field of yours that is called as one of the first four gets an underscore behind its name.

    As a layer it finds the correlation id, decides whether the invocation is sampled, logs an exception of the handler
    once, and lets go of what was appended. Lines that are written without it have the invocation's fields too.

    Args:
        service: the name of the service; by default `LAMBDA_KIT_SERVICE`, then `POWERTOOLS_SERVICE_NAME`, else none.
        level: the least level that is written; after `AWS_LAMBDA_LOG_LEVEL`, and before `LAMBDA_KIT_LOG_LEVEL`,
            `POWERTOOLS_LOG_LEVEL` and INFO.
        correlation_id: where the id is found: the name of a source (`api-gateway-rest`, `sqs`, …), `header:NAME`, a
            JMESPath expression over the event, or a function of it.
        log_event: whether the event is logged as the invocation begins, redacted as all fields are.
        sample_rate: the share of invocations, 0 to 1, in which lines below the level are written too.
        buffer: bytes of lines below the level that wait, in each invocation, and are written if an error is logged or
            the handler raises, a time limit included; the oldest make room. None for no buffer.
        redact: names of fields whose values are hidden at any depth; case, `-` and `_` make no difference.
        **static: fields of every line of this logger.

    Raises:
        ConfigurationError: an argument is not what it has to be.

    Example:
        ```python
        from lambda_kit import Logger, handler
        from lambda_kit.testing import invoke

        log = Logger(service="shop")


        @handler(log)
        def place_order(event, context):
            log.info("placing order", order_id=event["order_id"])


        (line,) = invoke(place_order, {"order_id": "o-1"}).logs
        assert (line["level"], line["service"], line["order_id"]) == ("INFO", "shop", "o-1")
        ```
    """

    __slots__ = ("_common", "_settings")

    def __init__(
        self,
        /,
        service: str | None = None,
        level: str | int | None = None,
        *,
        correlation_id: str | Callable[[Any], Any] | None = None,
        log_event: bool = False,
        sample_rate: float = 0.0,
        buffer: int | None = None,
        redact: Iterable[str] = DEFAULT_REDACT,
        **static: Any,
    ) -> None:
        if not callables.is_number(sample_rate) or not 0 <= sample_rate <= 1:
            raise ConfigurationError(f"Logger(sample_rate={sample_rate!r}): pass a share of the invocations, 0 to 1")
        if buffer is not None and (not callables.is_number(buffer) or buffer < 1):
            raise ConfigurationError(f"Logger(buffer={buffer!r}): pass a number of bytes above 0, or None")
        self._settings = _Settings(
            levels.effective(level),
            _finder(correlation_id),
            Encoder(_names(redact)),
            log_event=log_event,
            sample_rate=float(sample_rate),
            buffer=int(buffer or 0),
            pretty=_is_pretty(),
        )
        facts.observe(context.note_fact)
        name = service or os.environ.get("LAMBDA_KIT_SERVICE") or os.environ.get("POWERTOOLS_SERVICE_NAME")
        self._common = context.Common(self._settings.encoder, {"service": name, **static} if name else static)

    def child(self, /, **fields: Any) -> Logger:
        """Return a logger with these fields beside those of this one, and the same settings."""
        child = Logger.__new__(Logger)
        child._settings = self._settings
        child._common = context.Common(self._settings.encoder, {**self._common.fields, **fields})
        return child

    # Fields of the context

    def bind(self, /, **fields: Any) -> context.Binding:
        """Return a context manager in which every line has these fields, whichever logger writes it.

        Tasks, and threads that run in a copy of the context, have them too. They end with the invocation at the latest.
        What is bound where no invocation runs does not reach into one.
        """
        return context.Binding(fields)

    def append(self, /, **fields: Any) -> None:
        """Add fields to every line until the invocation ends, whichever logger writes it.

        Where no invocation is running, they stand on the lines that are written outside of invocations.
        """
        context.append(fields)

    # Lines

    def debug(self, message: object, /, *args: Any, **fields: Any) -> None:
        """Write a line at DEBUG. `message % args` is its message; `fields` stand beside it. It raises nothing."""
        if self._settings.threshold <= DEBUG:
            self._log(DEBUG, "DEBUG", message, args, fields)

    def info(self, message: object, /, *args: Any, **fields: Any) -> None:
        """Write a line at INFO."""
        if self._settings.threshold <= INFO:
            self._log(INFO, "INFO", message, args, fields)

    def warning(self, message: object, /, *args: Any, **fields: Any) -> None:
        """Write a line at WARN."""
        if self._settings.threshold <= WARNING:
            self._log(WARNING, "WARN", message, args, fields)

    def error(self, message: object, /, *args: Any, **fields: Any) -> None:
        """Write a line at ERROR. `exc_info=True`, or an exception, adds the exception."""
        if self._settings.threshold <= ERROR:
            self._log(ERROR, "ERROR", message, args, fields)

    def exception(self, message: object, /, *args: Any, **fields: Any) -> None:
        """Write a line at ERROR with the exception that is being handled."""
        if self._settings.threshold <= ERROR:
            self._log(ERROR, "ERROR", message, args, {"exc_info": True, **fields})

    def critical(self, message: object, /, *args: Any, **fields: Any) -> None:
        """Write a line at FATAL."""
        if self._settings.threshold <= CRITICAL:
            self._log(CRITICAL, "FATAL", message, args, fields)

    def capture_stdlib(self) -> None:
        """Send the records of `logging` through this logger from now on, in its shape and context, once each.

        The handlers of the root logger, the runtime client's among them, are put aside; `lambda_kit.testing.reset()`
        brings them back. The root logger takes the level of this one: records below it are not made, so that neither
        sampling nor the buffer sees them, unless a logger has a lower level of its own.
        """
        from lambda_kit.logger import _stdlib

        _stdlib.capture(self, self._settings.level)

    def log_record(self, number: int, message: Any, args: Any, fields: dict[str, Any], where: str) -> None:
        """Write a record of `logging`. For the bridge."""
        if number >= self._settings.threshold:
            self._log(number, levels.spelling(number), message, args, fields, escape(where))

    def _log(
        self, number: int, level: str, message: Any, args: Any, fields: dict[str, Any], where: str | None = None
    ) -> None:
        try:
            settings = self._settings
            invocation = current.get(None)
            if settings.threshold != settings.level:  # lines below the level may be written, or wait
                log = _log_of(invocation, settings)
                if number < settings.level and (log is None or not log.sampled):
                    if log is not None and log.limit:
                        log.keep(self._line(level, message, args, fields, where or place(2), invocation))
                    return
                if number >= ERROR and log is not None:
                    self._write_waiting(log)
            line = self._line(level, message, args, fields, where or place(2), invocation)
            if settings.pretty or (settings.pretty is None and is_terminal()):
                line = self._for_people(line)
            write(line)
        except Exception as failure:
            try:
                _log_anyway(level, message, failure)
            except Exception:  # at the end of the stack, or of the memory, not even this can be done
                return

    def _line(
        self, level: str, message: Any, args: Any, fields: dict[str, Any], where: str, invocation: Invocation | None
    ) -> str:
        encoder = self._settings.encoder
        if args:
            try:
                message = guarded(_formatted, message, args)
            except Exception as error:
                fields = {**fields, "loggingError": describe(error), "messageArgs": args}
        text = escape(message) if type(message) is str else _message_text(encoder, message)
        common = self._common.now(invocation)
        if len(fields) > _FEW or not common.special.isdisjoint(fields):
            return self._merged(level, text, where, common, fields)
        shown, rest = encoder.shown.get, common.text
        for name, value in fields.items():
            key = shown(name)
            if key is None:
                key, hidden = encoder.key(name)
                if hidden:
                    rest = f"{rest},{key}{REDACTED}"
                    continue
            cls = type_of(value)
            if cls is str:
                rest = f"{rest},{key}{escape(value)}"
            elif cls is int and -_SHORT < value < _SHORT:
                rest = f"{rest},{key}{value}"
            else:
                rest = f"{rest},{key}{encoder.value(value)}"
        line = f'{{"timestamp":"{timestamp()}","level":"{level}","message":{text},"location":{where}{rest}}}\n'
        if len(line) > SAFE and size_of(line) > LIMIT:
            return self._merged(level, text, where, common, fields)
        return line

    def _merged(self, level: str, text: str, where: str, common: context.Rendered, fields: dict[str, Any]) -> str:
        """Make a line the long way: names that come twice, an exception, or a line that has to be cut."""
        members = {"timestamp": f'"{timestamp()}"', "level": f'"{level}"', "message": text, "location": where}
        members.update(common.members)
        error = None
        if "exc_info" in fields:
            fields = dict(fields)
            error = _take_exception(fields)
            if error is not None and "exception" in fields:
                fields["exception_"] = fields.pop("exception")
        members.update(context.texts(self._settings.encoder, fields))
        if error is not None:
            members["exception"] = _exception_text(error, self._settings.encoder)
        return join({escape(name): value for name, value in members.items()})

    def _write_waiting(self, log: InvocationLog) -> None:
        def write_one(line: str) -> None:
            write(self._for_people(line) if self._settings.pretty is not False else line)

        def tell_dropped(count: int) -> None:
            note = escape(f"{count} older lines did not fit into the buffer of {log.limit} bytes")
            common = self._common.now(current.get(None))
            stamp = f'{{"timestamp":"{timestamp()}","level":"WARN","message":{note}'
            write_one(f'{stamp},"location":"lambda_kit.logger"{common.text}}}\n')

        log.write_to(write_one, tell_dropped)

    def _for_people(self, line: str) -> str:
        terminal = is_terminal()
        if not self._settings.pretty and not terminal:
            return line
        from lambda_kit.logger._pretty import prettify

        colour = terminal and not os.environ.get("NO_COLOR")
        return prettify(line, self._common.now(current.get(None)).members, colour=colour)

    # The layer

    def __call__(self, fn: Callable[P, R], /) -> Callable[P, R]:
        """Put the logger around a handler."""
        given: Any = fn
        where = escape(callables.name_of(fn))
        around = self._around_coroutine if callables.is_coroutine_function(fn) else self._around
        wrapped: Callable[P, R] = functools.update_wrapper(around(given, where), given)
        return wrapped

    def _around(self, fn: Any, where: str) -> Any:
        begin, failed = self._begin, self._failed
        begins = self._has_a_beginning()

        def logged(*args: Any, **kwargs: Any) -> Any:
            invocation = current_invocation()
            if begins:
                begin(invocation, where)
            try:
                return fn(*args, **kwargs)
            except BaseException as error:
                failed(invocation, error, where)
                raise

        return logged

    def _around_coroutine(self, fn: Any, where: str) -> Any:
        begins = self._has_a_beginning()

        async def logged(*args: Any, **kwargs: Any) -> Any:
            invocation = current_invocation()
            if begins:
                self._begin(invocation, where)
            try:
                return await fn(*args, **kwargs)
            except BaseException as error:
                self._failed(invocation, error, where)
                raise

        return logged

    def _has_a_beginning(self) -> bool:
        settings = self._settings
        samples = settings.threshold != settings.level
        return settings.correlation_id is not None or settings.log_event or samples

    def _begin(self, invocation: Invocation, where: str) -> None:
        settings = self._settings
        if settings.threshold != settings.level:
            _log_of(invocation, settings)
        if settings.correlation_id is not None:
            try:
                found = settings.correlation_id(invocation.event)
                if found is not None:
                    invocation.correlation_id = found
            except Exception as failure:
                if settings.threshold <= WARNING:
                    text = f"the correlation id could not be found: {describe(failure)}"
                    self._log(WARNING, "WARN", text, (), {}, where)
        if settings.log_event and settings.threshold <= INFO:
            self._log(INFO, "INFO", "event", (), {"event": invocation.event}, where)

    def _failed(self, invocation: Invocation, error: BaseException, where: str) -> None:
        if isinstance(error, GeneratorExit):  # a coroutine is closed, which is no failure of it
            return
        settings = self._settings
        log = _log_of(invocation, settings) if settings.threshold != settings.level else None
        if log is not None:
            self._write_waiting(log)
        if settings.level <= ERROR and context.note_failure(invocation, error):
            self._log(ERROR, "ERROR", f"the handler failed: {describe(error)}", (), {"exc_info": error}, where)


def _log_of(invocation: Invocation | None, settings: _Settings) -> InvocationLog | None:
    """Return what is kept for the invocation; the sampling is decided when it is first asked for."""
    if invocation is None:
        return None
    log: InvocationLog | None = invocation.peek(settings)
    if log is None:
        rate = settings.sample_rate
        sampled = rate > 0 and int.from_bytes(os.urandom(4)) < rate * 2**32
        made = InvocationLog(sampled=sampled, limit=settings.buffer)
        log = invocation.state.setdefault(settings, made)  # of two threads, one decides
    return log


def _formatted(message: Any, args: Any) -> str:
    only: Any = args[0] if type_of(args) is tuple and len(args) == 1 else None
    if type_of(only) is dict and only:
        args = only  # as the standard library has it: "%(name)s", {"name": ...}
    text: str = (message if isinstance(message, str) else str(message)) % args
    return text


def _message_text(encoder: Encoder, message: Any) -> str:
    text = encoder.value(message)
    return text if text[0] in '"{[' else escape(str(message))


def _take_exception(fields: dict[str, Any]) -> BaseException | None:
    """Take `exc_info` out of the fields, unless it is neither an exception nor a request for the one at hand."""
    given: Any = fields["exc_info"]
    is_triple = type_of(given) is tuple and len(given) == 3
    error: Any = given[1] if is_triple else given
    if type_of(error) in (bool, int):  # 1 and 0 mean the same, as with the standard library
        error = sys.exc_info()[1] if error else None
    if error is None or isinstance(error, BaseException):
        del fields["exc_info"]
        return error if isinstance(error, BaseException) else None
    return None


_plain = Encoder()  # the names in an exception's text are the kit's own, and none of them is secret


def _exception_text(error: BaseException, encoder: Encoder) -> str:
    from lambda_kit.logger._exceptions import exception_fields

    try:
        return _plain.value(exception_fields(error, encoder.value))
    except Exception as failure:
        return _plain.value({"type": type(error).__qualname__, "message": f"[cut: {describe(failure)}]"})


def _log_anyway(level: str, message: object, failure: Exception) -> None:
    """Write a line although putting it together failed, saying what failed."""
    text = escape(message[:1000] if type(message) is str else f"[{type(message).__qualname__}]")
    reason = escape(describe(failure))
    write(f'{{"timestamp":"{timestamp()}","level":"{level}","message":{text},"loggingError":{reason}}}\n')


def _finder(wanted: Any) -> Callable[[Any], str | None] | None:
    if wanted is None:
        return None
    from lambda_kit.logger import _correlation

    find = _correlation.finder(wanted)
    return lambda event: _correlation.text_of(find(event))


def _names(redact: Any) -> tuple[str, ...]:
    names: tuple[Any, ...] | None = None
    if not isinstance(redact, str) and hasattr(redact, "__iter__"):
        names = tuple(redact)
    if names is None or not all(isinstance(name, str) for name in names):
        raise ConfigurationError(f"Logger(redact={redact!r}): pass names of fields, as in redact=('password', 'pin')")
    return names


def _is_pretty() -> bool | None:
    """Tell whether lines are for people; None if that depends on where standard output goes at the moment."""
    wanted = os.environ.get("LAMBDA_KIT_LOG_FORMAT", "").lower()
    if wanted not in ("", "json", "pretty"):
        raise ConfigurationError(f"LAMBDA_KIT_LOG_FORMAT is {wanted!r}; set it to json or pretty")
    if wanted:
        return wanted == "pretty"
    return False if "AWS_LAMBDA_RUNTIME_API" in os.environ else None
