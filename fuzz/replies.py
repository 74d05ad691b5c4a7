"""Targets: what AWS, the Runtime API, the extensions and the agent of AppConfig reply, and trace headers."""

from __future__ import annotations

import json
import socket
import time
from contextlib import closing
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from fuzz.kinds import NESTED, Reader, Target
from lambda_kit.aws import _connection
from lambda_kit.aws._client import AwsClient
from lambda_kit.aws._credentials import CredentialChain
from lambda_kit.aws._http import Response
from lambda_kit.errors import AwsError, ParameterError
from lambda_kit.parameters import _extension
from lambda_kit.runtime import _connection as runtime
from lambda_kit.runtime import _json
from lambda_kit.tracer import _header

if TYPE_CHECKING:
    from collections.abc import Callable

_KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-west-1"}
_CALLS = [
    ("ssm", "GetParameter"),
    ("ssm", "GetParametersByPath"),
    ("secretsmanager", "GetSecretValue"),
    ("dynamodb", "GetItem"),
    ("dynamodb", "PutItem"),
    ("sqs", "ReceiveMessage"),
    ("s3", "PutObject"),
    ("appconfigdata", "GetLatestConfiguration"),
    ("appconfigdata", "StartConfigurationSession"),
]


def _answered(reply: bytes) -> socket.socket:
    """Return a connection whose other side has sent this reply, and ended it."""
    ours, theirs = socket.socketpair()
    theirs.sendall(reply)
    theirs.shutdown(socket.SHUT_WR)
    _peers.append(theirs)
    return ours


_peers: list[socket.socket] = []  # kept open until the next input, so that requests can be sent


def _release() -> None:
    while _peers:
        _peers.pop().close()


class _Pool:
    """In the place of a pool of connections: each request gets one reply."""

    host_header = "localhost"

    def __init__(self, reply: bytes) -> None:
        self._reply = reply

    def request(self, method: str, *_: Any, **__: Any) -> Response:
        connection = _connection.Connection(_answered(self._reply))
        with closing(connection):
            end = time.monotonic() + 10
            response = connection.exchange(b"GET / HTTP/1.1\r\n\r\n", end, 10.0, method)
        assert 200 <= response.status <= 999
        assert all(name == name.lower() for name in response.headers)
        return response


def _aws(data: bytes) -> None:
    reader = Reader(data)
    service, operation = reader.one_of(_CALLS)
    client = AwsClient(
        service, "eu-west-1", max_attempts=1, credentials=CredentialChain(environ=_KEYS), sleep=lambda _: None
    )
    pool: Any = _Pool(reader.rest)
    client._pool = pool
    params = {"Bucket": "bucket", "Key": "k", "Body": b""} if service == "s3" else {}
    try:
        reply = client.call(operation, params)
    except AwsError as error:
        assert len(str(error)) < 3 * len(data) + 2_000
    else:
        assert type(reply) is dict
    finally:
        _release()


def _http(status: bytes, body: bytes, *headers: bytes) -> bytes:
    lines = b"".join(one + b"\r\n" for one in headers)
    return b"HTTP/1.1 %b\r\n%bContent-Length: %d\r\n\r\n%b" % (status, lines, len(body), body)


_BODIES = [
    b"{}",
    b'{"Parameter": {"Name": "a", "Value": "b", "Version": 3, "LastModifiedDate": 1.7e9}}',
    b'{"SecretString": "x", "VersionId": "v", "SecretBinary": "AA==", "CreatedDate": 1}',
    b'{"Item": {"a": {"M": {"b": {"L": [{"B": "AA=="}, {"BS": ["AA=="]}, {"NULL": true}]}}}}}',
    b'{"Messages": [{"Body": "x", "MessageAttributes": {"a": {"BinaryValue": "AA==", "DataType": "Binary"}}}]}',
    b'{"__type": "com.amazonaws#ConditionalCheckFailedException", "message": "no", "Item": {"a": {"S": "b"}}}',
    b'{"Configuration": "x", "InitialConfigurationToken": "t"}',
    b"<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>",
    NESTED,
]


