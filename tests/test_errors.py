"""The error tree: what is drawn in the docstring is what there is, and every error is raised somewhere."""

from __future__ import annotations

import inspect
import pickle
import re
from pathlib import Path

import pytest

import lambda_kit
from lambda_kit import errors
from lambda_kit.errors import LambdaKitError, LayerError, ResourceBuildError, ResourceCycle, TimeLimitReached

CLASSES = {name: getattr(errors, name) for name in errors.__all__}


def test_the_docstring_draws_every_class_and_its_bases() -> None:
    drawn = dict(re.findall(r"[├└]── (\w+)(?: \(also (\w+)\))?", errors.__doc__ or ""))
    assert drawn.keys() == CLASSES.keys()
    for name, also in drawn.items():
        bases = [base.__name__ for base in CLASSES[name].__bases__]
        root = {"LambdaKitError": "Exception", "TimeLimitInterrupt": "BaseException"}.get(name, "LambdaKitError")
        assert bases == [root, *([also] if also else [])], name


def test_every_class_of_the_module_is_public() -> None:
    defined = {name for name, one in inspect.getmembers(errors, inspect.isclass) if one.__module__ == errors.__name__}
    assert defined == set(errors.__all__)


def test_every_error_is_raised_somewhere_in_the_package() -> None:
    package = Path(lambda_kit.__file__).parent
    source = "".join(path.read_text() for path in package.rglob("*.py") if path.name != "errors.py")
    assert [name for name in CLASSES if name != "LambdaKitError" and f"{name}" not in source] == []


@pytest.mark.parametrize(
    "error",
    [
        LayerError("x", layer="app.audit"),
        TimeLimitReached("x", margin=0.5),
        ResourceBuildError("x", resource="app.orders"),
        ResourceCycle(["a", "b", "a"]),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_carry_their_data_through_pickling(error: LambdaKitError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))
