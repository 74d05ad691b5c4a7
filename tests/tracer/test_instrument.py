"""Requests that are spans: by requests, httpx and urllib3, against servers on loopback."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest

from lambda_kit.errors import ConfigurationError
from lambda_kit.tracer import Tracer
from tests.aws.servers import Server, reply
from tests.patience import PATIENCE
from tests.services import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lambda_kit.testing import FakeXRayDaemon

    Serve = Callable[..., Server]

boto3: Any = import_module("boto3")
httpx: Any = import_module("httpx")
requests: Any = import_module("requests")
requests_auth: Any = import_module("requests.auth")
requests_adapters: Any = import_module("requests.adapters")
urllib3: Any = import_module("urllib3")

HEADER = "x-amzn-trace-id"
HEAD = b"HTTP/1.1 200 Text\r\nContent-Length: 5\r\n\r\n"


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers, which stop after the test."""
    servers: list[Server] = []

    def start(*script: Any) -> Server:
        servers.append(Server(*script))
        return servers[-1]

    yield start
    for one in servers:
        one.stop()


def by_requests(tracer: Tracer, url: str, **options: Any) -> int:
    with tracer.instrument(requests.Session()) as session:
        status: int = session.get(url, timeout=PATIENCE, **options).status_code
        return status


def by_httpx(tracer: Tracer, url: str, **options: Any) -> int:
    with tracer.instrument(httpx.Client(verify=False, timeout=PATIENCE, follow_redirects=True)) as client:
        status: int = client.get(url, **options).status_code
        return status


def by_async_httpx(tracer: Tracer, url: str, **options: Any) -> int:
    async def get() -> int:
        async with tracer.instrument(
            httpx.AsyncClient(verify=False, timeout=PATIENCE, follow_redirects=True)
        ) as client:
            status: int = (await client.get(url, **options)).status_code
            return status

    return asyncio.run(get())


def by_urllib3(tracer: Tracer, url: str, **options: Any) -> int:
    with tracer.instrument(urllib3.PoolManager(retries=urllib3.Retry(connect=0, redirect=5))) as pool:
        status: int = pool.request("GET", url, timeout=PATIENCE, **options).status
        return status


GETS = [by_requests, by_httpx, by_async_httpx, by_urllib3]
gets = pytest.mark.parametrize("get", GETS)


def parent_of(header: str) -> str:
    return dict(part.split("=", 1) for part in header.split(";"))["Parent"]


# What a span tells


@gets
def test_a_request_is_a_span_without_query_and_user(get: Any, serve: Serve, xray_daemon: FakeXRayDaemon) -> None:
    server = serve(reply(b"hello"))
    tracer = Tracer()
    with tracer.span("handler"):
        assert get(tracer, f"http://me:hidden@127.0.0.1:{server.port}/a/b?card=hidden#hidden") == 200
    [handler] = xray_daemon.tree()
    [span] = handler.children
    assert (span.name, span.namespace) == ("127.0.0.1", "remote")
    assert (span.error, span.fault, span.throttle) == (False, False, False)
    assert span.http == {
        "request": {"method": "GET", "url": f"{server.url}/a/b"},
        "response": {"status": 200, "content_length": 5},
    }
    assert not any(b"hidden" in datagram for datagram in xray_daemon.datagrams)


@gets
@pytest.mark.parametrize(
    ("status", "flags"),
    [(404, (True, False, False)), (429, (True, False, True)), (503, (False, True, False))],
)
def test_a_status_says_who_has_failed(
    get: Any, status: int, flags: tuple[bool, ...], serve: Serve, xray_daemon: FakeXRayDaemon
) -> None:
    server = serve(reply(status=status))
    assert get(Tracer(), server.url) == status
    [span] = xray_daemon.tree()
    assert (span.error, span.fault, span.throttle) == flags
    assert (span.http["response"]["status"], span.exceptions) == (status, [])


@gets
def test_where_nothing_answers_the_exception_is_recorded(get: Any, xray_daemon: FakeXRayDaemon) -> None:
    tracer = Tracer()
    with pytest.raises((requests.ConnectionError, httpx.ConnectError, urllib3.exceptions.HTTPError)):
        get(tracer, f"http://127.0.0.1:{free_port()}/a")
    [span] = xray_daemon.tree()
    assert (span.name, span.fault) == ("127.0.0.1", True)
    assert [list(span.http), span.http["request"]["method"]] == [["request"], "GET"]
    assert span.exceptions
    assert not tracer.current().recording


