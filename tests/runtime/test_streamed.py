"""Responses that our client sends part by part, on the wire."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.effort import scaled
from tests.patience import PATIENCE
from tests.runtime.raw_api import RawApi

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator
    from pathlib import Path

    from tests.runtime.raw_api import Request

KINDS = ["stream", "asynchronous", "plain"]


@pytest.fixture(scope="module", params=KINDS)
def api(request: pytest.FixtureRequest) -> Iterator[RawApi]:
    with RawApi(f"streams.{request.param}") as server:
        yield server


@pytest.fixture(scope="module")
def layered() -> Iterator[RawApi]:
    with RawApi("streams.stream") as server:
        yield server


def test_each_part_is_a_chunk_of_its_own(api: RawApi) -> None:
    request = api.answer({"parts": ["one", "zwei ä", "three"]})
    assert request.line.startswith("POST /2018-06-01/runtime/invocation/r")
    assert request.line.endswith("/response")
    assert request.chunks == [b"one", "zwei ä".encode(), b"three"]
    assert request.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert request.headers["lambda-runtime-invocation-id"].startswith("i")
    assert request.headers["content-type"] == "application/octet-stream"
    assert request.headers["trailer"] == "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body"
    assert "content-length" not in request.headers
    assert request.trailers == {}


def test_a_part_is_on_the_wire_before_the_next_one_is_made(api: RawApi, tmp_path: Path) -> None:
    file = tmp_path / "go"
    api.send({"parts": ["before"], "wait_for": str(file)})
    request = api.next_request()
    assert request.wait_for(1) == [b"before"]
    assert not request.whole
    file.touch()
    assert request.until_whole().chunks == [b"before", b"after"]


def test_a_stream_without_parts_is_an_empty_response(api: RawApi) -> None:
    request = api.answer({})
    assert (request.chunks, request.trailers) == ([], {})


def test_an_error_between_two_parts_is_in_the_trailers_and_in_the_log(api: RawApi) -> None:
    request = api.answer({"parts": ["one"], "fail": True})
    assert request.chunks == [b"one"]
    assert request.trailers["lambda-runtime-function-error-type"] == "ValueError"
    assert request.error["errorMessage"] == "broke ä"
    assert request.error["errorType"] == "ValueError"
    assert "streams.py" in request.error["stackTrace"][-1]
    assert "[ERROR] ValueError: broke ä" in api.written()


def test_an_error_before_the_first_part_is_an_ordinary_error(api: RawApi) -> None:
    request = api.answer({"fail": True})
    assert request.line.endswith("/error")
    assert b'"errorType": "ValueError"' in request.body


def test_a_response_after_a_stream_comes_over_the_same_connection(api: RawApi) -> None:
    for _ in range(3):
        assert api.answer({"parts": ["a"]}).chunks == [b"a"]
    assert api.connections == 1


def test_the_prelude_comes_first_then_eight_zero_bytes_and_the_body(layered: RawApi) -> None:
    request = layered.answer({"http": True, "parts": ["one", "two"]})
    assert request.headers["content-type"] == "application/vnd.awslambda.http-integration-response"
    assert request.prelude == {"statusCode": 201, "headers": {"X-One": "ä"}, "cookies": ["a=1"]}
    assert request.body.partition(bytes(8))[2] == b"onetwo"


def test_an_empty_part_sends_the_prelude_before_there_is_a_body(layered: RawApi, tmp_path: Path) -> None:
    file = tmp_path / "go"
    layered.send({"http": True, "parts": [""], "wait_for": str(file)})
    request = layered.next_request()
    request.wait_for(1)
    assert request.prelude["statusCode"] == 201
    assert request.body.endswith(bytes(8))
    file.touch()
    assert request.until_whole().body.endswith(bytes(8) + b"after")


def test_layers_are_left_after_the_last_part_was_sent(layered: RawApi, tmp_path: Path) -> None:
    file = tmp_path / "go"
    already = len(layered.written())
    layered.send({"parts": ["one"], "wait_for": str(file)})
    request = layered.next_request()
    request.wait_for(1)
    assert layered.written()[already:] == "entered\n"
    file.touch()
    request.until_whole()
    assert layered.written()[already:] == "entered\nresponse Stream\nleft\n"


def test_a_response_that_a_layer_puts_in_the_place_of_a_stream_is_an_error_in_the_trailers(layered: RawApi) -> None:
    request = layered.answer({"parts": ["one"], "replace": True})
    assert request.chunks == [b"one"]
    assert request.trailers["lambda-runtime-function-error-type"] == "LayerError"
    assert "a layer has replaced the response of a stream" in request.error["errorMessage"]


def test_a_time_limit_ends_a_stream_with_an_error_in_the_trailers() -> None:
    with RawApi("streams.limited") as api:
        request = api.answer({}, timeout=1.2)
        assert request.chunks[0] == b"one"
        assert request.trailers["lambda-runtime-function-error-type"] == "TimeLimitReached"
        assert api.written().splitlines().count("left") == 1


def test_a_time_limit_that_strikes_within_a_part_breaks_the_stream_off() -> None:
    taken = threading.Event()

    def stall(request: Request, connected: socket.socket) -> bool:
        if request.line.endswith("/r1/response"):
            taken.wait(PATIENCE)  # nothing more is read until the limit has struck
        return False

    with RawApi("streams.limited_blocks", on_chunk=stall) as api:
        api.send({}, timeout=1.2)
        request = api.next_request()
        following = api.answer({"one": True})
        taken.set()
        assert following.chunks == [b"one"]
        assert not request.whole
        assert request.trailers == {}
        assert "[ERROR] TimeLimitReached" in api.written()


@pytest.mark.parametrize("end", ["close", "reset", "refuse"])
def test_a_stream_whose_receiver_has_gone_ends_the_generator(end: str) -> None:
    def gone(request: Request, connected: socket.socket) -> bool:
        if len(request.chunks) < 3:
            return False
        if end == "reset":
            import socket as sockets

            connected.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        if end == "refuse":
            connected.sendall(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")
        return True

    with RawApi("streams.stream", on_chunk=gone) as api:
        api.send({"endless": True})
        request = api.next_request()
        if end == "refuse":
            assert api.process.wait(PATIENCE) == 1
            assert "answered 413 to the stream of invocation/r1/response: big" in api.written()
        else:
            assert api.answer({"parts": ["next"]}).chunks == [b"next"]
        assert not request.whole
        assert "closed" in api.written()
        assert api.written().count("left") >= 1


@pytest.mark.parametrize("kind", ["stream", "asynchronous"])
def test_the_client_of_aws_sends_the_same_bytes_as_a_whole(kind: str) -> None:
    if sys.platform != "linux":
        return
    event: Any = {"parts": ["one", "zwei ä", "three"]}
    bodies: list[bytes] = []
    for client in ("kit", "awslambdaric"):
        with RawApi(f"streams.{kind}", client) as api:
            bodies.append(api.answer(event).body)
    assert bodies[0] == bodies[1] == "onezwei äthree".encode()


def test_streaming_can_be_switched_off() -> None:
    with RawApi("streams.stream", env={"LAMBDA_KIT_STREAMING": "false"}) as api:
        request = api.answer({"parts": ["one", "two"]})
    assert (request.body, request.chunks) == (b"onetwo", [])


def test_memory_is_flat_over_a_long_stream() -> None:
    with RawApi("streams.memory", keep=False) as api:
        api.answer({"megabytes": 1})
        before = int(api.answer({"peak": True}).body)
        api.answer({"megabytes": max(20, min(200, scaled(200)))})
        assert int(api.answer({"peak": True}).body) - before < 1024  # kB


def test_a_refused_end_of_a_stream_ends_the_client_with_a_message() -> None:
    with RawApi("streams.stream", reply=b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno") as api:
        api.send({"parts": ["one"]})
        assert api.process.wait(PATIENCE) == 1
        assert "answered 500 to the stream of invocation/r1/response: no" in api.written()
