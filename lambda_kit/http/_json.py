"""JSON of any value that a route returns: models, dataclasses, structs, dates and their like."""

from __future__ import annotations

import json
import sys

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _other(value: Any) -> Any:
    """Return what JSON can hold, in place of a value that it cannot.

    Raises:
        TypeError: there is nothing that stands for it.
    """
    dump = getattr(value, "model_dump", None)
    if dump is not None:
        return dump(mode="json", by_alias=True)
    fields = getattr(value, "__dataclass_fields__", None)
    if fields is not None and not isinstance(value, type):
        return {name: getattr(value, name) for name in fields}
    if hasattr(value, "__struct_fields__"):
        return sys.modules["msgspec"].to_builtins(value)
    many: Any = value
    if isinstance(many, set | frozenset):
        return list(many)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return _text_of(value)


def _text_of(value: Any) -> Any:
    kind = type_of(value).__name__
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if kind == "Decimal" and value.is_finite():
        return int(value) if value == value.to_integral_value() else float(value)
    if kind == "UUID" or hasattr(value, "__fspath__"):
        return str(value)
    enum = sys.modules.get("enum")
    if enum is not None and isinstance(value, enum.Enum):
        return value.value
    raise TypeError(f"a value of type {kind} has no JSON")


_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False, default=_other
).encode
_escape = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_other).encode


def _fast_encoder() -> Callable[[Any], str]:
    """Return an encoder that is built once. `json` builds one for each value, which takes longer than a small value."""
    encoder: Any = json.encoder
    make: Any = getattr(encoder, "c_make_encoder", None)
    if make is None:  # another implementation of Python
        return _encode
    chunks = make(None, _other, encoder.encode_basestring, None, ":", ",", False, False, False)

    def encode(value: Any) -> str:
        return "".join(chunks(value, 0))

    return encode


_encode_fast = _fast_encoder()


def json_of(value: Any) -> str:
    """Return the JSON text of a value. Text is UTF-8, but half of a surrogate pair is an escape.

    Raises:
        TypeError: a value has no JSON.
        ValueError: a number is not finite.
        RecursionError: the value contains itself, or is nested too deeply.
    """
    text = _encode_fast(value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return _escape(value)
    return text
