from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.local._chunks import chunks
from lambda_kit.local._http_messages import LONGEST_HEAD, Request, RequestRefusedError, read_body, read_request

LIMIT = 1000


def read(text: bytes, told: list[str] | None = None) -> Request | None:
    """Read one request with its body."""
    source = io.BytesIO(text)
    request = read_request(source)
    if request is not None:
        read_body(request, source, LIMIT, lambda: told.append("go on") if told is not None else None)
        request.headers.append(("rest", source.read().decode("latin-1")))
    return request


def refused(text: bytes) -> int:
    with pytest.raises(RequestRefusedError) as caught:
        read(text)
    return caught.value.status


def test_a_request_is_read_as_it_stands_on_the_wire() -> None:
    request = read(
        b"POST /a%20b?c=1&c=2 HTTP/1.1\r\nHost: x\r\nX-A:  1\t\r\nx-a: \xe4\r\nContent-Length: 3\r\n\r\nabcNEXT"
    )
    assert request is not None
    assert (request.method, request.target, request.body) == ("POST", "/a%20b?c=1&c=2", b"abc")
    assert request.values("x-a") == ["1", "ä"]
    assert request.values("rest") == ["NEXT"]


def test_a_connection_that_ends_before_a_request_has_none() -> None:
    assert read(b"") is None
    assert read(b"\r\n") is None


def test_an_empty_line_before_a_request_is_ignored() -> None:
    request = read(b"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert request is not None


@pytest.mark.parametrize(
    ("target", "found"),
    [
        (b"http://other:80/a?b", "/a?b"),
        (b"http://other", "/"),
        (b"http://other?b", "/?b"),
        (b"/a#fragment", "/a"),
        (b"/http://other/a", "/http://other/a"),
        (b"*", "/*"),
        (b"//a", "//a"),
    ],
)
def test_a_target_has_any_form_that_a_client_may_send(target: bytes, found: str) -> None:
    request = read(b"OPTIONS " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert request is not None
    assert request.target == found


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [
        (b"1.1", b"", True),
        (b"1.1", b"Connection: x, Close\r\n", False),
        (b"1.0", b"", False),
        (b"1.0", b"Connection: Keep-Alive\r\n", True),
    ],
)
def test_a_connection_is_kept_as_the_client_says(version: bytes, connection: bytes, kept: bool) -> None:
    request = read(b"GET / HTTP/" + version + b"\r\nHost: x\r\n" + connection + b"\r\n")
    assert request is not None
    assert (request.keep_alive, request.chunked_answer) == (kept, version == b"1.1")


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"GET /\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"G\xe4T / HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET a HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n", 405),
        (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        (b"GET / HTTQ/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x", 400),
        (b"GET /" + b"a" * LONGEST_HEAD + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: " + b"a" * LONGEST_HEAD + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 300 + b"\r\n", 431),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400),
        (HEAD + b"Content-Length: 1_0\r\n\r\n0123456789", 400),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        (HEAD + b"Content-Length: 5\r\n\r\nab", 400),
        (HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", 400),
        (HEAD + b"Content-Length: 1001\r\n\r\n" + b"a" * 1001, 413),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + b"a" * 1001 + b"\r\n0\r\n\r\n", 413),
    ],
)
def test_what_is_no_request_is_refused(text: bytes, status: int) -> None:
    assert refused(text) == status


def test_a_body_in_chunks_is_joined() -> None:
    request = read(
        HEAD + b"Transfer-Encoding: Chunked\r\n\r\n3;a=b\r\nabc\r\n0A\r\n0123456789\r\n0\r\nT: 1\r\n\r\nNEXT"
    )
    assert request is not None
    assert (request.body, request.values("rest")) == (b"abc0123456789", ["NEXT"])


@pytest.mark.parametrize(
    ("head", "told"),
    [
        (b"Content-Length: 1\r\nExpect: 100-continue\r\n\r\na", ["go on"]),
        (b"Content-Length: 0\r\nExpect: 100-continue\r\n\r\n", []),
        (b"Content-Length: 1\r\n\r\na", []),
    ],
)
def test_a_client_that_waits_is_told_to_send_the_body(head: bytes, told: list[str]) -> None:
    found: list[str] = []
    read(HEAD + head, found)
    assert found == told


def test_a_client_that_waits_with_too_large_a_body_is_not_told_to_send_it() -> None:
    assert refused(HEAD + b"Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n") == 413


@given(st.binary(max_size=300))
def test_bytes_that_nobody_meant_are_a_request_or_refused(text: bytes) -> None:
    for start in (b"", b"GET / HTTP/1.1\r\n", HEAD, HEAD + b"Transfer-Encoding: chunked\r\n\r\n"):
        try:
            request = read(start + text)
        except RequestRefusedError:
            continue
        assert request is None or request.target.startswith("/")


@given(st.lists(st.binary(min_size=1, max_size=50)), st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz")))
def test_chunks_are_read_back(parts: list[bytes], fields: dict[str, str]) -> None:
    body = b"".join(b"%X\r\n%b\r\n" % (len(part), part) for part in parts)
    trailers = "".join(f"{name.upper()}: {value}\r\n" for name, value in fields.items())
    found: dict[str, str] = {}
    source = io.BytesIO(body + b"0\r\n" + trailers.encode() + b"\r\nNEXT")
    assert list(chunks(source, found)) == parts
    assert (found, source.read()) == (fields, b"NEXT")
