"""`get` and `secret` against AWS: what they return, what they keep, and what they say if it fails."""

from __future__ import annotations

import base64
import gc
import importlib
import json
import logging
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from lambda_kit import init, parameters
from lambda_kit.errors import (
    AccessDenied,
    AwsError,
    ConfigurationError,
    NotFound,
    ParameterAccessDenied,
    ParameterError,
    ParameterNotFound,
    TransformError,
)
from lambda_kit.parameters import SecretValue

if TYPE_CHECKING:
    from pathlib import Path

    from lambda_kit.testing import FakeClock


wrong: Any = parameters  # for calls that type checkers refuse


class Login(BaseModel):
    user: str
    port: int = 5432


class Unhashable:  # noqa: PLW1641  # which is the point
    def __eq__(self, other: object) -> bool:
        return False

    def __call__(self, text: str) -> str:
        return text


def test_a_parameter_is_text_and_is_fetched_once(store: Any) -> None:
    store.put("/app/host", "db.example.com")
    assert [parameters.get("/app/host") for _ in range(3)] == ["db.example.com"] * 3
    assert store.calls == [("GetParameter", {"Name": "/app/host", "WithDecryption": True})]


def test_a_secret_comes_wrapped_with_its_version(store: Any) -> None:
    version = store.put_secret("shop/payments", "hunter2")
    secret = parameters.secret("shop/payments")
    assert (secret.get_secret_value(), secret.version) == ("hunter2", version)
    assert parameters.secret("shop/payments") is secret


def test_a_binary_secret_is_bytes(store: Any) -> None:
    store.put_secret("shop/key", b"\x00\xff")
    assert parameters.secret("shop/key", transform="binary").get_secret_value() == b"\x00\xff"
    assert parameters.secret("shop/key", transform=len).get_secret_value() == 2
    with pytest.raises(TransformError, match="its value is binary; pass transform='binary'"):
        parameters.secret("shop/key")


@pytest.mark.parametrize(
    ("name", "text", "transform", "value"),
    [
        ("/a", '{"a": [1]}', "json", {"a": [1]}),
        ("/a", base64.b64encode(b"\x00\x01").decode(), "binary", b"\x00\x01"),
        ("/a.json", "[1]", "auto", [1]),
        ("/a.binary", "AAE=", "auto", b"\x00\x01"),
        ("/a.txt", "[1]", "auto", "[1]"),
        ("/a", '{"user": "u", "port": 1}', Login, Login(user="u", port=1)),
        ("/a", "12", int, 12),
        ("/a", "a,b", str.splitlines, ["a,b"]),
    ],
    ids=["json", "binary", "auto json", "auto binary", "auto text", "model", "class", "function"],
)
def test_a_transform_makes_the_value(store: Any, name: str, text: str, transform: Any, value: Any) -> None:
    store.put(name, text)
    store.put_secret(name, text)
    assert parameters.get(name, transform=transform) == value
    assert parameters.secret(name, transform=transform) == SecretValue(value)


@pytest.mark.parametrize("transform", ["json", "binary", int, Login])
def test_a_value_that_does_not_fit_is_named_and_not_shown(store: Any, transform: Any) -> None:
    store.put("/a", '{"user": "hunter2", "port": "hunter2"')
    store.put_secret("b", '{"user": 5, "port": "hunter2"}')
    with pytest.raises(TransformError) as info:
        parameters.get("/a", transform=transform)
    with pytest.raises(TransformError) as other:
        parameters.secret("b", transform=Login if transform == "json" else transform)
    for caught in (info, other):
        assert caught.value.names in {("/a",), ("b",)}
        assert caught.value.transform in str(caught.value)
        seen: BaseException | None = caught.value
        while seen is not None:
            lines = traceback.TracebackException.from_exception(seen, capture_locals=True).format()
            outside = [line for line in lines if "test_get.py" not in line]
            assert "hunter2" not in "".join(outside)
            seen = seen.__cause__ or (None if seen.__suppress_context__ else seen.__context__)


