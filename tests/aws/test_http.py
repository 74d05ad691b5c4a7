"""HTTP over kept-alive connections, against servers that behave and servers that do not."""

from __future__ import annotations

import gzip
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit._kernel import lifecycle
from lambda_kit.aws import _http
from lambda_kit.aws._connection import Connection
from lambda_kit.aws._http import Pool, TransportError
from lambda_kit.errors import ConfigurationError
from tests.aws.servers import CERTIFICATES, Server, reply
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    Serve = Callable[..., Server]

SHORT = 0.15  # seconds, for what must


def get(pool: Pool, **options: Any) -> _http.Response:
    return pool.request("GET", "/", **options)


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n", head: bytes = b"") -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(one), one) for one in chunks)
    return b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n" + head + b"\r\n" + body + end


def test_a_request_is_sent_as_it_was_given(serve: Serve) -> None:
    server = serve(reply(b"hello", X_A="1", x_a="2"))
    response = Pool(server.url).request("POST", "/a?b=%20", [("x-b", "ö")], b"body")
    assert (response.status, response.body) == (200, b"hello")
    assert response.headers == {"content-length": "5", "x-a": "1, 2"}
    received = server.requests[0]
    assert received[1:] == (
        "POST",
        "/a?b=%20",
        {"x-b": "ö", "host": f"127.0.0.1:{server.port}", "content-length": "4"},
        b"body",
    )


def test_a_connection_is_used_again(serve: Serve) -> None:
    server = serve(reply(b"x"))
    pool = Pool(server.url)
    for _ in range(5):
        assert get(pool).body == b"x"
    assert server.connections == 1


def test_two_requests_at_once_have_two_connections_which_are_both_kept(serve: Serve) -> None:
    both = threading.Barrier(2)

    def meet(connection: socket.socket) -> None:
        both.wait(PATIENCE)
        connection.sendall(reply())

    server = serve(meet, meet, reply())
    pool = Pool(server.url, read_timeout=PATIENCE)
    other = threading.Thread(target=get, args=(pool,))
    other.start()
    get(pool)
    other.join()
    get(pool)
    get(pool)
    assert server.connections == 2


def test_threads_that_share_a_pool_each_get_the_answer_to_their_own_request(serve: Serve) -> None:
    def echo(connection: socket.socket) -> None:
        with server._lock:
            mine = next(one for one in reversed(server.requests) if one.connection == by_socket[connection.fileno()])
        connection.sendall(reply(mine.target.encode()))

    by_socket: dict[int, int] = {}
    server = serve(echo)
    accept = server._serve

    def serve_one(plain: socket.socket, number: int) -> None:
        by_socket[plain.fileno()] = number
        accept(plain, number)

    server._serve = serve_one  # type: ignore[method-assign]
    pool = Pool(server.url, read_timeout=PATIENCE)
    start = threading.Barrier(6)
    wrong: list[bytes] = []

    def ask(thread: int) -> None:
        start.wait(PATIENCE)
        for number in range(20):
            body = pool.request("GET", f"/{thread}/{number}").body
            if body != f"/{thread}/{number}".encode():
                wrong.append(body)

    threads = [threading.Thread(target=ask, args=(one,)) for one in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []
    assert len(server.requests) == 120
    assert server.connections <= 6


# Connections that the server has closed


def test_a_connection_that_was_closed_while_it_waited_is_replaced(serve: Serve) -> None:
    closed = threading.Event()

    def answer_and_close(connection: socket.socket) -> None:
        connection.sendall(reply(b"first"))
        server.drop(connection)
        closed.set()

    server = serve(answer_and_close, reply(b"second"))
    pool = Pool(server.url)
    assert get(pool).body == b"first"
    closed.wait(PATIENCE)
    while pool._idle[0].is_alive():  # until the end of the connection has come through the loopback
        time.sleep(0.001)
    assert pool.request("POST", "/", repeatable=False).body == b"second"
    assert server.connections == 2


def test_a_request_on_a_stale_connection_is_sent_once_more_on_a_new_one(serve: Serve) -> None:
    server = serve(reply(b"first"))
    server.script += [server.drop, reply(b"second")]
    pool = Pool(server.url)
    get(pool)
    assert get(pool).body == b"second"
    assert [one.connection for one in server.requests] == [1, 1, 2]


def test_a_request_that_must_not_be_repeated_fails_on_a_stale_connection(serve: Serve) -> None:
    server = serve(reply())
    server.script.append(server.drop)
    pool = Pool(server.url)
    get(pool)
    with pytest.raises(TransportError, match="closed before there was an answer") as caught:
        get(pool, repeatable=False)
    assert caught.value.sent
    assert len(server.requests) == 2


def test_a_new_connection_that_breaks_is_not_tried_again(serve: Serve) -> None:
    server = serve()
    server.script.append(server.drop)
    with pytest.raises(TransportError, match="closed before there was an answer"):
        get(Pool(server.url))
    assert server.connections == 1


def test_a_connection_that_is_reset_before_or_in_the_answer_is_an_error(serve: Serve) -> None:
    def half(connection: socket.socket) -> None:
        connection.sendall(reply(b"whole")[:-2])
        arrived.wait(PATIENCE)
        server.abort(connection)

    arrived = threading.Event()
    server = serve()
    server.script += [server.abort, half]
    pool = Pool(server.url, read_timeout=PATIENCE)
    with pytest.raises(TransportError, match="broke before there was an answer: ConnectionResetError") as caught:
        get(pool)
    assert caught.value.sent
    taken: list[bytes] = []
    receive = Connection._receive

    def note(self: Connection, end: float, patience: float) -> bool:
        if taken:
            arrived.set()
        taken.append(b"")
        return receive(self, end, patience)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "_receive", note)
        with pytest.raises(TransportError, match="broke in the answer: ConnectionResetError"):
            get(pool)


