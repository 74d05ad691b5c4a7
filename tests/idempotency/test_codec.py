"""What is stored comes back as it was, or is refused before."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import http
import math
import uuid
from collections import Counter, OrderedDict, defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, NewType
from zoneinfo import ZoneInfo

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.errors import ConfigurationError, ResultNotStored, ResultTooLarge
from lambda_kit.idempotency import MemoryStore, Record, idempotent
from lambda_kit.idempotency import _codec as codec
from lambda_kit.idempotency import _results as results

if TYPE_CHECKING:
    from collections.abc import Callable

type_of: Any = type  # for type checkers, which would narrow what a check of `type(x)` is about
zones = st.sampled_from([None, dt.UTC, dt.timezone(dt.timedelta(hours=-3, minutes=30)), ZoneInfo("Europe/Berlin")])
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.decimals()
    | st.datetimes(timezones=zones)
    | st.dates()
    | st.times(timezones=zones)
    | st.timedeltas()
    | st.uuids()
)
hashable = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.dates() | st.uuids()


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.just("$type"), inner, max_size=4)
        | st.dictionaries(hashable, inner, max_size=4)
        | st.sets(hashable, max_size=4)
        | st.frozensets(hashable, max_size=4)
    )


values = st.recursive(scalars, _containers, max_leaves=12)


def exact(value: Any) -> Any:
    """Return what is equal for two values only if they are so in every part, types included."""
    cls = type_of(value)
    if cls is dict:
        return "dict", [(exact(key), exact(item)) for key, item in value.items()]
    if cls in (list, tuple):
        return cls.__name__, [exact(item) for item in value]
    if cls in (set, frozenset):
        return cls.__name__, sorted(repr(exact(item)) for item in value)
    return cls.__name__, repr(value)


@given(values)
def test_every_value_comes_back_as_it_was(value: Any) -> None:
    text = codec.dumps(value)
    assert text.isascii()
    assert exact(codec.loads(text)) == exact(value)
    assert codec.loads(text) is not value or not isinstance(value, list | dict | set)


@given(values, values)
def test_a_canonical_text_is_the_same_for_what_is_the_same_and_no_other(one: Any, other: Any) -> None:
    same = codec.canonical(one) == codec.canonical(other)
    assert codec.canonical(one) == codec.canonical(codec.loads(codec.dumps(one)))
    if exact(one) == exact(other):
        assert same
    elif not isinstance(one, dict | list | tuple | set | frozenset):
        assert not same


@given(st.dictionaries(st.text(), scalars, max_size=5))
def test_the_order_of_keys_makes_no_difference_to_a_canonical_text(value: dict[str, Any]) -> None:
    assert codec.canonical(value) == codec.canonical(dict(reversed(value.items())))


class Colour(enum.StrEnum):
    RED = "red"


class Size(enum.Enum):
    LARGE = 1


class Point(NamedTuple):
    x: int


class Unlike(str):
    """Text that is equal to nothing."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = str.__hash__


UNSTORED: list[Any] = [
    object(),
    Unlike("x"),
    Size.LARGE,
    Point(1),
    1j,
    range(3),
    Exception("x"),
    [{"a": {1: {2j}}}],
    int,
]


@pytest.mark.parametrize("value", UNSTORED)
def test_what_would_not_come_back_as_it_was_is_refused_with_its_type(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot be stored; pass codec="):
        codec.dumps(value)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (Colour.RED, "red"),
        (http.HTTPStatus.OK, 200),
        (OrderedDict[str, Any](a=Colour.RED), {"a": "red"}),
        (defaultdict[Any, Any](list, {1: [2]}), {1: [2]}),
        (Counter[Any]("aab"), {"a": 2, "b": 1}),
    ],
)
def test_what_derives_from_plain_values_comes_back_as_what_is_equal_to_it(value: Any, plain: Any) -> None:
    again = codec.loads(codec.dumps(value))
    assert exact(again) == exact(plain)
    assert again == value