def test_a_model_that_does_not_fit_tells_the_fields(store: Any) -> None:
    store.put("/a", '{"port": "hunter2"}')
    with pytest.raises(TransformError, match=r"Login: user \(missing\), port \(int_parsing\)$"):
        parameters.get("/a", transform=Login)


def test_a_version_a_label_and_a_stage_are_values_of_their_own(store: Any) -> None:
    store.put("/a", "one")
    store.put("/a", "two")
    store.labels["/a", "blue"] = 1
    first = store.put_secret("b", "one")
    store.put_secret("b", "two")
    assert parameters.get("/a") == "two"
    assert parameters.get("/a", version=1) == parameters.get("/a", label="blue") == "one"
    assert parameters.secret("b").get_secret_value() == "two"
    assert parameters.secret("b", version_id=first) == parameters.secret("b", stage="AWSPREVIOUS")


def test_every_option_that_decides_about_the_value_has_a_value_of_its_own(store: Any) -> None:
    store.put("/a", "1")
    options: list[dict[str, Any]] = [
        {},
        {"transform": "json"},
        {"transform": int},
        {"ttl": 1.0},
        {"decrypt": False},
        {"version": 1},
        {"region": "us-east-1"},
        {"source": "aws"},
        {"stale_if_error": 1.0},
        {"refresh": "background"},
        {"default": None},
    ]
    for given in options * 2:
        parameters.get("/a", **given)
    assert len(store.calls) == len(options)


def test_two_ways_to_ask_for_the_same_share_the_value(store: Any) -> None:
    store.put("/a", "1")
    parameters.get("/a")
    parameters.get("/a", ttl=300.0, decrypt=True)
    parameters.get("/a", fresh=False)
    assert len(store.calls) == 1


def test_what_was_missing_is_asked_for_again_and_a_default_is_remembered(store: Any) -> None:
    for _ in range(2):
        with pytest.raises(ParameterNotFound):
            parameters.get("/a")
    assert len(store.calls) == 2
    assert [parameters.get("/a", default=one) for one in (0, False, None)] == [0, False, None]
    assert len(store.calls) == 3


def test_a_default_is_for_what_does_not_exist_alone(store: Any) -> None:
    store.put("/a", "text")
    store.refusals["GetSecretValue"] = (500, "InternalServiceError", "down")
    with pytest.raises(TransformError):
        parameters.get("/a", transform="json", default=None)
    with pytest.raises(ParameterError, match="InternalServiceError"):
        parameters.secret("b", default=None)


def test_the_time_to_live_ends_a_value(store: Any, clock: FakeClock) -> None:
    store.put("/a", "one")
    assert parameters.get("/a", ttl=10.0) == "one"
    store.put("/a", "two")
    clock.advance(9.9)
    assert parameters.get("/a", ttl=10.0) == "one"
    clock.advance(0.1)
    assert parameters.get("/a", ttl=10.0) == "two"


def test_fresh_fetches_now_and_for_all(store: Any) -> None:
    store.put("/a", "one")
    parameters.get("/a")
    store.put("/a", "two")
    assert parameters.get("/a") == "one"
    assert parameters.get("/a", fresh=True) == "two"
    assert parameters.get("/a") == "two"


