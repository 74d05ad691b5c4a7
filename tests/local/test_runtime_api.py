from __future__ import annotations

import http.client
import json
import threading
import time
from typing import TYPE_CHECKING

import pytest

from lambda_kit.local import RuntimeApi
from lambda_kit.local._exchange import RESPONSE_LIMIT, Exchange
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = "/2018-06-01/runtime"


class Runtime:
    """A runtime of ours: one connection to the server."""

    def __init__(self, api: RuntimeApi) -> None:
        host, port = api.address.split(":")
        self.connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE)

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        self.connection.request(method, path, body, headers or {})
        response = self.connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    with RuntimeApi() as server:
        yield server


@pytest.fixture
def runtime(api: RuntimeApi) -> Iterator[Runtime]:
    runtime = Runtime(api)
    yield runtime
    runtime.connection.close()


def exchange(request_id: str = "r1", body: bytes = b'{"a": 1}') -> Exchange:
    return Exchange(request_id, f"i-{request_id}", body, 30.0, {"Lambda-Runtime-Trace-Id": "Root=1"})


def test_an_invocation_goes_out_with_its_headers_and_its_answer_comes_back(api: RuntimeApi, runtime: Runtime) -> None:
    one = exchange()
    api.submit(one)
    status, headers, body = runtime.call("GET", f"{ROOT}/invocation/next")
    assert (status, body) == (200, b'{"a": 1}')
    assert headers["Lambda-Runtime-Aws-Request-Id"] == "r1"
    assert headers["Lambda-Runtime-Invocation-Id"] == "i-r1"
    assert headers["Lambda-Runtime-Trace-Id"] == "Root=1"
    assert 25 < int(headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time.time() <= 30
    status, _, body = runtime.call("POST", f"{ROOT}/invocation/r1/response", b'"done"')
    assert (status, body) == (202, b'{"status":"OK"}')
    assert one.answer is not None
    assert (one.answer.kind, one.answer.body) == ("response", b'"done"')


def test_a_poll_waits_until_there_is_an_invocation(api: RuntimeApi, runtime: Runtime) -> None:
    threading.Timer(0.1, api.submit, [exchange()]).start()
    status, _, _ = runtime.call("GET", f"{ROOT}/invocation/next")
    assert status == 200


def test_the_next_poll_says_that_the_invocation_is_over(api: RuntimeApi, runtime: Runtime) -> None:
    one, two = exchange("r1"), exchange("r2")
    api.submit(one)
    runtime.call("GET", f"{ROOT}/invocation/next")
    runtime.call("POST", f"{ROOT}/invocation/r1/error", b"{}", {"Lambda-Runtime-Function-Error-Type": "E"})
    before = one.finished
    api.submit(two)
    runtime.call("GET", f"{ROOT}/invocation/next")
    assert (before, one.finished) == (False, True)
    assert one.answer is not None
    assert (one.answer.kind, one.answer.error_type) == ("error", "E")


def test_an_invocation_is_not_given_to_a_connection_that_is_gone(api: RuntimeApi, runtime: Runtime) -> None:
    dead = Runtime(api)
    dead.connection.request("GET", f"{ROOT}/invocation/next")
    assert api.wait_for(lambda: api.ready_at is not None, PATIENCE)
    dead.connection.close()
    one = exchange()
    threading.Timer(0.1, api.submit, [one]).start()
    status, _, _ = runtime.call("GET", f"{ROOT}/invocation/next")
    assert status == 200
    assert one.peer == runtime.connection.sock.getsockname()[1]


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("POST", f"{ROOT}/invocation/other/response", 400, "InvalidRequestID"),
        ("POST", f"{ROOT}/invocation/other/error", 400, "InvalidRequestID"),
        ("GET", f"{ROOT}/nothing", 404, "NotFound"),
        ("GET", "/2015-01-01/runtime/invocation/next", 404, "NotFound"),
        ("POST", f"{ROOT}/nothing", 404, "NotFound"),
        ("POST", f"{ROOT}/restore/error", 403, "InvalidStateTransition"),
    ],
)
def test_what_the_api_does_not_know_is_refused(
    runtime: Runtime, method: str, path: str, status: int, error: str
) -> None:
    got, _, body = runtime.call(method, path, b"{}" if method == "POST" else None)
    assert (got, json.loads(body)["errorType"]) == (status, error)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", f"{ROOT}/invocation/next", "GET"),
        ("POST", f"{ROOT}/restore/next", "GET"),
        ("GET", f"{ROOT}/invocation/r1/response", "POST"),
        ("GET", f"{ROOT}/init/error", "POST"),
    ],
)
def test_the_wrong_method_is_refused_with_the_right_one(runtime: Runtime, method: str, path: str, allowed: str) -> None:
    status, headers, _ = runtime.call(method, path, b"" if method == "POST" else None)
    assert (status, headers["Allow"]) == (405, allowed)


