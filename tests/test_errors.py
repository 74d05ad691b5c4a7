"""The error tree: what is drawn in the docstring is what there is, and every error is raised somewhere."""

from __future__ import annotations

import ast
import importlib
import inspect
import pickle
import pkgutil
import re
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import lambda_kit
from lambda_kit import errors
from lambda_kit.errors import (
    AwsError,
    FlagSchemaError,
    LambdaKitError,
    LayerError,
    NoAnswer,
    ResourceBuildError,
    ResourceCycle,
    Throttled,
    TimeLimitReached,
    UnknownFlag,
)
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

CLASSES = {name: getattr(errors, name) for name in errors.__all__}


def drawn() -> dict[str, tuple[str, str]]:
    """Return, for each class in the drawing, the class above it and the one that it also is."""
    found: dict[str, tuple[str, str]] = {}
    above: list[str] = []
    picture = (errors.__doc__ or "").partition("```text\n")[2].partition("```")[0]
    for line in picture.splitlines():
        match = re.fullmatch(r"([│├└─ ]*)(\w+)(?: \(also (\w+)\))?(?:  .*)?", line)
        assert match is not None, line
        depth = len(match[1]) // 4
        del above[depth:]
        if above:
            assert match[2] not in found, f"{match[2]} is drawn twice"
            found[match[2]] = (above[-1], match[3] or "")
        above.append(match[2])
    return found


def test_the_docstring_draws_every_class_and_its_bases() -> None:
    assert drawn().keys() == CLASSES.keys()
    for name, (root, also) in drawn().items():
        bases = [base.__name__ for base in CLASSES[name].__bases__]
        assert bases == [root, *([also] if also else [])], name


def test_every_class_of_the_package_is_public_and_says_where_to_import_it_from() -> None:
    modules = [
        importlib.import_module(f"{errors.__name__}.{one.name}") for one in pkgutil.iter_modules(errors.__path__)
    ]
    found = {name: one for module in (errors, *modules) for name, one in inspect.getmembers(module, inspect.isclass)}
    assert found.keys() == set(errors.__all__)
    assert {one.__module__ for one in found.values()} == {"lambda_kit.errors"}


def test_an_error_that_a_user_derives_keeps_its_own_module() -> None:
    class OutOfStock(LambdaKitError):
        pass

    assert OutOfStock.__module__ == __name__


def test_the_errors_that_all_functions_need_load_no_others() -> None:
    """Making fifty classes took as long as loading ten modules."""
    script = "import sys; import lambda_kit.errors; print([one for one in sys.modules if 'kit.errors.' in one])"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True, timeout=PATIENCE)
    assert done.stdout == "['lambda_kit.errors._base']\n"


def made(tree: ast.AST) -> Iterator[ast.AST]:
    """Return what is called, raised, or handed on to be: an import, an annotation or an `except` makes no error."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from (node.func, *node.args)
        elif isinstance(node, ast.IfExp):
            yield from (node.body, node.orelse)
        elif isinstance(node, ast.Dict):
            yield from node.values
        elif isinstance(node, ast.Raise) and node.exc is not None:
            yield node.exc


def test_every_error_is_raised_somewhere_in_the_package() -> None:
    package = Path(lambda_kit.__file__).parent
    trees = [ast.parse(path.read_text()) for path in package.rglob("*.py") if path.parent.name != "errors"]
    nodes = [node for tree in trees for node in made(tree)]
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    names |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    never = CLASSES.keys() - names
    assert {name for name in never if not CLASSES[name].__subclasses__()} == set(), "made nowhere, and nothing below it"


@pytest.mark.parametrize(
    "error",
    [
        LayerError("x", layer="app.audit"),
        TimeLimitReached("x", margin=0.5),
        ResourceBuildError("x", resource="app.orders"),
        ResourceCycle(["a", "b", "a"]),
        FlagSchemaError([("$.a", "it is wrong"), ("$.b", "so is this")]),
        UnknownFlag("there is none", flag="early"),
        Throttled("slow down", service="ssm", operation="GetParameter", code="ThrottlingException", attempts=3),
    ],
    ids=lambda error: type(error).__name__,
)
def test_errors_carry_their_data_through_pickling(error: LambdaKitError) -> None:
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (type(error), str(error), vars(error))


def test_an_error_of_aws_says_what_was_asked_and_what_came_back() -> None:
    error = AwsError(
        "No.", service="ssm", operation="GetParameter", code="ValidationException", request_id="id-1", attempts=2
    )
    assert str(error) == "ssm GetParameter failed with ValidationException: No. (request id id-1, 2 attempts)"
    assert str(NoAnswer("silence", service="sqs", operation="SendMessage")) == ("sqs SendMessage failed: silence")


def test_an_error_of_aws_without_a_code_names_its_class_once() -> None:
    classes = [one for one in CLASSES.values() if issubclass(one, AwsError)]
    assert len(classes) > 5
    for one in classes:
        error = one("silence", service="sqs", operation="SendMessage")
        (line,) = traceback.format_exception_only(error)
        assert line.count(one.__name__) == 1


def test_an_error_of_a_schema_lists_every_place() -> None:
    error = FlagSchemaError([("$.a", "it is wrong"), ("$.b", "so is this")])
    assert str(error) == "the feature flags cannot be used:\n  $.a: it is wrong\n  $.b: so is this"
    assert (error.path, error.problems[1]) == ("$.a", ("$.b", "so is this"))
