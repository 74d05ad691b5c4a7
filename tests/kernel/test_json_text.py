"""Any value becomes JSON text: it parses, it says what could not be encoded, and it hides what is secret."""

from __future__ import annotations

import array
import enum
import http
import json
import sys
import threading
from collections import Counter, OrderedDict, UserDict, UserList, defaultdict, deque
from dataclasses import InitVar, dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePosixPath
from types import MappingProxyType, SimpleNamespace
from typing import Any, ClassVar, NamedTuple
from unittest.mock import MagicMock, Mock
from uuid import UUID

import orjson
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit._kernel.json_text import Encoder
from tests.patience import PATIENCE

encoder = Encoder(("password", "x-api-key"))


def decoded(value: Any) -> Any:
    text = encoder.value(value)
    assert "\n" not in text
    return json.loads(text)


class Colour(enum.Enum):
    RED = "red"


class Bits(enum.IntFlag):
    A = 1
    B = 2


class Point(NamedTuple):
    x: int
    password: str


@dataclass
class Item:
    sku: str
    password: str = "p"
    shared: ClassVar[int] = 1
    only_at_first: InitVar[int] = 2
    unseen: str = field(default="u", repr=False)
    tags: list[Any] = field(default_factory=list[Any])


class Model(pydantic.BaseModel):
    name: str
    password: str = "p"
    key: pydantic.SecretStr = pydantic.SecretStr("k")
    inner: list[Item] = []


class Numbers(pydantic.RootModel[list[int]]):
    pass


class Text(str):
    __slots__ = ()

    def __str__(self) -> str:
        raise ValueError("no")


class Whole(int):
    def __int__(self) -> int:
        raise ValueError("no")


class Scalar:
    """A number or an array of numpy, as far as it matters here."""

    dtype = ""

    def __init__(self, dtype: str, value: Any) -> None:
        self.dtype = dtype
        self.value = value

    def tolist(self) -> Any:
        return self.value


class Struct:
    """A struct of msgspec, as far as it matters here."""

    __struct_fields__ = ("x", "password")

    def __init__(self, x: int, password: str) -> None:
        self.x = x
        self.password = password


