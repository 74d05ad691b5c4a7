"""JSON text of any value, for log lines: it never fails, and hides the values of fields with secret names.

The runtime client has loaded `json` already, and the C function that escapes strings is all that most fields need.
Nested values are encoded by `orjson` where the function has loaded it. Its import costs more than thousands of lines
save, so the kit does not load it by itself. The code for nested values is loaded with the first of them.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit._kernel.json_scalars import REDACTED, SCALARS, describe, escape, guarded, key_text, message_of
from lambda_kit._kernel.redaction import DEFAULT_REDACT, Redaction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit._kernel.redaction import Redact

__all__ = ["DEFAULT_REDACT", "REDACTED", "Encoder", "describe", "escape", "guarded", "message_of"]

_LONG = 100  # characters of a key that is worth remembering
_MAX_KEYS = 1_000


_walk: Any = None


def _load_walk() -> Any:
    """Load what nested values need, with the first of them."""
    global _walk
    from lambda_kit._kernel.json_walk import Walk

    _walk = Walk
    return Walk


class Encoder:
    """Encodes values as JSON text in one line.

    Args:
        redact: names of fields whose values are hidden at any depth, as `Redaction` takes them.

    Attributes:
        hides: tells whether the values of a name are hidden.
        shown: a cache of the keys that are not hidden: their JSON text with a colon. Looking here first saves a call.
    """

    __slots__ = ("hides", "shown")

    def __init__(self, redact: Redact = ()) -> None:
        self.hides = Redaction(redact).hides
        self.shown: dict[Any, str] = {}

    def key(self, name: Any) -> tuple[str, bool]:
        """Return the JSON text of a key with a colon, and whether its value is hidden."""
        if type(name) is not str:
            name = key_text(name)
        text = f"{escape(name)}:"
        if self.hides(name):
            return text, True
        if len(name) <= _LONG:
            if len(self.shown) >= _MAX_KEYS:  # keys that are data must not fill the memory
                self.shown.clear()
            self.shown[name] = text
        return text, False

    def value(self, value: Any) -> str:
        """Return the JSON text of a value. A value that cannot be encoded becomes text that says so."""
        cls = type_of(value)
        text_of = SCALARS.get(cls)
        if text_of is not None:
            return text_of(value)
        try:
            return guarded((_walk or _load_walk())(self).value, value, 0)
        except Exception as error:
            return f'"[cannot encode: {type(error).__name__}]"'
