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

from lambda_kit._expressions import compiled, parts_of
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
    with pytest.raises(ConfigurationError, match=r"no function 'parse_jsn'; did you mean 'parse_json'"):
        compiled("a || [parse_jsn(body).id]", "key")


@pytest.mark.parametrize("expression", ["a[", "a..b", "", "unknown(", "a b"])
def test_what_is_no_expression_is_refused_with_where_it_stands(expression: str) -> None:
    with pytest.raises(ConfigurationError, match=r"idempotent\(key=\.\.\.\) is .*, which is no JMESPath expression"):
        compiled(expression, "idempotent(key=...)")


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("order.id", None),
        ("orders[0].id", None),
        ("orders[].id", None),
        ("[user, order.id]", [None, None]),
        ("[user, {order: order.id, of: [a, b]}]", [None, {"order": None, "of": [None, None]}]),
        ("order.[id, user]", [None, None]),
        ("@ | {id: order.id}", {"id": None}),
        ("join('-', [user, order])", None),
    ],
)
def test_the_parts_that_an_expression_puts_together_are_told(expression: str, parts: Any) -> None:
    assert parts_of(expression) == parts
