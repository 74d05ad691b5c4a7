"""The connection to the Runtime API, against every reply that one can think of."""

from __future__ import annotations

import _socket
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lambda_kit.runtime import _connection
from lambda_kit.runtime._connection import Connection, RuntimeApiError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

EVENT = b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r1\r\nContent-Length: 7\r\n\r\n[1,2,3]"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nA: b\r\n\r\n3;x=1\r\n[1,\r\n4\r\n2,3]\r\n0\r\nT: x\r\n\r\n"
TO_THE_END = b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n[1,2,3]"
CONTINUED = b"HTTP/1.1 100 Continue\r\n\r\n" + EVENT
REPLIES = [EVENT, CHUNKED, TO_THE_END, CONTINUED]


def connected() -> tuple[Connection, socket.socket]:
    """Return a connection, and the other end of its socket."""
    ours, theirs = socket.socketpair()
    connection = Connection("127.0.0.1:1", "0")
    connection.socket = _socket.socket(ours.family, ours.type, ours.proto, ours.detach())
    return connection, theirs


def reply_to(pieces: list[bytes]) -> tuple[dict[bytes, bytes], bytes] | RuntimeApiError:
    """Ask for an invocation, get these bytes, and then the end of the connection."""
    connection, theirs = connected()
    with theirs:

        def send() -> None:
            with contextlib.suppress(OSError):
                for piece in pieces:
                    theirs.sendall(piece)
                theirs.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        try:
            return connection.next()
        except RuntimeApiError as error:
            return error
        finally:
            connection.close()
            sender.join()


def plainly(lines: list[bytes]) -> dict[bytes, bytes]:
    """Return the fields of a head, read one after another."""
    found: dict[bytes, bytes] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        found[name.lower()] = value.strip()
    return found


LINES = st.sampled_from(
    [b"A: 1", b"a: 2", b"B:  3 ", b"Bb:4", b"A:x: y", b"C", b": 5", b"D: ", b"", b"E : 6", b"F: g: h"]
)


@given(st.lists(st.lists(LINES, max_size=4), min_size=1, max_size=5))
def test_fields_of_one_reply_after_the_other_are_those_that_a_plain_reading_gives(heads: list[list[bytes]]) -> None:
    connection = Connection("127.0.0.1:1", "0")
    for lines in heads:
        assert connection._headers([b"HTTP/1.1 200 OK", *lines]) == plainly(lines)


@pytest.mark.parametrize("reply", REPLIES, ids=["length", "chunked", "to-the-end", "continued"])
def test_a_reply_is_read_however_it_is_cut(reply: bytes) -> None:
    for at in range(len(reply)):
        result = reply_to([reply[:at], reply[at:]])
        assert isinstance(result, tuple), result
        assert result[1] == b"[1,2,3]"


@pytest.mark.parametrize("reply", [EVENT, CHUNKED, CONTINUED], ids=["length", "chunked", "continued"])
def test_a_reply_that_breaks_off_is_an_error_that_says_so(reply: bytes) -> None:
    for at in range(len(reply)):
        result = reply_to([reply[:at]])
        assert isinstance(result, RuntimeApiError), reply[:at]


@given(
    reply=st.sampled_from(REPLIES),
    at=st.integers(0, 120),
    length=st.integers(0, 10),
    put=st.one_of(st.binary(max_size=12), st.sampled_from([b"\r\n", b"\r\n\r\n", b":", b"-1", b"9" * 30, b"\x00"])),
)
def test_any_reply_ends_in_a_value_or_in_an_error_that_says_so(reply: bytes, at: int, length: int, put: bytes) -> None:
    result = reply_to([reply[:at] + put + reply[at + length :]])
    assert isinstance(result, RuntimeApiError) or isinstance(result[1], bytes)


ACCEPTED = b'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"status":"OK"}'


@given(
    at=st.integers(0, len(ACCEPTED)),
    length=st.integers(0, 10),
    put=st.one_of(
        st.just(b""),
        st.binary(max_size=12),
        st.sampled_from([b"\r\n", b"\r\n\r\n", b"\r\nConnection: close", b"\r\nTransfer-Encoding: chunked", b"14"]),
    ),
)
def test_the_quick_look_at_the_reply_to_a_post_sees_what_the_long_one_does(at: int, length: int, put: bytes) -> None:
    assert _connection._accepted(ACCEPTED) == (202, {}, b'{"status":"OK"}')
    reply = ACCEPTED[:at] + put + ACCEPTED[at + length :]
    quick = _connection._accepted(reply)
    if quick is not None and b"\r\nTransfer-Encoding: chunked\r\n" not in reply:  # beside a length it is no HTTP
        connection, theirs = connected()
        with theirs:
            status, _, body = connection._reply(reply, "POST x")
            assert (status, body) == (quick[0], quick[2])
            assert connection.socket is not None
            connection.close()


