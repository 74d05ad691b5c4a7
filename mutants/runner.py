"""Runs the tests of a core against a mutant, in a process that is forked from one which has loaded what tests need."""

from __future__ import annotations

import ast
import contextlib
import functools
import importlib
import importlib.abc
import importlib.util
import itertools
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast

from mutants.reach import Chosen, Reach, Watch, runs_at_import, tests_of
from mutants.swap import all_codes, codes_of, swap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import ModuleType

    from mutants.cores import Core
    from mutants.operators import Mutant
    from mutants.swap import Codes

T = TypeVar("T")
ROOT = Path(__file__).parents[1]
Fate = Literal["killed", "survived", "timed out"]
# Pytest rewrites or replaces these itself, and must be the first to load them; the kit is mutated.
_OWN = (
    "lambda_kit",
    "tests",
    "conftest",
    "mutants",
    "_pytest",
    "pytest",
    "_hypothesis",
    "hypothesis.extra",
    "xdist",
    "sybil",
)


@dataclass(frozen=True)
class Trial:
    """A mutant of a file, and what became of it."""

    file: str
    mutant: Mutant
    fate: Fate


def _module_of(file: str) -> str:
    return f"lambda_kit.{file.removesuffix('.py').replace('/', '.')}".removesuffix(".__init__")


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module with a fault."""

    def __init__(self, file: str, tree: ast.Module) -> None:
        self._path = ROOT / "lambda_kit" / file
        self.name = _module_of(file)
        self._tree = tree

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None, /) -> Any:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(
            fullname,
            self._path,
            loader=self,
            submodule_search_locations=[str(self._path.parent)] if self._path.name == "__init__.py" else None,
        )

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self._tree, str(self._path), "exec"), vars(module))  # noqa: S102  # the kit's own source


def _install(finders: Sequence[_Finder]) -> None:
    """Let finders come first, even before pytest's own, which takes all packages that have a plugin of pytest."""
    from _pytest.assertion.rewrite import AssertionRewritingHook

    find: Any = AssertionRewritingHook.find_spec
    names = {one.name for one in finders}

    def find_others(self: Any, name: str, *more: Any) -> Any:
        return None if name in names else find(self, name, *more)

    hook: Any = AssertionRewritingHook
    hook.find_spec = find_others
    sys.meta_path[:0] = finders


def prepare(core: Core) -> Reach:
    """Run the tests of a core without a fault, load what they have loaded, and return which functions each enters.

    Raises:
        SystemExit: the tests fail, or do not notice that a file cannot be imported.
    """
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = tempfile.mkdtemp()  # failures of mutants are not kept
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as seen:
        _expect_success(core, functools.partial(_watch, core, seen.name))
        found = json.load(seen)
    for name in found["modules"]:
        if not name.startswith(_OWN):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    without_fault = [_Finder(file, _tree(file)) for file in core.files]
    _expect_success(core, functools.partial(_test_imported, core.tests, without_fault, None))
    for file in core.files:
        broken = [_Finder(file, ast.parse("raise ImportError"))]
        _, status = os.waitpid(_fork(functools.partial(_test_imported, core.tests, broken, None)), 0)
        if not status:
            raise SystemExit(f"no test in {' '.join(core.tests)} notices that {file} cannot be imported")
    reach: Reach = found["reach"]
    return reach


def _tree(file: str) -> ast.Module:
    return ast.parse((ROOT / "lambda_kit" / file).read_text("utf-8"))


def _expect_success(core: Core, run: Callable[[], int]) -> None:
    _, status = os.waitpid(_fork(run), 0)
    if status:
        raise SystemExit(f"the tests {' '.join(core.tests)} fail without any fault")


def try_all(core: Core, mutants: Iterable[tuple[str, Mutant]], reach: Reach, workers: int) -> Iterator[Trial]:
    """Yield the trial of each mutant as it ends; one that takes much longer than its tests do without it is killed.

    Of the tests those run that enter the function with the fault, the quickest ones first. A fault within a function
    is put into a process that has collected all tests; one in what runs during an import needs a process of its own.
    """
    imported: list[tuple[tuple[str, Mutant], Callable[[], int], float]] = []
    swapped: list[tuple[tuple[str, Mutant], Codes, list[str]]] = []
    old = {file: all_codes(str(ROOT / "lambda_kit" / file), _tree(file)) for file in core.files}
    for file, mutant in mutants:
        tests = tests_of(reach, file, mutant.function)
        codes = None
        if not runs_at_import(reach, file, mutant.function):
            codes = codes_of(str(ROOT / "lambda_kit" / file), old[file], mutant.tree)
        if not tests:
            yield Trial(file, mutant, "survived")
        elif codes is not None:
            swapped.append(((file, mutant), codes, tests))
        else:
            run = functools.partial(_test_imported, _files_of(tests), [_Finder(file, mutant.tree)], tests)
            imported.append(((file, mutant), run, _most_seconds(reach, tests)))
    if swapped:
        yield from _swap_all(core, swapped, reach, workers)
    for (file, mutant), fate in _pool(imported, workers):
        yield Trial(file, mutant, fate)