def test_an_outage_leaves_the_old_value_for_an_hour_with_one_warning(
    store: Any, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    store.put("/a", "one")
    parameters.get("/a")
    store.refusals["GetParameter"] = (500, "InternalServerError", "down")
    clock.advance(300)
    with caplog.at_level(logging.WARNING):
        for _ in range(10):
            assert parameters.get("/a") == "one"
            clock.advance(60)
    assert ["parameter /a could not be refreshed" in record.message for record in caplog.records] == [True]
    clock.advance(3_600)
    with pytest.raises(ParameterError, match="InternalServerError: down"):
        parameters.get("/a")


def test_threads_that_ask_at_once_share_one_request(store: Any) -> None:
    store.put("/a", "one")
    barrier = threading.Barrier(16)

    def ask() -> str:
        barrier.wait()
        return parameters.get("/a")

    with ThreadPoolExecutor(16) as pool:
        assert [one.result() for one in [pool.submit(ask) for _ in range(16)]] == ["one"] * 16
    assert len(store.calls) == 1


def test_a_container_is_the_callers_own(store: Any) -> None:
    for text in ('{"a": 1}', '{"a": [1]}', "[1, [2]]"):
        store.put("/a", text)
        value = parameters.get("/a", transform="json", fresh=True)
        value.clear()
        assert parameters.get("/a", transform="json") == json.loads(text)
    store.put("/b", '{"user": "u"}')
    parameters.get("/b", transform=Login).user = "changed"
    assert parameters.get("/b", transform=Login).user == "u"


def test_no_access_names_the_action_to_grant(store: Any) -> None:
    store.refusals["GetParameter"] = (400, "AccessDeniedException", "is not authorized to perform: ssm:GetParameter")
    with pytest.raises(ParameterAccessDenied) as info:
        parameters.get("/a")
    error = info.value
    assert (error.names, error.source, error.action) == (("/a",), "ssm", "ssm:GetParameter")
    assert str(error).startswith("the parameter /a could not be read from ssm: the role of the function is not allowed")
    assert isinstance(error.__cause__, AccessDenied)
    assert error.__cause__.request_id == "r-1"


def test_no_access_to_the_key_names_that_action(store: Any) -> None:
    store.refusals["GetSecretValue"] = (400, "AccessDeniedException", "Access to KMS is not allowed")
    with pytest.raises(ParameterAccessDenied, match="grant it kms:Decrypt") as info:
        parameters.secret("b")
    assert info.value.action == "kms:Decrypt"


def test_what_does_not_exist_says_so_at_which_source(store: Any) -> None:
    with pytest.raises(ParameterNotFound) as info:
        parameters.secret("b")
    assert (info.value.names, info.value.source) == (("b",), "secretsmanager")
    assert isinstance(info.value.__cause__, NotFound)


def test_a_next_rotation_that_cannot_be_read_is_a_warning(store: Any, caplog: pytest.LogCaptureFixture) -> None:
    store.put_secret("b", "one")
    store.refusals["DescribeSecret"] = (500, "InternalServiceError", "down")
    assert parameters.secret("b", rotation=True).get_secret_value() == "one"
    assert ["the next rotation of the secret b" in record.message for record in caplog.records] == [True]


def test_any_other_error_of_aws_has_its_code(store: Any) -> None:
    store.refusals["GetParameter"] = (400, "InvalidKeyId", "no such key")
    with pytest.raises(ParameterError, match="InvalidKeyId: no such key") as info:
        parameters.get("/a")
    assert type(info.value) is ParameterError
    assert isinstance(info.value.__cause__, AwsError)


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_CONTAINER_CREDENTIALS_FULL_URI"])
def test_without_credentials_the_error_names_the_source_that_needs_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    hint = "to run without AWS, set LAMBDA_KIT_PARAMETERS_SOURCE=environment"
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    for read in (parameters.get, parameters.secret):
        with pytest.raises(ParameterError, match=f"NoCredentials: .*; {hint}$"):
            read("/a", fresh=True)
    with pytest.raises(ParameterError, match=hint):
        parameters.app_config("shop", "prod", "limits", source="aws")
    with pytest.raises(ParameterError, match="NoCredentials: ") as caught:
        parameters.put("/a", "1")
    assert hint not in str(caught.value)  # nothing can be written to the environment
    monkeypatch.setenv(name, "http://example.com")  # it has a role, which it cannot use
    with pytest.raises(ParameterError, match="NoCredentials: ") as caught:
        parameters.get("/a", fresh=True)
    assert hint not in str(caught.value)


def test_every_caller_gets_an_error_of_its_own(store: Any) -> None:
    def ask() -> ParameterError:
        with pytest.raises(ParameterError) as info:
            parameters.get("/a")
        return info.value

    barrier = threading.Event()
    store.before["GetParameter"] = barrier.wait
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(ask) for _ in range(2)]
        barrier.set()
        first, second = (one.result() for one in waiting)
    assert first is not second


