"""A function behind a URL, spoken to over sockets."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import ConfigurationError
from lambda_kit.local import FunctionUrl, ServedRequest
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


class Served:
    """What a URL has told."""

    def __init__(self) -> None:
        self.requests: list[ServedRequest] = []
        self.output: list[tuple[int, str]] = []
        self.reloads: list[list[str]] = []
        self._changed = threading.Condition()

    def on_request(self, request: ServedRequest) -> None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def on_output(self, number: int, text: str) -> None:
        self.output.append((number, text))

    def last(self, path: str) -> ServedRequest:
        """Wait for the latest request of a path; a client may have its answer before it is told."""
        with self._changed:
            assert self._changed.wait_for(lambda: any(path in one.target for one in self.requests), PATIENCE)
            return next(one for one in reversed(self.requests) if path in one.target)


@pytest.fixture(scope="module")
def served() -> Served:
    return Served()


@pytest.fixture(scope="module")
def url(functions: Path, served: Served) -> Iterator[FunctionUrl]:
    with FunctionUrl(
        "web.handler",
        cwd=functions,
        environments=2,
        memory=256,
        timeout=PATIENCE,
        on_request=served.on_request,
        on_output=served.on_output,
        on_reload=served.reloads.append,
    ) as found:
        yield found


class Client:
    """One connection."""

    def __init__(self, url: FunctionUrl) -> None:
        host, _, port = url.url.removeprefix("http://").partition(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)

    def __call__(
        self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, bytes]:
        self.connection.request(method, target, body, headers or {})
        response = self.connection.getresponse()
        return response.status, response.headers, response.read()


@pytest.fixture
def client(url: FunctionUrl) -> Iterator[Client]:
    found = Client(url)
    yield found
    found.connection.close()


def raw(url: FunctionUrl, text: bytes) -> bytes:
    """Send bytes, and return all that comes until the server closes the connection."""
    port = int(url.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        connection.sendall(text)
        found = b""
        while data := connection.recv(1 << 16):
            found += data
        return found


def test_requests_over_one_connection_reach_the_function_and_come_back(client: Client, served: Served) -> None:
    status, headers, body = client("GET", "/event?a=1", headers={"X-A": "b"})
    assert (status, headers["Content-Type"]) == (200, "application/json")
    found = json.loads(body)
    assert found["event"]["rawQueryString"] == "a=1"
    assert found["event"]["headers"]["x-a"] == "b"
    assert found["event"]["requestContext"]["requestId"] == found["request_id"] == headers["x-amzn-RequestId"]
    status, _, body = client("POST", "/event?again", b"{}", {"Content-Type": "application/json"})
    again = json.loads(body)
    assert (again["event"]["body"], again["pid"]) == ("{}", found["pid"])
    assert served.last("?again").init_ms is None
    assert (1, "called /event\n") in served.output


def test_a_response_has_the_status_the_headers_and_the_cookies_of_the_result(client: Client) -> None:
    status, headers, body = client("GET", "/status?418")
    assert (status, body) == (418, b"text")
    assert headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert headers["Date"].endswith(" GMT")


@pytest.mark.parametrize(
    ("method", "target"), [("HEAD", "/status?200"), ("GET", "/status?204"), ("GET", "/status?304")]
)
def test_a_response_without_a_body_leaves_the_connection_usable(client: Client, method: str, target: str) -> None:
    status, _, body = client(method, target)
    assert (status, body) == (int(target[-3:]), b"")
    assert client("GET", "/nothing")[2] == b"nothing here"


@pytest.mark.parametrize(
    ("path", "error", "problem"),
    [
        ("/fail", "ValueError", None),
        ("/exit", "Runtime.ExitError", None),
        ("/malformed", None, "'body' is a JSON object; it has to be a string"),
    ],
)
def test_what_the_function_does_wrong_is_502_and_is_told(
    client: Client, served: Served, path: str, error: str | None, problem: str | None
) -> None:
    status, _, body = client("GET", path)
    assert (status, body) == (502, b"Internal Server Error")
    told = served.last(path)
    assert (told.status, told.error and told.error.type, told.problem) == (502, error, problem)
    assert client("GET", "/nothing")[0] == 404


def test_a_timeout_is_502(functions: Path) -> None:
    served = Served()
    with FunctionUrl("web.handler", cwd=functions, timeout=0.3, on_request=served.on_request) as url:
        client = Client(url)
        assert client("GET", "/sleep")[0] == 502
        client.connection.close()
    error = served.last("/sleep").error
    assert error is not None
    assert error.type == "Sandbox.Timedout"


def test_a_function_that_cannot_be_imported_is_502_until_it_can(module: Callable[[str], Path]) -> None:
    root = module("import nowhere_at_all\nnowhere_at_all")
    served = Served()
    with FunctionUrl("app.handler", cwd=root, on_request=served.on_request, on_reload=served.reloads.append) as url:
        client = Client(url)
        assert client("GET", "/a")[0] == 502
        module("def handler(event, context): return 1")
        assert client("GET", "/b")[2] == b"1"
        client.connection.close()
    error = served.last("/a").error
    assert error is not None
    assert error.type == "Runtime.ImportModuleError"
    assert served.last("/b").init_ms is not None
    assert served.reloads == [["app.py"]]


def test_source_files_are_not_watched_if_that_is_turned_off(module: Callable[[str], Path]) -> None:
    with FunctionUrl("app.handler", cwd=module("def handler(event, context): return 1"), reload=False) as url:
        client = Client(url)
        assert client("GET", "/")[2] == b"1"
        module("def handler(event, context): return 'two'")
        assert client("GET", "/")[2] == b"1"
        client.connection.close()


def test_a_body_of_six_megabytes_reaches_the_function_and_a_larger_one_is_413(client: Client, served: Served) -> None:
    headers = {"Content-Type": "text/plain"}
    fits = b"x" * (6 * 1024 * 1024 - 2000)
    status, _, body = client("POST", "/nothing", fits, headers)
    assert (status, body) == (404, b"nothing here")
    status, _, _ = client("POST", "/encoded", fits)  # base64 makes more of it
    assert status == 413
    assert "grows by a third" in str(served.last("/encoded").problem)
    status, _, _ = client("POST", "/larger", fits + b"x" * 4000, headers)
    assert status == 413
    assert "6291456 are allowed" in str(served.last("/larger").problem)


def test_a_result_over_six_megabytes_is_502(client: Client, served: Served) -> None:
    assert len(client("GET", "/length?6000000")[2]) == 6_000_000
    status, _, _ = client("GET", "/length?6300000")
    assert status == 502
    error = served.last("/length?6300000").error
    assert error is not None
    assert error.type == "Function.ResponseSizeTooLarge"


def test_a_client_may_wait_to_be_told_to_send_its_body(url: FunctionUrl) -> None:
    found = raw(
        url,
        b"POST /nothing HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 1\r\n\r\na",
    )
    assert found.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\n")


def test_bodies_in_chunks_and_requests_behind_each_other_are_read(url: FunctionUrl) -> None:
    found = raw(
        url,
        b"POST /nothing HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        b"GET /status?200 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    )
    assert (found.count(b"HTTP/1.1 404 Not Found"), found.count(b"HTTP/1.1 200 OK")) == (1, 1)


def test_what_is_no_request_is_refused_and_told(url: FunctionUrl, served: Served) -> None:
    found = raw(url, b"GET /\r\n\r\n")
    assert found.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Connection: close\r\n" in found
    told = served.last("-")
    assert (told.method, told.status, told.problem) == ("-", 400, "the first line is not METHOD TARGET VERSION")


def test_closing_ends_the_functions_and_what_they_started(
    functions: Path, mark: str, processes: Callable[[int], list[int]]
) -> None:
    name, _, value = mark.partition("=")
    url = FunctionUrl("web.handler", cwd=functions, timeout=PATIENCE, environments=1, env={name: value})
    clients = [Client(url) for _ in range(3)]  # one runs, two wait
    for client in clients:
        client.connection.request("GET", "/spawn")
    assert len(processes(2)) == 2
    url.close()
    url.close()
    assert processes(0) == []
    for client in clients:
        with pytest.raises((http.client.HTTPException, OSError)):
            client.connection.getresponse()
        client.connection.close()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"environments": 0}, "environments is 0"),
        ({"port": 70_000}, "port is 70000"),
        ({"timeout": 0}, "timeout is 0"),
    ],
)
def test_wrong_arguments_are_refused(functions: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        FunctionUrl("web.handler", cwd=functions, **options)


def test_a_port_that_is_taken_is_refused(url: FunctionUrl, functions: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be had"):
        FunctionUrl("web.handler", cwd=functions, port=int(url.url.rpartition(":")[2]))