def _files_of(tests: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(one.partition("::")[0].removeprefix("tests/") for one in tests))


def _swap_all(
    core: Core, swapped: list[tuple[tuple[str, Mutant], Codes, list[str]]], reach: Reach, workers: int
) -> Iterator[Trial]:
    """Yield the trials of faults that are put into the process which has collected the tests."""
    reader, writer = os.pipe()

    class Loop:
        def pytest_runtestloop(self, session: Any) -> bool:
            paths = {file: str(ROOT / "lambda_kit" / file) for file in core.files}
            for file in core.files:  # what a function imports later would come without the fault
                importlib.import_module(_module_of(file))
            every: list[str] = sorted(reach["seconds"])

            def trial(file: str, codes: Codes, tests: list[str]) -> int:
                swap(paths[file], codes)
                return _run_collected(session, tests)

            work: list[tuple[int, Callable[[], int], float]] = [
                (number, functools.partial(trial, file, codes, tests), _most_seconds(reach, tests))
                for number, ((file, _), codes, tests) in enumerate(swapped)
            ]
            unchanged = (-1, functools.partial(_run_collected, session, every), _most_seconds(reach, every))
            for number, fate in itertools.chain(_pool([unchanged], 1), _pool(work, workers)):
                os.write(writer, f"{number} {fate}\n".encode())
            return True

    child = _fork(functools.partial(_test, core.tests, [Loop()]))
    os.close(writer)
    with os.fdopen(reader, encoding="ascii") as lines:
        for line in lines:
            number, _, fate = line.strip().partition(" ")
            if number != "-1":
                file, mutant = swapped[int(number)][0]
                yield Trial(file, mutant, cast("Fate", fate))
            elif fate != "survived":
                raise SystemExit(f"the tests {' '.join(core.tests)} fail without any fault after they were collected")
    os.waitpid(child, 0)


def _run_collected(session: Any, tests: Sequence[str]) -> int:
    """Run some of the tests that a session has collected, and return 1 if one fails."""
    from _pytest.main import pytest_runtestloop

    Chosen(tests).pytest_collection_modifyitems(session.config, session.items)
    with contextlib.suppress(session.Failed, session.Interrupted):
        pytest_runtestloop(session)
    session.config.hook.pytest_sessionfinish(session=session, exitstatus=0)  # ends what the fixtures have begun
    return int(session.testsfailed > 0)


def _most_seconds(reach: Reach, tests: Sequence[str]) -> float:
    return 20 + 6 * sum(reach["seconds"][one] for one in tests)


def _pool(work: Iterable[tuple[T, Callable[[], int], float]], workers: int) -> Iterator[tuple[T, Fate]]:
    """Run each piece of work in a process of its own, some side by side, and yield its fate as it ends.

    A piece of work has a name, and a number of seconds after which it is killed.
    """
    running: dict[int, tuple[T, float]] = {}
    waiting = iter(work)
    more = True
    while more or running:
        while more and len(running) < workers:
            following = next(waiting, None)
            if following is None:
                more = False
            else:
                running[_fork(following[1])] = (following[0], time.monotonic() + following[2])
        for child, (name, latest) in list(running.items()):
            ended, status = os.waitpid(child, os.WNOHANG)
            late = not ended and time.monotonic() > latest
            if late:
                os.killpg(child, signal.SIGKILL)  # the tests may have started processes
                os.waitpid(child, 0)
            if ended or late:
                del running[child]
                yield name, "timed out" if late else "killed" if status else "survived"
        time.sleep(0.02)


def _fork(run: Callable[[], int]) -> int:
    """Fork a silent process that ends with the status that `run` returns, and return its id."""
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        status = run()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _watch(core: Core, seen: str) -> int:
    """Run all tests of a core, and write into a file what they load and enter."""
    watch = Watch(ROOT / "lambda_kit", core.files)
    status = _test(core.tests, [watch])
    Path(seen).write_text(json.dumps({"modules": list(sys.modules), "reach": watch.reach()}), "utf-8")
    return status


def _test_imported(files: Sequence[str], finders: Sequence[_Finder], tests: Sequence[str] | None) -> int:
    """Run tests of these files, with modules from the finders."""
    _install(finders)
    return _test(files, [] if tests is None else [Chosen(tests)])


def _test(files: Sequence[str], plugins: Sequence[object]) -> int:
    import pytest

    options = ["-x", "-q", "-s", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist"]
    options += ["--hypothesis-seed=0", "-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what was loaded before
    options += ["-o", "addopts=-p pytester --import-mode=importlib"]
    return int(pytest.main([*options, *(str(ROOT / "tests" / one) for one in files)], plugins))
