"""Several parameters in as few requests as can be: `get_many`, `by_path`, and `put`, which drops what it changed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import Tracer, handler, parameters
from lambda_kit.errors import (
    ConfigurationError,
    ParameterAccessDenied,
    ParameterError,
    ParameterNotFound,
    TransformError,
)
from lambda_kit.parameters._entries import bare
from lambda_kit.testing import invoke


def test_many_are_fetched_ten_in_a_request_and_kept_one_by_one(store: Any) -> None:
    names = [f"/a/{i}" for i in range(25)]
    for name in names:
        store.put(name, name.upper())
    assert parameters.get_many(names) == {name: name.upper() for name in names}
    assert [len(params["Names"]) for _, params in store.calls] == [10, 10, 5]
    assert parameters.get("/a/7") == "/A/7"
    assert parameters.get_many(names[:3], ttl=300.0) == {name: name.upper() for name in names[:3]}
    assert len(store.calls) == 3


def test_only_what_is_not_kept_is_fetched(store: Any) -> None:
    for name in ("/a", "/b", "/c", "/d"):
        store.put(name, "x")
    parameters.get("/a")
    parameters.get("/c")
    parameters.get_many(["/a", "/b", "/c", "/d"])
    assert store.calls[-1][1]["Names"] == ["/b", "/d"]


def test_all_that_are_missing_are_named_in_one_error(store: Any) -> None:
    store.put("/b", "x")
    with pytest.raises(ParameterNotFound, match="the parameters /a, /c could not be read from ssm") as info:
        parameters.get_many(["/a", "/b", "/c"])
    assert info.value.names == ("/a", "/c")
    with pytest.raises(ParameterNotFound, match="the parameter /a could"):
        parameters.get_many(["/a", "/b"])
    assert parameters.get_many(["/a", "/b", "/c"], default=None) == {"/a": None, "/b": "x", "/c": None}


def test_names_that_do_not_come_back_as_they_were_asked_for_are_fetched_one_by_one(store: Any) -> None:
    names = ["/a", "/b", "/c:1", "arn:aws:ssm:eu-west-1:123456789012:parameter/d"]
    for name in names[:3]:
        store.put(name.partition(":")[0], "x")
    with pytest.raises(ParameterNotFound):
        parameters.get_many(names)
    assert store.counts() == {"GetParameters": 1, "GetParameter": 2}


def test_many_that_are_wanted_fresh_are_fetched_past_the_cache(store: Any) -> None:
    for name in ("/a", "/b"):
        store.put(name, "one")
    parameters.get_many(["/a", "/b"])
    for name in ("/a", "/b"):
        store.put(name, "two")
    assert parameters.get_many(["/a", "/b"], fresh=True) == {"/a": "two", "/b": "two"}
    assert store.counts() == {"GetParameters": 2}


def test_a_value_among_many_that_does_not_fit_is_named(store: Any) -> None:
    store.put("/a", "1")
    store.put("/b", "x")
    with pytest.raises(TransformError, match="the parameter /b"):
        parameters.get_many(["/a", "/b"], transform=int)
    assert parameters.get("/a", transform=int) == 1
    assert store.counts() == {"GetParameters": 1}


def test_a_role_that_may_get_one_by_one_alone_is_served_so(store: Any) -> None:
    store.refusals["GetParameters"] = (400, "AccessDeniedException", "not authorized to perform: ssm:GetParameters")
    for name in ("/a", "/b", "/c"):
        store.put(name, "x")
    assert parameters.get_many(["/a", "/b"]) == {"/a": "x", "/b": "x"}
    assert parameters.get_many(["/a", "/b", "/c"], fresh=True) == {"/a": "x", "/b": "x", "/c": "x"}
    assert store.counts() == {"GetParameters": 1, "GetParameter": 5}


def test_a_key_that_the_role_may_not_use_keeps_no_other_parameter_back(store: Any) -> None:
    store.refusals["GetParameters"] = (400, "AccessDeniedException", "The ciphertext refers to a key")
    store.put("/a", "x")
    store.put("/b", "y")
    assert parameters.get_many(["/a", "/b"]) == {"/a": "x", "/b": "y"}
    assert store.counts() == {"GetParameters": 1, "GetParameter": 2}


def test_an_outage_of_the_joint_request_is_told(store: Any) -> None:
    store.refusals["GetParameters"] = (500, "InternalServerError", "down")
    with pytest.raises(ParameterError, match="/a, /b could not be read from ssm: InternalServerError"):
        parameters.get_many(["/a", "/b"])
    assert store.counts() == {"GetParameters": 1}


def test_no_names_are_no_request(store: Any) -> None:
    assert parameters.get_many([]) == {}
    assert store.calls == []


def test_threads_that_ask_for_many_at_once_share_the_requests(store: Any) -> None:
    names = [f"/a/{i}" for i in range(10)]
    for name in names:
        store.put(name, "x")
    barrier = threading.Barrier(8)

    def ask() -> dict[str, str]:
        barrier.wait()
        return parameters.get_many(names)

    with ThreadPoolExecutor(8) as pool:
        for one in [pool.submit(ask) for _ in range(8)]:
            assert one.result() == dict.fromkeys(names, "x")
    fetched = [name for _, params in store.calls for name in params.get("Names", [params.get("Name")])]
    assert sorted(fetched) == sorted(names)


def test_a_path_is_read_to_its_last_page_by_relative_names(store: Any) -> None:
    for i in range(23):
        store.put(f"/app/{i}", str(i))
    store.put("/app/deep/er", "x")
    store.put("/apple", "x")
    found = parameters.by_path("/app")
    assert found == {**{str(i): str(i) for i in range(23)}, "deep/er": "x"}
    assert len(store.calls) == 3
    assert parameters.by_path("/app/", recursive=False, transform=int) == {str(i): i for i in range(23)}


def test_a_path_is_kept_and_the_dict_is_the_callers_own(store: Any) -> None:
    store.put("/app/a", "[1]")
    parameters.by_path("/app", transform="json")["a"].append(2)
    assert parameters.by_path("/app", transform="json") == {"a": [1]}
    assert len(store.calls) == 1
    assert parameters.by_path("/none") == {}


def test_a_value_below_a_path_that_does_not_fit_has_its_full_name(store: Any) -> None:
    store.put("/app/a", "x")
    with pytest.raises(TransformError, match="/app/a could not"):
        parameters.by_path("/app", transform=int)


def test_the_transform_of_a_path_goes_by_the_suffix_of_each_name(store: Any) -> None:
    store.put("/app/a.json", "[1]")
    store.put("/app/b", "[1]")
    assert parameters.by_path("/app", transform="auto") == {"a.json": [1], "b": "[1]"}


def test_no_access_to_a_path_names_the_action(store: Any) -> None:
    store.refusals["GetParametersByPath"] = (400, "AccessDeniedException", "no")
    with pytest.raises(ParameterAccessDenied, match="grant it ssm:GetParametersByPath"):
        parameters.by_path("/app")


def test_put_drops_what_it_changed(store: Any) -> None:
    store.put("/app/a", "1")
    store.put("/b", "1")
    parameters.get("/app/a")
    parameters.get("/app/a", transform=int)
    parameters.by_path("/app")
    parameters.by_path("/")
    parameters.get("/b")
    assert parameters.put("/app/a", "2", overwrite=True) == 2
    calls = len(store.calls)
    assert parameters.get("/app/a") == "2"
    assert parameters.get("/app/a", transform=int) == 2
    assert parameters.by_path("/app") == {"a": "2"}
    assert parameters.by_path("/")["app/a"] == "2"
    assert len(store.calls) == calls + 4
    parameters.get("/b")
    assert len(store.calls) == calls + 4


def test_put_says_what_it_writes(store: Any) -> None:
    parameters.put("/a", "x", secure=True, key_id="alias/key")
    assert store.calls[-1][1] == {
        "Name": "/a",
        "Value": "x",
        "Type": "SecureString",
        "KeyId": "alias/key",
        "Overwrite": False,
    }


def test_put_that_is_refused_says_why_and_drops_the_value_all_the_same(store: Any) -> None:
    store.put("/a", "x")
    parameters.get("/a")
    with pytest.raises(ParameterError, match="the parameter /a could not be written to ssm: ParameterAlreadyExists"):
        parameters.put("/a", "y")
    store.refusals["PutParameter"] = (400, "AccessDeniedException", "no")
    with pytest.raises(ParameterAccessDenied, match="grant it ssm:PutParameter"):
        parameters.put("/a", "y")
    parameters.get("/a")
    assert store.counts()["GetParameter"] == 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"value": 5}, "pass the value as text"),
        ({"value": "x", "key_id": "k"}, "pass secure=True too"),
    ],
)
def test_put_refuses_what_it_cannot_write(store: Any, given: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        parameters.put("/a", given.pop("value"), **given)
    assert store.calls == []


@given(st.lists(st.text("ab0-_.", min_size=1), min_size=1, max_size=4))
def test_a_name_is_known_in_each_of_its_forms(parts: list[str]) -> None:
    name = "/".join(parts)
    forms = [name, f"/{name}", f"/{name}:3", f"arn:aws:ssm:eu-west-1:123456789012:parameter/{name}"]
    assert {bare(form) for form in forms} == {name}


def test_a_fetch_of_several_is_a_span_with_their_names_and_no_value(store: Any) -> None:
    for name in ("/a", "/b"):
        store.put(name, "the value")

    @handler(Tracer())
    def place(event: object, context: object) -> object:
        return parameters.get_many(["/a", "/b"])

    result = invoke(place)
    assert result.value == {"/a": "the value", "/b": "the value"}
    span = result.spans[0].find("parameters")
    assert span.annotations == {"parameters": 2, "source": "ssm"}
    assert span.metadata == {"default": {"names": ["/a", "/b"]}}
