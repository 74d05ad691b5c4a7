"""Credentials: where they come from, and when they are fetched anew."""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler
from lambda_kit._kernel import lifecycle
from lambda_kit.aws._credentials import CredentialChain, Credentials, default_chain
from lambda_kit.errors import NoCredentials
from lambda_kit.testing import make_context, reset
from tests.aws.botocores import session
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.aws.servers import Server

ENVIRON = {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_SESSION_TOKEN": "token"}
CONTAINER = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9001/creds"}
NOW = 1_795_420_800.0


class Container:
    """A container's endpoint whose credentials live for an hour."""

    def __init__(self) -> None:
        self.now = NOW
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.slept: list[float] = []
        self.left = float("inf")
        self.answers: list[tuple[int, bytes] | Exception] = []

    def fetch(self, url: str, headers: dict[str, str]) -> tuple[int, bytes]:
        self.asked.append((url, headers))
        if self.answers:
            answer = self.answers.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer
        ends = dt.datetime.fromtimestamp(self.now + 3600, dt.UTC).isoformat().replace("+00:00", "Z")
        number = len(self.asked)
        body = {"AccessKeyId": f"AKID{number}", "SecretAccessKey": "hunter2", "Token": "t", "Expiration": ends}
        return 200, json.dumps(body).encode()

    def chain(self, **environ: str) -> CredentialChain:
        return CredentialChain(
            {**CONTAINER, **environ},
            fetch=self.fetch,
            clock=lambda: self.now,
            sleep=self.slept.append,
            time_left=lambda: self.left,
        )


@pytest.fixture
def container() -> Container:
    return Container()


def test_those_of_the_environment_are_read_at_every_call_and_stay_the_same_object_while_they_are_the_same() -> None:
    environ = dict(ENVIRON)
    chain = CredentialChain(environ)
    first = chain.get()
    assert (first.access_key, first.secret_key, first.token, first.expires) == ("AKID", "hunter2", "token", None)
    assert chain.get() is first
    environ["AWS_SESSION_TOKEN"] = "another"
    second = chain.get()
    assert (second.access_key, second.token) == ("AKID", "another")
    assert chain.refresh(first) is second
    assert chain.refresh(second) is None
    del environ["AWS_SESSION_TOKEN"]
    assert chain.get().token is None


def test_neither_repr_nor_str_show_what_is_secret() -> None:
    shown = f"{Credentials('AKID', 'hunter2', 'hunter3')!r} {Credentials('AKID', 'hunter2', 'hunter3')}"
    assert shown == "<Credentials AKID> <Credentials AKID>"


def test_half_a_key_is_an_error_that_says_so() -> None:
    with pytest.raises(NoCredentials, match="AWS_SECRET_ACCESS_KEY is not"):
        CredentialChain({"AWS_ACCESS_KEY_ID": "AKID"}).get()


def test_those_of_a_container_are_kept_until_they_are_about_to_end(container: Container) -> None:
    chain = container.chain(AWS_CONTAINER_AUTHORIZATION_TOKEN="secret")
    first = chain.get()
    assert (first.access_key, first.token, first.expires) == ("AKID1", "t", NOW + 3600)
    container.now += 2699
    assert chain.get() is first
    assert container.asked == [
        ("http://127.0.0.1:9001/creds", {"accept": "application/json", "authorization": "secret"})
    ]
    container.now += 2
    assert chain.get().access_key == "AKID2"


def test_a_fetch_that_fails_is_tried_again_and_while_the_old_ones_last_they_serve(container: Container) -> None:
    chain = container.chain()
    container.answers = [(500, b""), ConnectionError("refused")]
    assert chain.get().access_key == "AKID3"
    assert container.slept == [0.1, 0.3]
    container.now += 3100
    container.answers = [(500, b"")] * 3
    assert chain.get().access_key == "AKID3"
    container.now += 600
    container.answers = [(500, b"hunter2")] * 3
    with pytest.raises(NoCredentials, match="returned none: status 500") as caught:
        chain.get()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"AccessKeyId": "A"}', b'{"AccessKeyId":"A","SecretAccessKey":"hunter2","Expiration":"soon"}'])  # fmt: skip  # noqa: E501
def test_a_reply_that_is_none_is_told_without_quoting_it(container: Container, body: bytes) -> None:
    container.answers = [(200, body)] * 3
    with pytest.raises(NoCredentials, match="the reply is not what it should be") as caught:
        container.chain().get()
    assert "hunter2" not in str(caught.value)


