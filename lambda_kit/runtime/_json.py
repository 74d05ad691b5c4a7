"""JSON as AWS's client reads and writes it, from the parts of the standard library that are written in C.

The package `json` is not imported: with the regular expressions that it needs, it is a third of the start. What the
quick functions here cannot decide is left to `_json_slow`.
"""

from __future__ import annotations

import os
from _json import encode_basestring, encode_basestring_ascii, make_encoder, make_scanner
from marshal import dumps as probe

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_PLAIN = frozenset((str, int, float, bool, type(None)))


class UnmarshalError(ValueError):
    """The event is no JSON."""


def _refuse_constant(name: str) -> None:
    raise UnmarshalError(f"Out of range float values are not JSON compliant: {name}")


class _Options:
    strict = True
    object_hook = None
    object_pairs_hook = None
    array_hook = None  # from Python 3.15 on
    parse_float = float
    parse_int = int
    parse_constant = staticmethod(_refuse_constant)


_options: Any = _Options
_scan: Any = make_scanner(_options)


def decode(data: bytes) -> Any:
    """Return the value of JSON in UTF-8.

    Raises:
        ValueError: it is no JSON. The message says where.
        RecursionError: it is nested too deeply.
    """
    text = data.decode()
    try:
        value, end = _scan(text, 0)
    except StopIteration:
        value, end = None, -1
    if end != len(text):
        from lambda_kit.runtime import _json_slow

        return _json_slow.decode(text, _scan)
    return value


def writes_ascii() -> bool:
    """Return True if text is escaped, as by AWS's client up to Python 3.11, and where it knows no runtime."""
    name, _, minor = os.environ.get("AWS_EXECUTION_ENV", "").rpartition(".")
    return name != "AWS_Lambda_python3" or not minor.isdigit() or int(minor) < 12


def make_encode(*, ascii_only: bool, rich: bool) -> Callable[[Any], bytes]:
    """Return the function that encodes the result of a handler.

    Args:
        ascii_only: whether characters outside of ASCII are escaped.
        rich: whether dates, models, sets and others of `_json_slow` are encoded too.
    """
    text_of = encode_basestring_ascii if ascii_only else encode_basestring

    def default(value: Any) -> Any:
        if value.__class__ is bytes:
            return value.decode()
        raise _Slow

    make: Any = make_encoder
    chunks: Any = make(None, default, text_of, None, ": ", ", ", False, False, True)

    def encode(value: Any) -> bytes:
        if value.__class__ is dict or value.__class__ is list or value.__class__ in _PLAIN:
            try:
                probe(value)  # it takes exact types alone: no named tuple, enumeration, Decimal or date
                parts = chunks(value, 0)
                text: str = parts if parts.__class__ is str else "".join(parts)
                return text.encode()
            except (_Slow, TypeError, ValueError, RecursionError):
                pass
        from lambda_kit.runtime import _json_slow

        return _json_slow.encode(value, ascii_only=ascii_only, rich=rich)

    return encode


class _Slow(Exception):
    """A value needs the slow way."""