def test_an_answer_that_broke_off_is_not_taken_for_a_stale_connection(serve: Serve) -> None:
    def half(connection: socket.socket) -> None:
        connection.sendall(reply(b"whole")[:-2])
        server.drop(connection)

    server = serve(reply(), half, reply())
    pool = Pool(server.url)
    get(pool)
    with pytest.raises(TransportError, match="after 3 of the 5 bytes") as caught:
        get(pool)
    assert caught.value.sent
    assert len(server.requests) == 2


# Bodies


def test_chunks_with_extensions_and_trailers_are_put_together(serve: Serve) -> None:
    body = b'3;a="b"\r\nabc\r\n0A\r\n0123456789\r\n0;x\r\nTrailer: 1\r\nOther: 2\r\n\r\n'
    server = serve(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n" + body, reply(b"next"))
    pool = Pool(server.url)
    assert get(pool).body == b"abc0123456789"
    assert get(pool).body == b"next"
    assert server.connections == 1


@given(chunks=st.lists(st.binary(min_size=1, max_size=200), max_size=5), cut=st.lists(st.integers(0, 900), max_size=6))
def test_a_body_does_not_depend_on_how_it_is_split_on_the_way(chunks: list[bytes], cut: list[int]) -> None:
    whole = chunked(*chunks)
    ours, theirs = socket.socketpair()
    places = sorted({0, len(whole), *(one for one in cut if one < len(whole))})
    pieces = [whole[start:stop] for start, stop in itertools.pairwise(places)]
    connection = Connection(ours)

    def recv(size: int) -> bytes:
        return pieces.pop(0) if pieces else b""

    class Splitting:
        """A socket that hands out the pieces one by one."""

        setsockopt = staticmethod(ours.setsockopt)
        send = staticmethod(ours.send)
        close = staticmethod(ours.close)

    fake: Any = Splitting()
    fake.recv = recv
    connection._socket = fake
    try:
        assert connection.exchange(b"x", time.monotonic() + PATIENCE, PATIENCE, "GET").body == b"".join(chunks)
    finally:
        ours.close()
        theirs.close()


def test_gzip_is_unpacked(serve: Serve) -> None:
    server = serve(reply(gzip.compress(b"a" * 1000), content_encoding="gzip"))
    assert get(Pool(server.url)).body == b"a" * 1000


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (reply(gzip.compress(b"a" * 1000, mtime=0)[:-9], content_encoding="gzip"), "gzip: it is incomplete"),
        (reply(b"plain", content_encoding="gzip"), "gzip: it is not valid gzip"),
        (reply(b"x", content_encoding="br"), "unknown content encoding: 'br'"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "unknown transfer encoding"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "two different lengths"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "length that is not a number"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\n0123456789", "length that is not a number"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "longer than"),
        (b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", "not a header"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 2x0 OK\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/2 200\r\n\r\n", "does not speak HTTP"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000, "head of the answer is longer"),
        (chunked(end=b"zz\r\n"), "length that is not a number"),
        (chunked(end=b"+1\r\na\r\n0\r\n\r\n"), "length that is not a number"),
        (chunked(end=b"FFFFFFFFF\r\n"), "longer than"),
        (chunked(end=b"1\r\nab\r\n0\r\n\r\n"), "longer than its header says"),
        (chunked(end=b"1" * 70_000), "does not end"),
        (chunked(end=b"0\r\n" + b"Trailer: 1\r\n" * 7_000), "trailers of the answer are longer"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 20, "one interim answer .* after the other"),
    ],
)
def test_an_answer_that_is_not_right_is_an_error_and_ends_the_connection(
    serve: Serve, answer: bytes, reason: str
) -> None:
    server = serve(answer, reply(b"next"))
    pool = Pool(server.url)
    with pytest.raises(TransportError, match=reason) as caught:
        get(pool)
    assert (caught.value.sent, caught.value.timed_out) == (True, False)
    assert get(pool).body == b"next"
    assert server.connections == 2