@pytest.mark.parametrize("pairs", [[(1, "a"), (2, "b")], [("$type", 1), ("b", 2)], [((1, 2), 3), ((0, 2), 3)]])
def test_the_order_of_keys_of_any_kind_makes_no_difference_to_a_canonical_text(pairs: list[Any]) -> None:
    one, other = dict(pairs), dict(pairs[::-1])
    assert codec.canonical({"a": [one]}) == codec.canonical({"a": [other]})
    assert list(codec.loads(codec.dumps(other))) == list(other)


def test_what_contains_itself_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    for write in (codec.dumps, codec.canonical):
        with pytest.raises(ValueError, match="contains itself"):
            write(value)


def test_numbers_that_json_lacks_come_back_too() -> None:
    found = codec.loads(codec.dumps([math.inf, -math.inf, math.nan]))
    assert found[:2] == [math.inf, -math.inf]
    assert math.isnan(found[2])


def test_what_other_libraries_read_is_plain_json() -> None:
    assert (
        codec.dumps({"statusCode": 201, "body": ["é", None, 1.5]}) == '{"statusCode":201,"body":["\\u00e9",null,1.5]}'
    )


class Order(pydantic.BaseModel):
    id: uuid.UUID
    total: Decimal
    at: dt.datetime


@dataclasses.dataclass
class Basket:
    orders: list[Order]
    note: str | None = None


ORDER = Order(id=uuid.UUID(int=1), total=Decimal("12.50"), at=dt.datetime(2026, 11, 23, tzinfo=dt.UTC))


@pytest.mark.parametrize(
    ("kind", "value"),
    [(Order, ORDER), (Basket, Basket([ORDER])), (list[Order], [ORDER, ORDER]), (dict[str, Order], {"a": ORDER})],
)
def test_models_and_dataclasses_come_back_by_their_type(kind: Any, value: Any) -> None:
    @idempotent(MemoryStore(), key="order", codec=kind, cache=0)
    def charge(order: int) -> Any:
        return value

    assert [charge(1), charge(1)] == [value, value]
    assert type(charge(1)) is type(value)


class Aliased(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(strict=True)

    order_id: str = pydantic.Field(alias="orderId")
    at: dt.datetime
    total: Decimal

    @pydantic.computed_field  # type: ignore[prop-decorator]
    @property
    def twice(self) -> Decimal:
        return self.total * 2


OrderId = NewType("OrderId", int)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Aliased, Aliased(orderId="o-1", at=ORDER.at, total=Decimal("1.50"))),
        (OrderId, OrderId(5)),
        (Annotated[int, pydantic.Field(gt=0)], 5),
    ],
)
def test_strict_models_aliases_computed_fields_and_named_types_come_back(kind: Any, value: Any) -> None:
    @idempotent(MemoryStore(), key="order", codec=kind, cache=0)
    def charge(order: int) -> Any:
        return value

    assert [charge(1), charge(1)] == [value, value]
    assert type(charge(1)) is type(value)


class Special(Order):
    discount: int = 5


class Login(pydantic.BaseModel):
    password: pydantic.SecretStr


class Partial(pydantic.BaseModel):
    id: int
    note: str = pydantic.Field(default="", exclude=True)


class Renamed(pydantic.BaseModel):
    id: int = pydantic.Field(validation_alias="in", serialization_alias="out")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Order, Special(**ORDER.model_dump())),
        (Login, Login(password=pydantic.SecretStr("x"))),
        (Partial, Partial(id=1, note="n")),
        (Renamed, Renamed(**{"in": 1})),
    ],
)
def test_what_a_model_would_not_give_back_is_told_at_once_and_not_replayed(kind: Any, value: Any) -> None:
    runs: list[int] = []

    @idempotent(MemoryStore(), key="order", codec=kind)
    def charge(order: int) -> Any:
        runs.append(order)
        return value

    with pytest.raises(ResultNotStored, match="would not be read back as it is") as first:
        charge(1)
    assert first.value.result is value
    with pytest.raises(ResultNotStored) as second:
        charge(1)
    assert second.value.result is None
    assert runs == [1]