@gets
def test_an_answer_whose_length_is_not_known_has_none(get: Any, serve: Serve, xray_daemon: FakeXRayDaemon) -> None:
    server = serve(b"HTTP/1.1 200 Text\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n")
    get(Tracer(), server.url)
    [span] = xray_daemon.tree()
    assert span.http["response"] == {"status": 200}


def stream_by_requests(tracer: Tracer, url: str, then: Callable[[], None]) -> None:
    with (
        tracer.instrument(requests.Session()) as session,
        session.get(url, stream=True, timeout=PATIENCE),
    ):
        then()


def stream_by_httpx(tracer: Tracer, url: str, then: Callable[[], None]) -> None:
    with tracer.instrument(httpx.Client(verify=False)) as client, client.stream("GET", url):
        then()


def stream_by_async_httpx(tracer: Tracer, url: str, then: Callable[[], None]) -> None:
    async def get() -> None:
        async with tracer.instrument(httpx.AsyncClient(verify=False)) as client, client.stream("GET", url):
            then()

    asyncio.run(get())


def stream_by_urllib3(tracer: Tracer, url: str, then: Callable[[], None]) -> None:
    with tracer.instrument(urllib3.PoolManager()) as pool:
        response = pool.request("GET", url, preload_content=False, timeout=PATIENCE)
        then()
        response.close()


@pytest.mark.parametrize("stream", [stream_by_requests, stream_by_httpx, stream_by_async_httpx, stream_by_urllib3])
def test_a_span_ends_with_the_headers_where_the_body_is_read_as_a_stream(
    stream: Any, serve: Serve, xray_daemon: FakeXRayDaemon
) -> None:
    def begin(connection: Any) -> None:
        connection.sendall(HEAD)
        server.hang(connection)

    server = serve(begin)
    ended: list[Any] = []
    stream(Tracer(), server.url, lambda: ended.extend(xray_daemon.tree()))
    assert [span.http["response"] for span in ended] == [{"status": 200, "content_length": 5}]


# The headers


@gets
def test_the_header_has_the_span_as_parent(get: Any, serve: Serve, xray_daemon: FakeXRayDaemon) -> None:
    server = serve(reply())
    get(Tracer(), server.url, headers={"x-own": "1"})
    [span] = xray_daemon.tree()
    [request] = server.requests
    assert request.headers[HEADER] == f"Root={xray_daemon.trace_id};Parent={span.id};Sampled=1"
    assert (request.headers["x-own"], "traceparent" in request.headers) == ("1", False)


@pytest.mark.parametrize(
    ("others", "sent"),
    [
        (";Lineage=1:a87bd80c:0", ";Lineage=1:a87bd80c:0"),
        (";Self=1-67891234-12456789abcdef012345678;Lineage=1:a:0", ";Lineage=1:a:0"),
        (";Lineage=a b", ""),
        (";Lineage=é", ""),
        (";Lineage=a\nx-own: 1", ""),
    ],
)
def test_what_else_lambda_says_goes_on_where_it_can_stand_in_a_header(
    others: str, sent: str, serve: Serve, xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = xray_daemon.next_invocation(sampled=False)
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"{header}{others}")
    server = serve(reply())
    by_urllib3(Tracer(), server.url)
    assert [request.headers[HEADER] for request in server.requests] == [f"{header}{sent}"]


@gets
def test_with_w3c_the_same_is_told_by_its_header_too(get: Any, serve: Serve, xray_daemon: FakeXRayDaemon) -> None:
    server = serve(reply())
    get(Tracer(w3c=True), server.url)
    [span] = xray_daemon.tree()
    [request] = server.requests
    trace = span.trace_id.removeprefix("1-").replace("-", "")
    assert (request.headers["traceparent"], parent_of(request.headers[HEADER])) == (
        f"00-{trace}-{span.id}-01",
        span.id,
    )


@gets
def test_a_header_of_the_caller_stays(get: Any, serve: Serve, xray_daemon: FakeXRayDaemon) -> None:
    server = serve(reply())
    own = {"X-AMZN-Trace-Id": "Root=own", "Traceparent": "own"}
    get(Tracer(w3c=True), server.url, headers=own)
    [request] = server.requests
    assert (request.headers[HEADER], request.headers["traceparent"]) == ("Root=own", "own")
    assert own == {"X-AMZN-Trace-Id": "Root=own", "Traceparent": "own"}


