"""JSON text of nested values: containers, dataclasses, models and whatever else has parts.

A container is looked through first: types, sizes, names. If it holds nothing but plain values, none of them to be
hidden, an encoder in C makes the text: `orjson` where the function has loaded it, else `json`. Other values are walked.
"""

from __future__ import annotations

import enum
import sys
from collections.abc import MappingView
from gc import get_referents
from itertools import islice
from json.encoder import JSONEncoder

from lambda_kit._kernel import type_of
from lambda_kit._kernel.json_scalars import (
    MAX_DIGITS,
    REDACTED,
    SCALARS,
    class_name,
    describe,
    escape,
    float_text,
    integer_text,
    key_text,
    text_of_bytes,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Protocol

    class Keys(Protocol):
        """Decides which fields are hidden: an `Encoder`."""

        shown: dict[Any, str]

        @property
        def hides(self) -> Callable[[str], bool]: ...

        def key(self, name: Any) -> tuple[str, bool]: ...


_MAX_DEPTH = 32
_MAX_TEXT = 2_000_000  # characters; shared parts can make a small value an endless text
_PER_ITEM = 8  # characters that each item counts for at least
_LONG = 100  # texts from this length on are counted
_MANY = 10  # from this many items on, looking through a value first is faster than walking it
_LARGEST_INT = 2**63  # integers below it need no care
_SMALLEST = -_LARGEST_INT
_LARGEST = 1.7976931348623157e308
_MAX_ITEMS = 10_000  # of an array or an iterator
_CUT = '"[cut: too much]"'
_CONTAINERS = frozenset((dict, list, tuple))
_no_keys: set[Any] = set()
_SEQUENCES = frozenset((list, tuple))
_PLAIN = _CONTAINERS | SCALARS.keys()
# In objects such as {"name": "password", "value": "..."}, the name decides whether the value is hidden.
_NAMES = frozenset(("name", "Name", "key", "Key", "header", "Header", "field", "Field", "parameter", "Parameter"))
_VALUES = frozenset(("value", "Value", "values", "Values"))
_encode = JSONEncoder(ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":")).encode


