"""Reading callables without `inspect` says what `inspect` says."""

from __future__ import annotations

import functools
import inspect
import re
from typing import Any

import pytest

from lambda_kit._kernel import callables


class Service:
    def method(self, event: Any, context: Any = None, *args: Any, flag: bool = False, **rest: Any) -> None: ...

    @classmethod
    def of_class(cls, event: Any, context: Any) -> None: ...

    @staticmethod
    def static(event: Any, context: Any) -> None: ...

    def __call__(self, event: Any, *, table: Any) -> None: ...


class Waiting:
    async def __call__(self) -> None: ...


def plain(event: Any, context: Any, /, extra: int = 0) -> None: ...


async def coroutine() -> None: ...


def generator() -> Any:
    yield


async def async_generator() -> Any:
    yield


@functools.wraps(plain)
def decorated(*args: Any, **kwargs: Any) -> None: ...


@functools.wraps(coroutine)
def decorated_coroutine(*args: Any) -> Any: ...


SERVICE = Service()
CANDIDATES = [
    plain,
    decorated,
    coroutine,
    generator,
    SERVICE.method,
    Service.method,
    SERVICE.of_class,
    SERVICE.static,
    SERVICE,
    functools.partial(plain, 1),
    functools.partial(SERVICE.method, context=2),
    len,
    Service,
    lambda: None,
]


def name_without_address(value: Any) -> str:
    return re.sub(r" at 0x[0-9a-f]+", "", callables.name_of(value))


@pytest.mark.parametrize("fn", CANDIDATES, ids=name_without_address)
def test_a_signature_is_what_inspect_reads(fn: Any) -> None:
    expected = inspect.signature(fn).parameters.values()
    got = callables.signature_of(fn)
    assert got is not None
    positional = [p for p in expected if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    assert got.positional == tuple(p.name for p in positional)
    assert got.required == sum(p.default is p.empty for p in positional)
    assert got.var_positional == any(p.kind is p.VAR_POSITIONAL for p in expected)
    assert got.keyword_only == tuple(p.name for p in expected if p.kind is p.KEYWORD_ONLY)
    assert got.var_keyword == any(p.kind is p.VAR_KEYWORD for p in expected)


def test_what_cannot_be_read_is_none() -> None:
    assert callables.signature_of(42) is None


def test_a_signature_prints_as_in_a_def() -> None:
    assert str(callables.signature_of(Service().method)) == "(event, context=..., *args, flag, **kwargs)"
    assert str(callables.signature_of(Service())) == "(event, *, table)"


@pytest.mark.parametrize(
    ("fn", "is_coroutine_function"),
    [
        (coroutine, True),
        (decorated_coroutine, True),
        (functools.partial(coroutine), True),
        (Waiting(), True),
        (Waiting().__call__, True),
        (plain, False),
        (generator, False),
        (async_generator, False),
        (Waiting, False),
        (len, False),
        (42, False),
    ],
    ids=name_without_address,
)
def test_coroutine_functions_are_recognised_through_what_stands_around_them(
    fn: Any, is_coroutine_function: bool
) -> None:
    assert callables.is_coroutine_function(fn) is is_coroutine_function


def test_generator_functions_of_both_kinds_are_told_apart() -> None:
    assert callables.is_generator_function(generator)
    assert not callables.is_generator_function(async_generator)
    assert callables.is_async_generator_function(async_generator)
    assert not callables.is_async_generator_function(generator)


def test_names_are_those_by_which_people_know_things() -> None:
    assert callables.name_of(plain) == f"{__name__}.plain"
    assert callables.name_of(42) == "42"


@pytest.mark.parametrize(
    ("value", "is_number"), [(1, True), (0.5, True), (True, False), (float("inf"), False), ("1", False)]
)
def test_numbers_are_finite_and_no_bools(value: Any, is_number: bool) -> None:
    assert callables.is_number(value) is is_number


def test_the_closest_name_is_suggested_only_if_one_is_close() -> None:
    assert callables.closest("tabel", ["table", "key"]) == "; did you mean 'table'?"
    assert callables.closest("xyz", ["table", "key"]) == ""
