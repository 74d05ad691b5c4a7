"""`Logger`: the methods that users call. The lines are put together and written by the writer behind it."""

from __future__ import annotations

from lambda_kit._kernel import facts
from lambda_kit._kernel.json_text import DEFAULT_REDACT
from lambda_kit.logger import _context as context
from lambda_kit.logger._levels import CRITICAL, DEBUG, ERROR, INFO, WARNING
from lambda_kit.logger._settings import Settings, service_name
from lambda_kit.logger._writer import Writer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, ParamSpec, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")


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

    __slots__ = ("_log", "_threshold", "_writer")

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
        settings = Settings(
            level=level,
            correlation_id=correlation_id,
            log_event=log_event,
            sample_rate=sample_rate,
            buffer=buffer,
            redact=redact,
        )
        facts.observe(context.note_fact)
        name = service_name(service)
        self._connect(
            Writer(settings, context.Common(settings.encoder, {"service": name, **static} if name else static))
        )

    def _connect(self, writer: Writer) -> None:
        self._writer = writer
        self._log = writer.log
        self._threshold = writer.settings.threshold

    def child(self, /, **fields: Any) -> Logger:
        """Return a logger with these fields beside those of this one, and the same settings."""
        writer = self._writer
        child = Logger.__new__(Logger)
        common = context.Common(writer.settings.encoder, {**writer.common.fields, **fields})
        child._connect(Writer(writer.settings, common))
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
        """Write a line at ERROR. `exc_info=True`, or an exception, adds the exception."""
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

        The handlers of the root logger, the runtime client's among them, are put aside; `lambda_kit.testing.reset()`
        brings them back. The root logger takes the level of this one: records below it are not made, so that neither
        sampling nor the buffer sees them, unless a logger has a lower level of its own.
        """
        from lambda_kit.logger import _stdlib

        _stdlib.capture(self._writer.log_record, self._writer.settings.level)

    # The layer

    def __call__(self, fn: Callable[P, R], /) -> Callable[P, R]:
        """Return a handler with the logger around it."""
        from lambda_kit.logger import _layer

        layered: Callable[P, R] = _layer.around(self._writer, fn)
        return layered
