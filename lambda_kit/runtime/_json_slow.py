"""JSON of values that the quick functions of `_json` do not take: other types, and what is no JSON at all.

Without the rich encoding the result is that of `simplejson`, which AWS's client uses: a `Decimal` is a number with all
its digits, a named tuple an object, `bytes` are text in UTF-8.
"""

from __future__ import annotations

import json
import math
import sys
from json.encoder import encode_basestring, encode_basestring_ascii

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_BLANKS = " \t\n\r"


def decode(text: str, scan: Callable[[str, int], tuple[Any, int]]) -> Any:
    """Return the value of JSON that has blanks or a byte order mark around it.

    Raises:
        ValueError: it is no JSON. The message says where.
    """
    text = text.removeprefix("\ufeff")
    start = len(text) - len(text.lstrip(_BLANKS))
    try:
        value, end = scan(text, start)
    except StopIteration as stop:
        raise json.JSONDecodeError("Expecting value", text, stop.value) from None
    if text[end:].strip(_BLANKS):
        rest = end + len(text[end:]) - len(text[end:].lstrip(_BLANKS))
        raise json.JSONDecodeError("Extra data", text, rest)
    return value


def encode(value: Any, *, ascii_only: bool, rich: bool) -> bytes:
    """Return the JSON of a value.

    Raises:
        TypeError: a value has no JSON.
        ValueError: a value contains itself.
        RecursionError: it is nested too deeply.
    """
    text = _Encoder(ascii_only, rich).text_of(value)
    try:
        data = text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which UTF-8 cannot hold
        data = _Encoder(True, rich).text_of(value).encode()
    return data


class _Encoder:
    def __init__(self, ascii_only: bool, rich: bool) -> None:
        self._quote = encode_basestring_ascii if ascii_only else encode_basestring
        self._rich = rich
        self._parts: list[str] = []
        self._inside: set[int] = set()  # ids of the containers that are being written

    def text_of(self, value: Any) -> str:
        self._write(value)
        return "".join(self._parts)

    def _write(self, value: Any) -> None:
        if isinstance(value, str):
            self._parts.append(self._quote(value))
        elif value is None or value is True or value is False:
            self._parts.append({None: "null", True: "true", False: "false"}[value])
        elif isinstance(value, int):
            self._parts.append(int.__repr__(value))
        elif isinstance(value, float):
            self._parts.append(_float(value))
        elif isinstance(value, bytes):
            self._parts.append(self._quote(value.decode()))
        else:
            self._write_container(value)

    def _write_container(self, value: Any) -> None:
        if id(value) in self._inside:
            raise ValueError("Circular reference detected")
        self._inside.add(id(value))
        as_dict = getattr(value, "_asdict", None)
        kind = type_of(value)
        if issubclass(kind, dict):
            self._write_object(value)
        elif callable(as_dict):
            self._write(as_dict())
        elif issubclass(kind, list | tuple):
            self._write_array(value)
        else:
            self._write_other(value)
        self._inside.discard(id(value))

    def _write_object(self, value: dict[Any, Any]) -> None:
        write = self._parts.append
        between = "{"
        for key, item in list(value.items()):  # another thread may still add to it
            write(between)
            between = ", "
            write(self._quote(self._key(key)))
            write(": ")
            self._write(item)
        write("{}" if between == "{" else "}")

    def _key(self, key: Any) -> str:
        if isinstance(key, str):
            return key
        if isinstance(key, bytes):
            return key.decode()
        if key is None or key is True or key is False:
            return {None: "null", True: "true", False: "false"}[key]
        if isinstance(key, int):
            return int.__repr__(key)
        if isinstance(key, float):
            return _float(key)
        if self._rich:
            text = _rich(key)
            if text is not None and not isinstance(text, dict | list):
                return text if isinstance(text, str) else json.dumps(text)
        raise TypeError(f"keys must be str, int, float, bool or None, not {type(key).__name__}")

    def _write_array(self, value: Any) -> None:
        write = self._parts.append
        between = "["
        for item in value:
            write(between)
            between = ", "
            self._write(item)
        write("[]" if between == "[" else "]")

    def _write_other(self, value: Any) -> None:
        decimal: Any = sys.modules.get("decimal")
        if decimal is not None and isinstance(value, decimal.Decimal):
            self._parts.append("NaN" if value.is_nan() else str(value))
            return
        if self._rich:
            plain = _rich(value)
            if plain is not None:
                self._write(plain)
                return
        raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _float(value: float) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return float.__repr__(value)


def _rich(value: Any) -> Any:
    """Return what JSON can hold, in place of a value of a known kind; None for others."""
    dump = getattr(value, "model_dump", None)
    if callable(dump):
        return dump(mode="json", by_alias=True)
    fields = getattr(value, "__dataclass_fields__", None) or getattr(value, "__attrs_attrs__", None)
    if fields is not None and not isinstance(value, type):
        return {name: getattr(value, name) for name in (getattr(one, "name", one) for one in fields)}
    struct: Any = getattr(value, "__struct_fields__", None)
    if struct is not None:
        return {name: getattr(value, name) for name in struct}
    return _rich_scalar(value)


def _rich_scalar(value: Any) -> Any:
    kind = type_of(value)
    if issubclass(kind, set | frozenset):
        return list(value)
    if hasattr(kind, "isoformat"):
        return value.isoformat()
    if hasattr(kind, "__fspath__") or kind.__name__ == "UUID":
        return str(value)
    enum: Any = sys.modules.get("enum")
    if enum is not None and issubclass(kind, enum.Enum):
        return value.value
    return None