def test_in_the_last_quarter_of_an_hour_one_thread_fetches_and_the_others_go_on(container: Container) -> None:
    chain = container.chain()
    old = chain.get()
    container.now += 2800
    fetching, go_on = threading.Event(), threading.Event()
    real = container.fetch

    def slow(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
        fetching.set()
        assert go_on.wait(PATIENCE)
        return real(url, headers)

    chain._fetch = slow
    found: list[Credentials] = []
    thread = threading.Thread(target=lambda: found.append(chain.get()))
    thread.start()
    assert fetching.wait(PATIENCE)
    assert chain.get() is old
    go_on.set()
    thread.join()
    assert found[0].access_key == chain.get().access_key == "AKID2"


def test_many_threads_that_have_none_make_one_request(container: Container) -> None:
    chain = container.chain()
    barrier = threading.Barrier(8)
    found: list[Credentials] = []

    def ask() -> None:
        barrier.wait()
        found.append(chain.get())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(container.asked) == 1
    assert len({id(one) for one in found}) == 1


def test_what_is_forgotten_during_a_fetch_is_not_kept_after_it(container: Container) -> None:
    chain = container.chain()
    real = container.fetch

    def restored(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
        chain.forget()
        return real(url, headers)

    chain._fetch = restored
    assert chain.get().access_key == "AKID1"
    chain._fetch = real
    assert [chain.get().access_key for _ in range(2)] == ["AKID2"] * 2


def test_no_pause_is_begun_that_does_not_fit_into_the_invocation(container: Container) -> None:
    container.left = 0.2
    container.answers = [(500, b"")] * 3
    with pytest.raises(NoCredentials, match="returned none: status 500"):
        container.chain().get()
    assert (container.slept, len(container.asked)) == ([0.1], 2)


@pytest.mark.parametrize(("life", "served"), [(500, True), (-1, False)])
def test_another_threads_fetch_is_waited_for_no_longer_than_the_invocation_lasts(
    container: Container, life: int, served: bool
) -> None:
    chain = container.chain()
    old = chain.get()
    container.now += 3600 - life
    fetching, go_on = threading.Event(), threading.Event()
    real = container.fetch

    def slow(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
        fetching.set()
        assert go_on.wait(PATIENCE)
        return real(url, headers)

    chain._fetch = slow
    thread = threading.Thread(target=chain.get)
    thread.start()
    assert fetching.wait(PATIENCE)
    container.left = 0.01
    try:
        if served:
            assert chain.get() is old
        else:
            with pytest.raises(NoCredentials, match="another thread is still fetching them"):
                chain.get()
        with pytest.raises(NoCredentials, match="another thread is still fetching them"):
            chain.refresh(old)
    finally:
        go_on.set()
        thread.join()
    assert chain.get().access_key == "AKID2"


class Interrupted:
    """A lock on which the interrupt of a time limit falls, before or just after it is acquired."""

    def __init__(self, lock: Any, after: bool) -> None:
        self.lock = lock
        self.after = after

    def acquire(self, timeout: float) -> bool:
        if self.after:
            self.lock.acquire(timeout=timeout)
        raise KeyboardInterrupt

    def release(self) -> None:
        self.lock.release()


@pytest.mark.parametrize("after", [False, True])
def test_an_interrupt_leaves_the_fetch_to_the_other_threads(container: Container, after: bool) -> None:
    chain = container.chain()
    lock: Any = chain._kept.fetching
    interrupted: Any = Interrupted(lock, after)
    chain._kept.fetching = interrupted
    with pytest.raises(KeyboardInterrupt):
        chain.get()
    chain._kept.fetching = lock
    container.left = 5.0
    found: list[Credentials] = []
    thread = threading.Thread(target=lambda: found.append(chain.get()))
    thread.start()
    thread.join()
    assert [one.access_key for one in found] == ["AKID1"]


def test_an_endpoint_that_hangs_is_waited_for_no_longer_than_the_invocation_lasts(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve()
    server.script.append(server.hang)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/creds")

    @handler
    def function(event: Any, context: Any) -> None:
        with pytest.raises(NoCredentials, match="left of the invocation"):
            default_chain().get()

    function({}, make_context(0.4))
    assert len(server.requests) == 1


def test_a_thread_that_outlives_its_invocation_asks_no_endpoint(
    serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    import contextvars

    server = serve(b"")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{server.url}/creds")

    @handler
    def function(event: Any, context: Any) -> contextvars.Context:
        return contextvars.copy_context()

    outlived = function({}, make_context(60.0))
    with pytest.raises(NoCredentials, match="no time left"):
        outlived.run(default_chain().get)
    assert server.connections == 0


def test_rejected_ones_of_a_container_are_fetched_anew_once(container: Container) -> None:
    chain = container.chain()
    old = chain.get()
    new = chain.refresh(old)
    assert new is not None
    assert new.access_key == "AKID2"
    assert chain.refresh(old) is new  # another thread's request was rejected too
    assert len(container.asked) == 2


def test_the_token_file_is_read_anew_at_every_fetch(container: Container, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("one")
    chain = container.chain(
        AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(path), AWS_CONTAINER_AUTHORIZATION_TOKEN="ignored"
    )
    old = chain.get()
    path.write_text("two")
    chain.refresh(old)
    assert [headers["authorization"] for _, headers in container.asked] == ["one", "two"]
    path.write_text("a\r\nevil: 1")
    chain.forget()
    with pytest.raises(NoCredentials, match="contains a line break"):
        chain.get()
    path.unlink()
    with pytest.raises(NoCredentials, match="which cannot be read: No such file"):
        chain.get()


def test_a_relative_address_is_that_of_the_container_service(container: Container) -> None:
    container.chain(AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="/v2/creds").get()
    assert container.asked[0][0] == "http://169.254.170.2/v2/creds"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/creds",
        "http://127.0.0.1.example.com/x",
        "http://127.999.1.1/x",
        "http://127.1/x",
        "http://128.0.0.1/x",
        "http://0x7f.0.0.1/x",
        "http://[::ffff:127.0.0.1]/x",
        "http://[::2]/x",
        "ftp://localhost/x",
        "http://127.0.0.1:80@example.com/x",
        "http://[::1]@example.com/x",
        "http://[::1].example.com/x",
        "http://localhost:80#@example.com/x",
    ],
)
def test_an_address_that_plain_http_must_not_go_to_is_refused(container: Container, url: str) -> None:
    with pytest.raises(NoCredentials, match="without https only these hosts are allowed, and no user name: localhost"):
        container.chain(AWS_CONTAINER_CREDENTIALS_FULL_URI=url).get()
    assert container.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/creds",
        "http://[::1]:80/c",
        "http://127.0.0.5/c",
        "http://127.255.255.254/c",
        "http://[0:0::1]/c",
        "http://169.254.170.23/v1/credentials",
    ],
)
def test_other_addresses_are_asked(container: Container, url: str) -> None:
    container.chain(AWS_CONTAINER_CREDENTIALS_FULL_URI=url).get()
    assert container.asked[0][0] == url


def test_a_real_endpoint_is_asked_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    import http.server

    class Endpoint(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(
                {"AccessKeyId": self.path, "SecretAccessKey": "s", "Token": self.headers["authorization"]}
            )
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None: ...

    server = http.server.HTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{server.server_port}/creds?id=1")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "secret")
        found = default_chain().get()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert (found.access_key, found.token, found.expires) == ("/creds?id=1", "secret", None)


def test_a_restore_and_a_reset_forget_them(monkeypatch: pytest.MonkeyPatch, container: Container) -> None:
    for name, value in CONTAINER.items():
        monkeypatch.setenv(name, value)
    chain = default_chain()
    monkeypatch.setattr(chain, "_fetch", container.fetch)
    monkeypatch.setattr(chain, "_clock", lambda: NOW)
    assert [chain.get().access_key for _ in range(2)] == ["AKID1"] * 2
    for callback in lifecycle._restores:
        callback()
    assert chain.get().access_key == "AKID2"
    reset()
    assert chain.get().access_key == "AKID3"


@pytest.mark.parametrize("variable", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_profiles_come_from_botocore_after_keys_and_before_containers_as_they_do_there(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "credentials"
    path.write_text("[shop]\naws_access_key_id = AKIDSHOP\naws_secret_access_key = s\naws_session_token = t\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv(variable, "shop")
    for name, value in CONTAINER.items():
        monkeypatch.setenv(name, value)
    found = CredentialChain().get()
    theirs = session.Session().get_credentials()
    assert (found.access_key, found.secret_key, found.token) == ("AKIDSHOP", "s", "t")
    assert theirs.access_key == "AKIDSHOP"
    for name, value in ENVIRON.items():
        monkeypatch.setenv(name, value)
    assert CredentialChain().get().access_key == session.Session().get_credentials().access_key == "AKID"


def test_without_any_the_error_says_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(NoCredentials, match="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        CredentialChain().get()
    monkeypatch.setenv("AWS_PROFILE", "absent")
    with pytest.raises(NoCredentials, match="botocore could not find them"):
        CredentialChain().get()
