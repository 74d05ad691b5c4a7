"""Finds the correlation id in an event: by the name of a source, a header, or a JMESPath expression."""

from __future__ import annotations

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

# The paths are those of the payloads as AWS documents them for each source.
PRESETS: dict[str, tuple[str | int, ...]] = {
    "api-gateway-rest": ("requestContext", "requestId"),
    "api-gateway-http": ("requestContext", "requestId"),
    "api-gateway-websocket": ("requestContext", "requestId"),
    "function-url": ("requestContext", "requestId"),
    "eventbridge": ("id",),
    "sqs": ("Records", 0, "messageId"),
    "sns": ("Records", 0, "Sns", "MessageId"),
    "kinesis": ("Records", 0, "eventID"),
    "dynamodb-stream": ("Records", 0, "eventID"),
    "s3": ("Records", 0, "responseElements", "x-amz-request-id"),
}
# Sources that have the id in a header. A load balancer may send `multiValueHeaders` instead of `headers`.
HEADER_PRESETS = {"alb": "x-amzn-trace-id", "vpc-lattice": "x-amzn-trace-id", "appsync": "x-amzn-trace-id"}
_HEADER = "header:"


def finder(wanted: Any) -> Callable[[Any], Any]:
    """Return a function that takes the event and returns the id, or None.

    Args:
        wanted: a preset, `header:NAME`, a JMESPath expression, or a callable that takes the event.

    Raises:
        ConfigurationError: it is none of these.
    """
    if callable(wanted):
        given: Callable[[Any], Any] = wanted
        return given
    if not isinstance(wanted, str) or not wanted:
        raise ConfigurationError(
            f"correlation_id is {wanted!r}; pass a preset ({', '.join((*PRESETS, *HEADER_PRESETS))}), "
            "'header:NAME', a JMESPath expression or a function of the event"
        )
    header = wanted.removeprefix(_HEADER).strip() if wanted.startswith(_HEADER) else HEADER_PRESETS.get(wanted)
    if header == "":
        raise ConfigurationError("correlation_id is 'header:' without a name; write header:x-correlation-id")
    if header is not None:
        name = header.lower()
        return lambda event: _header(event, name)
    path = PRESETS.get(wanted)
    if path is not None:
        return lambda event: _follow(event, path)
    names = (*PRESETS, *HEADER_PRESETS)
    like = wanted.replace("_", "-").replace(" ", "-").lower()  # no field of an event is called `event_bridge`
    if ("-" in wanted and wanted.replace("-", "").replace("_", "").isalnum()) or like.replace("-", "") in {
        name.replace("-", "") for name in names
    }:
        raise ConfigurationError(
            f"correlation_id is {wanted!r}, which is no preset{callables.closest(like, names)}; there are "
            f"{', '.join(names)}. A field of the event whose name has a dash is quoted: '\"{wanted}\"'"
        )
    steps = tuple(wanted.split("."))
    if all(part.isidentifier() for part in steps):
        return lambda event: _follow(event, steps)
    from lambda_kit._kernel import expressions

    return expressions.compiled(wanted, "correlation_id")


def _follow(value: Any, path: tuple[str | int, ...]) -> Any:
    """Return the value at the end of `path`. Below `headers`, the letter case of names does not matter."""
    in_headers = False
    for step in path:
        at: Any = value
        if isinstance(value, dict):
            value = _of_header(at, str(step).lower()) if in_headers else at.get(step)
        elif isinstance(value, list) and isinstance(step, int) and len(at) > step:
            value = at[step]
        else:
            return None
        in_headers = step == "headers"
    return value


def _of_header(headers: dict[Any, Any], name: str) -> Any:
    """Return the header `name`, which is given in lower case."""
    if name in headers:
        return headers[name]
    return next((value for key, value in headers.items() if isinstance(key, str) and key.lower() == name), None)


def _header(event: Any, name: str) -> Any:
    for path in (("headers",), ("request", "headers"), ("multiValueHeaders",)):
        headers: Any = _follow(event, path)
        if issubclass(type_of(headers), dict):
            value: Any = _of_header(headers, name)
            first: Any = next(iter(value), None) if type_of(value) is list else value
            if first is not None:
                return first
    return None


def text_of(found: Any) -> str | None:
    """Return a found value as text; None for null and for the empty text.

    Raises:
        TypeError: the value is an object or a list, not an id.
    """
    if found is None or found == "":
        return None
    if issubclass(type_of(found), dict | list | tuple):
        raise TypeError(f"a {type_of(found).__name__} was found where a text was expected")
    return str(found)
