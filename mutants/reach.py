"""Which tests enter which function of a core: only these can notice a fault in it."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import CodeType

    import pytest

_IMPORT = ""  # stands for what runs before the first test
_monitoring: Any = getattr(sys, "monitoring", None)  # from Python 3.12 on


class Reach(TypedDict):
    """What a run of all tests has shown.

    Attributes:
        seconds: of each test by its id.
        entered: the ids of the tests that enter a function, by the function's file and name.
    """

    seconds: dict[str, float]
    entered: dict[str, list[str]]


class Watch:
    """A plugin of pytest that keeps which test enters which function.

    Args:
        package: the folder of the package.
        files: those with the functions, in the package.
    """

    def __init__(self, package: Path, files: Sequence[str]) -> None:
        self._modules = [f"{package.name}.{file.removesuffix('.py').replace('/', '.')}" for file in files]
        self._files = {str(package / file): file for file in files}
        self._test = _IMPORT
        self._seconds: dict[str, float] = {}
        self._entered: dict[str, set[str]] = {}
        if _monitoring is None:
            raise SystemExit("Mutants need Python 3.12 or newer.")
        events, tool = _monitoring.events, _monitoring.PROFILER_ID
        _monitoring.use_tool_id(tool, "mutants")
        for event in (events.PY_START, events.PY_RESUME):
            _monitoring.register_callback(tool, event, self._enter)
        _monitoring.set_events(tool, events.PY_START | events.PY_RESUME)

    def _enter(self, code: CodeType, _offset: int) -> Any:
        file = self._files.get(code.co_filename)
        if file is not None:
            self._entered.setdefault(f"{file} {_plain(code.co_qualname)}", set()).add(self._test)
        return _monitoring.DISABLE

    def pytest_collection_finish(self) -> None:
        """Load the files of the core now: what their modules run is not what a test enters."""
        for name in self._modules:
            importlib.import_module(name.removesuffix(".__init__"))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note which test runs from here on."""
        self._test = nodeid
        _monitoring.restart_events()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Add up how long a test takes, with its fixtures."""
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration

    def reach(self) -> Reach:
        """Return what was seen."""
        return {
            "seconds": self._seconds,
            "entered": {name: sorted(tests) for name, tests in self._entered.items()},
        }


def _plain(name: str) -> str:
    """Return the name of a function without what has none of its own, such as a lambda in it."""
    return ".".join(part for part in name.split(".") if not part.startswith("<"))


def tests_of(reach: Reach, file: str, function: str) -> list[str]:
    """Return the ids of the tests that enter a function: file by file, the quickest first.

    Tests of a file stand together because a file that ends collects its garbage, which takes longer than most tests.
    All are returned for what runs while a module is imported.

    Args:
        reach: what was seen.
        file: the file in `lambda_kit/`.
        function: its name with those of its classes; an empty text stands for the module.
    """
    seconds = reach["seconds"]
    tests = set(seconds if runs_at_import(reach, file, function) else reach["entered"].get(f"{file} {function}", ()))
    tests &= set(seconds)
    whole: dict[str, float] = {}
    for one in tests:
        whole[_file_of(one)] = whole.get(_file_of(one), 0.0) + seconds[one]
    return sorted(tests, key=lambda one: (whole[_file_of(one)], _file_of(one), seconds[one]))


def _file_of(test: str) -> str:
    return test.partition("::")[0]


def runs_at_import(reach: Reach, file: str, function: str) -> bool:
    """Tell whether a function is entered while its module is imported; an empty text stands for the module."""
    return not function or _IMPORT in reach["entered"].get(f"{file} {function}", ())


class Chosen:
    """A plugin of pytest that runs some tests in a given order.

    Args:
        tests: their ids.
    """

    def __init__(self, tests: Sequence[str]) -> None:
        self._places = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Keep the chosen tests."""
        items[:] = sorted(
            (one for one in items if one.nodeid in self._places), key=lambda one: self._places[one.nodeid]
        )
