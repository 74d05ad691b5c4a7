"""JMESPath over events, with JSON and base64 inside of them."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit._kernel.expressions import compiled, roots_of
from lambda_kit.errors import ConfigurationError

names = st.sampled_from(["a", "b", "c"])
events = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(names, inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=8,
)


@given(st.lists(names, min_size=1, max_size=4), events)
def test_a_path_of_names_finds_what_the_library_finds(path: list[str], event: Any) -> None:
    expression = ".".join(path)
    assert compiled(expression, "key")(event) == jmespath.search(expression, event)


@pytest.mark.parametrize("expression", ["[a, b]", "a[0]", '"a-b".c', "items[*].id", "length(@)", "@", "a || b"])
def test_everything_else_is_left_to_the_library(expression: str) -> None:
    event = {"a": [1], "b": 2, "a-b": {"c": 3}, "items": [{"id": 4}]}
    assert compiled(expression, "key")(event) == jmespath.search(expression, event)


@pytest.mark.parametrize("library", ["parse", "powertools"])
def test_json_and_base64_inside_are_read(library: str) -> None:
    inner = json.dumps({"order": {"id": 7}})
    event = {
        "json": inner,
        "base64": base64.b64encode(inner.encode()).decode(),
        "gzip": base64.b64encode(gzip.compress(inner.encode())).decode(),
    }
    assert compiled(f"{library}_json(json).order.id", "key")(event) == 7
    assert compiled(f"{library}_json({library}_base64(base64)).order.id", "key")(event) == 7
    assert compiled(f"{library}_json({library}_base64_gzip(gzip)).order.id", "key")(event) == 7


def test_a_function_that_does_not_exist_is_refused_with_the_closest_one() -> None:
    with pytest.raises(ConfigurationError, match=r"unknown function 'parse_jsn'; did you mean 'parse_json'"):
        compiled("a || [parse_jsn(body).id]", "key")


@pytest.mark.parametrize("expression", ["a[", "a..b", "", "unknown(", "a b"])
def test_what_is_no_expression_is_refused_with_where_it_stands(expression: str) -> None:
    with pytest.raises(ConfigurationError, match=r"idempotent\(key=\.\.\.\) is .*, which is no JMESPath expression"):
        compiled(expression, "idempotent(key=...)")


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("[user, order.id]", None),
        ("[user, {order: order.id}]", None),
        ("{u: user, o: [order.id]}", None),
        ("lines[*].[sku, n]", None),
        ("to_string([user, order.id])", None),
        ("lines[].{n: n}", [{"n": 1}]),
        ("[user, not_null(order.id, `0`)]", ["u", 0]),
        ("order", {"note": None}),
        ("[order]", [{"note": None}]),
    ],
)
def test_there_is_nothing_if_a_part_is_missing_where_all_are_asked_for(expression: str, found: Any) -> None:
    event = {"user": "u", "order": {"note": None}, "lines": [{"n": 1}]}
    assert compiled(expression, "key", whole=True)(event) == found
    assert compiled(expression, "key")(event) is not None


@pytest.mark.parametrize(
    ("expression", "roots"),
    [
        ("order", ["order"]),
        ("order.id", ["order"]),
        ("orders[0].id", ["orders"]),
        ("orders[?paid].id", ["orders"]),
        ("[user, {order: order.id}]", ["order", "user"]),
        ("join('-', [user, order.id])", ["order", "user"]),
        ("a || b", ["a", "b"]),
        ("`1`", []),
        ("@", None),
        ("@.order", None),
        ("[user, @]", None),
        ("*.id", None),
    ],
)
def test_the_members_that_an_expression_begins_with_are_told(expression: str, roots: list[str] | None) -> None:
    found = roots_of(expression)
    assert (None if found is None else sorted(found)) == roots