KINDS: list[tuple[Any, Any]] = [
    ("é\ud800", "é\ud800"),
    (Text("text"), "text"),
    (1, 1),
    (Whole(7), 7),
    (10**300, 10**300),
    (10**400, str(10**400)),
    (-(2**1024), str(-(2**1024))),
    (Decimal("1E+999"), "1E+999"),
    (Decimal("1E-999"), "1E-999"),
    ({"a": 1, "password": "p"}.keys(), ["a", "password"]),
    ({"a": 1}.values(), [1]),
    ({"a": 1, "password": "p"}.items(), [["a", 1], ["password", "[redacted]"]]),
    (iter([1, 2]), [1, 2]),
    (iter({"a": 1}), ["a"]),
    (reversed([1, 2]), [2, 1]),
    (range(3), [0, 1, 2]),
    (Scalar("int64", 3), 3),
    (Scalar("float32", [1.5, [2]]), [1.5, [2]]),
    (Struct(1, "p"), {"x": 1, "password": "[redacted]"}),
    (True, True),
    (None, None),
    (1.5, 1.5),
    (float("nan"), "nan"),
    (float("-inf"), "-inf"),
    (Decimal("1.10"), 1.1),
    (Decimal("NaN"), "NaN"),
    (Decimal("sNaN"), "sNaN"),
    (Decimal("9" * 5000), "9" * 5000),
    (Fraction(1, 3), "1/3"),
    (1 + 2j, "(1+2j)"),
    (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
    (date(2026, 1, 2), "2026-01-02"),
    (time(1, 2), "01:02:00"),
    (timedelta(minutes=1, milliseconds=500), 60.5),
    (b"bytes", "bytes"),
    (bytearray(b"\xff\x00"), "/wA="),
    (memoryview(b"view"), "view"),
    (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    (PurePosixPath("/a/b"), "/a/b"),
    (ValueError("boom"), "ValueError: boom"),
    (ValueError(), "ValueError"),
    (Colour.RED, "red"),
    (http.HTTPStatus.NOT_FOUND, 404),
    (Bits.A | Bits.B, 3),
    (Colour, "tests.test_json.Colour"),
    ({3, 1, 2}, [1, 2, 3]),
    (frozenset({"b", "a"}), ["a", "b"]),
    (deque([1, {"password": "p"}]), [1, {"password": "[redacted]"}]),
    (UserList([{"password": "p"}]), [{"password": "[redacted]"}]),
    (UserDict({"password": "p", "a": 1}), {"password": "[redacted]", "a": 1}),
    (MappingProxyType({"a": 1}), {"a": 1}),
    (OrderedDict(a=1), {"a": 1}),
    (defaultdict(int, a=1), {"a": 1}),
    (Counter("aa"), {"a": 2}),
    (array.array("i", [1, 2]), [1, 2]),
    (SimpleNamespace(a=1, password="p"), {"a": 1, "password": "[redacted]"}),
    (Point(1, "p"), {"x": 1, "password": "[redacted]"}),
    (Item("s"), {"sku": "s", "password": "[redacted]", "tags": []}),
    (Numbers([1, 2]), [1, 2]),
    (pydantic.SecretStr("k"), "[redacted]"),
    (
        Model(name="n", inner=[Item("s")]),
        {
            "name": "n",
            "password": "[redacted]",
            "key": "[redacted]",
            "inner": [{"sku": "s", "password": "[redacted]", "unseen": "u", "tags": []}],
        },
    ),
    ({1: "t", None: "b", Colour.RED: "c", b"k": "d", (1, 2): "e"}, None),
]


@pytest.mark.parametrize(("value", "shown"), KINDS, ids=[type(value).__name__ for value, _ in KINDS])
def test_a_value_of_every_kind_has_its_text(value: Any, shown: Any) -> None:
    if isinstance(value, type):
        shown = f"{value.__module__}.{value.__qualname__}"
    found = decoded(value)
    if isinstance(value, dict) and shown is None:
        shown = {"1": "t", "None": "b", "red": "c", "k": "d", "(1, 2)": "e"}
    assert found == shown or (isinstance(value, float) and str(found) == str(value))


def test_attrs_like_classes_and_objects_with_model_dump_are_read_by_their_fields() -> None:
    class Attrs:
        __attrs_attrs__ = (SimpleNamespace(name="password", repr=True), SimpleNamespace(name="b", repr=False))
        password, b = "p", 2

    class Dumping:
        def model_dump(self) -> dict[str, Any]:
            return {"a": 1, "password": "p"}

    assert decoded(Attrs()) == {"password": "[redacted]"}
    assert decoded(Dumping()) == {"a": 1, "password": "[redacted]"}


def test_a_model_made_without_validation_gives_no_warning() -> None:
    assert decoded(Model.model_construct(name=5))["name"] == 5


@pytest.mark.parametrize(
    "name", ["password", "PASSWORD", "pass-word", "Pass_Word", b"password", "X-Api-Key", "xApiKey"]
)
def test_a_field_is_hidden_by_its_name_in_any_spelling_at_any_depth(name: Any) -> None:
    text = encoder.value([{"a": ({name: "hidden"}, {"b": {name: {"c": "hidden"}}})}])
    assert "hidden" not in text
    assert text.count("[redacted]") == 2


def test_generators_and_iterators_are_not_consumed() -> None:
    def numbers() -> Any:
        yield 1

    generator, iterator = numbers(), iter([1, 2])
    assert "generator" in decoded({"a": generator, "b": iterator, "c": map(str, [1]), "d": range(10**9)})["a"]
    assert (list(generator), list(iterator)) == ([1], [1, 2])


def test_integers_of_thousands_of_digits_are_described() -> None:
    assert decoded(10**5000) == "[an integer of 16610 bits]"


def test_recursion_is_marked_and_shared_values_are_not() -> None:
    loop: dict[str, Any] = {}
    loop["self"] = [loop]
    shared = [1]
    assert decoded(loop) == {"self": ["[recursive]"]}
    assert decoded([shared, shared]) == [[1], [1]]


def test_what_is_small_in_memory_and_endless_as_text_is_cut() -> None:
    lists: list[Any] = []
    dicts: dict[str, Any] = {}
    for _ in range(30):
        lists, dicts = [lists, lists], {"a": dicts, "b": dicts}
    text = "x" * 1_000_000
    deep: Any = 1
    for _ in range(10_000):
        deep = [deep]
    for value in (lists, dicts, [text] * 50_000, dict.fromkeys(range(5000), text), [0] * 5_000_000, deep):
        found = encoder.value(value)
        assert len(found) < 8_000_000
        assert "[cut: " in found
        json.loads(found)


def test_what_fits_into_a_line_is_never_cut() -> None:
    assert decoded([0] * 120_000) == [0] * 120_000
    assert decoded(["x" * 250_000]) == ["x" * 250_000]


class Broken:
    def __str__(self) -> str:
        raise ValueError("no text")

    __repr__ = __str__

    def __hash__(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return self is other


Worse: Any = type(
    "Worse",
    (Broken,),
    {"__class__": property(lambda self: 1 / 0), "__dict__": property(lambda self: 1 / 0)},
)


@dataclass
class BrokenField:
    a: Any = 1

    def __getattribute__(self, name: str) -> Any:
        raise ValueError("no attribute")


class BrokenModel:
    def model_dump(self) -> Any:
        raise RuntimeError("no dump")


@pytest.mark.parametrize(
    "make",
    [Broken, Worse, BrokenField, BrokenModel, lambda: {Broken(): Broken()}, lambda: {Broken()}],
    ids=["text", "class", "field", "model", "key", "set"],
)
def test_what_cannot_be_encoded_says_so_and_spoils_nothing_beside_it(make: Any) -> None:
    value = make()
    found = decoded({"before": 1, "value": value, "after": 2})
    assert (found["before"], found["after"]) == (1, 2)
    assert "[cannot encode" in json.dumps(found["value"])


def test_an_exception_whose_message_fails_is_described() -> None:
    class Bad(Exception):
        def __str__(self) -> str:
            raise KeyError("x")

    assert decoded(Bad()) == "Bad: [its message cannot be had: KeyError]"


def test_mocks_and_proxies_that_claim_to_be_something_else_are_encoded_as_what_they_are() -> None:
    proxy: Any = type("Proxy", (), {"__class__": property(lambda self: str)})()
    for value in (Mock(spec=str), Mock(spec=dict), MagicMock(), MagicMock(spec=int), proxy):
        found = decoded({"a": value})["a"]
        assert isinstance(found, str)
        assert "cannot encode" not in found


def test_a_dict_that_another_thread_changes_is_encoded_all_the_same() -> None:
    value: dict[Any, Any] = {}

    class Adds:
        def __str__(self) -> str:
            value[len(value)] = "new"
            return "adds"

    value["a"] = Adds()
    value["b"] = 1
    assert decoded(value)["b"] == 1


def test_keys_that_are_data_do_not_fill_the_memory() -> None:
    mine = Encoder(("password",))
    for i in range(5_000):
        mine.value({f"key {i}": 1, f"{i}" * 1000: 2})
    assert len(mine.shown) <= 1_000
    assert sum(map(len, mine.shown)) < 200_000


def test_many_threads_may_encode_at_once() -> None:
    failed: list[str] = []
    ready = threading.Barrier(4)

    def work(n: int) -> None:
        ready.wait()
        for i in range(500):
            found = decoded({f"{n}-{i}": [{"password": 1, "b": n}]})
            if found != {f"{n}-{i}": [{"password": "[redacted]", "b": n}]}:
                failed.append(str(found))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert failed == []


LARGE: dict[str, Any] = {f"key {n}": {"text": "é\n\ud800", "list": [n, 1.5, True, None], "pair": ()} for n in range(12)}


class Same:
    """A scalar whose class is not one of JSON's, so that whatever holds it is walked."""

    def __str__(self) -> str:
        return "same"


def test_a_large_value_has_the_same_text_whether_it_is_walked_or_encoded_at_once() -> None:
    walked = encoder.value({**LARGE, "same": Same()})
    assert encoder.value({**LARGE, "same": "same"}) == walked
    assert json.loads(walked)["key 3"] == {**LARGE["key 3"], "pair": []}


def test_in_a_large_value_too_what_is_not_for_json_is_found() -> None:
    loop: list[Any] = [0] * 12
    loop[5] = loop
    deep: Any = [0] * 12
    for _ in range(40):
        deep = [deep]
    row: list[Any] = [0] * 12
    assert decoded(loop)[5] == "[recursive]"
    assert "[cut: too deep]" in encoder.value([deep, *row])
    assert decoded([float("nan"), *row])[0] == "nan"
    assert decoded([10**5000, *row])[0] == "[an integer of 16610 bits]"
    assert decoded([{"pass_word": "secret"}, *row])[0] == {"pass_word": "[redacted]"}
    assert decoded([{1: 2, b"x-api-key": "secret"}, *row])[0] == {"1": 2, "x-api-key": "[redacted]"}
    assert decoded([pydantic.SecretStr("secret"), *row])[0] == "[redacted]"
    assert decoded([Text("not this"), *row])[0] == "not this"


def test_a_large_value_whose_keys_are_new_each_time_is_redacted_each_time() -> None:
    mine = Encoder(("password",))
    for n in range(3_000):
        value = {**{f"{n} {i}": i for i in range(12)}, "inner": [{"Password": "secret", f"{n}": n}] * 12}
        assert "secret" not in mine.value(value)
    assert len(mine.shown) <= 1_000


def test_what_is_encoded_at_once_counts_towards_the_limit() -> None:
    rows = [["x" * 50_000] * 12 for _ in range(12)]
    found = encoder.value([Same(), *rows])  # each of the rows by itself would fit
    assert len(found) < 2_700_000
    assert "[cut: " in found


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(), max_size=20),
    st.binary(max_size=10),
    st.decimals(),
    st.datetimes(),
    st.timedeltas(),
    st.uuids(),
    st.builds(Broken),
    st.builds(object),
    st.sampled_from([Colour.RED, ValueError("x"), PurePosixPath("/a"), Mock()]),
)


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    kinds: list[st.SearchStrategy[Any]] = [
        st.lists(inner, max_size=4),
        st.tuples(inner, inner),
        st.dictionaries(st.text(st.characters(), max_size=10), inner, max_size=4),
        st.lists(inner, max_size=3).map(deque[Any]),
        st.builds(Item, sku=st.text(max_size=3), tags=st.lists(inner, max_size=2)),
    ]
    return st.one_of(kinds)


VALUES: st.SearchStrategy[Any] = st.recursive(SCALARS, nested, max_leaves=20)


@given(st.dictionaries(st.text(st.characters(), max_size=15), VALUES, max_size=6))
def test_any_nested_value_is_text_that_parses_with_its_keys(value: dict[str, Any]) -> None:
    assert list(decoded(value)) == list(value)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=25,
)


@given(JSON)
def test_what_json_can_express_comes_back_as_it_was(value: Any) -> None:
    assert json.loads(Encoder().value(value)) == value
    large = [value] * 12
    assert json.loads(Encoder().value(large)) == large


@given(VALUES)
def test_a_large_value_is_hidden_and_marked_like_a_small_one(value: Any) -> None:
    one = encoder.value([value, {"password": 1}])
    assert encoder.value([value, {"password": 1}] * 6) == f"[{','.join([one[1:-1]] * 6)}]"


@pytest.mark.parametrize("with_orjson", [False, True])
def test_with_and_without_orjson_a_large_value_has_the_same_content(
    with_orjson: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder_in_c: Any = orjson if with_orjson else None

    @given(JSON, st.sampled_from([0, 2**70, "\ud800", float("nan"), None, {1: "x"}, (1, 2), {"token": "t"}, Text("t")]))
    def check(value: Any, odd: Any) -> None:
        large = [value, odd] * 6
        walked = encoder.value([*large, Same()])
        assert json.loads(encoder.value(large)) == json.loads(walked)[:-1]

    monkeypatch.setitem(sys.modules, "orjson", encoder_in_c)
    check()
