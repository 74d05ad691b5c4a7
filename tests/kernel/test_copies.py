"""Copies: equal to the value, of the same types, and sharing nothing that can be changed."""

from __future__ import annotations

import copy
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from lambda_kit._kernel.copies import copier

type_of: Any = type  # for type checkers, which would narrow what a check of `type(x)` is about
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)
ODD = st.recursive(
    SCALARS | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner, inner) | st.sets(st.integers()) | st.builds(bytearray),
    max_leaves=10,
)


def shape(value: Any) -> Any:
    """Return the value with the types of all its parts."""
    if type_of(value) is dict:
        return dict, [(shape(key), shape(item)) for key, item in value.items()]
    if type_of(value) in (list, tuple):
        return type_of(value), [shape(item) for item in value]
    return type_of(value), value


def mutable_parts(value: Any) -> list[int]:
    if type_of(value) is dict:
        return [id(value), *(part for item in value.values() for part in mutable_parts(item))]
    if type_of(value) in (list, tuple):
        own = [id(value)] if type_of(value) is list else []
        return [*own, *(part for item in value for part in mutable_parts(item))]
    return [id(value)] if type_of(value) in (set, bytearray) else []


@given(JSON | ODD)
def test_a_copy_is_equal_and_shares_nothing_mutable(value: Any) -> None:
    before = copy.deepcopy(value)
    copies = [copier(value)() for _ in range(2)]
    make = copier(value)
    copies += [make(), make()]
    assert all(shape(one) == shape(before) for one in copies)
    parts = [part for one in (value, *copies) for part in mutable_parts(one)]
    assert len(parts) == len(set(parts))


def test_what_cannot_be_changed_is_not_copied() -> None:
    value, number = "x" * 1_000, Decimal(5)
    assert copier(value)() is value
    assert copier(number)() is number


def test_what_a_transform_holds_on_to_changes_nothing() -> None:
    value = {"a": 1}
    make = copier(value)
    value["a"] = 2
    assert make() == {"a": 1}


def test_a_frozen_model_of_scalars_is_shared_and_no_other() -> None:
    class Frozen(BaseModel):
        model_config = ConfigDict(frozen=True)
        number: int

    class Holder(BaseModel):
        model_config = ConfigDict(frozen=True)
        items: list[int]

    frozen, holder = Frozen(number=1), Holder(items=[1])
    assert copier(frozen)() is frozen
    make = copier(holder)
    make().items.append(2)
    assert make() == Holder(items=[1])


def test_a_value_that_contains_itself_is_copied() -> None:
    value: list[Any] = []
    value.append(value)
    found = copier(value)()
    assert found[0] is found
    assert found is not value
