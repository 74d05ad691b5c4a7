"""Targets: events of all sources, and HTTP requests to an app and to the local server."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Annotated, Any

import pydantic

from fuzz.kinds import Reader, Target, mutated, mutation_seeds, type_of
from lambda_kit import HttpApp, events
from lambda_kit.batch import process_batch
from lambda_kit.errors import BatchFailed, EventError, LambdaKitError
from lambda_kit.events import HttpEvent, Records, source_of
from lambda_kit.events._http_build import HTTP_TRIGGERS, http_event
from lambda_kit.events._source import VIEWS
from lambda_kit.http import Cookie, Cors, File, Form, Header, Response, SecurityHeaders, UploadFile
from lambda_kit.local import _http_messages as server
from lambda_kit.local import _outcome
from lambda_kit.local import _url_messages as url
from lambda_kit.local._lines import Lines

_METHODS_OF_VIEWS = ("parse", "slot", "value", "raw", "source")
_LONGEST_REPR = 5_000


def read(view: Any) -> None:
    """Read everything that a view has, its records and parts too."""
    assert len(repr(view)) < _LONGEST_REPR
    for name in dir(view):
        if name.startswith("_") or name in _METHODS_OF_VIEWS:
            continue
        try:
            found: Any = getattr(view, name)
        except EventError as error:
            assert len(str(error)) < _LONGEST_REPR
            continue
        kind = type_of(found)
        parts: Any = found if kind in (list, Records) else found.values() if kind is dict else ()
        for one in [found, *parts]:
            if hasattr(one, "raw") and type(one).__module__.startswith("lambda_kit.events"):
                read(one)


def _event(data: bytes) -> None:
    raw = mutated(Reader(data))
    source = source_of(raw)
    assert source is None or source in VIEWS
    if source is not None:
        read(getattr(events, VIEWS[source])(raw))


_ALL_VIEWS = sorted({*VIEWS.values()})


def _other_view(data: bytes) -> None:
    """Read an event by the view of any other source."""
    reader = Reader(data)
    view = getattr(events, reader.one_of(_ALL_VIEWS))
    read(view(mutated(reader)))


def _other_seeds() -> list[bytes]:
    return [bytes((i,)) + seed for i, seed in enumerate(mutation_seeds()[: len(_ALL_VIEWS)])]


_BATCHES = ("sqs", "kinesis", "dynamodb", "kafka", "firehose", "s3_batch")
_SAMPLES_OF_BATCHES = [
    b"sqs",
    b"kinesis-stream",
    b"dynamodb-stream",
    b"kafka-msk",
    b"kinesis-firehose-put",
    b"s3-batch-operation",
]


def _batch(data: bytes) -> None:
    """Process the records of a mutated event; every third record fails."""
    reader = Reader(data)
    source = reader.one_of(("auto", *_BATCHES))
    seen: list[Any] = []

    def record(one: Any) -> None:
        seen.append(one)
        if len(seen) % 3 == 0:
            raise ValueError("it fails")

    try:
        report = process_batch(mutated(reader), record, source=source, raise_if_all_failed=False)
        json.dumps(report.response)
    except (LambdaKitError, BatchFailed):
        pass


def _batch_seeds() -> list[bytes]:
    from fuzz.kinds import NAMES

    indexes = [NAMES.index(one.decode()) for one in _SAMPLES_OF_BATCHES]
    edits = [b"", b"\0\3null", b"\0\7[]", b"\0\1{}", b"\0\2", b'\0\5"x"', b"\0\11null\0\0\4null"]
    return [bytes((kind % 7, index)) + edit for kind, index in enumerate(indexes, 1) for edit in edits] + [
        bytes((0, index)) for index in indexes
    ]


class Order(pydantic.BaseModel):
    """A body of the app."""

    id: int
    lines: dict[str, list[float]] = {}


app = HttpApp(
    cors=Cors(origins=["https://shop.example"], credentials=True),
    compress=True,
    etag=True,
    security=SecurityHeaders(),
    max_body=20_000,
)


@app.get("/orders/{order_id}")
def _get_order(
    order_id: int,
    tag: list[str],
    session: Annotated[str | None, Cookie()] = None,
    tenant: Annotated[int, Header("x-tenant")] = 0,
    *,
    expand: bool = False,
) -> Any:
    return {"id": order_id, "tags": tag, "expand": expand, "session": session, "tenant": tenant}


@app.post("/orders", status=201)
def _place_order(order: Order) -> Order:
    return order


@app.post("/form")
def _form(
    name: Annotated[str, Form()], count: Annotated[list[int], Form()], file: Annotated[UploadFile | None, File()] = None
) -> Any:
    return {"name": name, "count": count, "file": None if file is None else [file.filename, len(file.data)]}


@app.put("/files/{path:path}")
def _put_file(path: str, request: HttpEvent) -> Response:
    response = Response(request.data, media_type="text/plain")
    response.headers["X-Path"] = str(len(path))
    response.set_cookie("a", "1")
    return response


_BOUNDARY = "b0undary"


def _request(data: bytes) -> None:
    """Send one request through an app, and read all of the event."""
    reader = Reader(data)
    trigger = reader.one_of(HTTP_TRIGGERS)
    count = reader.byte() % 8
    method, target = reader.text(), reader.text()
    headers = [(reader.text() or "x", reader.text()) for _ in range(count)]
    event = http_event(trigger, method, target, headers, reader.rest)
    read(HttpEvent(event))
    raw: Any = app(event, None)
    assert 200 <= raw["statusCode"] < 600
    assert raw["statusCode"] != 500, raw["body"][:300]
    json.dumps(raw).encode()
    lists = raw.get("multiValueHeaders", {}).values()
    values = [*raw.get("headers", {}).values(), *(one for values in lists for one in values), *raw.get("cookies", [])]
    assert not any(set(value) & {"\r", "\n", "\0"} for value in values)


def _packed(trigger: int, method: str, target: str, headers: dict[str, str], body: bytes) -> bytes:
    fields = [method, target, *(one for pair in headers.items() for one in pair)]
    return bytes((trigger, len(headers))) + b"".join(one.encode() + b"\0" for one in fields) + body


def _request_seeds() -> list[bytes]:
    multipart = (
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="name"\r\n\r\nAda\r\n'
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="count"\r\n\r\n5\r\n'
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename*=UTF-8\'\'a%20b.png; filename="a"\r\n'
        f"Content-Type: text/plain; charset=latin-1\r\n\r\nx\r\n--{_BOUNDARY}--\r\n"
    ).encode()
    form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    parts = {"content-type": f'multipart/form-data; boundary="{_BOUNDARY}"'}
    wanted = {"cookie": 'session="a\\"b"; a=1; a=2; =', "x-tenant": "7", "accept-encoding": "gzip;q=0.5, *;q=0"}
    cors = {"origin": "https://shop.example", "access-control-request-method": "PUT"}
    ifs = {"if-none-match": '"a", W/"b", *', "if-match": 'W/"', "accept": "text/*;q=1.5"}
    seeds: list[bytes] = []
    for trigger in range(len(HTTP_TRIGGERS)):
        seeds += [
            _packed(trigger, "GET", "/orders/7?tag=a&tag=b%20&expand=1&=&x", wanted, b""),
            _packed(
                trigger, "POST", "/orders", {"content-type": "application/json"}, b'{"id": 1, "lines": {"a": [1e3]}}'
            ),
            _packed(trigger, "POST", "/orders", {"content-type": "application/json"}, b"[" * 5_000),
            _packed(trigger, "POST", "/form", form, b"name=Ada+L&count=1&count=2&%C3%A9=%zz"),
            _packed(trigger, "POST", "/form", parts, multipart),
            _packed(trigger, "OPTIONS", "/files/a/../b%2F", cors, b""),
            _packed(trigger, "PUT", "/files/a/%ff", {**cors, **ifs}, b"\xff\xfe"),
            _packed(trigger, "HEAD", "//orders/-1?", ifs, b""),
        ]
    return seeds


def _served(data: bytes) -> None:
    """Read a request as the local server does, and make the event of it."""
    source = BytesIO(data)
    try:
        request = server.read_request(source)
        if request is None:
            return
        server.read_body(request, source, 10_000, lambda: None)
    except server.RequestRefusedError as error:
        assert 400 <= error.status < 600
        return
    event = url.event_of(request, "127.0.0.1", trace_root="Root=1-5759e988-bd862e3fe1be46a994272793")
    json.dumps(event)
    read(HttpEvent(event))


def _served_seeds() -> list[bytes]:
    return [
        b"GET /a%20b?c=1&d HTTP/1.1\r\nHost: localhost:9\r\nCookie: a=1; b=2\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: [::1]:80\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}",
        b"POST http://a/b HTTP/1.0\r\nTransfer-Encoding: chunked\r\nHost: a\r\n\r\n2;x=y\r\n{}\r\n0\r\nX: y\r\n\r\n",
        b"PUT * HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999\r\nConnection: close, x\r\n\r\n",
        b"\r\nOPTIONS * HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1\r\n\r\n",
    ]


def _result(data: bytes) -> None:
    """Read the result of a function as a function URL and a test do, and what it has printed."""
    reader = Reader(data)
    kind = reader.one_of(("application/json", "application/octet-stream", ""))
    _outcome.decode(reader.rest, kind)
    printed = Lines()
    printed.write(reader.rest.decode("utf-8", "replace"))
    printed.end()
    assert all(type_of(one) is dict for one in printed.logs)
    for whole in (True, False):
        try:
            response = url.response_of(reader.rest, kind) if whole else url.prelude_of(reader.rest)
        except url.MalformedResultError:
            continue
        head = server.head_of(response.status, response.headers)
        assert head.count(b"\r\n\r\n") == 1
        assert b"\0" not in head


def _result_seeds() -> list[bytes]:
    whole = b'{"statusCode": 201, "headers": {"a": 5}, "cookies": ["a=1"], "body": "eA==", "isBase64Encoded": true}'
    return [
        bytes((i,)) + one
        for i in range(3)
        for one in (whole, b'{"a":' * 20_000, b'{"statusCode": "2"}', b'"x"', b'{"a": 1}', b"[1]")
    ]


TARGETS = [
    Target("event", _event, mutation_seeds),
    Target("other_view", _other_view, _other_seeds),
    Target("batch", _batch, _batch_seeds),
    Target("request", _request, _request_seeds),
    Target("served", _served, _served_seeds),
    Target("result", _result, _result_seeds),
]