@gets
def test_where_the_invocation_is_not_sampled_the_header_says_so_and_nothing_else_happens(
    get: Any, serve: Serve, xray_daemon: FakeXRayDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = xray_daemon.next_invocation(sampled=False)
    monkeypatch.setenv("_X_AMZN_TRACE_ID", header)
    server = serve(reply())
    get(Tracer(), server.url)
    assert [request.headers[HEADER] for request in server.requests] == [header]
    assert xray_daemon.datagrams == []


@gets
def test_where_there_is_no_trace_there_is_no_header(get: Any, serve: Serve) -> None:
    server = serve(reply())
    assert get(Tracer(w3c=True), server.url) == 200
    [request] = server.requests
    assert not {HEADER, "traceparent"} & set(request.headers)


def test_the_headers_of_a_pool_are_sent_and_kept(serve: Serve, xray_daemon: FakeXRayDaemon) -> None:
    server = serve(reply())
    with Tracer().instrument(urllib3.PoolManager(headers={"x-own": "1"})) as pool:
        pool.request("GET", server.url)
        pool.request("GET", server.url)
        assert pool.headers == {"x-own": "1"}
    sent = [(request.headers["x-own"], parent_of(request.headers[HEADER])) for request in server.requests]
    assert sent == [("1", span.id) for span in xray_daemon.tree()]


def test_a_request_that_is_sent_again_is_another_span(serve: Serve, xray_daemon: FakeXRayDaemon) -> None:
    server = serve(reply())
    tracer = Tracer()
    with tracer.instrument(httpx.Client(verify=False)) as client:
        again = client.build_request("POST", server.url, json={"a": 1})
        for _ in range(2):
            assert client.send(again).request is again
    with tracer.instrument(requests.Session()) as session:
        prepared = session.prepare_request(requests.Request("POST", server.url, json={"a": 1}))
        for _ in range(2):
            session.send(prepared)
    assert HEADER not in {*again.headers, *(name.lower() for name in prepared.headers)}
    parents = [parent_of(request.headers[HEADER]) for request in server.requests]
    assert parents == [span.id for span in xray_daemon.tree()]
    assert len(set(parents)) == 4
    assert {request.body.replace(b" ", b"") for request in server.requests} == {b'{"a":1}'}


@gets
def test_redirects_stay_in_the_trace(get: Any, serve: Serve, xray_daemon: FakeXRayDaemon) -> None:
    server = serve(reply(status=302, location="/there"), reply(b"ok"))
    assert get(Tracer(), f"{server.url}/here") == 200
    spans = xray_daemon.tree()
    parents = [parent_of(request.headers[HEADER]) for request in server.requests]
    assert [request.target for request in server.requests] == ["/here", "/there"]
    if get is by_requests:  # where each is a request of its own
        assert [span.http["response"]["status"] for span in spans] == [302, 200]
        assert [span.http["request"]["url"] for span in spans] == [f"{server.url}/here", f"{server.url}/there"]
        assert parents == [span.id for span in spans]
    else:
        assert [span.http["response"]["status"] for span in spans] == [200]
        assert parents == [spans[0].id] * 2


def test_a_second_attempt_with_credentials_is_a_span_too(serve: Serve, xray_daemon: FakeXRayDaemon) -> None:
    challenge = 'Digest realm="r", nonce="n", qop="auth"'
    server = serve(reply(status=401, www_authenticate=challenge), reply(b"ok"))
    assert by_requests(Tracer(), server.url, auth=requests_auth.HTTPDigestAuth("me", "hidden")) == 200
    assert [span.http["response"]["status"] for span in xray_daemon.tree()] == [401, 200]


# Many at once


def test_requests_of_many_tasks_on_one_client_stand_each_under_the_span_of_its_task(
    serve: Serve, xray_daemon: FakeXRayDaemon
) -> None:
    together = threading.Barrier(8)

    def answer(connection: Any) -> None:
        together.wait(PATIENCE)  # so all requests are under way at once
        connection.sendall(reply())

    server = serve(answer)
    tracer = Tracer()

    async def work(client: Any, number: int) -> None:
        async with tracer.span(f"task {number}"):
            await client.get(f"{server.url}/{number}")

    async def main() -> None:
        async with tracer.instrument(httpx.AsyncClient(verify=False, timeout=PATIENCE)) as client:
            await asyncio.gather(*(work(client, number) for number in range(8)))

    asyncio.run(main())
    _assert_nested(server, xray_daemon, "task")


@pytest.mark.parametrize("library", ["requests", "httpx", "urllib3"])
def test_requests_of_many_threads_on_one_client_stand_each_under_the_span_of_its_thread(
    library: str, serve: Serve, xray_daemon: FakeXRayDaemon
) -> None:
    together = threading.Barrier(8)

    def answer(connection: Any) -> None:
        together.wait(PATIENCE)
        connection.sendall(reply())

    server = serve(answer)
    tracer = Tracer()
    client: Any = {
        "requests": requests.Session,
        "httpx": lambda: httpx.Client(verify=False, timeout=PATIENCE),
        "urllib3": lambda: urllib3.PoolManager(maxsize=8),
    }[library]()
    tracer.instrument(client)

    def work(number: int) -> None:
        with tracer.span(f"thread {number}"):
            client.request("GET", f"{server.url}/{number}")

    with client:
        threads = [threading.Thread(target=contextvars.copy_context().run, args=(work, one)) for one in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
    _assert_nested(server, xray_daemon, "thread")


def _assert_nested(server: Server, daemon: FakeXRayDaemon, what: str) -> None:
    sent = {request.target: parent_of(request.headers[HEADER]) for request in server.requests}
    assert len(sent) == 8
    for node in daemon.tree():
        [call] = node.children
        target = f"/{node.name.removeprefix(what).strip()}"
        assert call.http["request"]["url"] == server.url + target
        assert sent[target] == call.id


# Instrumenting

MAKERS: dict[str, Callable[[], Any]] = {
    "requests": requests.Session,
    "httpx": lambda: httpx.Client(verify=False),
    "async httpx": lambda: httpx.AsyncClient(verify=False),
    "urllib3": urllib3.PoolManager,
}


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
def test_by_two_tracers_a_client_is_not_instrumented(make: Callable[[], Any]) -> None:
    client = make()
    Tracer().instrument(client)
    with pytest.raises(ConfigurationError, match=rf"this {type(client).__name__} is .* by another tracer already"):
        Tracer().instrument(client)


@gets
def test_instrumenting_twice_changes_nothing(get: Any, serve: Serve, xray_daemon: FakeXRayDaemon) -> None:
    server = serve(reply())

    class Twice(Tracer):
        def instrument(self, client: Any, /) -> Any:
            assert super().instrument(super().instrument(client)) is client
            return client

    get(Twice(), server.url)
    assert [span.names() for span in xray_daemon.tree()] == ["127.0.0.1"]


def test_other_clients_of_the_same_library_stay_what_they_are(serve: Serve, xray_daemon: FakeXRayDaemon) -> None:
    server = serve(reply())
    tracer = Tracer()
    for make in MAKERS.values():
        tracer.instrument(make())
    requests.get(server.url, timeout=PATIENCE)
    with httpx.Client(verify=False) as client, urllib3.PoolManager() as pool:
        client.get(server.url)
        pool.request("GET", server.url)
    assert xray_daemon.datagrams == []


def test_adapters_of_a_session_can_be_asked_for_and_those_mounted_later_are_traced(
    serve: Serve, xray_daemon: FakeXRayDaemon
) -> None:
    server = serve(reply())
    with Tracer().instrument(requests.Session()) as session:
        session.mount("http://", requests_adapters.HTTPAdapter(max_retries=7))
        assert session.get_adapter(server.url).max_retries.total == 7
        session.get(server.url, timeout=PATIENCE)
    assert [span.names() for span in xray_daemon.tree()] == ["127.0.0.1"]


def test_clients_of_a_class_of_the_users_own_are_taken(serve: Serve, xray_daemon: FakeXRayDaemon) -> None:
    server = serve(reply())

    class Shop(requests.Session):  # type: ignore[misc]
        """Calls a shop."""

    shop: Any = Shop()
    with Tracer().instrument(shop) as session:
        session.get(server.url, timeout=PATIENCE)
    assert [span.names() for span in xray_daemon.tree()] == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("client", "named"),
    [
        (object(), "builtins.object"),
        (None, "builtins.NoneType"),
        (requests, "builtins.module"),
        (requests.Session, "builtins.type"),
        (boto3.Session(region_name="eu-west-1"), "boto3.session.Session"),
        (Mock(spec=requests.Session), "unittest.mock.Mock"),
    ],
)
def test_what_is_no_client_is_refused_with_its_type_and_with_what_is_taken(client: Any, named: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"of type {named}; pass a boto3 client .* urllib3 PoolManager$"):
        Tracer().instrument(client)


def test_nothing_is_loaded_that_was_not() -> None:
    program = (
        "import sys, urllib3\n"
        "from lambda_kit.tracer import Tracer\n"
        "Tracer().instrument(urllib3.PoolManager())\n"
        "print([name for name in ('boto3', 'botocore', 'requests', 'httpx', 'lambda_kit.aws') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=PATIENCE)
    assert ran.stdout.strip() == "[]"
