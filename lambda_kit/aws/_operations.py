"""An operation of AWS: how its request is written, and how its reply is read.

Bodies are equal to those of botocore, byte for byte. So are replies, with two differences: times are seconds since the
epoch, and there is no `ResponseMetadata`. Parameters are not validated, because AWS does that.
"""

from __future__ import annotations

import json
import os

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    Reply = dict[str, Any]
    Headers = dict[str, str]

_SECRET_TIMES = (
    "CreatedDate",
    "LastRotatedDate",
    "LastChangedDate",
    "LastAccessedDate",
    "DeletedDate",
    "NextRotationDate",
)


def keep(reply: Reply) -> None:
    """Leave a reply as it is: it has neither times nor binary values."""


class Operation:
    """One operation of one service.

    Args:
        name: the name that AWS gives it: `"GetParameter"`.
        finish: converts the values of a reply in place.
        method: the HTTP method of its request.
        path: the path of its request.
        idempotency: the parameter that becomes a random UUID where the caller gives none; None if there is no such one.
        secrets: the parameters whose values no message may quote.

    Attributes:
        name: the same.
        method: the same.
        path: the same.
        headers: the headers of its request, beside those that every request has.
        reads: whether it changes nothing, so that sending it twice does no harm.
        secrets: the same.
    """

    __slots__ = ("_finish", "_idempotency", "headers", "method", "name", "path", "reads", "secrets")

    def __init__(
        self,
        name: str,
        finish: Callable[[Reply], None] = keep,
        *,
        method: str = "POST",
        path: str = "/",
        idempotency: str | None = None,
        secrets: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.method = method
        self.path = path
        self.headers: Headers = {}
        self.reads = name.startswith(("Get", "Describe"))
        self.secrets = secrets
        self._idempotency = idempotency
        self._finish = finish

    def route(self, params: dict[str, Any]) -> tuple[str, Headers]:  # noqa: ARG002  # subclasses need it
        """Return the path and the headers of a request with `params`."""
        return self.path, self.headers

    def request(self, params: dict[str, Any]) -> tuple[str, bytes]:
        """Return the query and the body that carry `params`."""
        if self._idempotency is not None and self._idempotency not in params:
            params = {**params, self._idempotency: _unique()}
        return "", _encode(params).encode()

    def reply(self, headers: Headers, body: bytes) -> Reply:  # noqa: ARG002  # subclasses need it
        """Return the reply of a success.

        Raises:
            ValueError: the body is not a reply of this operation.
        """
        reply = read_object(body)
        self._finish(reply)
        return reply


class GetLatestConfiguration(Operation):
    """`GetLatestConfiguration` of AppConfig: the token is in the query, the configuration is the body of the reply."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("GetLatestConfiguration", method="GET", path="/configuration")

    def request(self, params: dict[str, Any]) -> tuple[str, bytes]:
        """Return the query and the body that carry `params`."""
        from urllib.parse import quote

        names = {"ConfigurationToken": "configuration_token"}
        return "&".join([f"{names[name]}={quote(value, safe='')}" for name, value in params.items()]), b""

    def reply(self, headers: Headers, body: bytes) -> Reply:
        """Return the reply of a success."""
        reply: Reply = {"Configuration": body}
        for member, header in (
            ("NextPollConfigurationToken", "next-poll-configuration-token"),
            ("NextPollIntervalInSeconds", "next-poll-interval-in-seconds"),
            ("ContentType", "content-type"),
            ("VersionLabel", "version-label"),
        ):
            if header in headers:
                reply[member] = headers[header]
        if "NextPollIntervalInSeconds" in reply:
            reply["NextPollIntervalInSeconds"] = int(reply["NextPollIntervalInSeconds"])
        return reply


# Writing requests


def _unique() -> str:
    """Return a random UUID (version 4) without loading `uuid`; from the system, so that no snapshot repeats it."""
    number = int.from_bytes(os.urandom(16)) & ~(0xF << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _encode_bytes(value: Any) -> str:
    if issubclass(type(value), bytes | bytearray | memoryview):
        import binascii

        return binascii.b2a_base64(value, newline=False).decode()
    raise TypeError(f"a parameter is of type {type(value).__name__}, which JSON does not have")


_encode = json.JSONEncoder(default=_encode_bytes).encode


# Reading replies


def read_object(body: bytes) -> Reply:
    """Return the JSON object in `body` without the members that are null, which botocore leaves out too.

    Raises:
        ValueError: the body is not a JSON object.
    """
    if not body:
        return {}
    parsed: Any = json.loads(body)
    if type_of(parsed) is not dict:
        raise ValueError("it is no JSON object")
    found: Reply = _without_nulls(parsed) if b"null" in body else parsed
    return found


def _without_nulls(value: Any) -> Any:
    kind = type_of(value)
    if kind is dict:
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    if kind is list:
        return [_without_nulls(one) for one in value]
    return value


# Each of the following functions changes a reply of one service in place.


def read_parameters(reply: Reply) -> None:
    """Convert the times in a reply of SSM."""
    for parameter in [reply["Parameter"]] if "Parameter" in reply else reply.get("Parameters", ()):
        _read_times(parameter, ("LastModifiedDate",))


def read_secret(reply: Reply) -> None:
    """Convert the times and the binary value in a reply of Secrets Manager."""
    _read_times(reply, _SECRET_TIMES)
    if "SecretBinary" in reply:
        reply["SecretBinary"] = _decode(reply["SecretBinary"])
    for replica in reply.get("ReplicationStatus", ()):
        _read_times(replica, ("LastAccessedDate",))


def read_items(reply: Reply) -> None:
    """Convert the binary values in a reply of DynamoDB."""
    for name in ("Item", "Attributes"):
        if name in reply:
            decode_item(reply[name])
    if "ItemCollectionMetrics" in reply:
        decode_item(reply["ItemCollectionMetrics"].get("ItemCollectionKey", {}))


def read_messages(reply: Reply) -> None:
    """Convert the binary values in the attributes of messages of SQS."""
    for message in reply.get("Messages", ()):
        for value in message.get("MessageAttributes", {}).values():
            if "BinaryValue" in value:
                value["BinaryValue"] = _decode(value["BinaryValue"])
            if "BinaryListValues" in value:
                value["BinaryListValues"] = [_decode(one) for one in value["BinaryListValues"]]


def decode_item(item: Reply) -> None:
    """Turn the binary values in a map of DynamoDB's attribute values into bytes, at any depth."""
    for value in item.values():
        _decode_attribute(value)


def _decode_attribute(value: Reply) -> None:
    for kind, inner in value.items():
        if kind == "B":
            value[kind] = _decode(inner)
        elif kind == "BS":
            value[kind] = [_decode(one) for one in inner]
        elif kind == "M":
            decode_item(inner)
        elif kind == "L":
            for one in inner:
                _decode_attribute(one)


def _decode(text: Any) -> bytes:
    import binascii

    return binascii.a2b_base64(text)


def _read_times(reply: Reply, names: Iterable[str]) -> None:
    for name in names:
        if name in reply:
            reply[name] = _epoch(reply[name])


def _epoch(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        from datetime import datetime

        return datetime.fromisoformat(value).timestamp()
