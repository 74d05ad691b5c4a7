"""JSON text of any value, for lines that people and log services read: it never fails, and hides what is secret.

The runtime client has loaded `json` already, and the C function that escapes strings is all that most fields need;
`orjson` encodes large nested values faster, but its import costs more than thousands of lines save. The figures are on
the logger's page of the documentation. The C encoder of `json` neither hides fields nor ends on a value that contains
its parts many times over, so a nested value is given to it only after a look through all of its parts.
"""

from __future__ import annotations

import enum
from _thread import get_ident
from itertools import islice
from json.encoder import JSONEncoder
from json.encoder import encode_basestring as escape

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

__all__ = ["DEFAULT_REDACT", "REDACTED", "Encoder", "describe", "escape", "guarded"]

REDACTED = '"[redacted]"'
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
_MAX_DEPTH = 32
_MAX_TEXT = 2_000_000  # characters; a value that shares its parts with itself is small in memory and endless as text
_PER_ITEM = 8  # what an item counts for at least
_LONG = 100  # characters of a text that is counted for itself
_MAX_KEYS = 1_000
_MAX_DIGITS = 300  # parsers refuse, or turn into infinity, numbers that are longer
_MAX_NESTED = 3
_MANY = 10  # items from which on a look through a value and the C encoder are faster than walking it
_CUT = '"[cut: too much]"'


class Encoder:
    """Encodes values as JSON text in one line.

    Args:
        redact: names of fields whose values are hidden at any depth; case, `-` and `_` make no difference.

    Attributes:
        shown: the texts of the keys that `key` was asked for, with their colons, unless their values are hidden. To
            look there first saves the call.
    """

    __slots__ = ("_redact", "shown")

    def __init__(self, redact: Iterable[str] = ()) -> None:
        self._redact = frozenset(_plain(name) for name in redact)
        self.shown: dict[Any, str] = {}

    def key(self, name: Any) -> tuple[str, bool]:
        """Return the text of a key with its colon, and whether its value is hidden."""
        if type(name) is not str:
            name = _key_text(name)
        text = f"{escape(name)}:"
        if _plain(name) in self._redact:
            return text, True
        if len(name) <= _LONG:
            if len(self.shown) >= _MAX_KEYS:  # keys that are data must not fill the memory
                self.shown.clear()
            self.shown[name] = text
        return text, False

    def shows(self, names: Iterable[Any]) -> bool:
        """Tell whether all of these keys are text, and none of them stands for something hidden."""
        return all(type(name) is str and not self.key(name)[1] for name in names)

    def value(self, value: Any) -> str:
        """Return the text of a value. What cannot be encoded is text that says so."""
        cls = type_of(value)
        text_of = _SCALARS.get(cls)
        if text_of is not None:
            return text_of(value)
        try:
            return guarded(_Walk(self).value, value, 0)
        except Exception as error:
            return f'"[cannot encode: {type(error).__name__}]"'