@given(st.binary(max_size=300))
@example(b"HTTP/1.\x00\x00200\r\n\r\n")
@example(b"HTTP/1.2 200 OK\r\n\r\n")
def test_any_bytes_end_in_an_error_that_says_so(data: bytes) -> None:
    assert isinstance(reply_to([data]), RuntimeApiError)


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (b"", "was lost during GET invocation/next: it closed the connection|cannot be reached"),
        (b"SSH-2.0-OpenSSH\r\n", "is malformed: it begins with b'SSH-2.0-OpenSSH"),
        (b"HTTP/2 200 OK\r\n\r\n", "is malformed: it begins with b'HTTP/2 200 OK"),
        (b"HTTP/1.1 OK\r\n\r\n", "is malformed: it begins with b'HTTP/1.1 OK"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "its Content-Length is b'x'"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "its Content-Length is b'-1'"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n", "its Content-Length is b'999"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123", "it broke off after 3 of 9 bytes"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n123", "2 bytes follow after its end"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "its Transfer-Encoding is b'gzip'"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "the size of a chunk is b'x'"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", "the size of a chunk is b'-5'"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1" * 200, "the size of a chunk is missing"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", "a chunk is longer than its size"),
        (b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno", "answered 500 to GET invocation/next: no"),
        (b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "answered 403 to GET invocation/next"),
        (b"HTTP/1.1 204 Nothing\r\n\r\n", "answered 204 to GET invocation/next"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"x" * (2 << 20), "its head has over 1048576 bytes"),
    ],
)
def test_the_error_says_what_is_wrong_with_a_reply(reply: bytes, words: str) -> None:
    error = reply_to([reply])
    assert isinstance(error, RuntimeApiError)
    with pytest.raises(RuntimeApiError, match=words):
        raise error


def test_a_reply_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_connection, "_SILENCE", 0.05)
    with listening(lambda one: one.sendall(EVENT[:-3])) as address, pytest.raises(RuntimeApiError) as caught:
        Connection(address, "0").next()
    assert str(caught.value).endswith("was silent for 0.05 s during GET invocation/next")


def test_a_poll_waits_longer_than_a_reply_may_be_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_connection, "_SILENCE", 0.05)

    def late(one: socket.socket) -> None:
        threading.Timer(0.2, one.sendall, [EVENT]).start()

    with listening(late) as address:
        connection = Connection(address, "0")
        assert connection.next()[1] == b"[1,2,3]"
        connection.close()


def test_a_post_that_is_not_answered_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_connection, "_SILENCE", 0.05)
    with listening(lambda one: None) as address, pytest.raises(RuntimeApiError, match=r"silent .* POST init/error"):
        Connection(address, "0").post(b"init/error", b"", b"{}")


def test_a_connection_that_was_closed_between_two_requests_is_opened_again() -> None:
    def answer_and_close(one: socket.socket) -> None:
        one.sendall(EVENT)
        one.close()

    with listening(answer_and_close) as address:
        connection = Connection(address, "0")
        assert [connection.next()[1] for _ in range(3)] == [b"[1,2,3]"] * 3
        connection.close()


def test_an_early_answer_to_a_long_post_is_read_although_the_rest_is_not_taken() -> None:
    def refuse(one: socket.socket) -> None:
        one.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        one.shutdown(socket.SHUT_WR)

    with listening(refuse) as address, pytest.raises(RuntimeApiError, match="answered 413 to POST x: big"):
        Connection(address, "0").post(b"x", b"", b"x" * (8 << 20))


@contextlib.contextmanager
def listening(answer: Callable[[socket.socket], Any]) -> Generator[str]:
    """Serve: each connection is answered once the head of a request has come."""
    server = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                one, _ = server.accept()
                kept.append(one)
                head = b""
                while b"\r\n\r\n" not in head and (more := one.recv(1 << 16)):
                    head += more
                answer(one)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{server.getsockname()[1]}"
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        for one in kept:
            one.close()
        thread.join()
