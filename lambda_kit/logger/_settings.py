"""The settings of a logger: its arguments and the environment, checked once, shared with its children."""

from __future__ import annotations

import os

from lambda_kit._kernel import callables, environment
from lambda_kit._kernel.json_text import Encoder
from lambda_kit.errors import ConfigurationError
from lambda_kit.logger import _levels as levels

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
        pretty: whether lines are for people; None if it depends on where standard output goes at the moment.

    Raises:
        ConfigurationError: an argument, or a variable of the environment, is invalid.
    """

    __slots__ = ("buffer", "correlation_id", "encoder", "level", "log_event", "pretty", "sample_rate", "threshold")

    def __init__(
        self, *, level: Any, correlation_id: Any, log_event: bool, sample_rate: Any, buffer: Any, redact: Any
    ) -> None:
        if not callables.is_number(sample_rate) or not 0 <= sample_rate <= 1:
            raise ConfigurationError(f"Logger(sample_rate={sample_rate!r}): pass a share of the invocations, 0 to 1")
        if buffer is not None and (not callables.is_number(buffer) or buffer < 1):
            raise ConfigurationError(f"Logger(buffer={buffer!r}): pass a number of bytes above 0, or None")
        self.level = levels.effective(level)
        self.correlation_id = _finder(correlation_id)
        self.encoder = Encoder(_names(redact))
        self.log_event = log_event
        self.sample_rate = float(sample_rate)
        self.buffer = int(buffer or 0)
        self.pretty = _is_pretty()
        self.threshold = min(self.level, levels.DEBUG) if self.sample_rate or self.buffer else self.level


def service_name(argument: str | None) -> str | None:
    """Return the name of the service: the argument, else the environment's, else None."""
    return argument or environment.text("LAMBDA_KIT_SERVICE")


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
    wanted = environment.choice("LAMBDA_KIT_LOG_FORMAT", ("json", "pretty"))
    if wanted is not None:
        return wanted == "pretty"
    return False if "AWS_LAMBDA_RUNTIME_API" in os.environ else None
