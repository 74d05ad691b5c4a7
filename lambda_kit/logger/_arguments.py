"""The arguments of `logging` that are no fields: `exc_info`, `extra` and `stack_info`."""

from __future__ import annotations

import sys

from lambda_kit._kernel import PACKAGE, type_of
from lambda_kit._kernel.json_text import Encoder, describe, escape
from lambda_kit.logger._exceptions import exception_fields, shortened, without_own_head

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

_MAX_STACK = 40  # frames
_MAX_TEXT = 64_000  # characters of a traceback
_plain = Encoder()  # the names in an exception's text are the kit's own, and none of them is secret


def taken(fields: dict[str, Any], encoder: Encoder, *, powertools: bool) -> tuple[dict[str, Any], dict[str, str]]:
    """Take the arguments out of the fields of a call.

    A value that is not one of such an argument stays a field of that name.

    Returns:
        The other fields, those of `extra` included, and the members that the arguments make, as JSON texts.
    """
    fields = dict(fields)
    extra: Any = fields.get("extra")
    if type_of(extra) is dict:
        del fields["extra"]
        fields = {**extra, **fields}
    members: dict[str, str] = {}
    stack: Any = fields.get("stack_info")
    if type_of(stack) is bool:
        del fields["stack_info"]
        if stack:
            members["stack"] = escape(_stack(sys._getframe(1)))
    error = _take_exception(fields) if "exc_info" in fields else None
    if error is not None:
        if powertools:
            members |= _as_powertools(error, encoder)
        else:
            members["exception"] = _exception_text(error, encoder)
        for name in members:
            if name in fields:
                fields[f"{name}_"] = fields.pop(name)
    return fields, members


def _take_exception(fields: dict[str, Any]) -> BaseException | None:
    """Take `exc_info` out of the fields, unless it is neither an exception nor a request for the current one."""
    given: Any = fields["exc_info"]
    is_triple = type_of(given) is tuple and len(given) == 3
    error: Any = given[1] if is_triple else given
    if type_of(error) in (bool, int):  # 1 and 0 mean the same, as with the standard library
        error = sys.exc_info()[1] if error else None
    if error is None or isinstance(error, BaseException):
        del fields["exc_info"]
        return error if isinstance(error, BaseException) else None
    return None


def _exception_text(error: BaseException, encoder: Encoder) -> str:
    try:
        return _plain.value(exception_fields(error, encoder))
    except Exception as failure:
        return _plain.value({"type": type(error).__qualname__, "message": f"[cut: {describe(failure)}]"})


def _as_powertools(error: BaseException, encoder: Encoder) -> dict[str, str]:
    """Return an exception as Powertools writes it: the traceback as text, and its name; beside them the frames."""
    import traceback

    from lambda_kit._kernel.messages import shown

    try:
        text = shown(
            "".join(traceback.format_exception(type(error), error, without_own_head(error.__traceback__))),
            encoder.hides,
        )
    except Exception as failure:
        text = f"[cut: {describe(failure)}]"
    return {
        "exception": escape(shortened(text, _MAX_TEXT)),
        "exception_name": escape(type(error).__name__),
        "stack_trace": _exception_text(error, encoder),
    }


def _stack(frame: FrameType | None) -> str:
    """Return the stack of the code that logs, the innermost call last, without the logger's own frames."""
    import traceback

    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return shortened("".join(traceback.format_stack(frame, _MAX_STACK)).rstrip(), _MAX_TEXT)
