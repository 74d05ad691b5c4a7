"""Exceptions that count as results are stored, and raised again on a replay."""

from __future__ import annotations

import gc
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.idempotency import (
    AlreadyInProgress,
    FailedEarlier,
    MemoryStore,
    ResultNotStored,
    idempotent,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class OutOfStock(Exception):
    def __init__(self, item: str, left: int) -> None:
        super().__init__(item, left)
        self.item = item
        self.left = left


class Vanished(OutOfStock):
    pass


@pytest.mark.parametrize("cache", [0, 8])
def test_chosen_exceptions_are_results(store: MemoryStore, cache: int) -> None:
    runs: list[int] = []

    @idempotent(store, key="id", replay_errors=(OutOfStock,), cache=cache)
    def charge(event: Any, context: object) -> None:
        runs.append(1)
        raise Vanished("tea", 0)

    for _ in range(3):
        with pytest.raises(OutOfStock) as caught:
            charge({"id": 1}, None)
        assert type(caught.value) is Vanished
        assert (caught.value.item, caught.value.left, caught.value.args) == ("tea", 0, ("tea", 0))
    assert len(runs) == 1


def test_an_exception_that_is_no_longer_replayed_is_told(store: MemoryStore) -> None:
    def charge(event: Any, context: object) -> None:
        raise OutOfStock("tea", 0)

    with pytest.raises(OutOfStock):
        idempotent(store, key="id", replay_errors=(OutOfStock,))(charge)({"id": 1}, None)
    with pytest.raises(FailedEarlier, match=r"failed with tests.idempotency.test_replayed_errors.OutOfStock"):
        idempotent(store, key="id")(charge)({"id": 1}, None)


class Unreadable(Exception):
    @property
    def args(self) -> Any:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        raise TypeError("not to be read")


def test_an_exception_that_cannot_be_read_goes_on_and_is_not_run_again(
    store: MemoryStore, facts: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    runs: list[int] = []

    @idempotent(store, key="id", replay_errors=(Unreadable,), cache=0)
    def charge(id: int) -> None:
        runs.append(id)
        raise Unreadable

    with pytest.raises(Unreadable):
        charge(1)
    with pytest.raises(ResultNotStored):
        charge(1)
    assert runs == [1]
    assert facts == ["claimed", "completed", "replayed"]
    assert "was not stored" in caplog.text


def test_errors_of_the_kit_are_results_only_where_they_are_named(store: MemoryStore) -> None:
    errors = iter([AlreadyInProgress(key="k", remaining=None), AlreadyInProgress(key="k", remaining=None)])

    def fail(event: Any, context: object = None) -> None:
        raise next(errors)

    everything = idempotent(store, key="id", replay_errors=(Exception,))(fail)
    with pytest.raises(AlreadyInProgress):
        everything({"id": 1})
    assert not store.records
    named = idempotent(store, key="id", replay_errors=(AlreadyInProgress,), namespace="named")(fail)
    with pytest.raises(AlreadyInProgress):
        named({"id": 1})
    assert len(store.records) == 1


class Refused(Exception):
    made = 0

    def __init__(self, order: str, *, reason: str) -> None:
        super().__init__(f"{order}: {reason}")
        Refused.made += 1
        self.order = order
        self.reason = reason
        self.lock = threading.Lock()


class RefusedLater(Refused):
    pass


@pytest.mark.parametrize(
    "error",
    [
        Refused("o-1", reason="no stock"),
        RefusedLater("o-1", reason="no stock"),
        FileNotFoundError(2, "No such file", "a.txt"),
        KeyError("a"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        ValueError(object()),
    ],
)
def test_an_exception_is_made_again_without_its_constructor_and_with_what_can_be_stored(
    store: MemoryStore, error: Exception
) -> None:
    made = Refused.made

    @idempotent(store, key="id", replay_errors=(Exception,), cache=0)
    def charge(id: int) -> None:
        raise error

    raised: list[Exception] = []
    for _ in range(2):
        with pytest.raises(type(error)) as caught:
            charge(1)
        raised.append(caught.value)
    again = raised[1]
    assert again is not error
    assert (type(again), str(again)) == (type(error), str(error))
    assert vars(again) == {name: value for name, value in vars(error).items() if name != "lock"}
    assert getattr(again, "filename", None) == getattr(error, "filename", None)
    assert Refused.made == made


def test_an_exception_whose_class_is_not_there_is_of_the_nearest_one_above(store: MemoryStore) -> None:
    def gone() -> Exception:
        class Gone(Refused):
            pass

        return Gone("o-1", reason="no stock")

    @idempotent(store, key="id", replay_errors=(Refused,), cache=0)
    def charge(id: int) -> None:
        raise gone()

    with pytest.raises(Refused):
        charge(1)
    gc.collect()
    with pytest.raises(Refused) as caught:
        charge(1)
    assert type(caught.value) is Refused
    assert (caught.value.order, str(caught.value)) == ("o-1", "o-1: no stock")


def fail_several() -> None:
    raise ExceptionGroup("several", [ValueError("x")])


def fail_validation() -> None:
    import pydantic

    pydantic.TypeAdapter(int).validate_python("x")


@pytest.mark.parametrize("fail", [fail_several, fail_validation])
def test_an_exception_that_cannot_be_made_again_is_told(store: MemoryStore, fail: Callable[[], None]) -> None:
    @idempotent(store, key="id", replay_errors=(Exception,), cache=0)
    def charge(id: int) -> None:
        fail()

    with pytest.raises(Exception, match=r"several|validation error"):
        charge(1)
    with pytest.raises(FailedEarlier, match=r"has failed with .*: .*(several|validation error)") as caught:
        charge(1)
    assert caught.value.error_type.endswith(("ExceptionGroup", "ValidationError"))


class Odd(type):
    def __getattribute__(cls, name: str) -> Any:
        if name in ("__qualname__", "__module__"):
            raise RuntimeError("it has no name")
        return super().__getattribute__(name)


class Nameless(Exception, metaclass=Odd):
    pass


def test_a_class_of_exceptions_whose_name_raises_disturbs_no_replay(store: MemoryStore) -> None:
    @idempotent(store, key="id", replay_errors=(Exception,), cache=0)
    def charge(id: int) -> None:
        raise KeyError("a")

    for _ in range(2):
        with pytest.raises(KeyError, match="a"):
            charge(1)
