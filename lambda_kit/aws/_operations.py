"""The operations that the kit calls: how each is written to the wire, and how its replies are read.

Bodies are what botocore writes, byte for byte, and replies what it reads, with two differences: times are seconds since
the epoch, and there is no `ResponseMetadata`. Parameters are not validated: AWS does that.
"""

from __future__ import annotations

import json
import os

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    Reply = dict[str, Any]
    Headers = dict[str, str]


class Operation:
    """One operation of one service.

    Attributes:
        name: as AWS names it.
        method: the method of its request.
        path: the path of its request.
        headers: what its request has beside what every request has.
        reads: whether it changes nothing, so that sending it twice does no harm.
        secrets: the parameters whose values no message may quote.
    """

    __slots__ = ("_finish", "_idempotency", "_query", "headers", "method", "name", "path", "reads", "secrets")

    def __init__(
        self,
        name: str,
        finish: Callable[[Reply], None],
        *,
        method: str = "POST",
        path: str = "/",
        query: dict[str, str] | None = None,
        idempotency: str | None = None,
        secrets: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.method = method
        self.path = path
        self.headers: Headers = {}
        self.reads = name.startswith(("Get", "Describe"))
        self.secrets = secrets
        self._query = query
        self._idempotency = idempotency
        self._finish = finish

    def route(self, params: dict[str, Any]) -> tuple[str, Headers]:  # noqa: ARG002  # where it is the same for all
        """Return the path and the headers of a request with `params`."""
        return self.path, self.headers

    def request(self, params: dict[str, Any]) -> tuple[str, bytes]:
        """Return the query and the body that carry `params`."""
        if self._query is not None:
            from urllib.parse import quote

            pairs = [f"{self._query[name]}={quote(value, safe='')}" for name, value in params.items()]
            return "&".join(pairs), b""
        if self._idempotency is not None and self._idempotency not in params:
            params = {**params, self._idempotency: _unique()}
        return "", _encode(params).encode()

    def reply(self, headers: Headers, body: bytes) -> Reply:
        """Return what the reply of a success says.

        Raises:
            ValueError: it is not what the operation answers.
        """
        if self._query is not None:
            return _configuration(headers, body)
        reply = _object(body)
        self._finish(reply)
        return reply


class PutObject(Operation):
    """The one operation of S3, with the bucket in the path.

    <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>; for paths see
    <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html#path-style-access>.
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("PutObject", _nothing, method="PUT")

    def route(self, params: dict[str, Any]) -> tuple[str, Headers]:
        """Return the path and the headers of a request with `params`.

        Raises:
            ConfigurationError: the bucket has a name that does not stand in a path.
        """
        from urllib.parse import quote

        bucket = str(params["Bucket"])
        if not _is_bucket(bucket):
            raise ConfigurationError(
                f"{bucket!r} is not the name of a general purpose bucket; for access points and directory buckets pass "
                "client=boto3.client('s3')"
            )
        headers = {"content-type": str(params.get("ContentType", "binary/octet-stream"))}
        return f"/{bucket}/{quote(params['Key'], safe='/~')}", headers

    def request(self, params: dict[str, Any]) -> tuple[str, bytes]:
        """Return the query and the body that carry `params`.

        Raises:
            ConfigurationError: the body is not bytes, or there is a parameter that the kit does not send.
        """
        body = params.get("Body", b"")
        if not params.keys() <= {"Bucket", "Key", "Body", "ContentType"} or not issubclass(_kind_of(body), bytes):
            raise ConfigurationError("PutObject takes Bucket, Key, Body as bytes and ContentType; for more use boto3")
        return "", body

    def reply(self, headers: Headers, body: bytes) -> Reply:  # noqa: ARG002  # there is nothing in it
        """Return what the reply of a success says."""
        found = {"ETag": headers.get("etag"), "VersionId": headers.get("x-amz-version-id")}
        return {name: value for name, value in found.items() if value is not None}


def _is_bucket(name: str) -> bool:
    plain = name.replace("-", "").replace(".", "").replace("_", "")
    return 3 <= len(name) <= 63 and plain.isascii() and plain.isalnum() and not name.endswith("--x-s3")


class Failure:
    """What AWS says about a request that failed.

    Attributes:
        code: what it calls the error; the older of two names, as botocore has it.
        message: its words; what they repeat of secret parameters is taken out.
        item: the item that DynamoDB attaches to a condition that does not hold.
    """

    __slots__ = ("code", "item", "message")

    def __init__(self, code: str, message: str, item: Reply | None) -> None:
        self.code = code
        self.message = message
        self.item = item


def failure(service: str, status: int, headers: Headers, body: bytes) -> Failure:
    """Return what the reply of a failure says; a body that cannot be read is not quoted."""
    stripped = body.strip()
    if status >= 500 and (not stripped or stripped.startswith(b"<html>")):
        return Failure(str(status), _phrase(status), None)
    if service == "s3":
        return _failure_in_xml(status, headers, body)
    said: Reply
    try:
        said = _object(body)
    except (ValueError, RecursionError):
        said = {"message": "the reply is not in JSON"}
    code = _bare(said.get("__type", str(status)))
    legacy, _, more = headers.get("x-amzn-query-error", "").partition(";")
    if legacy and more and ";" not in more:
        code = legacy
    if service == "appconfigdata":
        told = headers.get("x-amzn-errortype", said.get("code", said.get("Code")))
        code = code if told is None else _bare(told)
    item: Reply | None = None
    try:
        if service == "dynamodb" and "Item" in said:
            _decode_item(said["Item"])
            item = said["Item"]
    except Exception:  # what stands there is no item
        item = None
    message = said.get("message", said.get("Message", ""))
    return Failure(code, str(message or ""), item)


def _failure_in_xml(status: int, headers: Headers, body: bytes) -> Failure:
    """Return what S3 says: two elements of a small document, looked for without a parser of XML."""
    import re
    from html import unescape

    text = body.decode("utf-8", "replace")
    found = {
        name: unescape(match[1]) if (match := re.search(f"<{name}>([^<]*)</{name}>", text)) else ""
        for name in ("Code", "Message")
    }
    message = found["Message"] or ("" if found["Code"] else "the reply is not the XML of S3")
    region = headers.get("x-amz-bucket-region")
    if region and (status in (301, 307) or found["Code"] == "AuthorizationHeaderMalformed"):
        message = f"{message.rstrip('.')}; the bucket is in {region}: pass region={region!r}"
    return Failure(found["Code"] or str(status), message, None)


def _bare(code: object) -> str:
    """Return a code without the namespace before and the link after it."""
    return str(code).partition(":")[0].rpartition("#")[2]


def hide(message: str, params: dict[str, Any], secrets: Iterable[str]) -> str:
    """Return `message` without the values of parameters that are secret, which AWS may repeat in its words."""
    for name in secrets:
        value = params.get(name)
        if value and isinstance(value, str):
            if len(value) > 3:
                message = message.replace(value, "[hidden]")
            else:  # it also stands in words that are not the value
                message = message.replace(f"'{value}'", "'[hidden]'")
    return message


def operations_of(service: str) -> dict[str, Operation]:
    """Return the operations of a service by name.

    Raises:
        ConfigurationError: it is none of those that the kit calls.
    """
    found = _services.get(service)
    if found is None:
        raise ConfigurationError(
            f"the kit calls no service {service!r}, but {', '.join(_services)}"
            f"{callables.closest(service, _services)}; for others use boto3"
        )
    return found


def _phrase(status: int) -> str:
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _unique() -> str:
    """Return a UUID of version 4, without loading `uuid`; from the system, so that no snapshot repeats it."""
    number = int.from_bytes(os.urandom(16)) & ~(0xF << 76 | 0x3 << 62) | 0x4 << 76 | 0x2 << 62
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


# Writing and reading JSON

_kind_of: Callable[[Any], Any] = type


def _encode_bytes(value: Any) -> str:
    if issubclass(type(value), bytes | bytearray | memoryview):
        import binascii

        return binascii.b2a_base64(value, newline=False).decode()
    raise TypeError(f"a parameter is of type {type(value).__name__}, which JSON does not have")


_encode = json.JSONEncoder(default=_encode_bytes).encode


def _decode_bytes(text: Any) -> bytes:
    import binascii

    return binascii.a2b_base64(text)


def _object(body: bytes) -> Reply:
    """Return the object in `body`, without the members that are null, as botocore leaves them out."""
    if not body:
        return {}
    said: Any = json.loads(body)
    if _kind_of(said) is not dict:
        raise ValueError("it is no JSON object")
    found: Reply = _without_nulls(said) if b"null" in body else said
    return found


def _without_nulls(value: Any) -> Any:
    kind = _kind_of(value)
    if kind is dict:
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    if kind is list:
        return [_without_nulls(one) for one in value]
    return value


def _epoch(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        from datetime import datetime

        return datetime.fromisoformat(value).timestamp()


def _times(reply: Reply, names: Iterable[str]) -> None:
    for name in names:
        if name in reply:
            reply[name] = _epoch(reply[name])


# What is left to do to the replies of each service


def _nothing(reply: Reply) -> None:
    pass


def _parameter(reply: Reply) -> None:
    for parameter in [reply["Parameter"]] if "Parameter" in reply else reply.get("Parameters", ()):
        _times(parameter, ("LastModifiedDate",))


_SECRET_TIMES = (
    "CreatedDate",
    "LastRotatedDate",
    "LastChangedDate",
    "LastAccessedDate",
    "DeletedDate",
    "NextRotationDate",
)


def _secret(reply: Reply) -> None:
    _times(reply, _SECRET_TIMES)
    if "SecretBinary" in reply:
        reply["SecretBinary"] = _decode_bytes(reply["SecretBinary"])
    for replica in reply.get("ReplicationStatus", ()):
        _times(replica, ("LastAccessedDate",))


def _item(reply: Reply) -> None:
    for name in ("Item", "Attributes"):
        if name in reply:
            _decode_item(reply[name])
    if "ItemCollectionMetrics" in reply:
        _decode_item(reply["ItemCollectionMetrics"].get("ItemCollectionKey", {}))


def _decode_item(item: Reply) -> None:
    """Turn the binary values in a map of DynamoDB's attribute values into bytes, at any depth."""
    for value in item.values():
        _decode_attribute(value)


def _decode_attribute(value: Reply) -> None:
    for kind, inner in value.items():
        if kind == "B":
            value[kind] = _decode_bytes(inner)
        elif kind == "BS":
            value[kind] = [_decode_bytes(one) for one in inner]
        elif kind == "M":
            _decode_item(inner)
        elif kind == "L":
            for one in inner:
                _decode_attribute(one)


def _configuration(headers: Headers, body: bytes) -> Reply:
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


def _table(target: str, version: str, operations: Iterable[Operation], **headers: str) -> dict[str, Operation]:
    for one in operations:
        one.headers = {
            "content-type": f"application/x-amz-json-{version}",
            "x-amz-target": f"{target}.{one.name}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
    return {one.name: one for one in operations}


def _rest(operations: Iterable[Operation]) -> dict[str, Operation]:
    for one in operations:
        one.headers = {"content-type": "application/json"} if one.method == "POST" else {}
    return {one.name: one for one in operations}


_services: dict[str, dict[str, Operation]] = {
    "ssm": _table(
        "AmazonSSM",
        "1.1",
        [
            Operation("GetParameter", _parameter),
            Operation("GetParameters", _parameter),
            Operation("GetParametersByPath", _parameter),
            Operation("PutParameter", _nothing, secrets=("Value",)),
        ],
    ),
    "secretsmanager": _table(
        "secretsmanager",
        "1.1",
        [
            Operation("GetSecretValue", _secret),
            Operation("DescribeSecret", _secret),
            Operation("PutSecretValue", _nothing, idempotency="ClientRequestToken", secrets=("SecretString",)),
            Operation("CreateSecret", _secret, idempotency="ClientRequestToken", secrets=("SecretString",)),
        ],
    ),
    "appconfigdata": _rest(
        [
            Operation("StartConfigurationSession", _nothing, path="/configurationsessions"),
            Operation(
                "GetLatestConfiguration",
                _nothing,
                method="GET",
                path="/configuration",
                query={"ConfigurationToken": "configuration_token"},
            ),
        ]
    ),
    "dynamodb": _table(
        "DynamoDB_20120810",
        "1.0",
        [Operation(name, _item) for name in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")],
    ),
    "sqs": _table(
        "AmazonSQS",
        "1.0",
        [
            Operation(name, _nothing)
            for name in (
                "SendMessage",
                "SendMessageBatch",
                "DeleteMessage",
                "ChangeMessageVisibility",
                "ChangeMessageVisibilityBatch",
            )
        ],
        x_amzn_query_mode="true",
    ),
    "s3": {"PutObject": PutObject()},
}
