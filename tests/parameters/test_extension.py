"""The Parameters and Secrets extension: asked first where it is present, left alone where it cannot be used."""

from __future__ import annotations

import json
import logging
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest

from lambda_kit import parameters
from lambda_kit._kernel import lifecycle
from lambda_kit.aws import _local_server
from lambda_kit.errors import ConfigurationError, ParameterAccessDenied, ParameterError, ParameterNotFound
from lambda_kit.invocation import Invocation, current
from lambda_kit.parameters import Parameter, Secret, SecretValue, _extension
from lambda_kit.testing import FakeExtension, make_context, reset
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Serve = Callable[[Callable[[str], tuple[int, bytes]]], list[str]]


@pytest.fixture
def invocation() -> Iterator[Invocation]:
    """An invocation that is running."""
    invocation = Invocation({}, make_context(clock=time.time))
    token = current.set(invocation)
    yield invocation
    current.reset(token)


@pytest.fixture
def only_extension(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_PARAMETERS_SOURCE", "extension")


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno >= logging.WARNING]


def test_the_extension_is_asked_with_the_token_and_the_encoded_name(
    store: Any, extension: FakeExtension, invocation: Invocation
) -> None:
    extension.put("/app/a b&c=ü", "one")
    assert parameters.get("/app/a b&c=ü") == "one"
    (request,) = extension.requests
    assert request.path == "/systemsmanager/parameters/get"
    assert request.query == {"name": "/app/a b&c=ü", "withDecryption": "true"}
    assert request.headers["x-aws-parameters-secrets-token"] == "session-token"
    assert store.calls == []


def test_versions_labels_and_stages_are_asked_for(extension: FakeExtension, invocation: Invocation) -> None:
    extension.put("/a", "one", labels=["blue"])
    extension.put("/a", "two")
    first = extension.put_secret("b", "one")
    extension.put_secret("b", "two")
    assert parameters.get("/a", version=1, decrypt=False) == parameters.get("/a", label="blue") == "one"
    assert parameters.secret("b", version_id=first) == parameters.secret("b", stage="AWSPREVIOUS")
    assert [request.query for request in extension.requests] == [
        {"name": "/a", "version": "1", "withDecryption": "false"},
        {"name": "/a", "label": "blue", "withDecryption": "true"},
        {"secretId": "b", "versionId": first},
        {"secretId": "b", "versionStage": "AWSPREVIOUS"},
    ]


def test_a_secret_comes_with_its_version_and_bytes_as_bytes(extension: FakeExtension, invocation: Invocation) -> None:
    version = extension.put_secret("b", b"\x00\xff")
    secret = parameters.secret("b", transform="binary")
    assert (secret.get_secret_value(), secret.version) == (b"\x00\xff", version)
    assert len(extension.requests) == 1


def test_outside_of_an_invocation_aws_is_called(store: Any, extension: FakeExtension) -> None:
    store.put("/a", "one")
    assert parameters.get("/a") == "one"
    assert extension.requests == []


