"""Parts of the events that builders make: ids, times, values of DynamoDB, and fields that a test sets itself."""

from __future__ import annotations

import base64
import itertools
import json
import re
import secrets
import time
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast

from lambda_kit._kernel import type_of
from lambda_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Event = dict[str, Any]
    Fields = Mapping[str, Any] | None
    Pairs = Mapping[str, Any] | Iterable[tuple[str, Any]] | None

ACCOUNT = "123456789012"
REGION = "eu-west-1"
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_COUNTER = itertools.count(1)


def new_id() -> str:
    """Return a new UUID."""
    return str(uuid.uuid4())


def new_hex(digits: int) -> str:
    """Return so many random hexadecimal digits."""
    return secrets.token_hex(digits)[:digits]


def new_number(digits: int) -> str:
    """Return a number of so many digits that is larger than each one before it."""
    return f"49{next(_COUNTER):0{digits - 2}d}"


def new_token() -> str:
    """Return a random text of base64, as receipt handles and tokens of tasks are."""
    return base64.b64encode(secrets.token_bytes(48)).decode()


def seconds(at: float | None) -> float:
    """Return the time of an event in seconds since the epoch: `at`, or now."""
    return time.time() if at is None else at


def iso(at: float | None, timespec: str = "seconds") -> str:
    """Return the time of an event as AWS writes it, such as `2026-11-29T12:00:00Z`."""
    return datetime.fromtimestamp(seconds(at), UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def arn(service: str, resource: str) -> str:
    """Return the ARN of a resource in the account and region of all events."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def text_of(value: Any) -> str:
    """Return a text as it is, and the JSON of another value."""
    return value if type_of(value) is str else json.dumps(value)


def base64_of(value: Any) -> str:
    """Return bytes, a text as UTF-8, or the JSON of another value, as base64."""
    return base64.b64encode(value if isinstance(value, bytes) else text_of(value).encode()).decode()


def listed(values: Iterable[Any], builder: str, what: str) -> list[Any]:
    """Return the values of a list that a builder got.

    Raises:
        ConfigurationError: it got one value where a list is needed, whose parts would become records.
    """
    if isinstance(values, str | bytes | dict):
        kind = type_of(values).__name__
        raise ConfigurationError(f"events.{builder}(...) takes a list of {what}, and got a {kind}; pass [value]")
    return list(values)


def merged(value: Any, fields: Mapping[str, Any] | None) -> Any:
    """Return an event or record in which fields are replaced. Objects are merged, all else is replaced.

    Raises:
        ConfigurationError: the fields are no dict, or the event is no object.
    """
    if fields is None:
        return value
    if type_of(fields) is not dict:
        raise ConfigurationError(f"fields={fields!r}: pass a dict, such as {{'requestContext': {{'stage': 'test'}}}}")
    if type_of(value) is not dict:
        raise ConfigurationError(f"fields={fields!r}: the event is a list; replace its items")
    found: dict[str, Any] = dict(value)
    for name, one in fields.items():
        both = type_of(one) is dict and type_of(found.get(name)) is dict
        found[name] = merged(found[name], one) if both else one
    return found


def with_new_ids(value: Any) -> Any:
    """Return a copy of an event in which each UUID that is a whole value is another one, the same one everywhere."""
    known: dict[str, str] = {}

    def renewed(one: Any) -> Any:
        if type_of(one) is dict:
            return {name: renewed(item) for name, item in one.items()}
        if type_of(one) is list:
            return [renewed(item) for item in one]
        if isinstance(one, str) and _UUID.fullmatch(one):
            return known.setdefault(one, new_id())
        return one

    return renewed(value)


def dynamodb_item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item as a stream of DynamoDB has it: each value beside its type.

    Raises:
        ConfigurationError: a value is of a type that DynamoDB does not have.
    """
    return {name: _dynamodb_value(value, name) for name, value in item.items()}


def _dynamodb_value(value: Any, path: str) -> dict[str, Any]:  # one type a line
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float | Decimal):
        return {"N": str(value)}
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bytes):
        return {"B": base64_of(value)}
    if isinstance(value, dict):
        found = cast("dict[str, Any]", value)
        return {"M": {name: _dynamodb_value(one, f"{path}.{name}") for name, one in found.items()}}
    if isinstance(value, list | tuple):
        return {"L": [_dynamodb_value(one, f"{path}[{place}]") for place, one in enumerate(cast("list[Any]", value))]}
    if isinstance(value, set | frozenset):
        typed = [_dynamodb_value(one, path) for one in cast("set[Any]", value)]
        kinds = {kind for one in typed for kind in one}
        if len(kinds) == 1 and kinds <= {"S", "N", "B"}:
            return {f"{kinds.pop()}S": sorted(one for pair in typed for one in pair.values())}
    raise ConfigurationError(
        f"{path} is of type {type_of(value).__name__}: DynamoDB has texts, numbers, bytes, booleans, None, lists, "
        "dicts, and sets of texts, of numbers or of bytes"
    )
