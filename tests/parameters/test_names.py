"""Names of Powertools, and its variables of the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import parameters
from lambda_kit.errors import ConfigurationError
from lambda_kit.parameters import Parameter

if TYPE_CHECKING:
    from collections.abc import Callable

untyped: Any = parameters
OPTIONS: dict[str, tuple[Callable[[], Any], str]] = {
    "max_age": (lambda: untyped.get("/a", max_age=5), "get() has no option 'max_age'; it is called ttl here"),
    "force_fetch": (lambda: untyped.secret("b", force_fetch=True), "it is called fresh here"),
    "boto3_client": (lambda: untyped.Parameter("/a", boto3_client=None), "it is called client here"),
    "max_age of many": (lambda: untyped.get_many(["/a"], max_age=5), "it is called ttl here"),
    "raise_on_transform_error": (lambda: untyped.by_path("/a", raise_on_transform_error=True), "is always an error"),
    "a typo": (lambda: untyped.get("/a", tranform="json"), "did you mean 'transform'"),
}


@pytest.mark.parametrize("case", OPTIONS)
def test_an_option_of_powertools_says_what_it_is_called_here(case: str) -> None:
    call, hint = OPTIONS[case]
    with pytest.raises(ConfigurationError) as info:
        call()
    assert hint in str(info.value)


@pytest.fixture(params=["LAMBDA_KIT_PARAMETERS", "POWERTOOLS_PARAMETERS"])
def prefix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def call_handle(name: str) -> str:
    return Parameter(name)()


def get_two(name: str) -> dict[str, str]:
    return parameters.get_many([name, "/b"])


def get_path(_: str) -> dict[str, str]:
    return parameters.by_path("/p")


READS: dict[str, Callable[[str], Any]] = {
    "get": parameters.get,
    "secret": parameters.secret,
    "handle": call_handle,
    "get_many": get_two,
    "by_path": get_path,
}


@pytest.mark.parametrize("read", ["get", "secret", "handle"])
def test_the_time_to_live_comes_from_the_environment(
    store: Any, clock: Any, monkeypatch: pytest.MonkeyPatch, prefix: str, read: str
) -> None:
    monkeypatch.setenv(f"{prefix}_MAX_AGE", "20")
    store.put("/a", "one")
    store.put_secret("/a", "one")
    READS[read]("/a")
    clock.advance(19)
    READS[read]("/a")
    assert len(store.calls) == 1
    clock.advance(1)
    READS[read]("/a")
    assert len(store.calls) == 2


def test_an_argument_comes_before_the_environment(
    store: Any, clock: Any, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    monkeypatch.setenv(f"{prefix}_MAX_AGE", "20")
    monkeypatch.setenv(f"{prefix}_SSM_DECRYPT", "false")
    store.put("/a", "one")
    parameters.get("/a", ttl=300.0, decrypt=True)
    clock.advance(299)
    parameters.get("/a", ttl=300.0, decrypt=True)
    ((_, params),) = store.calls
    assert params["WithDecryption"] is True


@pytest.mark.parametrize("read", ["get", "by_path", "get_many"])
def test_decryption_comes_from_the_environment(
    store: Any, monkeypatch: pytest.MonkeyPatch, prefix: str, read: str
) -> None:
    for name in ("/a", "/b", "/p/x"):
        store.put(name, "one")
    monkeypatch.setenv(f"{prefix}_SSM_DECRYPT", "false")
    READS[read]("/a")
    assert {params["WithDecryption"] for _, params in store.calls} == {False}


@pytest.mark.parametrize(("variable", "value"), [("MAX_AGE", "soon"), ("SSM_DECRYPT", "perhaps")])
def test_a_wrong_value_in_the_environment_is_told(
    store: Any, monkeypatch: pytest.MonkeyPatch, prefix: str, variable: str, value: str
) -> None:
    monkeypatch.setenv(f"{prefix}_{variable}", value)
    with pytest.raises(ConfigurationError, match=f"{prefix}_{variable} is '{value}'"):
        parameters.get("/a")