def test_off_lambda_aws_is_called(
    store: Any, extension: FakeExtension, invocation: Invocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_LAMBDA_RUNTIME_API")
    store.put("/a", "one")
    assert parameters.get("/a") == "one"
    assert extension.requests == []


def test_another_region_and_a_path_are_asked_of_aws(
    store: Any, extension: FakeExtension, invocation: Invocation
) -> None:
    store.put("/a/b", "one")
    assert parameters.get("/a/b", region="us-east-1") == "one"
    assert parameters.by_path("/a") == {"b": "one"}
    assert extension.requests == []


def test_an_extension_that_is_not_ready_is_asked_again(
    store: Any, extension: FakeExtension, invocation: Invocation, caplog: pytest.LogCaptureFixture
) -> None:
    extension.put("/a", "one")
    extension.not_ready(3)
    assert parameters.get("/a") == "one"
    assert len(extension.requests) == 4
    assert warnings(caplog) == []


def test_an_extension_that_never_gets_ready_is_left_alone_with_one_warning(
    store: Any,
    extension: FakeExtension,
    invocation: Invocation,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_local_server, "_PATIENCE", 0.2)
    store.put("/a", "one")
    store.put("/b", "two")
    extension.not_ready(1_000_000)
    assert parameters.get("/a") == "one"
    asked = len(extension.requests)
    assert parameters.get("/b") == "two"
    assert len(extension.requests) == asked > 1
    (warning,) = warnings(caplog)
    # On a starved machine the time may be over before the next try.
    assert "did not become ready in time" in warning or "there was no time left for an answer" in warning


def test_what_the_service_behind_it_refuses_is_the_same_error_and_not_asked_again(
    store: Any, extension: FakeExtension, invocation: Invocation
) -> None:
    with pytest.raises(ParameterNotFound) as missing:
        parameters.get("/a")
    with pytest.raises(ParameterNotFound):
        parameters.secret("b")
    assert parameters.get("/a", default=None) is None
    extension.fail("/c", "AccessDeniedException", "not authorized to perform: ssm:GetParameter")
    with pytest.raises(ParameterAccessDenied, match="grant it ssm:GetParameter") as denied:
        parameters.get("/c")
    assert missing.value.source == denied.value.source == "extension"
    assert len(extension.requests) == 4
    assert store.calls == []


def assert_left_alone_with_one_warning(
    store: Any, requests: list[Any], warned: Callable[[], list[str]], told: str
) -> None:
    for name in "abc":
        store.put(f"/{name}", name)
    assert [parameters.get(f"/{name}") for name in "abc"] == list("abc")
    (warning,) = warned()
    assert "the Parameters and Secrets extension could not be used" in warning
    assert told in warning
    assert "hunter2" not in warning
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("disturbance", "told"), [("crash", "status 500"), ("break_off", "closed"), ("hang", "answer")]
)
def test_one_that_fails_is_left_alone_for_a_while_with_one_warning(
    store: Any,
    extension: FakeExtension,
    invocation: Invocation,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    disturbance: str,
    told: str,
) -> None:
    monkeypatch.setattr(_local_server, "_PATIENCE", 0.3)
    getattr(extension, disturbance)()
    assert_left_alone_with_one_warning(store, extension.requests, lambda: warnings(caplog), told)
    monkeypatch.setattr(_local_server, "_REST", 0.0)
    _extension.SERVER._rests_until = 0.0
    assert parameters.get("/a", ttl=1.0) == "a"
    assert (len(extension.requests), len(warnings(caplog))) == (2, 1)
    extension.recover()
    extension.put("/a", "of the extension")
    assert parameters.get("/a", ttl=2.0) == "of the extension"
    assert len(extension.requests) == 3


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (500, b'{"code": "InternalServerError"}', "status 500"),
        (400, b"what?", "status 400"),
        (400, b'{"code": "ExpiredTokenException", "message": "expired"}', "status 400"),
        (401, b"not authorized", "status 401"),
        (200, b"hunter2", "cannot be read"),
        (200, b'{"Parameter": {"Value": 5}}', "cannot be read"),
        (200, b"[]", "cannot be read"),
    ],
    ids=["500", "400", "expired", "401", "no json", "no text", "no object"],
)
def test_one_whose_answer_makes_no_sense_is_left_alone_with_one_warning(
    store: Any,
    strange_extension: Serve,
    invocation: Invocation,
    caplog: pytest.LogCaptureFixture,
    status: int,
    body: bytes,
    told: str,
) -> None:
    requests = strange_extension(lambda _: (status, body))
    assert_left_alone_with_one_warning(store, requests, lambda: warnings(caplog), told)


