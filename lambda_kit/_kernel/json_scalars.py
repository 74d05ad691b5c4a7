"""JSON text of strings, numbers and other values without parts, and the messages of exceptions. Nothing here fails."""

from __future__ import annotations

import enum
import sys
from _thread import get_ident
from json.encoder import encode_basestring as escape

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = [
    "MAX_BITS",
    "MAX_DIGITS",
    "REDACTED",
    "SCALARS",
    "class_name",
    "describe",
    "escape",
    "float_text",
    "guarded",
    "integer_text",
    "key_text",
    "message_of",
    "text_of_bytes",
]

REDACTED = '"[redacted]"'
MAX_BITS = 1_023  # of an integer that is a number: parsers refuse those that no double holds, or make them infinite
MAX_DIGITS = 300  # of a decimal number
_MAX_NESTED = 3


_nested: dict[int, int] = {}


def guarded(call: Callable[..., str], *args: Any) -> str:
    """Return `call(*args)`. The call may run `__str__` of a value, which may log again; such a recursion is ended."""
    thread = get_ident()
    depth = _nested.get(thread, 0)
    if depth >= _MAX_NESTED:
        depth = _depth()  # an interrupt may have struck before a call was counted down
        if depth >= _MAX_NESTED:
            raise RecursionError("a value logs while it is being written")
    try:
        _nested[thread] = depth + 1
        return call(*args)
    finally:
        if depth:
            _nested[thread] = depth
        else:
            _nested.pop(thread, None)  # threads come and go


def _depth() -> int:
    """Return the number of calls of `guarded` that are running in this thread, without that of the caller."""
    depth, frame = -1, sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        depth += frame.f_code is guarded.__code__
    return depth


def describe(error: BaseException, hides: Callable[[str], bool] | None = None) -> str:
    """Return type and message of an exception, without passwords.

    A `__str__` that fails is reported in place of the message.

    Args:
        error: the exception.
        hides: tells whether the values of a name are hidden; by default the names that loggers hide by default.
    """
    from lambda_kit._kernel.messages import shown

    text = shown(message_of(error), hides)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def message_of(error: BaseException) -> str:
    """Return the message of an exception as it is. A `__str__` that fails is reported in its place."""
    try:
        return guarded(str, error)
    except Exception as broken:
        return f"[its message cannot be had: {type(broken).__name__}]"


def integer_text(value: int) -> str:
    """Return the JSON text of an integer; of one that no double holds, as a string."""
    try:
        text = int.__repr__(value)
    except ValueError:  # Python refuses to write integers of thousands of digits
        return escape(f"[an integer of {value.bit_length()} bits]")
    return text if value.bit_length() <= MAX_BITS else f'"{text}"'


def _exact_integer(value: int) -> str:
    if -(10**18) < value < 10**18:
        return f"{value}"  # twice as fast as int.__repr__, which subclasses need
    return integer_text(value)


def float_text(value: float) -> str:
    text = float.__repr__(value)
    return f'"{text}"' if text in ("nan", "inf", "-inf") else text  # JSON has no such numbers


# By exact type: values whose text is made without running code of the user.
SCALARS: dict[type, Callable[[Any], str]] = {
    str: escape,
    int: _exact_integer,
    float: float_text,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): {None: "null"}.__getitem__,
}


def text_of_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        import binascii

        return binascii.b2a_base64(value, newline=False).decode()


def key_text(name: Any) -> str:
    cls = type_of(name)
    try:
        if issubclass(cls, enum.Enum):
            name = name.value
            cls = type_of(name)
        if issubclass(cls, str):
            return str.__str__(name)
        if issubclass(cls, bytes):
            return text_of_bytes(name)
        return str.__str__(str(name))
    except Exception as error:
        return f"[cannot encode {class_name(cls)}: {describe(error)}]"


def class_name(cls: Any) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
