"""JMESPath over events, with JSON and base64 inside of them."""

from __future__ import annotations

import base64
import gzip
import json
from collections import ChainMap, Counter, OrderedDict, UserDict
from types import MappingProxyType
from typing import Any

import jmespath
import jmespath.functions
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


class Getter:
    """An object with a method `get`, which is all that the library asks for."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def get(self, name: str) -> Any:
        return self.inner if name == "a" else None


class Refusing:
    """An object whose method `get` fails."""

    def get(self, name: str) -> Any:
        raise KeyError(name)


def wrapped(given: tuple[Any, dict[str, Any]]) -> Any:
    return given[0](given[1])


def odd(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mappings of other types than dict, and other objects."""
    mappings = st.dictionaries(names, inner, max_size=3)
    wraps: st.SearchStrategy[Any] = st.sampled_from([dict, OrderedDict, UserDict, MappingProxyType, ChainMap, Counter])
    return (
        st.tuples(wraps, mappings).map(wrapped)
        | st.lists(inner, max_size=2).map(tuple)
        | inner.map(Getter)
        | st.builds(Refusing)
    )


@given(st.lists(names, min_size=1, max_size=4), events | st.recursive(events, odd, max_leaves=8))
def test_a_path_of_names_finds_what_the_library_finds(path: list[str], event: Any) -> None:
    expression = ".".join(path)
    try:
        expected = jmespath.search(expression, event)
    except Exception:  # of the object itself; it counts as nothing, as for all other expressions
        expected = None
    assert compiled(expression, "key")(event) is expected
    assert compiled(f"{expression} | @", "key")(event) is expected


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
        ("join('-', [user, to_string(order.id)])", None),
        ("join('-', [user, not_null(order.id, 'none')])", "u-none"),
        ("[user, type(order.id)]", ["u", "null"]),
        ("not_null(to_string(order.id), user)", "u"),
        ("to_string(empty)", None),
        ("to_array(text)", None),
        ("items[*].sku", None),
        ("items[].sku", None),
        ("items[?n > `1`].sku", None),
        ("items[?sku].sku", ["a"]),
        ("items[0:1].sku", ["a"]),
        ("items[*].not_null(sku, 'none')", ["a", "none"]),
        ("items[*].[n]", [[1], [2]]),
        ("map(&sku, items)", None),
        ("map(&n, items)", [1, 2]),
        ("order.*", None),
        ("holes[*]", None),
        ("holes", [1, None]),
        ("length(empty)", 0),
        ("sum(lines[*].n)", 1),
        ("items[*].sku | [0]", None),
    ],
)
def test_there_is_nothing_if_a_part_is_missing_where_all_are_asked_for(expression: str, found: Any) -> None:
    event = {
        "user": "u",
        "order": {"note": None},
        "lines": [{"n": 1}],
        "items": [{"sku": "a", "n": 1}, {"n": 2}],
        "holes": [1, None],
        "empty": [],
        "text": "",
    }
    assert compiled(expression, "key", whole=True)(event) == found
    assert compiled(expression, "key")(event) is not None


FUNCTIONS = sorted(jmespath.functions.Functions.FUNCTION_TABLE)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_function_makes_something_of_an_argument_that_is_missing(name: str) -> None:
    signature = jmespath.functions.Functions.FUNCTION_TABLE[name]["signature"]
    arguments = ["&gone" if "expref" in one["types"] else "gone" for one in signature]
    expression = f"{name}({', '.join(arguments)})"
    found = compiled(expression, "key", whole=True)({"here": 1})
    assert found == ("null" if name == "type" else None)
    assert compiled(f"[here, {expression}]", "key", whole=True)({"here": 1}) == (
        [1, "null"] if name == "type" else None
    )


EXPRESSIONS = [
    "a",
    "[a, b]",
    "{x: a, y: b.c}",
    "a[*].b",
    "a[].b",
    "a[?b].c",
    "*.a",
    "to_string(a)",
    "join('-', [to_string(a), to_string(b)])",
    "a || b",
    "a[0]",
    "[a[*].b, c]",
    "not_null(a.b, b, c)",
    "map(&a, b)",
    "values(a)",
    "sort_by(a, &b)",
    "a | [b, c]",
]


@given(st.sampled_from(EXPRESSIONS), events)
def test_where_no_part_is_missing_the_library_finds_the_same(expression: str, event: Any) -> None:
    found = compiled(expression, "key", whole=True)(event)
    assert found is None or found == compiled(expression, "key")(event)


@given(st.lists(st.none() | st.integers(), min_size=1, max_size=4), st.lists(st.none() | st.integers(), max_size=4))
@pytest.mark.parametrize("expression", ["items[*].sku", "items[].sku", "map(&sku, items)", "items[*].[sku]"])
def test_two_lists_that_differ_by_parts_that_are_missing_share_no_key(
    expression: str, one: list[Any], other: list[Any]
) -> None:
    find = compiled(expression, "key", whole=True)
    keys = [find({"items": [{} if sku is None else {"sku": sku} for sku in skus]}) for skus in (one, other)]
    assert keys[0] is None or one == other or keys[0] != keys[1]
    assert (keys[0] is None) == (None in one)


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