def test_one_that_is_absent_is_looked_for_once_in_an_environment(
    store: Any,
    extension: FakeExtension,
    invocation: Invocation,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connected: list[object] = []
    connect = _local_server.LocalServer._connected

    def counted(server: _local_server.LocalServer) -> Any:
        connected.append(server)
        return connect(server)

    monkeypatch.setattr(_local_server.LocalServer, "_connected", counted)
    extension.stop()
    for name in "abc":
        store.put(f"/{name}", name)
    assert [parameters.get(f"/{name}") for name in "abc"] == list("abc")
    assert (len(connected), warnings(caplog)) == (1, [])
    _extension.SERVER.forget()
    assert parameters.get("/a", ttl=1.0) == "a"
    assert len(connected) == 2


def test_it_is_looked_for_again_after_a_restore(monkeypatch: pytest.MonkeyPatch) -> None:
    watched: list[Any] = []
    monkeypatch.setattr(lifecycle, "on_restore", watched.append)
    server = _local_server.LocalServer("it", "it", "NO_SUCH_VARIABLE", 2773)
    server._watch_process()
    server._absent = True
    for callback in watched:
        callback()
    assert not server._absent


def test_fresh_goes_past_its_cache(store: Any, extension: FakeExtension, invocation: Invocation) -> None:
    for name in ("/a", "/b"):
        store.put(name, "two")
        extension.put(name, "one")
    assert parameters.get_many(["/a", "/b"]) == {"/a": "one", "/b": "one"}
    assert parameters.get("/a", ttl=1.0) == "one"
    assert parameters.get("/a", fresh=True) == "two"
    assert parameters.get_many(["/a", "/b"], fresh=True) == {"/a": "two", "/b": "two"}
    assert store.counts()["GetParameters"] == 1


def test_what_was_written_is_not_read_from_its_cache(
    store: Any, extension: FakeExtension, invocation: Invocation
) -> None:
    extension.put("/a", "one")
    assert parameters.get("/a") == "one"
    parameters.put("/a", "two", overwrite=True)
    assert parameters.get("/a") == "two"


@pytest.mark.parametrize("jump", [-4_000.0, 4_000.0])
def test_what_was_written_is_not_read_from_its_cache_after_the_wall_clock_was_set(
    store: Any, extension: FakeExtension, invocation: Invocation, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    extension.put("/a", "one")
    assert parameters.get("/a") == "one"
    parameters.put("/a", "two", overwrite=True)
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + jump)
    assert parameters.get("/a") == "two"


def test_a_rotated_secret_is_fetched_past_its_cache(
    store: Any, extension: FakeExtension, invocation: Invocation
) -> None:
    extension.put_secret("b", "old")
    store.put_secret("b", "old")
    store.put_secret("b", "new")
    login = Secret("b", ttl=7.0)
    login()

    def connect(password: str) -> str:
        if password == "old":
            raise PermissionError
        return password

    assert login.use(connect, retry_on=PermissionError) == "new"


def test_it_gives_handles_one_by_one(store: Any, extension: FakeExtension, invocation: Invocation) -> None:
    for name in "ab":
        extension.put(f"/one/{name}", name)
    handles = [Parameter("/one/a"), Parameter("/one/b")]
    assert [handle() for handle in handles] == ["a", "b"]
    assert len(extension.requests) == 2
    assert store.calls == []


def test_handles_are_fetched_together_where_it_is_absent(
    store: Any, extension: FakeExtension, invocation: Invocation
) -> None:
    extension.stop()
    for name in "ab":
        store.put(f"/two/{name}", name)
    handles = [Parameter("/two/a"), Parameter("/two/b")]
    assert [handle() for handle in handles] == ["a", "b"]
    assert store.counts() == {"GetParameters": 1}


def test_without_a_token_aws_is_called_with_one_warning(
    store: Any,
    extension: FakeExtension,
    invocation: Invocation,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_SESSION_TOKEN")
    store.put("/a", "one")
    assert parameters.get("/a") == "one"
    (warning,) = warnings(caplog)
    assert "no session token" in warning
    assert extension.requests == []


def test_forced_it_is_asked_outside_of_an_invocation_and_nothing_else_is(
    store: Any, extension: FakeExtension, only_extension: None
) -> None:
    extension.put("/a", "one")
    assert parameters.get("/a") == "one"
    extension.crash()
    with pytest.raises(ParameterError, match=r"/b could not be read from the extension: .*500"):
        parameters.get("/b")
    with pytest.raises(ParameterError, match="cannot list parameters by path"):
        parameters.by_path("/a")
    extension.stop()
    with pytest.raises(ParameterError, match="no connection"):
        parameters.get("/c")
    assert store.calls == []


def test_a_port_that_is_none_is_told(
    store: Any, invocation: Invocation, only_extension: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", "70000")
    with pytest.raises(ConfigurationError, match="PARAMETERS_SECRETS_EXTENSION_HTTP_PORT='70000'"):
        parameters.get("/a")


def test_it_gets_no_more_than_half_of_what_is_left_of_the_invocation(
    store: Any, extension: FakeExtension, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put("/a", "one")
    extension.hang()
    token = current.set(Invocation({}, make_context(0.6)))
    try:
        assert parameters.get("/a") == "one"
    finally:
        current.reset(token)


def test_one_that_rests_before_it_was_ever_asked_is_forgotten_by_a_reset(
    store: Any, extension: FakeExtension, invocation: Invocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = _local_server.LocalServer("s", "t", "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", 1)

    def fail() -> None:
        raise _local_server.Unavailable("there is no token")

    server.try_first(fail)
    assert not server.is_expected()
    reset()
    assert server.is_expected()


@pytest.mark.parametrize("read", [parameters.get, parameters.secret])
def test_where_it_is_the_only_source_it_gets_all_the_time_that_there_is(
    extension: FakeExtension, monkeypatch: pytest.MonkeyPatch, read: Any
) -> None:
    monkeypatch.setattr(_local_server, "_PATIENCE", 0.05)
    extension.put("/a", "one")
    extension.put_secret("/a", "one")
    extension.slow(0.3)
    token = current.set(Invocation({}, make_context(30.0)))
    try:
        assert read("/a", source="extension") in ("one", SecretValue("one"))
    finally:
        current.reset(token)
    assert read("/a", source="extension", fresh=True) in ("one", SecretValue("one"))
    assert len(extension.requests) == 2


def test_where_it_is_the_only_source_it_gets_no_more_time_than_there_is(extension: FakeExtension) -> None:
    extension.hang()
    token = current.set(Invocation({}, make_context(0.4)))
    try:
        with pytest.raises(ParameterError, match="no answer in what was left of the invocation"):
            parameters.get("/a", source="extension")
    finally:
        current.reset(token)


class Crowd:
    """Answers each request once three are there, and counts those that are there at the same time."""

    def __init__(self) -> None:
        self.barrier = threading.Barrier(3)
        self.lock = threading.Lock()
        self.present = self.most = 0

    def reply(self, path: str) -> tuple[int, bytes]:
        with self.lock:
            self.present += 1
            self.most = max(self.most, self.present)
        self.barrier.wait(PATIENCE)
        with self.lock:
            self.present -= 1
        name = unquote(path.partition("name=")[2].partition("&")[0])
        if name.endswith("missing"):
            return 400, b'{"code": "ParameterNotFound"}'
        return 200, json.dumps({"Parameter": {"Value": f"value of {name}"}}).encode()


def test_many_are_asked_of_it_three_at_a_time(
    store: Any, strange_extension: Serve, invocation: Invocation, only_extension: None
) -> None:
    crowd = Crowd()
    requests = strange_extension(crowd.reply)
    names = [f"/crowd/{number}" for number in range(9)]
    assert parameters.get_many(names) == {name: f"value of {name}" for name in names}
    assert (crowd.most, len(requests)) == (3, 9)
    assert parameters.get_many(names[:2]) == {name: f"value of {name}" for name in names[:2]}
    assert len(requests) == 9
    with pytest.raises(ParameterNotFound) as missing:
        parameters.get_many(["/a", "/b-missing", "/c-missing"])
    assert missing.value.names == ("/b-missing", "/c-missing")


def test_more_than_ten_are_asked_of_aws_ten_in_a_request(
    store: Any, extension: FakeExtension, invocation: Invocation
) -> None:
    names = [f"/crowd/{number}" for number in range(11)]
    for name in names:
        store.put(name, name)
        extension.put(name, name)
    assert parameters.get_many(names) == {name: name for name in names}
    assert store.counts() == {"GetParameters": 2}
    assert extension.requests == []
    assert parameters.get_many(names[:3], source="extension") == {name: name for name in names[:3]}
    assert len(extension.requests) == 3