@pytest.mark.parametrize(
    "cut",
    [
        b"HTTP/1.1 200 OK\r\nContent-Le",
        reply(b"whole")[:-1],
        chunked(b"abc", end=b""),
        chunked(b"abc", end=b"5\r\nab"),
        chunked(b"abc", end=b"0\r\nTrai"),
    ],
)
def test_an_answer_that_is_cut_is_an_error(serve: Serve, cut: bytes) -> None:
    def send_and_close(connection: socket.socket) -> None:
        connection.sendall(cut)
        server.drop(connection)

    server = serve(send_and_close)
    with pytest.raises(TransportError, match="connection was closed") as caught:
        get(Pool(server.url))
    assert caught.value.sent


def test_two_lengths_that_are_the_same_are_one(serve: Serve) -> None:
    server = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nab")
    assert get(Pool(server.url)).body == b"ab"


def test_a_body_without_a_length_ends_with_the_connection(serve: Serve) -> None:
    def send_and_close(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nall of it")
        server.drop(connection)

    server = serve(send_and_close, reply(b"next"))
    pool = Pool(server.url)
    assert get(pool).body == b"all of it"
    assert get(pool).body == b"next"


@pytest.mark.parametrize("status", [100, 103])
def test_what_comes_before_the_answer_is_passed_over(serve: Serve, status: int) -> None:
    server = serve(f"HTTP/1.1 {status} Early\r\nLink: x\r\n\r\n".encode() + reply(b"answer"))
    response = get(Pool(server.url))
    assert (response.status, response.body, "link" in response.headers) == (200, b"answer", False)


def test_answers_that_have_no_body_leave_the_connection_in_step(serve: Serve) -> None:
    server = serve(
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
        reply(b"next"),
    )
    pool = Pool(server.url)
    assert [get(pool).status, get(pool).status, pool.request("HEAD", "/").status] == [204, 304, 200]
    assert get(pool).body == b"next"
    assert server.connections == 1


def test_a_redirect_is_returned_and_not_followed(serve: Serve) -> None:
    server = serve(reply(b"", 302, location="http://127.0.0.1:1/"))
    assert get(Pool(server.url)).status == 302
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"x", connection="close"),
        reply(b"x").replace(b"HTTP/1.1", b"HTTP/1.0"),
        reply(b"x") + b"more than was announced",
    ],
)
def test_a_connection_that_cannot_be_trusted_to_go_on_is_not_kept(serve: Serve, answer: bytes) -> None:
    server = serve(answer, reply(b"next"))
    pool = Pool(server.url)
    assert get(pool).body == b"x"
    assert get(pool).body == b"next"
    assert server.connections == 2


def test_a_server_that_speaks_unasked_on_a_kept_connection_is_not_listened_to(serve: Serve) -> None:
    spoke = threading.Event()

    def answer_and_add(connection: socket.socket) -> None:
        connection.sendall(reply(b"first"))
        go_on.wait(PATIENCE)
        connection.sendall(reply(b"forged"))
        spoke.set()

    go_on = threading.Event()
    server = serve(answer_and_add, reply(b"second"))
    pool = Pool(server.url)
    assert get(pool).body == b"first"
    go_on.set()
    spoke.wait(PATIENCE)
    while pool._idle[0].is_alive():
        time.sleep(0.001)
    assert get(pool).body == b"second"


# Time


@pytest.mark.parametrize(("left", "tries"), [(100.0, [1.0] * 8), (2.5, [1.0, 1.0, 0.5]), (0.5, [0.5])])
def test_connecting_ends_in_time_whatever_number_of_addresses_a_server_has(
    monkeypatch: pytest.MonkeyPatch, left: float, tries: list[float]
) -> None:
    clock = [time.monotonic()]
    timeouts: list[float] = []

    class Deaf(socket.socket):
        """A socket to an address that drops what comes."""

        def connect(self, address: object) -> None:
            timeouts.append(self.gettimeout() or 0.0)
            clock[0] += timeouts[-1]
            raise TimeoutError

    address = socket.getaddrinfo("127.0.0.1", 9, 0, socket.SOCK_STREAM)

    def many(*_: object) -> Any:
        return address * 8

    monkeypatch.setattr(socket, "getaddrinfo", many)
    monkeypatch.setattr(socket, "socket", Deaf)
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    with pytest.raises(TransportError, match="no connection to") as info:
        Pool("http://many.example", connect_timeout=1.0).request("GET", "/", deadline=clock[0] + left)
    assert info.value.timed_out
    assert timeouts == pytest.approx(tries)


