"""Target: what clients send to an app over a WebSocket API."""

from __future__ import annotations

import contextlib
import json
from base64 import b64encode
from typing import Annotated, Any

from fuzz.kinds import SAMPLES, Reader, Target, edited
from fuzz.requests import Order  # noqa: TC001  # an annotation of a route, as below
from lambda_kit import HttpApp
from lambda_kit.errors import EventError
from lambda_kit.events import WebSocketEvent  # noqa: TC001
from lambda_kit.http import Body, Connection, Cookie, Header

_SAMPLES = ("websocket-connect", "websocket-message", "websocket-disconnect", "websocket-authorizer")
_KEYS = ("$connect", "order", "text", "event", "$default", "$disconnect", "unknown")
app = HttpApp(max_body=20_000)


@app.websocket("$connect")
def _connect(
    room: str,
    tag: list[int],
    tenant: Annotated[int, Header("x-tenant")] = 0,
    session: Annotated[str | None, Cookie()] = None,
) -> Any:
    return {"room": room, "tag": tag, "tenant": tenant, "session": session}


@app.websocket("order")
def _order(order: Order, there: Connection) -> Any:
    return {"order": order, "to": there.id}


@app.websocket("text")
def _text(text: Annotated[str, Body()]) -> Any:
    return text


@app.websocket("event")
def _event(event: WebSocketEvent, value: Annotated[dict[str, list[float]], Body()]) -> Any:
    return {"lengths": {name: len(one) for name, one in value.items()}, "at": event.is_connect}


@app.websocket("$default")
def _default(event: WebSocketEvent) -> Any:
    return {"length": len(event.data)}


def _checked(answer: dict[str, Any]) -> int:
    json.dumps(answer).encode()
    assert 200 <= answer["statusCode"] < 600
    assert not any(set(value) & {"\r", "\n", "\0"} for value in answer.get("headers", {}).values())
    return int(answer["statusCode"])


def _socket(data: bytes) -> None:
    """Answer an event of which the client has written all that it can; then the same with any values replaced."""
    reader = Reader(data)
    raw = json.loads(json.dumps(SAMPLES[reader.one_of(_SAMPLES)]))
    raw.pop("type", None)  # of events for the authorizer
    raw["requestContext"]["routeKey"] = reader.one_of(_KEYS)
    is_base64 = bool(reader.byte() % 2)
    body, count = reader.field(), reader.byte() % 5
    raw["isBase64Encoded"] = is_base64
    raw["body"] = b64encode(body).decode() if is_base64 else body.decode("utf-8", "replace")
    pairs = [(reader.text(), reader.text()) for _ in range(count)]
    raw["headers"] = dict(pairs)
    raw["multiValueHeaders"] = {name: [value, value] for name, value in pairs}
    raw["queryStringParameters"] = dict(pairs) or None
    raw["multiValueQueryStringParameters"] = {name: [value] for name, value in pairs} or None
    answer = app(raw, None)
    assert _checked(answer) != 500, answer["body"][:300]
    with contextlib.suppress(EventError):  # it is no event of a WebSocket API any more
        _checked(app(edited(raw, reader), None))


def _socket_seeds() -> list[bytes]:
    bodies = [
        b'{"id": 1, "lines": {"a": [1e3]}}',
        b'{"a": [1, 2.5]}',
        b'{"a": [1e400, NaN]}',
        b'{"id": "' + b"9" * 5_000 + b'"}',
        b'"\\ud800"',
        b"[" * 5_000,
        b"plain \xff",
        b"",
    ]
    pairs = b'\4room\0a\0tag\x005\0x-tenant\x007\0cookie\0session="a\\"b"; =\0'
    seeds = [bytes((1, key, index % 2)) + body + b"\0\0" for key in range(7) for index, body in enumerate(bodies)]
    edits = [b"\0\0null", b"\0\5[]\0\0\7{}", b'\0\11\0\0\3"x"', b"\0\2", b"\0\14-1"]
    return [
        *seeds,
        *(bytes((kind, key, 0)) + b"\0" + pairs for kind in range(4) for key in range(7)),
        *(bytes((index % 4, index, 1)) + bodies[0] + b"\0" + pairs + edit for index, edit in enumerate(edits)),
    ]


TARGETS = [Target("socket", _socket, _socket_seeds)]