def _aws_seeds() -> list[bytes]:
    seeds = [bytes((i,)) + _http(b"200 OK", body) for i in range(len(_CALLS)) for body in _BODIES]
    seeds += [bytes((i % len(_CALLS),)) + _http(b"400 Bad Request", body) for i, body in enumerate(_BODIES * 3)]
    whole = [
        b"HTTP/1.1 100 Continue\r\n\r\n" + _http(b"200 OK", b"{}"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n{}",
        b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        _http(b"200 OK", b"\x1f\x8b\x08\x00", b"Content-Encoding: gzip"),
        _http(b"503 Slow Down", b"", b"x-amz-retry-after: 1e9", b"x-amzn-query-error: a;b"),
        _http(b"200 OK", b"{}", b"x-amz-crc32: 2745614147", b"Content-Length: 2"),
        _http(b"200 OK", b"x", b"next-poll-interval-in-seconds: 1e999", b"next-poll-configuration-token: t"),
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    ]
    return seeds + [bytes((i % len(_CALLS),)) + one for i, one in enumerate(whole * 2)]


def _runtime(data: bytes) -> None:
    reader = Reader(data)
    is_post = reader.byte() % 2
    connection = runtime.Connection("127.0.0.1:9", "0")
    connection.socket = _answered(reader.rest)
    try:
        if is_post:
            connection.post(b"invocation/id/response", b"", b"{}")
        else:
            headers, body = connection.next()
            assert all(type(one) is bytes for pair in headers.items() for one in pair)
            assert len(body) <= len(data)
    except runtime.RuntimeApiError as error:
        assert len(str(error)) < 2_000
    finally:
        connection.close()
        _release()


def _runtime_seeds() -> list[bytes]:
    invocation = (
        b"Lambda-Runtime-Aws-Request-Id: id",
        b"Lambda-Runtime-Deadline-Ms: 1",
        b"Lambda-Runtime-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
    )
    return [
        b"\0" + _http(b"200 OK", b"{}", *invocation),
        b"\1" + _http(b"202 Accepted", b'{"status":"OK"}\n'),
        b"\1" + _http(b"413 Too Large", b"{}"),
        b"\0HTTP/1.1 100 Continue\r\n\r\n" + _http(b"200 OK", b"{}", *invocation),
        b"\0HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a\r\n{}\r\n0\r\n\r\n",
        b"\0HTTP/1.0 200 OK\r\n\r\n{}",
        b"\0HTTP/1.1 200 OK\r\nContent-Length: 200000000000\r\n\r\n",
        b"\0HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n{}",
    ]


def _event_text(data: bytes) -> None:
    """Compare the reader of events with that of the standard library."""
    try:
        found: Any = ("is", _json.decode(data))
    except (ValueError, RecursionError) as error:
        found = ("fails", isinstance(error, RecursionError))
    try:
        text = data.decode().removeprefix("\ufeff")  # a byte order mark is allowed
        wanted: Any = ("is", json.loads(text, parse_constant=_refuse))
    except (ValueError, RecursionError) as error:
        wanted = ("fails", isinstance(error, RecursionError))
    assert repr(found) == repr(wanted), f"{found!r} in the place of {wanted!r}"[:500]


def _refuse(name: str) -> None:
    raise ValueError(name)


def _event_seeds() -> list[bytes]:
    return [
        b'{"a": [1, -0.5e-3, true, null, "\\u00e9\\ud83d\\ude00"]} ',
        b"\n[ ]\t",
        b'"a\tb"',
        b"[1,]",
        b"\xef\xbb\xbf1",
    ]


def _trace(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    for root in (_header.parse(text), _header.parse_traceparent(text)):
        if root is not None:
            for header in (root.header("53995c3f42cd8ad8"), root.traceparent("53995c3f42cd8ad8")):
                assert header.isascii(), header
                assert header.isprintable(), header
            assert _header.parse(root.header("53995c3f42cd8ad8")) is not None
            assert _header.parse_traceparent(root.traceparent("53995c3f42cd8ad8")) is not None


def _trace_seeds() -> list[bytes]:
    root = b"Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled="
    return [
        root + b"1",
        root + b"0;Lineage=1:a87bd80c:0|68fd508a:5;Self=x",
        b"Sampled=1; Parent=53995c3f42cd8ad8 ;Root=1-5759e988-bd862e3fe1be46a994272793",
        b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        b"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
    ]


class _Extension:
    source = "the extension"

    def __init__(self, answer: Response) -> None:
        self._answer = answer

    def ask(self, *_: Any, **__: Any) -> Response:
        return self._answer


def _extension_reply(data: bytes) -> None:
    from lambda_kit.aws._local_server import Unavailable

    reader = Reader(data)
    kind = reader.one_of(("secret", "parameter"))
    query: Any = SimpleNamespace(
        **dict.fromkeys(("version", "label", "version_id", "stage")),
        kind=kind,
        name="/a",
        decrypt=True,
        what=f"the {kind}",
    )
    status = reader.one_of((200, 400, 404, 500))
    kept: tuple[Any, Callable[[], str]] = (_extension.SERVER, _extension._token)
    own: Any = _extension
    own.SERVER, own._token = _Extension(Response(status, {}, reader.rest)), lambda: "token"
    try:
        _extension.fetch(query, alone=False)
    except (Unavailable, ParameterError) as error:
        assert len(str(error)) < 3 * len(data) + 2_000
    finally:
        own.SERVER, own._token = kept


def _extension_seeds() -> list[bytes]:
    return [bytes((kind, status)) + body for kind in (0, 1) for status in range(4) for body in _BODIES]


def _container(data: bytes) -> None:
    """Read what the endpoint of the container replies when it is asked for credentials."""
    from lambda_kit.errors import NoCredentials

    environ = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/credentials"}

    def fetch(_url: str, _headers: dict[str, str]) -> tuple[int, bytes]:
        return 200, data

    chain = CredentialChain(environ=environ, fetch=fetch, sleep=lambda _: None)
    try:
        found = chain.get()
    except NoCredentials as error:
        assert len(str(error)) < 2_000
    else:
        assert "secret" not in repr(found)


def _container_seeds() -> list[bytes]:
    keys = b'{"AccessKeyId": "a", "SecretAccessKey": "secret", "Token": "t", "Expiration": %b}'
    return [keys % one for one in (b'"2099-01-01T00:00:00Z"', b"null", b"5", b'"x"', b'"0001-01-01T00:00:00+23:59"')]


TARGETS = [
    Target("aws", _aws, _aws_seeds),
    Target("runtime", _runtime, _runtime_seeds),
    Target("event_text", _event_text, _event_seeds),
    Target("trace", _trace, _trace_seeds),
    Target("extension", _extension_reply, _extension_seeds),
    Target("credentials", _container, _container_seeds),
]