class Walk:
    """One pass through a nested value."""

    __slots__ = ("_encoder", "_left", "_path", "_plain")

    def __init__(self, encoder: Keys) -> None:
        self._encoder = encoder
        self._left = _MAX_TEXT
        self._path: list[int] = []
        self._plain = True  # so far nothing in the value needs more than the C encoder

    def value(self, value: Any, depth: int) -> str:
        cls = type_of(value)
        text_of = SCALARS.get(cls)
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

    def _at_once(self, value: Any, depth: int) -> str | None:
        """Return the text of a value of plain parts that are all shown; None for any other value."""
        try:
            if not self._is_plain(value, depth):
                return None
            orjson: Any = sys.modules.get("orjson")
            if orjson is not None:
                try:
                    data: bytes = orjson.dumps(value)
                except Exception:  # an integer of more than 64 bits, half of a surrogate pair
                    return _encode(value)
                if b"null" not in data:  # orjson writes null for infinity and for what is not a number
                    return data.decode()
            return _encode(value)
        except Exception:  # not a JSON number, or changed by another thread: the walk deals with it
            return None

    def _is_plain(self, value: Any, depth: int) -> bool:
        """Tell whether all parts are containers and scalars of exact types, and all of them are shown.

        It looks at one level after the other, with functions in C for most questions.
        """
        left: int = self._left
        level: list[Any] = [value]
        kinds: set[Any] = {type_of(value)}
        for _ in range(depth, _MAX_DEPTH):
            if not self._shows_all(level, kinds):
                return False
            # The items of lists and tuples, and the values of dicts with string keys: what the collector would visit.
            items = get_referents(*level)
            kinds = set(map(type_of, items))
            left -= (len(items) + len(level)) * _PER_ITEM
            if left < 0 or not kinds <= _PLAIN:
                return False
            if str in kinds:
                left -= sum(map(len, items) if len(kinds) == 1 else [len(one) for one in items if type(one) is str])
            if int in kinds and not _all_short([one for one in items if type_of(one) is int]):
                return False
            if kinds.isdisjoint(_CONTAINERS):
                self._left = left
                return left >= 0
            level = items
        return False

    def _shows_all(self, level: list[Any], kinds: set[Any]) -> bool:
        """Tell whether nothing in the containers of a level is hidden by its name, and all keys are strings."""
        if dict in kinds:
            dicts: list[Any] = level if len(kinds) == 1 else [one for one in level if type_of(one) is dict]
            keys: set[Any] = _no_keys.union(*dicts)
            if not keys <= self._encoder.shown.keys():
                if not all(type_of(key) is str and not self._encoder.key(key)[1] for key in keys):
                    return False
                self._left -= sum(map(len, keys))
            if not _VALUES.isdisjoint(keys) and not _NAMES.isdisjoint(keys):
                return False
        for kind in kinds & _SEQUENCES:
            firsts = [one[0] for one in level if type(one) is kind and len(one) == 2]
            if firsts and any(map(self._encoder.hides, {one for one in firsts if type_of(one) is str})):
                return False
        return True

    def _members(self, value: dict[Any, Any], depth: int) -> str:
        parts: list[str] = []
        encoder, nested, depth = self._encoder, self._nested, depth + 1
        key_of, scalar_of = encoder.shown.get, SCALARS.get
        members: Iterable[tuple[Any, Any]] = value.items()
        hidden_values = not value.keys().isdisjoint(_VALUES) and self._names_a_secret(value)
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
            if hidden_values and name in _VALUES:
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

    def _names_a_secret(self, value: dict[Any, Any]) -> bool:
        """Tell whether a dict with a value has a name for it that is hidden."""
        for name in _NAMES:
            member: Any = value.get(name)
            if type_of(member) is str and self._encoder.hides(member):
                return True
        return False

    def _items(self, value: Any, depth: int) -> str:
        if len(value) == 2:
            first = next(iter(value))
            if type_of(first) in (str, bytes) and self._encoder.hides(key_text(first)):
                return f"[{self.value(first, depth)},{REDACTED}]"
        parts: list[str] = []
        scalar_of, nested, depth = SCALARS.get, self._nested, depth + 1
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
        """Return how many of the items just counted exceed the limit."""
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
            return escape(class_name(value))
        if issubclass(cls, enum.Enum):
            return self.value(value.value, depth)
        if hasattr(cls, "get_secret_value"):
            return REDACTED
        if issubclass(cls, str):
            return self._long(str.__str__(value))
        if issubclass(cls, int):
            return integer_text(value)
        if issubclass(cls, float):
            return float_text(value)
        if issubclass(cls, bytes | bytearray | memoryview):
            return self._long(text_of_bytes(bytes(value)))
        if issubclass(cls, BaseException):
            return self._long(describe(value, self._encoder.hides))
        if hasattr(cls, "dtype") and hasattr(cls, "tolist"):  # numpy
            if getattr(value, "size", 1) > _MAX_ITEMS:
                return escape(f"[cut: an array of {value.size} items]")
            return self.value(value.tolist(), depth)
        if hasattr(cls, "__struct_fields__"):  # msgspec
            return self._members(_attributes(value, list(cls.__struct_fields__)), depth)
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
        if issubclass(cls, MappingView | range):
            listed: list[Any] = [*islice(given, _MAX_ITEMS)]
            return self._items(listed, depth)
        if hasattr(cls, "__length_hint__") and hasattr(cls, "__next__") and cls.__module__ == "builtins":
            import copy

            left: list[Any] = [*islice(copy.copy(given), _MAX_ITEMS)]  # the iterator itself stays where it is
            return self._items(left, depth)
        if issubclass(cls, list | tuple) or (hasattr(cls, "append") and hasattr(cls, "__getitem__")):
            return self._items(value, depth)
        if cls.__name__ == "SimpleNamespace":
            return self._members(given.__dict__, depth)
        if cls.__name__ == "Decimal":
            text = str(value)
            fits = value.is_finite() and len(text) <= MAX_DIGITS and abs(value) <= _LARGEST
            return text if fits and (not value or float(value)) else escape(text)
        if hasattr(cls, "isoformat"):
            return escape(value.isoformat())
        if hasattr(cls, "total_seconds"):
            return float_text(value.total_seconds())
        return self._long(str(value))


def _all_short(values: list[int]) -> bool:
    return min(values) > _SMALLEST and max(values) < _LARGEST_INT


def _cannot(value: Any, error: Exception) -> str:
    return escape(f"[cannot encode {class_name(type(value))}: {describe(error)}]")


def _attributes(value: Any, names: list[str]) -> dict[str, Any]:
    """Return the attributes that are set: a field can be missing."""
    missing: Any = object()
    found = {name: getattr(value, name, missing) for name in names}
    return {name: one for name, one in found.items() if one is not missing}


def _order(value: Any) -> str:
    return value if type(value) is str else str(value)
