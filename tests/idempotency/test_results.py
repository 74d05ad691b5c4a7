"""What is stored of a run is what is read: a result, an exception, or that there is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.errors import FailedEarlier, ResultNotStored, ResultTooLarge
from lambda_kit.idempotency import Record
from lambda_kit.idempotency import _results as results
from tests.idempotency.test_codec import exact, values

if TYPE_CHECKING:
    from collections.abc import Callable


def read(record: Record, codec: Any, errors: tuple[type[Exception], ...]) -> Any:
    """Return or raise what a record holds."""
    value, error = results.read(record, codec, errors)
    if error is not None:
        raise error
    return value


def record(result: str | bytes | None) -> Record:
    return Record("k", "COMPLETED", owner="o", expires=1.0, result=result)


@given(values, st.none() | st.integers(1, 3000))
def test_a_result_is_kept_within_the_limit_or_told_to_be_too_large(value: Any, limit: int | None) -> None:
    stored, problem = results.write(value, None, limit, "k")
    if problem is None:
        assert limit is None or len(stored) <= limit
        assert exact(read(record(stored), None, ())) == exact(value)
    else:
        assert isinstance(problem, ResultTooLarge)
        with pytest.raises(ResultTooLarge):
            read(record(stored), None, ())


@pytest.mark.parametrize("mark", ["too large", "not stored", "error", "result", 5, None])
def test_a_result_that_looks_like_a_mark_is_a_result(mark: Any) -> None:
    value = {"$lambda_kit": mark, "class": "builtins:ValueError", "value": [["x"], None]}
    stored, problem = results.write(value, None, None, "k")
    assert problem is None
    assert read(record(stored), None, ()) == value


def test_the_text_of_an_exception_is_told_from_that_of_a_result() -> None:
    error, _ = results.write_error(ValueError("no"), None, "k")
    result, _ = results.write({"$lambda_kit": "error"}, None, None, "k")
    assert [results.is_error(stored) for stored in (error, result, "1", b"", None)] == [True, *[False] * 4]


def test_a_record_without_a_result_is_told() -> None:
    with pytest.raises(ResultNotStored, match="its result was not stored"):
        read(record(None), None, ())


class Odd(Exception):
    def __init__(self, *, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code


class Unstorable(Exception):
    pass


class Unreadable(Exception):
    def __init__(self, response: object) -> None:
        super().__init__()
        self.response = response

    def __str__(self) -> str:
        return f"answered by {type(self.response).__name__}"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: ValueError("x", 1), ("x", 1)),
        (lambda: Odd(code=7), ("code 7",)),
        (lambda: Unstorable(object), None),
        (lambda: KeyError(("a", 1)), (("a", 1),)),
    ],
)
def test_exceptions_come_back_with_class_and_arguments(make: Callable[[], Exception], told: Any) -> None:
    error = make()
    stored, problem = results.write_error(error, None, "k")
    assert problem is None
    with pytest.raises(type(error)) as caught:
        read(record(stored), None, (type(error),))
    assert type(caught.value) is type(error)
    assert caught.value.args == (told if told is not None else (str(error),))
    if isinstance(error, Odd):
        assert caught.value.__dict__ == {"code": 7}


def test_an_exception_whose_message_needs_what_was_left_out_is_told_by_its_stand_in() -> None:
    stored, problem = results.write_error(Unreadable(object()), None, "k")
    assert problem is None
    with pytest.raises(FailedEarlier, match=r"has failed with tests.*Unreadable: answered by object") as caught:
        read(record(stored), None, (Unreadable,))
    assert caught.value.reason == "answered by object"
