"""Structs of msgspec as models: <https://jcristharif.com/msgspec/structs.html>."""

from __future__ import annotations

import re

from lambda_kit.errors import ConfigurationError
from lambda_kit.events._problems import hide, values_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def compile_struct(
    model: Any, where: str
) -> tuple[Callable[[Any], Any], Callable[[Any], Any], type[Exception], Callable[[Any, Any], list[dict[str, Any]]]]:
    """Return the functions that validate JSON and values as a struct, their exceptions, and a reader of these.

    Raises:
        ConfigurationError: msgspec cannot validate this type.
    """
    import msgspec

    convert = msgspec.convert
    try:
        of_json: Any = msgspec.json.Decoder(model).decode
    except TypeError as error:
        raise ConfigurationError(f"{where}: msgspec cannot validate this type: {error}") from error
    return of_json, lambda value: convert(value, model), msgspec.DecodeError, _problems


def _problems(error: Any, content: Any) -> list[dict[str, Any]]:
    """Return the problem in a message, which ends with its path, such as `$.lines[0].amount`."""
    message, _, place = str(error).partition(" - at `$")
    path = tuple(
        int(index) if index else name
        for name, index in re.findall(r"\.([^.\[\]`]+)|\[(\d+)\]", place.replace("[...]", ""))
    )
    kind = "json_invalid" if not isinstance(error, _validation_error()) else "value_error"
    if kind == "json_invalid":
        message = f"Invalid JSON: {message}"
    elif message.startswith("Invalid "):  # of an enumeration or a tag: it ends with the value
        message = "Invalid enum value" if message.startswith("Invalid enum") else "Invalid value"
    else:
        message = hide(message, values_of(content))
    return [{"type": kind, "loc": path, "msg": message}]


def _validation_error() -> type[Exception]:
    import msgspec

    return msgspec.ValidationError
