"""What is stored comes back as it was, or is refused before."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import http
import json
import math
import uuid
from collections import Counter, OrderedDict, defaultdict
from decimal import Decimal
from typing import Annotated, Any, NamedTuple, NewType
from zoneinfo import ZoneInfo

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.errors import ConfigurationError, ResultNotStored
from lambda_kit.idempotency import MemoryStore, idempotent
from lambda_kit.idempotency import _codec as codec
from tests.stepping import visit_each_step

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


class Mixed(str, enum.Enum):  # noqa: UP042  # its `str()` is not its value
    RED = "red"


class Size(enum.Enum):
    LARGE = 1


class Lenient(dict[str, int]):
    """A dict that is equal to no plain one."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lenient) and super().__eq__(other)

    __hash__ = None


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
    Lenient(a=1),
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
        (Mixed.RED, "red"),
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


@dataclasses.dataclass(eq=False)
class Bare:
    order: int
    total: float


@dataclasses.dataclass
class Slim:
    __slots__ = ("bare", "total")

    bare: Bare
    total: float


class Measured(pydantic.BaseModel):
    values: list[float]
    slim: Slim


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Bare, Bare(1, 2.5)),
        (Measured, Measured(values=[math.nan, 1.0], slim=Slim(Bare(1, math.nan), math.nan))),
        (dict[str, Bare], {"a": Bare(1, math.inf)}),
    ],
)
def test_what_has_nan_in_it_or_no_equality_comes_back_too(kind: Any, value: Any) -> None:
    @idempotent(MemoryStore(), key="order", codec=kind, cache=0)
    def charge(order: int) -> Any:
        return value

    assert [repr(charge(1)), repr(charge(1))] == [repr(value), repr(value)]
    assert charge(1) is not value


@given(st.integers(-5, 5), st.booleans())
def test_a_float_may_be_an_int(value: int, inside: bool) -> None:
    kind: Any = list[float] if inside else float
    typed = codec.codec_of(kind)
    assert typed is not None
    given_value = [value] if inside else value
    assert typed.decode(typed.encode(given_value)) == given_value


class Special(Order):
    discount: int = 5


class Login(pydantic.BaseModel):
    password: pydantic.SecretStr


class Partial(pydantic.BaseModel):
    id: int
    note: str = pydantic.Field(default="", exclude=True)


@dataclasses.dataclass(eq=False)
class Worse(Bare):
    more: int = 1


class Counted(pydantic.BaseModel):
    id: int
    _seen: int = pydantic.PrivateAttr(default=0)


COUNTED = Counted(id=1)
COUNTED._seen = 7


class Renamed(pydantic.BaseModel):
    id: int = pydantic.Field(validation_alias="in", serialization_alias="out")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Order, Special(**ORDER.model_dump())),
        (Login, Login(password=pydantic.SecretStr("x"))),
        (Partial, Partial(id=1, note="n")),
        (Renamed, Renamed(**{"in": 1})),
        (Bare, Worse(1, 2.5)),
        (list[Bare], [Worse(1, 2.5)]),
        (Counted, COUNTED),
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


@pytest.mark.parametrize(
    ("kind", "value"),
    [(Order, {"no": "order"}), (Order, ORDER.model_dump()), (int, "5"), (list[int], (1, 2)), (Bare, ORDER)],
)
def test_a_result_that_is_not_of_the_type_is_not_stored_and_the_function_is_not_run_again(
    kind: Any, value: Any
) -> None:
    runs: list[int] = []

    @idempotent(MemoryStore(), key="order", codec=kind)
    def charge(order: int) -> Any:
        runs.append(order)
        return value

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


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(plain)
def test_texts_are_those_of_the_json_module(value: Any) -> None:
    assert codec._compact(value) == json.dumps(value, separators=(",", ":"))
    assert codec._sorted(value) == json.dumps(value, separators=(",", ":"), sort_keys=True)


@given(plain)
def test_plain_json_is_read_as_the_json_module_reads_it(value: Any) -> None:
    if "$type" not in json.dumps(value):
        assert exact(codec.loads(json.dumps(value))) == exact(json.loads(json.dumps(value)))


def test_without_the_c_encoder_texts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    value: Any = {"b": [1, 2.5, None, True, 'é"'], "a": {}}
    expected = codec._compact(value), codec._sorted(value)
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    assert (codec._writer(sort_keys=False)(value), codec._writer(sort_keys=True)(value)) == expected


def _add_member(value: dict[Any, Any]) -> None:
    value[0] = [0]


def _add_tag(value: dict[Any, Any]) -> None:
    value["$type"] = "tuple"


def _add_item(value: set[Any]) -> None:
    value.add((0,))


@pytest.mark.parametrize(
    ("make", "add"),
    [
        (lambda: {"a": [1], "b": [2]}, _add_member),
        (lambda: {"a": [1], "b": [2]}, _add_tag),
        (lambda: {1: [1], (2,): [2]}, _add_member),
        (lambda: {(1,), (2,)}, _add_item),
    ],
)
@pytest.mark.parametrize("write", [codec.dumps, codec.canonical])
def test_a_value_to_which_another_thread_adds_is_written_as_it_was_or_is(make: Any, add: Any, write: Any) -> None:
    texts: list[str] = []
    changed = make()
    add(changed)

    def check(_: Any, places: str) -> None:
        assert codec.loads(texts[-1]) in (make(), changed)

    visit_each_step(lambda value: texts.append(write(value)), add, prepare=make, check=check)
