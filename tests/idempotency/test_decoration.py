"""What can be known to fail after a run is refused when the function is decorated, or before its first run."""

from __future__ import annotations

import dataclasses
import decimal
import enum
import functools
import pathlib
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple, NewType, Protocol, TypedDict

import pydantic
import pytest

from lambda_kit import handler
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency import DynamoDBStore, MemoryStore, idempotent
from lambda_kit.idempotency._codec import dumps, storable


@dataclasses.dataclass
class Receipt:
    id: int


class Model(pydantic.BaseModel):
    id: int = 1


class Point(NamedTuple):
    x: int = 1


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    LOW = 1


class Total(TypedDict):
    total: int


class Closes(Protocol):
    def close(self) -> None: ...


class Plain:
    def __repr__(self) -> str:
        return "Plain()"


OrderId = NewType("OrderId", int)


@pytest.mark.parametrize(
    ("annotation", "instance"),
    [
        (Receipt, Receipt(1)),
        (Model, Model()),
        (Point, Point()),
        (Colour, Colour.RED),
        (Plain, Plain()),
        (pathlib.Path, pathlib.Path()),
        (complex, 1j),
        (Receipt | None, Receipt(1)),
        (list[Receipt], [Receipt(1)]),
        (dict[str, Model], {"a": Model()}),
        (tuple[int, Receipt], (1, Receipt(1))),
    ],
    ids=lambda value: str(value) if type(value) is not Plain else "an object of Plain",
)
def test_what_the_annotation_says_and_the_codec_refuses_is_refused_when_decorating(
    annotation: Any, instance: Any
) -> None:
    assert not storable(annotation)
    with pytest.raises(TypeError):
        dumps(instance)

    def charge(id: int) -> None: ...

    charge.__annotations__["return"] = annotation
    with pytest.raises(ConfigurationError, match=r"whose return annotation is .*; a result of this type cannot"):
        idempotent(MemoryStore(), key="id")(charge)
    if annotation is Receipt:
        idempotent(MemoryStore(), key="id", codec=Receipt)(charge)


@pytest.mark.parametrize(
    "annotation",
    [
        None,
        int,
        str | None,
        list[int],
        dict[str, Any],
        tuple[int, ...],
        set[str],
        decimal.Decimal,
        Level,
        Total,
        list[Total],
        Mapping[str, int],
        Sequence[str],
        Closes,
        object,
        Any,
        OrderId,
        Literal["a", 1],
        Annotated[int, "positive"],
        Callable[[], int],
        "Receipt | Gone",
        "not an expression(",
    ],
    ids=str,
)
def test_what_may_be_stored_or_is_not_known_is_taken(annotation: Any) -> None:
    def charge(id: int) -> None: ...

    charge.__annotations__["return"] = annotation
    idempotent(MemoryStore(), key="id")(charge)


def test_annotations_that_are_texts_are_read_also_where_they_name_a_local_class() -> None:
    @dataclasses.dataclass
    class Local:
        id: int

    def charge(id: int) -> Local:
        return Local(id)

    with pytest.raises(ConfigurationError, match="Local"):
        idempotent(MemoryStore(), key="id")(charge)


def test_coroutine_functions_and_methods_are_read_too() -> None:
    async def charge(id: int) -> Receipt:
        return Receipt(id)

    class Shop:
        def charge(self, id: int) -> Receipt:
            return Receipt(id)

    for fn in (charge, Shop().charge):
        with pytest.raises(ConfigurationError, match="Receipt"):
            idempotent(MemoryStore(), key="id")(fn)


def test_a_layer_below_may_change_the_result() -> None:
    def as_dict(fn: Any) -> Any:
        @functools.wraps(fn)
        def run(*args: Any) -> Any:
            return dataclasses.asdict(fn(*args))

        return run

    @handler(idempotent(MemoryStore(), key="id"), as_dict)
    def charge(event: dict[str, int], context: object) -> Receipt:
        return Receipt(event["id"])

    results: list[Any] = [charge({"id": 1}, None) for _ in range(2)]
    assert results == [{"id": 1}] * 2


NO_PYDANTIC = """
import sys
sys.modules["pydantic"] = None
from dataclasses import dataclass
from lambda_kit.errors import ConfigurationError
from lambda_kit.idempotency import MemoryStore, idempotent

@dataclass
class Receipt:
    id: int

try:
    idempotent(MemoryStore(), key="id", codec=Receipt)
except ConfigurationError as error:
    print(error)
"""


def test_a_codec_that_needs_pydantic_says_so_where_it_is_not_installed() -> None:
    told = subprocess.run([sys.executable, "-c", NO_PYDANTIC], capture_output=True, text=True, check=True).stdout
    assert "needs pydantic, which is not installed: pip install" in told


def test_a_type_that_pydantic_cannot_handle_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match="pydantic cannot validate"):
        idempotent(MemoryStore(), key="id", codec=list[Plain])


def test_a_type_that_names_a_later_one_is_finished_before_the_first_run() -> None:
    scope: dict[str, Any] = {"__name__": "shop"}
    sys.modules["shop"] = module = type(sys)("shop")
    exec("import dataclasses\n@dataclasses.dataclass\nclass Early:\n    later: 'Later'\n", module.__dict__)
    runs: list[int] = []

    def charge(id: int) -> Any:
        runs.append(id)
        return module.Early(module.Later(id))

    protected = idempotent(MemoryStore(), key="id", codec=module.Early, cache=0)(charge)
    with pytest.raises(ConfigurationError, match="Later is not defined"):
        protected(1)
    assert runs == []
    exec("@dataclasses.dataclass\nclass Later:\n    id: int\n", module.__dict__)
    assert protected(1) == protected(1) == module.Early(module.Later(1))
    assert runs == [1]
    del sys.modules["shop"], scope


def test_a_client_of_another_kind_is_refused_when_the_store_is_made() -> None:
    import boto3

    aws: Any = boto3
    keys = {"region_name": "eu-west-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
    DynamoDBStore("t", client=aws.client("dynamodb", **keys))
    for client in (aws.client("s3", **keys), aws.resource("dynamodb", **keys), object(), "dynamodb"):
        with pytest.raises(ConfigurationError, match="client"):
            DynamoDBStore("t", client=client)
