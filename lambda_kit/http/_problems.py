"""Problems that pydantic and msgspec find, in words for clients: without values of the request or names of classes.

Both put parts of the input into some of their messages, and those of users' own validators may hold anything. Clients
see the messages that are known to be harmless. For all others they see words of this module.
"""

from __future__ import annotations

import re

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NOT_VALID = "it is not valid"
# Messages of pydantic that hold names of classes, parts of the input, or errors of other libraries.
_WORDS = {
    "arguments_type": "it is of another type",
    "bytes_invalid_encoding": "its encoding is not valid",
    "dataclass_exact_type": "it has to be an object",
    "dataclass_type": "it has to be an object",
    "datetime_object_invalid": "it has to be a date and a time",
    "get_attribute_error": NOT_VALID,
    "is_instance_of": "it is of another type",
    "is_subclass_of": "it is of another type",
    "iteration_error": NOT_VALID,
    "json_invalid": "it has to be JSON",
    "json_type": "it has to be JSON",
    "mapping_type": "it has to be an object",
    "model_attributes_type": "it has to be an object",
    "model_type": "it has to be an object",
    "named_tuple_type": "it has to be an array or an object",
    "needs_python_object": "it is of another type",
    "no_such_attribute": "it is not known",
    "time_delta_parsing": "it has to be a duration, as in ISO 8601",
    "timezone_offset": "it has another time zone",
    "union_tag_invalid": "its kind is none of those that are allowed",
    "url_parsing": "it has to be a URL",
    "url_syntax_violation": "it has to be a URL",
    "uuid_parsing": "it has to be a UUID",
}
_OF_VALIDATORS = ("value_error", "assertion_error")
# Messages of msgspec: what it expected is the model's, never the client's.
_HARMLESS = re.compile(
    r"Expected `[a-z0-9 |]+`(, got `[a-z0-9 |]+`)?"
    r"|Expected `[a-z0-9 |]+` ([<>]=?|of length|that's a multiple of|matching regex|with) .*"
    r"|Object missing required field `.*`"
    r"|Invalid (RFC3339 encoded \w+|ISO8601 duration|UUID|decimal string|base64 encoded string|epoch timestamp)"
    r"|(Number|Integer value|Timestamp|Duration) (is )?out of range",
    re.DOTALL,
)
_MSGSPEC_WORDS = (
    ("Invalid enum value", "it is none of the values that are allowed"),
    ("Invalid value", "its kind is none of those that are allowed"),
    ("Object contains unknown field", "it has a field that is not known"),
)


class Problem(dict[str, str]):
    """A problem of a request, as clients see it.

    Attributes:
        own: the message of the user's own validator, which clients see if the app says so; None without one.
    """

    __slots__ = ("own",)

    def __init__(self, detail: str, own: str | None, **members: str) -> None:
        super().__init__(detail=detail, **members)
        self.own = own


class Refused(ValueError):
    """A value that a model refuses. The text is for the client.

    Attributes:
        own: the message of the user's own validator; None without one.
    """

    def __init__(self, detail: str, own: str | None) -> None:
        super().__init__(detail)
        self.own = own


def words(problem: Any) -> tuple[str, str | None]:
    """Return the words for a problem of pydantic, and the message of the user's validator or None."""
    kind, message = problem["type"], str(problem["msg"])
    found = _WORDS.get(kind)
    if found is not None:
        return found, None
    if kind in _OF_VALIDATORS:
        return NOT_VALID, message.partition(", ")[2]
    return (message, None) if _is_of_pydantic(kind, message, problem.get("ctx")) else (NOT_VALID, message)


def _is_of_pydantic(kind: str, message: str, context: Any) -> bool:
    """Tell if a message is one of pydantic's own. Validators may raise errors of any kind with any message."""
    from pydantic_core import PydanticKnownError

    make: Any = PydanticKnownError
    try:
        return message == make(kind, context).message()  # type: ignore[no-any-return]
    except (KeyError, TypeError, ValueError):  # pydantic has no such kind, or it needs more
        return False


def of_model(problems: list[Any], text: str) -> list[Problem]:
    """Return the problems that pydantic has found in JSON text."""
    import json

    data = json.loads(text)
    found: list[Problem] = []
    for one in problems:
        pointer = _pointer(one["loc"], data, is_missing=one["type"] == "missing")
        detail, own = words(one)
        found.append(Problem(detail, own, **{"in": "body", "pointer": pointer}))
    return found


def _pointer(location: tuple[str | int, ...], data: Any, *, is_missing: bool) -> str:
    """Return the JSON pointer of a location of pydantic, which also names members of unions and validators."""
    from urllib.parse import quote

    parts: list[str] = []
    for position, one in enumerate(location):
        index: Any = one
        if (type_of(data) is dict and one in data) or (
            type_of(data) is list and type_of(one) is int and 0 <= index < len(data)
        ):
            data = data[one]
        elif not (is_missing and position == len(location) - 1):
            continue
        parts.append("/" + quote(str(one).replace("~", "~0").replace("/", "~1"), safe="~"))
    return "#" + "".join(parts)


def of_struct(error: Any) -> Problem:
    """Return the problem that msgspec has found."""
    told, path = str(error), ""
    for mark in (" - at `$", " - at `key` in `$"):
        if mark in told and told.endswith("`"):
            told, _, path = told.rpartition(mark)
            break
    own = None
    if error.__cause__ is not None:  # the struct's own code has refused it
        told, own = NOT_VALID, told
    elif _HARMLESS.fullmatch(told) is None:
        told = next((text for start, text in _MSGSPEC_WORDS if told.startswith(start)), NOT_VALID)
    return Problem(told, own, **{"in": "body", "pointer": _msgspec_pointer(path.removesuffix("`"))})


def _msgspec_pointer(path: str) -> str:
    """Return the JSON pointer of a path such as `.lines[0].amount`. msgspec writes `[...]` for the key of a dict."""
    return "#" + path.replace("[", "/").replace("]", "").replace(".", "/").replace("/...", "/*").replace("//", "/")
