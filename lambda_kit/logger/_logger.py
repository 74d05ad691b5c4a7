"""`Logger`: the methods that users call. The lines are put together and written by the writer behind it."""

from __future__ import annotations

from lambda_kit._kernel import facts, passing_on, refuse_probe
from lambda_kit._kernel.json_text import DEFAULT_REDACT
from lambda_kit.logger import _context as context
from lambda_kit.logger._levels import CRITICAL, DEBUG, ERROR, INFO, WARNING
from lambda_kit.logger._settings import Settings, service_name
from lambda_kit.logger._writer import Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, NoReturn, ParamSpec, TypeVar

    from lambda_kit._kernel.bindings import Binding
    from lambda_kit._kernel.redaction import Redact

    P = ParamSpec("P")
    R = TypeVar("R")


class Logger:
    """Writes one JSON object a line, with the fields of the invocation.

    Names of fields are `timestamp` (RFC 3339, UTC, milliseconds), `level` (as Lambda spells it), `message`, `location`,
    `service`, `functionName`, `requestId`, `coldStart`, `initType` (if not on demand), `xrayTraceId`, `tenantId`,
    `correlationId`, `executionArn` (of a durable execution), `exception`. A field of yours with the name of one of the
    first four gets an underscore behind it.

    As a layer it finds the correlation id, logs an exception of the handler once, writes the buffered lines if the
    handler fails, drops what was appended, and takes the records of the kit's own logger, `lambda_kit`. Lines that are
    written without the layer have the fields of the invocation too.

    Args:
        service: the name of the service; by default `LAMBDA_KIT_SERVICE`, then `POWERTOOLS_SERVICE_NAME`, else none.
            False for none whatever the environment says.
        level: the lowest level that is written; after `AWS_LAMBDA_LOG_LEVEL`, and before `LAMBDA_KIT_LOG_LEVEL`,
            `POWERTOOLS_LOG_LEVEL` and INFO.
        correlation_id: where the id is found: the name of a source (`api-gateway-rest`, `sqs`, …), `header:NAME`, a
            JMESPath expression over the event, or a function of the event.
        log_event: whether the event is logged when the invocation begins, redacted as all fields are; by default
            `LAMBDA_KIT_LOGGER_LOG_EVENT`, then `POWERTOOLS_LOGGER_LOG_EVENT`, else False.
        sample_rate: the share of invocations, 0 to 1, in which lines below the level are written too; by default
            `LAMBDA_KIT_LOGGER_SAMPLE_RATE`, then `POWERTOOLS_LOGGER_SAMPLE_RATE`, else 0. All loggers of an invocation
            share one decision.
        buffer: bytes of lines below the level that are kept in each invocation, and written if an error is logged or
            the handler raises, a time limit included. The oldest lines are dropped first. All loggers of an invocation
            share one buffer. None for no buffer.
        redact: names of fields whose values are hidden at any depth, `*` standing for any characters; also compiled
            regular expressions, and `...` for the default names. By default those; see the page of the logger.
        names: `"kit"`, or `"powertools"` for the names that Powertools gives to the fields of the invocation and of
            exceptions.
        format: a function that takes the line as a dict and returns the text that is written in its place.
        fast: whether orjson is loaded, the extra `fast`, which encodes large nested values in half the time. Where the
            function has loaded it, it is used without this option.
        replays: lines of a durable execution that an earlier run has told, because a replay runs their code again:
            `"once"` leaves them out, `"mark"` writes them with the field `replayed: true`. The kit's own warnings and
            errors about the run are always written.
        **static: fields of every line of this logger.

    Raises:
        ConfigurationError: an argument is not as above; a static field has the name of a misspelt option, or of an
            option of Powertools.

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

    __slots__ = ("_log", "_threshold", "_writer")

    def __init__(  # noqa: PLR0913  # an option each
        self,
        /,
        service: str | Literal[False] | None = None,
        level: str | int | None = None,
        *,
        correlation_id: str | Callable[[Any], Any] | None = None,
        log_event: bool | None = None,
        sample_rate: float | None = None,
        buffer: int | None = None,
        redact: Redact = DEFAULT_REDACT,
        names: Literal["kit", "powertools"] = "kit",
        format: Callable[[dict[str, Any]], str] | None = None,  # noqa: A002  # the word of logging
        fast: bool = False,
        replays: Literal["once", "mark"] = "once",
        **static: Any,
    ) -> None:
        if static:
            from lambda_kit.logger import _unknown

            _unknown.check_static(static)
        settings = Settings(
            level=level,
            correlation_id=correlation_id,
            log_event=log_event,
            sample_rate=sample_rate,
            buffer=buffer,
            redact=redact,
            names=names,
            format=format,
            fast=fast,
            replays=replays,
        )
        facts.observe(context.note_fact)
        name = service_name(service)
        self._connect(settings, {"service": name, **static} if name else static)

    def _connect(self, settings: Settings, static: dict[str, Any]) -> None:
        writer = Writer(settings, context.Common(settings.encoder, static, settings.names))
        self._writer = writer
        self._log = writer.log
        self._threshold = settings.threshold

    def child(self, /, *, level: str | int | None = None, **fields: Any) -> Logger:
        """Return a logger with these fields beside those of this one, and the same settings.

        Args:
            level: the lowest level that the child writes; by default that of this logger.
            **fields: names and values.
        """
        writer = self._writer
        child = Logger.__new__(Logger)
        settings = writer.settings if level is None else writer.settings.with_level(level)
        child._connect(settings, {**writer.common.fields, **fields})
        return child

    # Fields of the context

    def bind(self, /, **fields: Any) -> Binding:
        """Return a context manager in which every line has these fields, whichever logger writes it.

        Tasks that are started in the block, and threads that run in a copy of the context, have them too. They end with
        the invocation at the latest. Fields that are bound outside of invocations do not reach into one.
        """
        return context.bind(fields)

    def append(self, /, **fields: Any) -> None:
        """Add fields to every line until the invocation ends, whichever logger writes it.

        In a record of a batch, a task or a thread they end with that, and other records, tasks and threads do not have
        them, but for those that are started afterwards. Outside of invocations, they are on the lines that this thread
        writes outside of invocations.
        """
        context.append(fields)

    # Lines

    def debug(self, message: object, /, *args: Any, **fields: Any) -> None:
        """Write a line at DEBUG. It raises nothing.

        Args:
            message: the text, with `args` in the places of `%s` and its like.
            *args: values for the text.
            **fields: fields of the line. As in `logging`, `exc_info=True` or an exception adds the exception,
                `stack_info=True` the stack, and `extra={...}` the fields of a dict.
        """
        if self._threshold <= DEBUG:
            self._log(DEBUG, "DEBUG", message, args, fields)

    def info(self, message: object, /, *args: Any, **fields: Any) -> None:
        """Write a line at INFO."""
        if self._threshold <= INFO:
            self._log(INFO, "INFO", message, args, fields)

    def warning(self, message: object, /, *args: Any, **fields: Any) -> None:
        """Write a line at WARN."""
        if self._threshold <= WARNING:
            self._log(WARNING, "WARN", message, args, fields)

    def error(self, message: object, /, *args: Any, **fields: Any) -> None:
        """Write a line at ERROR."""
        if self._threshold <= ERROR:
            self._log(ERROR, "ERROR", message, args, fields)

    def exception(self, message: object, /, *args: Any, **fields: Any) -> None:
        """Write a line at ERROR with the exception that is being handled."""
        if self._threshold <= ERROR:
            self._log(ERROR, "ERROR", message, args, {"exc_info": True, **fields})

    def critical(self, message: object, /, *args: Any, **fields: Any) -> None:
        """Write a line at FATAL."""
        if self._threshold <= CRITICAL:
            self._log(CRITICAL, "FATAL", message, args, fields)

    def capture_stdlib(self) -> None:
        """Send the records of `logging` through this logger from now on, in its shape and context, once each.

        The handlers of the root logger, the runtime client's included, are replaced; `lambda_kit.testing.reset()`
        restores them. The root logger takes the level of this one: records below it are not made, so that neither
        sampling nor the buffer sees them, unless a logger has a lower level of its own.
        """
        from lambda_kit.logger import _stdlib

        _stdlib.capture(self._writer.log_record, self._writer.settings.level)

    # The layer

    def __call__(self, fn: Callable[P, R], /) -> Callable[P, R]:
        """Return a handler with the logger around it."""
        from lambda_kit._kernel import callables
        from lambda_kit.logger import _layer

        callables.refuse_handler(fn, "Logger(...)")
        layered: Callable[P, R] = _layer.around(self._writer, fn)
        return layered

    def __getattr__(self, name: str) -> NoReturn:
        refuse_probe(self, name)
        from lambda_kit.logger import _unknown

        raise _unknown.attribute(self, name)


passing_on.add(Logger)