class _Walk:
    """One way through a nested value."""

    __slots__ = ("_encoder", "_left", "_path", "_plain")

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._left = _MAX_TEXT
        self._path: list[int] = []
        self._plain = True  # as far as is known, nothing in the value needs more than the C encoder

    def value(self, value: Any, depth: int) -> str:
        cls = type_of(value)
        text_of = _SCALARS.get(cls)
        return self._nested(value, depth) if text_of is None else text_of(value)

    def _nested(self, value: Any, depth: int) -> str:
        if self._left <= 0:
            return _CUT
        if depth >= _MAX_DEPTH:
            return '"[cut: too deep]"'
        cls = type_of(value)
        key, path = id(value), self._path
        if key in path:
            return '"[recursive]"'
        path.append(key)
        try:
            if cls in _CONTAINERS:
                if self._plain and len(value) >= _MANY:
                    text = self._at_once(value, depth)
                    if text is not None:
                        return text
                    self._plain = False
                return self._members(value, depth) if cls is dict else self._items(value, depth)
            return self._other(value, depth)
        except Exception as error:
            if cls is dict and type(error) is RuntimeError:  # another thread has changed it meanwhile
                return self._members(value.copy(), depth)
            return _cannot(value, error)
        finally:
            path.pop()

    def _at_once(self, value: Any, depth: int) -> str | None:  # noqa: C901  # inner functions would cost half of the gain
        """Return the text of a value that holds nothing but containers and scalars, all of them to be shown."""
        left: int = self._left
        level: list[Any] = [value]
        shown, scalar_types, containers = self._encoder.shown.keys(), _SCALARS, _CONTAINERS
        try:
            for _ in range(depth, _MAX_DEPTH):
                below: list[Any] = []
                for one in level:
                    left -= (len(one) + 1) * _PER_ITEM
                    if left < 0:
                        return None
                    items = one
                    if type_of(one) is dict:
                        if not one.keys() <= shown:
                            left -= sum(map(len, one))
                            if left < 0 or not self._encoder.shows(one):
                                return None
                        items = one.values()
                    for item in items:
                        cls = type_of(item)
                        if cls is str:
                            left -= len(item)
                        elif cls in containers:
                            below.append(item)
                        elif cls not in scalar_types:
                            return None
                if left < 0:
                    return None
                if not below:
                    text = _encode(value)
                    self._left = left
                    return text
                level = below
        except Exception:  # no number of JSON, or changed by another thread meanwhile: for the walk to say
            return None
        return None

    def _members(self, value: dict[Any, Any], depth: int) -> str:
        parts: list[str] = []
        encoder, nested, depth = self._encoder, self._nested, depth + 1
        key_of, scalar_of = encoder.shown.get, _SCALARS.get
        members: Iterable[tuple[Any, Any]] = value.items()
        self._left -= (len(value) + 1) * _PER_ITEM
        cut = self._excess(len(value)) if self._left < 0 else 0
        if cut:
            members = islice(members, len(value) - cut)
        for name, member in members:
            key = key_of(name)
            if key is None:
                key, hidden = encoder.key(name)
                self._left -= len(key)
                if hidden:
                    parts.append(key + REDACTED)
                    continue
            cls = type_of(member)
            if cls is str:
                parts.append(key + (escape(member) if len(member) < _LONG else self._long(member)))
            elif (text_of := scalar_of(cls)) is not None:
                parts.append(key + text_of(member))
            else:
                parts.append(key + nested(member, depth))
        if cut:
            parts.append(f'"[cut]":"{cut} more"')
        return f"{{{','.join(parts)}}}"

    def _items(self, value: Any, depth: int) -> str:
        parts: list[str] = []
        scalar_of, nested, depth = _SCALARS.get, self._nested, depth + 1
        self._left -= (len(value) + 1) * _PER_ITEM
        cut = self._excess(len(value)) if self._left < 0 else 0
        for item in islice(value, len(value) - cut) if cut else value:
            cls = type_of(item)
            if cls is str:
                parts.append(escape(item) if len(item) < _LONG else self._long(item))
            elif (text_of := scalar_of(cls)) is not None:
                parts.append(text_of(item))
            else:
                parts.append(nested(item, depth))
        if cut:
            parts.append(f'"[cut: {cut} more]"')
        return f"[{','.join(parts)}]"

    def _excess(self, count: int) -> int:
        """Return how many of the items that were just counted are too many."""
        return min(-self._left // _PER_ITEM + 1, count)

    def _long(self, text: str) -> str:
        if self._left <= 0:
            return f'"[cut: {len(text)} characters]"'
        self._left -= len(text)
        return escape(text)

    def _other(self, value: Any, depth: int) -> str:  # noqa: C901, PLR0911, PLR0912  # one line for each kind of value
        # By `type(value)`, because `isinstance` asks the value: proxies and mocks claim to be what they stand for.
        cls = type_of(value)
        given: Any = value
        if issubclass(cls, type):
            return escape(_class_name(value))
        if issubclass(cls, enum.Enum):
            return self.value(value.value, depth)
        if hasattr(cls, "get_secret_value"):
            return REDACTED
        if issubclass(cls, str):
            return self._long(str.__str__(value))
        if issubclass(cls, int):
            return _integer(value)
        if issubclass(cls, float):
            return _float(value)
        if issubclass(cls, bytes | bytearray | memoryview):
            return self._long(_text_of_bytes(bytes(value)))
        if issubclass(cls, BaseException):
            return self._long(describe(value))
        if hasattr(cls, "__dataclass_fields__"):
            fields = cls.__dataclass_fields__.values()
            names = [field.name for field in fields if field.repr and field._field_type.name == "_FIELD"]
            return self._members(_attributes(value, names), depth)
        if hasattr(cls, "__attrs_attrs__"):
            return self._members(_attributes(value, [one.name for one in cls.__attrs_attrs__ if one.repr]), depth)
        if hasattr(cls, "__pydantic_serializer__"):
            return self.value(value.model_dump(warnings=False), depth)
        if hasattr(cls, "model_dump"):
            return self.value(value.model_dump(), depth)
        if hasattr(cls, "__fields__") and hasattr(cls, "dict"):  # pydantic 1
            return self.value(value.dict(), depth)
        if hasattr(cls, "_asdict"):
            return self.value(value._asdict(), depth)
        if issubclass(cls, set | frozenset):
            return self._items(sorted(given, key=_order), depth)
        if issubclass(cls, dict) or (hasattr(cls, "keys") and hasattr(cls, "__getitem__")):
            copied: dict[Any, Any] = dict(given)
            return self._members(copied, depth)
        if issubclass(cls, list | tuple) or (hasattr(cls, "append") and hasattr(cls, "__getitem__")):
            return self._items(value, depth)
        if cls.__name__ == "SimpleNamespace":
            return self._members(given.__dict__, depth)
        if cls.__name__ == "Decimal":
            text = str(value)
            return text if value.is_finite() and len(text) <= _MAX_DIGITS else escape(text)
        if hasattr(cls, "isoformat"):
            return escape(value.isoformat())
        if hasattr(cls, "total_seconds"):
            return _float(value.total_seconds())
        return self._long(str(value))


_nested: dict[int, int] = {}


def guarded(call: Callable[..., str], *args: Any) -> str:
    """Return `call(*args)`, which runs code of values, `__str__` above all: where that logs in turn, end it soon."""
    thread = get_ident()
    depth = _nested.get(thread, 0)
    if depth >= _MAX_NESTED:
        raise RecursionError("a value logs while it is being written")
    _nested[thread] = depth + 1
    try:
        return call(*args)
    finally:
        if depth:
            _nested[thread] = depth
        else:
            _nested.pop(thread, None)  # threads come and go


def describe(error: BaseException) -> str:
    """Return type and message of an exception, also of one whose message cannot be had."""
    text = message_of(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def message_of(error: BaseException) -> str:
    """Return the message of an exception, also of one whose message cannot be had."""
    try:
        return guarded(str, error)
    except Exception as broken:
        return f"[its message cannot be had: {type(broken).__name__}]"


def _cannot(value: Any, error: Exception) -> str:
    return escape(f"[cannot encode {_class_name(type(value))}: {describe(error)}]")


def _integer(value: int) -> str:
    try:
        return int.__repr__(value)
    except ValueError:  # Python refuses to write integers of thousands of digits
        return escape(f"[an integer of {value.bit_length()} bits]")


def _exact_integer(value: int) -> str:
    if -(10**18) < value < 10**18:
        return f"{value}"  # half the time that int.__repr__ takes, which a subclass needs
    return _integer(value)


def _float(value: float) -> str:
    text = float.__repr__(value)
    return f'"{text}"' if text in ("nan", "inf", "-inf") else text  # JSON has no such numbers


# By the exact type: the values for which no code but Python's own runs.
_SCALARS: dict[type, Callable[[Any], str]] = {
    str: escape,
    int: _exact_integer,
    float: _float,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): {None: "null"}.__getitem__,
}
_CONTAINERS = frozenset((dict, list, tuple))
_encode = JSONEncoder(ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")).encode


def _attributes(value: Any, names: list[str]) -> dict[str, Any]:
    """Return the attributes that there are: a field may never have been set."""
    missing: Any = object()
    found = {name: getattr(value, name, missing) for name in names}
    return {name: one for name, one in found.items() if one is not missing}


def _order(value: Any) -> str:
    return value if type(value) is str else str(value)


def _text_of_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        import binascii

        return binascii.b2a_base64(value, newline=False).decode()


def _key_text(name: Any) -> str:
    cls = type_of(name)
    try:
        if issubclass(cls, enum.Enum):
            name = name.value
            cls = type_of(name)
        if issubclass(cls, str):
            return str.__str__(name)
        if issubclass(cls, bytes):
            return _text_of_bytes(name)
        return str.__str__(str(name))
    except Exception as error:
        return f"[cannot encode {_class_name(cls)}: {describe(error)}]"


def _class_name(cls: Any) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