def test_an_answer_with_the_id_of_another_attempt_is_refused(api: RuntimeApi, runtime: Runtime) -> None:
    one = exchange()
    api.submit(one)
    runtime.call("GET", f"{ROOT}/invocation/next")
    header = "Lambda-Runtime-Invocation-Id"
    status, _, body = runtime.call("POST", f"{ROOT}/invocation/r1/response", b"1", {header: "other"})
    assert (status, json.loads(body)["errorType"]) == (400, "InvalidInvocationId")
    assert one.answer is None
    status, _, _ = runtime.call("POST", f"{ROOT}/invocation/r1/response", b"1", {header: "i-r1"})
    assert status == 202


def test_a_second_answer_is_refused(api: RuntimeApi, runtime: Runtime) -> None:
    api.submit(exchange())
    runtime.call("GET", f"{ROOT}/invocation/next")
    assert runtime.call("POST", f"{ROOT}/invocation/r1/response", b"1")[0] == 202
    status, _, body = runtime.call("POST", f"{ROOT}/invocation/r1/response", b"2")
    assert (status, json.loads(body)["errorType"]) == (403, "InvalidStateTransition")


def test_a_response_over_the_limit_is_refused_and_the_connection_lives_on(api: RuntimeApi, runtime: Runtime) -> None:
    one = exchange()
    api.submit(one)
    runtime.call("GET", f"{ROOT}/invocation/next")
    status, _, body = runtime.call("POST", f"{ROOT}/invocation/r1/response", b"x" * (RESPONSE_LIMIT + 1))
    assert (status, json.loads(body)["errorType"]) == (413, "RequestEntityTooLarge")
    assert one.answer is not None
    assert one.answer.kind == "too-large"
    api.submit(exchange("r2"))
    assert runtime.call("GET", f"{ROOT}/invocation/next")[0] == 200


def test_a_body_without_a_length_is_refused(runtime: Runtime) -> None:
    runtime.connection.putrequest("POST", f"{ROOT}/init/error")
    runtime.connection.putheader("Transfer-Encoding", "chunked")
    runtime.connection.endheaders()
    assert runtime.connection.getresponse().status == 411


def test_an_error_of_initialization_is_taken_once_and_not_afterwards(api: RuntimeApi, runtime: Runtime) -> None:
    assert runtime.call("POST", f"{ROOT}/init/error", b'{"errorType": "E"}')[0] == 202
    assert api.init_error is not None
    assert api.init_error.body == b'{"errorType": "E"}'
    assert runtime.call("POST", f"{ROOT}/init/error", b"{}")[0] == 403


def test_a_runtime_waits_at_its_snapshot_until_it_is_restored(api: RuntimeApi, runtime: Runtime) -> None:
    runtime.connection.request("GET", f"{ROOT}/restore/next")
    assert api.wait_for(lambda: api.snapshot_at is not None, PATIENCE)
    api.restore()
    response = runtime.connection.getresponse()
    assert response.status == 200
    response.read()
    assert runtime.call("POST", f"{ROOT}/restore/error", b"{}")[0] == 202
    assert api.restore_error is not None


def test_closing_drops_those_that_wait(runtime: Runtime, api: RuntimeApi) -> None:
    runtime.connection.request("GET", f"{ROOT}/invocation/next")
    assert api.wait_for(lambda: api.ready_at is not None, PATIENCE)
    api.close()
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        runtime.connection.getresponse()


def test_an_error_may_come_with_a_long_document_for_x_ray(api: RuntimeApi, runtime: Runtime) -> None:
    one = exchange()
    api.submit(one)
    runtime.call("GET", f"{ROOT}/invocation/next")
    headers = {
        "Lambda-Runtime-Function-XRay-Error-Cause": "x" * 1_000_000,
        "Lambda-Runtime-Function-Error-Type": "RecursionError",
    }
    status, _, _ = runtime.call("POST", f"{ROOT}/invocation/r1/error", b"{}", headers)
    assert status == 202
    assert one.answer is not None
    assert one.answer.error_type == "RecursionError"
