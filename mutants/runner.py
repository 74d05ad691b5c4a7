"""Runs the tests of a core against a mutant, in a process that is forked from one which has loaded what tests need."""

from __future__ import annotations

import ast
import contextlib
import importlib
import importlib.abc
import importlib.util
import json
import os
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mutants.operators import Mutant
from mutants.reach import Chosen, Reach, Watch, tests_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from types import ModuleType

    from mutants.cores import Core

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


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports one module with a fault."""

    def __init__(self, file: str, tree: ast.Module) -> None:
        self._path = ROOT / "lambda_kit" / file
        parts = ("lambda_kit", *file.removesuffix(".py").split("/"))
        self.name = ".".join(parts).removesuffix(".__init__")
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


def _install(finder: _Finder) -> None:
    """Let a finder come first, even before pytest's own, which takes all packages that have a plugin of pytest."""
    from _pytest.assertion.rewrite import AssertionRewritingHook

    find: Any = AssertionRewritingHook.find_spec

    def find_others(self: Any, name: str, *more: Any) -> Any:
        return None if name == finder.name else find(self, name, *more)

    hook: Any = AssertionRewritingHook
    hook.find_spec = find_others
    sys.meta_path.insert(0, finder)


def prepare(core: Core) -> tuple[float, Reach]:
    """Run the tests of a core without a fault, and load what they have loaded.

    Returns:
        How many seconds they took, and which functions each test enters.

    Raises:
        SystemExit: the tests fail.
    """
    os.environ["HYPOTHESIS_PROFILE"] = "mutants"
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = tempfile.mkdtemp()  # failures of mutants are not kept
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as seen:
        _expect_success(core, None, seen.name)
        found = json.load(seen)
    for name in found["modules"]:
        if not name.startswith(_OWN):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    start = time.monotonic()
    for file in core.files:  # a mutant without a fault has to survive
        tree = ast.parse((ROOT / "lambda_kit" / file).read_text("utf-8"))
        _expect_success(core, (file, Mutant(0, "", "", "", tree)), None)
    took = (time.monotonic() - start) / len(core.files)
    for file in core.files:  # and one that cannot be imported has to be noticed
        _, status = os.waitpid(_start(core, (file, Mutant(0, "", "", "", ast.parse("raise ImportError")))), 0)
        if not status:
            raise SystemExit(f"no test in {' '.join(core.tests)} notices that {file} cannot be imported")
    return took, found["reach"]


def _expect_success(core: Core, mutant: tuple[str, Mutant] | None, seen: str | None) -> None:
    _, status = os.waitpid(_start(core, mutant, seen), 0)
    if status:
        raise SystemExit(f"the tests {' '.join(core.tests)} fail without any fault")


def try_all(
    core: Core, mutants: Iterable[tuple[str, Mutant]], reach: Reach, seconds: float, workers: int
) -> Iterator[Trial]:
    """Yield the trial of each mutant as it ends; one that takes longer than `seconds` is killed.

    Of the tests those run that enter the function with the fault, the quickest ones first.
    """
    running: dict[int, tuple[str, Mutant, float]] = {}
    waiting = iter(mutants)
    more = True
    while more or running:
        while more and len(running) < workers:
            following = next(waiting, None)
            if following is None:
                more = False
            elif not (tests := tests_of(reach, following[0], following[1].function)):
                yield Trial(*following, "survived")
            else:
                running[_start(core, following, tests=tests)] = (*following, time.monotonic() + seconds)
        for child, (file, mutant, latest) in list(running.items()):
            ended, status = os.waitpid(child, os.WNOHANG)
            late = not ended and time.monotonic() > latest
            if late:
                os.killpg(child, signal.SIGKILL)  # the tests may have started processes
                os.waitpid(child, 0)
            if ended or late:
                del running[child]
                yield Trial(file, mutant, "timed out" if late else "killed" if status else "survived")
        time.sleep(0.02)


def _start(
    core: Core, mutant: tuple[str, Mutant] | None, seen: str | None = None, tests: Sequence[str] | None = None
) -> int:
    """Fork a process that runs the tests of a core, and return its id.

    Args:
        core: whose tests run.
        mutant: the file with a fault.
        seen: a file for what the tests load and enter.
        tests: those that run, in their order; all of the core by default.
    """
    child = os.fork()
    if child:
        return child
    status = 70
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        if mutant is not None:
            _install(_Finder(mutant[0], mutant[1].tree))
        import pytest

        files = core.tests if tests is None else list(dict.fromkeys(one.partition("::")[0][6:] for one in tests))
        options = ["-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-seed=0"]
        options += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what was loaded before
        options += ["-o", "addopts=-p pytester --import-mode=importlib"]
        watch = Watch(ROOT / "lambda_kit", core.files) if seen else None
        plugins: list[Any] = [watch] if watch else [Chosen(tests)] if tests is not None else []
        status = int(pytest.main([*options, *(str(ROOT / "tests" / one) for one in files)], plugins))
        if seen is not None and watch is not None:
            Path(seen).write_text(json.dumps({"modules": list(sys.modules), "reach": watch.reach()}), "utf-8")
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(status)
