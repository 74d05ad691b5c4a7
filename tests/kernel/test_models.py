"""Types that pydantic or msgspec validates: one helper for all rooms."""

from __future__ import annotations

import sys
from typing import Any

import msgspec
import pydantic
import pytest

from lambda_kit._kernel import models
from lambda_kit.errors import ConfigurationError, MissingExtra


class Struct(msgspec.Struct):
    id: int


class Later(pydantic.BaseModel):
    other: NotDefinedYet  # type: ignore[name-defined]  # noqa: F821  # pyright: ignore[reportUndefinedVariable]


@pytest.mark.parametrize(
    ("annotation", "expected"), [(Struct, True), (dict[str, list[Struct]], True), (list[int], False)]
)
def test_a_struct_is_found_within_other_types(annotation: Any, expected: bool) -> None:
    assert models.has_struct(annotation) is expected


def test_an_adapter_validates_and_another_type_is_refused_with_its_name_and_its_place() -> None:
    assert models.adapter(list[int], "get(transform=...)", "list[int]").validate_json("[1]") == [1]
    with pytest.raises(ConfigurationError, match=r"^batch\(model=\.\.\.\): pydantic cannot validate object\(\): \S.*$"):
        models.adapter(object(), "batch(model=...)", "object()")


def test_a_type_that_names_an_undefined_one_is_told_from_a_wrong_one() -> None:
    with pytest.raises(NameError) as caught:
        models.adapter(Later, "idempotent(codec=Later)", "Later", complete=True)
    assert caught.value.name == "NotDefinedYet"


def test_without_pydantic_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydantic", None)
    with pytest.raises(MissingExtra, match=r"batch\(model=\.\.\.\) needs pydantic.*\[pydantic\]"):
        models.adapter(int, "batch(model=...)", "int")