def test_a_codec_of_ones_own_is_used_both_ways() -> None:
    class Hex:
        def encode(self, value: bytes) -> str:
            return value.hex()

        def decode(self, value: str) -> bytes:
            return bytes.fromhex(value)

    @idempotent(MemoryStore(), key="order", codec=Hex(), cache=0)
    def charge(order: int) -> bytes:
        return b"\x00\xff"

    assert charge(1) == charge(1) == b"\x00\xff"


def test_a_result_that_does_not_fit_the_type_is_not_stored_and_the_function_is_not_run_again() -> None:
    runs: list[int] = []

    @idempotent(MemoryStore(), key="order", codec=Order)
    def charge(order: int) -> Any:
        runs.append(order)
        return {"no": "order"}

    for _ in range(2):
        with pytest.raises(ResultNotStored):
            charge(1)
    assert runs == [1]


class Plain:
    def encode(self, value: Any) -> Any:
        return value

    def decode(self, value: Any) -> Any:
        return value


def test_the_class_of_a_codec_is_no_codec() -> None:
    with pytest.raises(ConfigurationError, match=r"pass a codec, not its class: Plain\(\)"):
        codec.codec_of(Plain)


@pytest.mark.parametrize("given_codec", ["json", 5, object()])
def test_what_is_no_codec_is_refused(given_codec: Any) -> None:
    with pytest.raises(ConfigurationError, match="pass an object with encode and decode, or a type"):
        codec.codec_of(given_codec)


def record(result: str | bytes | None) -> Record:
    return Record("k", "COMPLETED", owner="o", expires=1.0, result=result)


@given(values, st.none() | st.integers(1, 3000))
def test_a_result_is_kept_within_the_limit_or_told_to_be_too_large(value: Any, limit: int | None) -> None:
    stored, problem = results.write(value, None, limit, "k")
    if problem is None:
        assert limit is None or len(stored) <= limit
        assert exact(results.read(record(stored), None, ())) == exact(value)
    else:
        assert isinstance(problem, ResultTooLarge)
        with pytest.raises(ResultTooLarge):
            results.read(record(stored), None, ())


@pytest.mark.parametrize("mark", ["too large", "not stored", "error", "result", 5, None])
def test_a_result_that_looks_like_a_mark_is_a_result(mark: Any) -> None:
    value = {"$lambda_kit": mark, "class": "builtins:ValueError", "value": [["x"], None]}
    stored, problem = results.write(value, None, None, "k")
    assert problem is None
    assert results.read(record(stored), None, ()) == value


def test_a_record_without_a_result_is_told() -> None:
    with pytest.raises(ResultNotStored, match="its result was not stored"):
        results.read(record(None), None, ())


class Odd(Exception):
    def __init__(self, *, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code


class Unstorable(Exception):
    pass


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
        results.read(record(stored), None, (type(error),))
    assert type(caught.value) is type(error)
    assert caught.value.args == (told if told is not None else (str(error),))
    if isinstance(error, Odd):
        assert caught.value.__dict__ == {"code": 7}


def test_a_time_in_a_zone_of_an_unknown_kind_is_refused() -> None:
    class Zone(dt.tzinfo):
        def utcoffset(self, moment: dt.datetime | None, /) -> dt.timedelta:
            return dt.timedelta(hours=1)

        def dst(self, moment: dt.datetime | None, /) -> None:
            return None

        def tzname(self, moment: dt.datetime | None, /) -> str:
            return "odd"

    with pytest.raises(TypeError, match="a time in a Zone cannot be stored; use zoneinfo"):
        codec.dumps(dt.datetime(2026, 11, 23, tzinfo=Zone()))
