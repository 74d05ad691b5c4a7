"""Refusals end the use of an old value at once; while nobody answers, the old value stays in use."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import parameters
from lambda_kit.aws import _app_config as sessions
from lambda_kit.aws._app_config import Session
from lambda_kit.errors import ParameterAccessDenied, ParameterError, ParameterNotFound, TransformError
from lambda_kit.parameters import Parameter, Secret, _app_config
from tests.effort import skip_in_the_middle

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_kit.testing import FakeClock

skip_in_the_middle()

REFUSALS = {  # the answers of the services, by kind
    "not found": (400, "ParameterNotFound"),
    "no such resource": (400, "ResourceNotFoundException"),
    "denied": (400, "AccessDeniedException"),
    "denied by status 403": (403, "AccessDeniedException"),
    "no decryption": (400, "DecryptionFailure"),
    "no such key": (400, "InvalidKeyId"),
    "marked for deletion": (400, "InvalidRequestException"),
    "a code of tomorrow": (400, "NewException"),
}
OUTAGES = {
    "error of the service": (500, "InternalServerError"),
    "error of the service, 503": (503, "ServiceUnavailable"),
    "throttled": (400, "ThrottlingException"),
    "throttled by status 429": (429, "TooManyRequestsException"),
    "expired credentials": (400, "ExpiredTokenException"),
    "unknown credentials": (400, "UnrecognizedClientException"),
}


def read_handle() -> Any:
    return Parameter("/refusals/handle")()


def read_secret_handle() -> Any:
    return Secret("refusals")().get_secret_value()


READS: dict[str, tuple[str, Callable[[], Any], Any]] = {  # the operation, the call, and its value
    "get": ("GetParameter", lambda: parameters.get("/a"), "one"),
    "transform": ("GetParameter", lambda: parameters.get("/a", transform=len), 3),
    "background": ("GetParameter", lambda: parameters.get("/a", refresh="background"), "one"),
    "secret": ("GetSecretValue", lambda: parameters.secret("b").get_secret_value(), "one"),
    "by_path": ("GetParametersByPath", lambda: parameters.by_path("/p"), {"x": "one"}),
    "get_many": ("GetParameters", lambda: parameters.get_many(["/a", "/p/x"]), {"/a": "one", "/p/x": "one"}),
    "app_config": ("GetLatestConfiguration", lambda: parameters.app_config("shop", "prod", "limits"), "one"),
    "Parameter": ("GetParameter", read_handle, "one"),
    "Secret": ("GetSecretValue", read_secret_handle, "one"),
}


@pytest.fixture
def clock(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """A clock for the cache and for the sessions of AppConfig."""
    monkeypatch.setattr(_app_config, "Session", functools.partial(sessions.Session, clock=clock))
    return clock


@pytest.fixture
def full(store: Any) -> Any:
    """The services with all values in them."""
    for name in ("/a", "/p/x", "/refusals/handle"):
        store.put(name, "one")
    for name in ("b", "refusals"):
        store.put_secret(name, "one")
    store.configurations["shop/prod/limits"] = b"one"
    store.content_type = "text/plain"
    return store


def refuse(store: Any, operation: str, status: int, code: str) -> None:
    store.refusals[operation] = (status, code, "told")
    if operation == "GetParameters":  # where it is denied, parameters are fetched one by one
        store.refusals["GetParameter"] = store.refusals[operation]


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("kind", REFUSALS)
def test_a_refusal_is_raised_at_once_and_drops_the_old_value(full: Any, clock: FakeClock, read: str, kind: str) -> None:
    operation, call, value = READS[read]
    assert call() == value
    refuse(full, operation, *REFUSALS[kind])
    clock.advance(301)
    with pytest.raises(ParameterError):
        call()
    refuse(full, operation, 503, "ServiceUnavailable")
    with pytest.raises(ParameterError, match="ServiceUnavailable"):  # there is no old value any more
        call()
    full.refusals.clear()
    assert call() == value


@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize("kind", OUTAGES)
def test_while_nobody_answers_the_old_value_stays(full: Any, clock: FakeClock, read: str, kind: str) -> None:
    operation, call, value = READS[read]
    assert call() == value
    refuse(full, operation, *OUTAGES[kind])
    clock.advance(301)
    assert call() == value
    clock.advance(3_700)
    with pytest.raises(ParameterError):
        call()


@pytest.mark.parametrize("read", READS)
def test_without_a_connection_or_credentials_the_old_value_stays(
    full: Any, clock: FakeClock, read: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, call, value = READS[read]
    assert call() == value
    with monkeypatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        clock.advance(301)
        assert call() == value
    with monkeypatch.context() as patch:
        patch.setenv("AWS_SECRET_ACCESS_KEY", "")
        clock.advance(301)
        assert call() == value


def test_a_value_that_does_not_fit_any_more_is_an_error_at_once(store: Any, clock: FakeClock) -> None:
    store.put("/a", "1")
    assert parameters.get("/a", transform=int) == 1
    store.put("/a", "one")
    clock.advance(301)
    for _ in range(2):
        with pytest.raises(TransformError):
            parameters.get("/a", transform=int)
    store.put("/a", "2")
    assert parameters.get("/a", transform=int) == 2


def test_a_refused_refresh_drops_the_value_before_its_time(store: Any, clock: FakeClock) -> None:
    store.put_secret("b", "one")
    assert parameters.secret("b").get_secret_value() == "one"
    store.refusals["GetSecretValue"] = (400, "AccessDeniedException", "no")
    with pytest.raises(ParameterAccessDenied):
        parameters.secret("b", fresh=True)
    with pytest.raises(ParameterAccessDenied):
        parameters.secret("b")


def test_a_refresh_that_nobody_answers_leaves_the_value(store: Any, clock: FakeClock) -> None:
    store.put_secret("b", "one")
    parameters.secret("b")
    store.refusals["GetSecretValue"] = (500, "InternalServiceError", "down")
    with pytest.raises(ParameterError, match="InternalServiceError"):
        parameters.secret("b", fresh=True)
    assert parameters.secret("b").get_secret_value() == "one"


def test_a_default_stands_for_a_value_that_does_not_exist_and_for_nothing_else(
    store: Any, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_app_config, "Session", functools.partial(Session, clock=clock))
    reads: list[Callable[[], Any]] = [
        lambda: parameters.get("/a", default="d"),
        lambda: parameters.secret("b", default="d"),
        lambda: parameters.get_many(["/a"], default="d")["/a"],
        Parameter("/a", default="d"),
        Secret("b", default="d"),
        lambda: parameters.get("/a", default="d", fresh=True),
        lambda: parameters.app_config("shop", "prod", "limits", default="d"),
        lambda: parameters.app_config("shop", "prod", "limits", default="d", fresh=True),
    ]
    store.configurations["shop/prod/limits"] = b"one"
    store.put("/a", "one")
    store.put_secret("b", "one")
    assert [str(getattr(value, "get_secret_value", lambda value=value: value)()) for value in (r() for r in reads)] == [
        "one"
    ] * len(reads)
    store.parameters.clear()
    store.secrets.clear()
    store.configurations.clear()
    clock.advance(301)
    assert [read() for read in reads] == ["d"] * len(reads)
    clock.advance(301)
    for code in ("AccessDeniedException", "InvalidKeyId"):
        for operation in ("GetParameter", "GetParameters", "GetSecretValue", "StartConfigurationSession"):
            store.refusals[operation] = (400, code, "no")
        for read in reads:
            with pytest.raises(ParameterError, match=code):
                read()


def test_a_configuration_that_is_gone_is_not_answered_from_the_last_poll(store: Any, clock: FakeClock) -> None:
    """The service is asked at most once in its interval, but a refusal ends what was polled before."""
    store.configurations["shop/prod/limits"] = b"one"
    assert parameters.app_config("shop", "prod", "limits") == "one"
    store.configurations.clear()
    with pytest.raises(ParameterNotFound):
        parameters.app_config("shop", "prod", "limits", fresh=True)
    with pytest.raises(ParameterNotFound):
        parameters.app_config("shop", "prod", "limits")
    assert parameters.app_config("shop", "prod", "limits", default="d") == "d"


def test_without_a_default_a_deleted_value_is_an_error_and_with_one_it_is_the_default(
    store: Any, clock: FakeClock
) -> None:
    store.put("/a", "one")
    assert parameters.get("/a") == parameters.get("/a", default="d") == "one"
    store.parameters.clear()
    clock.advance(301)
    with pytest.raises(ParameterNotFound):
        parameters.get("/a")
    assert parameters.get("/a", default="d") == "d"
