"""The settings of a logger: its arguments and the environment, checked once, shared with its children."""

from __future__ import annotations

import os

from lambda_kit._kernel import callables, environment, log, redaction
from lambda_kit._kernel.json_text import Encoder
from lambda_kit.errors import ConfigurationError
from lambda_kit.logger import _levels as levels
from lambda_kit.logger._context import NAMES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class Settings:
    """The checked settings of one logger and its children.

    Args:
        level: see `Logger`; so the other arguments.

    Attributes:
        level: number of the lowest level that is always written.
        threshold: number of the lowest level that may be written: below `level` where sampling or a buffer is on.
        encoder: makes JSON text of fields, and hides those that are secret.
        buffer: bytes of lines below the level that are kept for each invocation; 0 for no buffer.
        format: the function of the user that formats a line; None for JSON.
        is_plain: whether lines are written as they are, as JSON.
        marks_replays: whether lines of a replay are written, with a mark, in a durable execution.
        names: the names of the fields of the invocation.
        pretty: whether lines are for people; None if it depends on where standard output goes at the moment.

    Raises:
        ConfigurationError: an argument, or a variable of the environment, is invalid.
    """

    __slots__ = (
        "buffer",
        "correlation_id",
        "encoder",
        "format",
        "is_plain",
        "level",
        "log_event",
        "marks_replays",
        "names",
        "pretty",
        "sample_rate",
        "threshold",
    )

    def __init__(  # noqa: PLR0913  # an option each
        self,
        *,
        level: Any,
        correlation_id: Any,
        log_event: bool | None,
        sample_rate: Any,
        buffer: Any,
        redact: Any,
        names: Any,
        format: Any,  # noqa: A002
        fast: bool,
        replays: Any,
    ) -> None:
        if callables.check_flag("Logger(fast=...)", fast):
            _load_orjson()
        if sample_rate is None:
            sample_rate = environment.number("LAMBDA_KIT_LOGGER_SAMPLE_RATE", most=1.0) or 0.0
        if not callables.is_number(sample_rate) or not 0 <= sample_rate <= 1:
            raise ConfigurationError(f"Logger(sample_rate={sample_rate!r}): pass a share of the invocations, 0 to 1")
        if buffer is not None and (not callables.is_number(buffer) or buffer < 1):
            raise ConfigurationError(f"Logger(buffer={buffer!r}): pass a number of bytes above 0, or None")
        if names not in NAMES:
            raise ConfigurationError(f"Logger(names={names!r}): pass {' or '.join(map(repr, NAMES))}")
        if replays not in ("once", "mark"):
            raise ConfigurationError(f"Logger(replays={replays!r}): pass 'once' or 'mark'")
        if format is not None and not callable(format):
            raise ConfigurationError(
                f"Logger(format={format!r}): pass a function that takes the line as a dict and returns text"
            )
        if log_event is None:
            log_event = environment.flag("LAMBDA_KIT_LOGGER_LOG_EVENT") or False
        self.level = levels.effective(level)
        self.correlation_id = _finder(correlation_id)
        self.encoder = Encoder(redaction.checked("Logger", redact))
        self.log_event = callables.check_flag("Logger(log_event=...)", log_event)
        self.marks_replays = replays == "mark"
        self.sample_rate = float(sample_rate)
        self.buffer = int(buffer or 0)
        self.names = NAMES[names]
        self.format = format
        self.pretty = _is_pretty()
        self.is_plain = self.pretty is False and format is None
        self.threshold = min(self.level, levels.DEBUG) if self.sample_rate or self.buffer else self.level
        platform = levels.of_platform()
        if platform is not None and self.threshold < platform:
            log.warning(
                "Lambda drops the lines that Logger(%s=...) writes below the level: the application log level of the "
                "function, AWS_LAMBDA_LOG_LEVEL, is %s; with the log format Text, Lambda drops nothing",
                "buffer" if self.buffer else "sample_rate",
                os.environ["AWS_LAMBDA_LOG_LEVEL"],
            )

    def with_level(self, level: Any) -> Settings:
        """Return a copy with another level, or with that of the platform if it is higher."""
        copy = Settings.__new__(Settings)
        for name in Settings.__slots__:
            setattr(copy, name, getattr(self, name))
        copy.level = max(levels.number(level, "level"), levels.of_platform() or 0)
        copy.threshold = min(copy.level, levels.DEBUG) if copy.sample_rate or copy.buffer else copy.level
        return copy


def service_name(argument: Any) -> str | None:
    """Return the name of the service: the argument, else the environment's, else None; None for False."""
    if argument is False:
        return None
    return argument or environment.text("LAMBDA_KIT_SERVICE")


def _finder(wanted: Any) -> Callable[[Any], str | None] | None:
    if wanted is None:
        return None
    from lambda_kit.logger import _correlation

    find = _correlation.finder(wanted)
    return lambda event: _correlation.text_of(find(event))


def _load_orjson() -> None:
    """Load orjson, which nested values are encoded with wherever it is loaded."""
    from importlib import import_module

    try:
        import_module("orjson")
    except ImportError as error:
        from lambda_kit._kernel import extras

        raise extras.missing("Logger(fast=True)", "orjson", "fast") from error


def _is_pretty() -> bool | None:
    wanted = environment.choice("LAMBDA_KIT_LOG_FORMAT", ("json", "pretty"))
    if wanted is not None:
        return wanted == "pretty"
    return False if "AWS_LAMBDA_RUNTIME_API" in os.environ else None