def test_a_server_that_says_nothing_times_out(serve: Serve) -> None:
    server = serve()
    server.script.append(server.hang)
    with pytest.raises(TransportError, match="no answer in time") as caught:
        get(Pool(server.url, read_timeout=SHORT))
    assert (caught.value.sent, caught.value.timed_out) == (True, True)


def test_a_server_that_stops_in_the_middle_times_out(serve: Serve) -> None:
    def half(connection: socket.socket) -> None:
        connection.sendall(reply(b"whole")[:-2])
        server.hang(connection)

    server = serve(half)
    with pytest.raises(TransportError, match="no answer in time") as caught:
        get(Pool(server.url, read_timeout=SHORT))
    assert caught.value.timed_out


def test_a_deadline_that_comes_before_the_time_out_ends_the_wait(serve: Serve) -> None:
    server = serve()
    server.script.append(server.hang)
    with pytest.raises(TransportError, match="what was left of the invocation") as caught:
        get(Pool(server.url, read_timeout=PATIENCE), deadline=time.monotonic() + SHORT)
    assert caught.value.timed_out


def test_a_deadline_also_ends_an_answer_that_comes_in_drops(serve: Serve) -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not server.released.wait(0.01):
            connection.sendall(b".")

    server = serve(drip)
    with pytest.raises(TransportError, match="left") as caught:
        get(Pool(server.url, read_timeout=PATIENCE), deadline=time.monotonic() + SHORT)
    assert caught.value.timed_out


def test_nothing_is_sent_after_the_deadline(serve: Serve) -> None:
    server = serve(reply())
    pool = Pool(server.url)
    with pytest.raises(TransportError, match="no time left to connect") as fresh:
        get(pool, deadline=time.monotonic() - 1)
    get(pool)
    with pytest.raises(TransportError, match="no time left") as kept:
        get(pool, deadline=time.monotonic() - 1)
    assert (fresh.value.sent, kept.value.sent) == (False, False)
    assert len(server.requests) == 1


def test_a_port_where_nobody_listens_is_an_error_that_names_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(TransportError, match=f"no connection to 127.0.0.1:{port}") as caught:
        get(Pool(f"http://127.0.0.1:{port}"))
    assert (caught.value.sent, caught.value.timed_out) == (False, False)


def test_a_server_that_does_not_finish_the_handshake_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(TransportError, match="no connection") as caught:
            get(Pool(url, connect_timeout=SHORT))
    assert (caught.value.sent, caught.value.timed_out) == (False, True)


# Refused before anything is sent


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/a\r\nx: y", []),
        ("/a b", []),
        ("/", [("x", "a\r\nhost: elsewhere")]),
        ("/", [("x", "a\nb")]),
        ("/", [("x\r\ny", "z")]),
        ("/", [("x", "a\rb")]),
    ],
)
def test_a_line_break_in_the_head_is_refused(serve: Serve, target: str, headers: list[tuple[str, str]]) -> None:
    server = serve(reply())
    with pytest.raises(ValueError, match="line break"):
        Pool(server.url).request("GET", target, headers)
    assert server.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:80",
        "ftp://host",
        "http://",
        "http://user@host",
        "http://host:x",
        "http://host:0",
        "http://[::1",
        "http://[::1]80",
        "http://::1]:80",
        "http://a b",
        "http://a\r\nb",
    ],
)
def test_what_is_no_url_of_a_server_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="not the URL of a server"):
        Pool(url)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://a.example", "a.example"),
        ("https://a.example:443/base", "a.example"),
        ("http://a.example:8080", "a.example:8080"),
        ("HTTP://[::1]:80", "[::1]"),
        ("http://[::1]:4566/", "[::1]:4566"),
    ],
)
def test_the_host_header_has_the_port_where_it_is_not_the_usual_one(url: str, host: str) -> None:
    assert Pool(url).host_header == host


