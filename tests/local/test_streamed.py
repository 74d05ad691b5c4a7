"""Responses that a runtime streams, on their way through the Runtime API to a client."""

from __future__ import annotations

import http.client
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from lambda_kit.local import Environment, FunctionUrl, ServedRequest
from tests.effort import scaled
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def told() -> list[ServedRequest]:
    return []


@pytest.fixture(scope="module")
def url(functions: Path, told: list[ServedRequest]) -> Iterator[FunctionUrl]:
    with FunctionUrl("streams.handler", cwd=functions, timeout=PATIENCE, on_request=told.append) as found:
        yield found


def get(url: FunctionUrl, target: str, method: str = "GET") -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", int(url.url.rpartition(":")[2]), timeout=PATIENCE)
    connection.request(method, target, headers={"Connection": "close"})
    return connection.getresponse()


def test_parts_arrive_one_by_one_with_the_status_the_headers_and_the_cookies(url: FunctionUrl, tmp_path: Path) -> None:
    with get(url, f"/steps?{tmp_path}") as response:
        assert (response.status, response.headers["Content-Type"]) == (200, "text/event-stream")
        assert response.headers["Set-Cookie"] == "a=1"
        for number in range(3):  # the next part is sent when this one has been read
            assert response.readline() == b"data: %d\n" % number
            assert response.readline() == b"\n"
            (tmp_path / str(number)).touch()
        assert response.read() == b""


def test_a_stream_without_a_head_is_the_body(url: FunctionUrl) -> None:
    with get(url, "/plain") as response:
        assert (response.status, response.headers["Content-Type"], response.read()) == (200, "text/plain", b"onetwo")


def test_a_head_may_come_in_many_parts(url: FunctionUrl) -> None:
    with get(url, "/split") as response:
        assert (response.status, response.headers["X-A"], response.read()) == (202, "1", b"body")


def test_a_head_request_gets_no_body(url: FunctionUrl) -> None:
    with get(url, "/split", "HEAD") as response:
        assert (response.status, response.read()) == (202, b"")


def test_a_stream_may_be_larger_than_any_other_response(url: FunctionUrl) -> None:
    count = max(7, scaled(100))
    with get(url, f"/large?{count}") as response:
        size = 0
        while data := response.read(1 << 20):
            size += len(data)
    assert size == count << 20


@pytest.mark.parametrize("path", ["/breaks", "/crash"])
def test_a_stream_that_breaks_off_does_not_look_complete(url: FunctionUrl, path: str) -> None:
    with get(url, path) as response, pytest.raises((http.client.IncompleteRead, ConnectionError)):
        response.read()


@pytest.mark.parametrize("path", ["/fails-early", "/headless", "/malformed"])
def test_a_stream_that_fails_before_its_body_is_502(url: FunctionUrl, path: str) -> None:
    with get(url, path) as response:
        assert (response.status, response.read()) == (502, b"Internal Server Error")


def test_a_client_that_goes_away_leaves_the_environment_usable(url: FunctionUrl) -> None:
    get(url, "/large?50").close()
    with get(url, "/plain") as response:
        assert response.read() == b"onetwo"


@pytest.mark.parametrize("kind", ["events", "asynchronous"])
def test_a_client_that_goes_away_ends_the_generator_and_its_layers_under_the_client_of_the_kit(
    functions: Path, kind: str
) -> None:
    output: list[str] = []
    served: list[ServedRequest] = []
    with FunctionUrl(
        f"listened.{kind}",
        cwd=functions,
        timeout=PATIENCE,
        runtime="kit",
        environments=1,
        on_output=lambda _, text: output.append(text),
        on_request=served.append,
    ) as url:
        response = get(url, "/")
        assert response.readline() == b"data: tick\n"
        response.close()
        with get(url, "/once") as response:  # by the one environment: the stream has ended
            assert response.read() == b'"once"'
        first = "".join(output)
    assert served[0].problem is not None
    assert served[0].problem.startswith("the client went away")
    assert (served[0].error, served[1].init_ms) == (None, None)
    assert first.count("left\n") == 2
    if kind == "events":
        assert first.index("closed\n") < first.index("left\n")
    assert first.count("nobody receives the response any longer; its generator is closed") == 1
    assert "ERROR" not in first


def test_curl_shows_parts_one_by_one(url: FunctionUrl, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed")
    command = [curl, "--no-buffer", "--silent", "--show-error", "--globoff", f"{url.url}/steps?{tmp_path}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        for number in range(3):  # the next part is sent when curl has shown this one
            assert child.stdout.readline() == b"data: %d\n" % number
            assert child.stdout.readline() == b"\n"
            (tmp_path / str(number)).touch()
        assert child.stdout.read() == b""
    assert child.returncode == 0


def test_the_time_limit_ends_a_stream(functions: Path) -> None:
    with (
        FunctionUrl("streams.handler", cwd=functions, timeout=0.3) as url,
        get(url, "/hang") as response,
        pytest.raises((http.client.IncompleteRead, ConnectionError)),
    ):
        response.read()


def event(path: str, query: str = "") -> dict[str, str]:
    return {"rawPath": path, "rawQueryString": query}


def test_an_environment_passes_parts_on_or_keeps_them(functions: Path) -> None:
    parts: list[tuple[bytes, str]] = []
    with Environment("streams.handler", cwd=functions, timeout=PATIENCE) as environment:
        passed_on = environment.invoke(event("/plain"), on_part=lambda part, kind: parts.append((part, kind)))
        kept = environment.invoke(event("/plain"))
        too_large = environment.invoke(event("/large", "7"))
        failed = environment.invoke(event("/breaks"))
        crashed = environment.invoke(event("/crash"))
    assert (passed_on.status, passed_on.payload) == ("success", b"")
    assert parts == [(b"one", "text/plain"), (b"two", "text/plain")]
    assert (kept.status, kept.payload, kept.content_type) == ("success", b"onetwo", "text/plain")
    assert too_large.error is not None
    assert too_large.error.type == "Function.ResponseSizeTooLarge"
    assert failed.error is not None
    assert (failed.status, failed.error.type, failed.error.message) == ("error", "ValueError", "bad value")
    assert crashed.status == "crash"


def test_an_error_of_the_callback_is_raised(functions: Path) -> None:
    def fail(part: bytes, kind: str) -> None:
        raise KeyError(part)

    with Environment("streams.handler", cwd=functions, timeout=PATIENCE) as environment:
        with pytest.raises(KeyError, match="one"):
            environment.invoke(event("/plain"), on_part=fail)
        assert environment.invoke(event("/plain")).payload == b"onetwo"
