"""JSON text of any value, for log lines: it never fails, and hides the values of fields with secret names.

The runtime client has loaded `json` already, and the C function that escapes strings is all that most fields need;
`orjson` encodes large nested values faster, but its import costs more than thousands of lines save. The figures are on
the logger's page of the documentation. The code for nested values is loaded with the first of them.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit._kernel.json_scalars import REDACTED, SCALARS, describe, escape, guarded, key_text, message_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["DEFAULT_REDACT", "REDACTED", "Encoder", "describe", "escape", "guarded", "message_of"]

# Names of fields that are hidden unless a logger is told others.
DEFAULT_REDACT = (
    "password",
    "passwd",
    "secret",
    "client_secret",
    "secret_key",
    "secret_access_key",
    "session_token",
    "security_token",
    "access_token",
    "refresh_token",
    "id_token",
    "token",
    "api_key",
    "x-api-key",
    "private_key",
    "authorization",
    "cookie",
    "set-cookie",
    "x-amz-security-token",
    "authorization_token",
    "proxy-authorization",
    "cookies",
    "secret_string",
    "secret_binary",
    "passphrase",
    "aws_secret_access_key",
    "aws_session_token",
)

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
        redact: names of fields whose values are hidden at any depth; case, `-` and `_` make no difference.

    Attributes:
        shown: a cache of the keys that are not hidden: their JSON text with a colon. Looking here first saves a call.
    """

    __slots__ = ("_redact", "shown")

    def __init__(self, redact: Iterable[str] = ()) -> None:
        self._redact = frozenset(_plain(name) for name in redact)
        self.shown: dict[Any, str] = {}

    def key(self, name: Any) -> tuple[str, bool]:
        """Return the JSON text of a key with a colon, and whether its value is hidden."""
        if type(name) is not str:
            name = key_text(name)
        text = f"{escape(name)}:"
        if _plain(name) in self._redact:
            return text, True
        if len(name) <= _LONG:
            if len(self.shown) >= _MAX_KEYS:  # keys that are data must not fill the memory
                self.shown.clear()
            self.shown[name] = text
        return text, False

    def shows(self, names: Iterable[Any]) -> bool:
        """Tell whether all keys are text and none of them is hidden."""
        return all(type(name) is str and not self.key(name)[1] for name in names)

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


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