@pytest.mark.parametrize("certificate", [None, "localhost"])
def test_a_request_does_not_load_the_tables_of_international_names(serve: Serve, certificate: str | None) -> None:
    server = serve(reply(), certificate=certificate)
    script = (
        "import sys\n"
        "from lambda_kit.aws._http import Pool\n"
        f"Pool({server.url!r}, connect_timeout=30).request('GET', '/')\n"
        "sys.exit('encodings.idna' in sys.modules or 'unicodedata' in sys.modules)\n"
    )
    environ = {**os.environ, "AWS_CA_BUNDLE": str(CERTIFICATES / "ca.pem")}
    subprocess.run([sys.executable, "-c", script], check=True, timeout=PATIENCE, env=environ)


# TLS


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(CERTIFICATES / "ca.pem"))


@pytest.mark.usefixtures("authority")
def test_a_certificate_of_a_known_authority_is_accepted(serve: Serve) -> None:
    server = serve(reply(b"over TLS"), certificate="localhost")
    pool = Pool(server.url, connect_timeout=PATIENCE)
    assert [get(pool).body, get(pool).body] == [b"over TLS", b"over TLS"]
    assert server.connections == 1


@pytest.mark.usefixtures("authority")
@pytest.mark.parametrize(("certificate", "reason"), [("elsewhere", "IP address mismatch"), ("expired", "expired")])
def test_a_certificate_that_is_not_valid_here_is_refused(serve: Serve, certificate: str, reason: str) -> None:
    server = serve(reply(), certificate=certificate)
    with pytest.raises(TransportError, match=reason) as caught:
        get(Pool(server.url, connect_timeout=PATIENCE))
    assert not caught.value.sent
    assert server.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused(serve: Serve) -> None:
    server = serve(reply(), certificate="localhost")
    with pytest.raises(TransportError, match="certificate verify failed"):
        get(Pool(server.url, connect_timeout=PATIENCE))


def test_a_bundle_of_authorities_that_is_not_there_is_named(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/nowhere.pem")
    server = serve(reply(), certificate="localhost")
    with pytest.raises(ConfigurationError, match=r"AWS_CA_BUNDLE names '/nowhere\.pem'"):
        get(Pool(server.url, connect_timeout=PATIENCE))


# The process as a whole


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_makes_a_connection_of_its_own_and_leaves_the_parents_alone(serve: Serve) -> None:
    server = serve(reply(b"x"))
    script = (
        "import os, sys\n"
        "from lambda_kit.aws._http import Pool\n"
        f"pool = Pool({server.url!r})\n"
        "pool.request('GET', '/parent')\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    pool.request('GET', '/child')\n"
        "    os._exit(0)\n"
        "status = os.waitpid(child, 0)[1]\n"
        "pool.request('GET', '/parent')\n"
        "sys.exit(status)\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=PATIENCE)
    paths = [(one.connection, one.target) for one in server.requests]
    assert paths == [(1, "/parent"), (2, "/child"), (1, "/parent")]


def test_connections_are_closed_after_a_restore_and_between_tests(serve: Serve) -> None:
    server = serve(reply())
    pool = Pool(server.url)
    get(pool)
    assert _http.close_all in lifecycle._restores
    lifecycle._restored()
    get(pool)
    lifecycle.reset()
    get(pool)
    assert server.connections == 3


def test_a_pool_that_is_dropped_closes_its_connections(serve: Serve) -> None:
    server = serve(reply())
    pool = Pool(server.url)
    get(pool)
    kept = pool._idle[0]
    del pool
    assert kept._socket.fileno() == -1


def test_an_interrupt_in_the_middle_gives_up_the_connection(serve: Serve) -> None:
    class Interrupt(BaseException):
        pass

    def interrupt(number: int, frame: object) -> None:
        raise Interrupt

    def hang_and_signal(connection: socket.socket) -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        server.hang(connection)

    server = serve(reply(), hang_and_signal, reply(b"right"))
    pool = Pool(server.url, read_timeout=PATIENCE)
    get(pool)
    previous = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(Interrupt):
            get(pool)
    finally:
        signal.signal(signal.SIGUSR1, previous)
    assert get(pool).body == b"right"
    assert server.connections == 2


def test_no_more_connections_wait_than_are_worth_it(serve: Serve) -> None:
    count = _http._MAX_IDLE + 3
    all_there = threading.Barrier(count)

    def meet(connection: socket.socket) -> None:
        all_there.wait(PATIENCE)
        connection.sendall(reply())

    server = serve(meet)
    pool = Pool(server.url, read_timeout=PATIENCE)
    threads = [threading.Thread(target=get, args=(pool,)) for _ in range(count)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(pool._idle) <= _http._MAX_IDLE
    assert server.connections == count