def test_a_client_is_used_and_nothing_else(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store.put("/a", "one")
    client: Any = importlib.import_module("boto3").client("ssm", region_name="eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("LAMBDA_KIT_PARAMETERS_SOURCE", "environment")
    assert parameters.get("/a", client=client) == "one"


def test_the_report_names_what_is_kept(store: Any) -> None:
    store.put("/a", "one")
    store.put_secret("b", "two")
    parameters.get("/a")
    parameters.secret("b")
    parameters.by_path("/")
    assert [one.name for one in init.report()][-3:] == ["parameter /a", "secret b", "parameters below /"]


def test_names_without_end_do_not_fill_the_memory(store: Any) -> None:
    gc.collect()  # what other tests have left
    before = len(init.report())
    for i in range(1_050):
        store.parameters[f"/{i}"] = ["x"]
        parameters.get(f"/{i}", source="aws")
    assert len(init.report()) - before == 1_000
    calls = len(store.calls)
    parameters.get("/1049", source="aws")
    assert len(store.calls) == calls
    parameters.get("/0", source="aws")
    assert len(store.calls) == calls + 1


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: wrong.get("/a", tranform="json"), r"get\(\) has no option 'tranform'; did you mean 'transform'"),
        (lambda: wrong.get("/a", transform="jsn"), "transform='jsn': pass .* did you mean 'json'"),
        (lambda: wrong.get("/a", transform=Unhashable()), "it is not hashable"),
        (lambda: wrong.get("/a", version=1, label="b"), "version and label exclude each other"),
        (lambda: wrong.secret("/a", version_id="1", stage="b"), "version_id and stage exclude each other"),
        (lambda: wrong.get("/a", version=0), "version=0: pass the number of a version"),
        (lambda: wrong.get("/a", version=True), "version=True"),
        (lambda: wrong.get("/a", label="12"), "label='12'"),
        (lambda: wrong.get("/a", ttl=0), r"get\('/a'\): resource\(ttl=0\): pass seconds above 0"),
        (lambda: wrong.get("/a", stale_if_error=-1), "stale_if_error=-1"),
        (lambda: wrong.get("/a", refresh="later"), "refresh='later'"),
        (lambda: wrong.get("/a", ttl=None, refresh="background"), "has no effect without a time to live"),
        (lambda: wrong.get("/a", fresh=1), "fresh=1: pass True or False"),
        (lambda: wrong.get("/a", decrypt="no"), "decrypt='no': pass True or False"),
        (lambda: wrong.get("/a", region="eu\r\n"), "region="),
        (lambda: wrong.get("/a", region="eu-west-1", client=object()), "client and region exclude each other"),
        (lambda: wrong.get("/a", source="extention"), "did you mean 'extension'"),
        (lambda: wrong.get("/a", source="extension", region="eu-west-1"), "that source takes none"),
        (lambda: wrong.get(""), "pass the name"),
        (lambda: wrong.get(["/a"]), "get_many takes several names"),
        (lambda: wrong.secret("/a", rotation=True, ttl=None), "rotation=True shortens the time to live"),
        (lambda: wrong.by_path("a"), "a path begins with a slash"),
        (lambda: wrong.by_path("/a", default=1), "has no option 'default'"),
        (lambda: wrong.get_many("/a"), "pass several names, or use get for one"),
        (lambda: wrong.app_config("a/b", "c", "d"), "three names or ids, without a slash"),
        (lambda: wrong.get("/a", client=object()), "client"),
    ],
)
def test_a_wrong_argument_is_told_before_anything_is_fetched(store: Any, call: Any, told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        call()
    assert store.calls == []


def test_a_wrong_source_in_the_environment_is_told(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_PARAMETERS_SOURCE", "enviroment")
    with pytest.raises(ConfigurationError, match=r"LAMBDA_KIT_PARAMETERS_SOURCE is 'enviroment'; .*did you mean"):
        parameters.get("/a")
