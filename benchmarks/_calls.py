"""The cost of a call: a worker for each interpreter, kept open, which is asked for one case after the other."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from benchmarks._model import Case, Measure, Options, Side

_ROOT = Path(__file__).parent.parent


class WorkerFailed(RuntimeError):
    """A worker ended; what it wrote to standard error says why."""


class _Process:
    def __init__(self, python: str, batch: float, batches: int) -> None:
        self._child = subprocess.Popen(
            [python, "-m", "benchmarks._worker", str(batch), str(batches)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )

    def ask(self, command: str, *arguments: Any) -> Any:
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._child.stdin.write(json.dumps([command, *arguments]) + "\n")
            self._child.stdin.flush()
        line = self._child.stdout.readline()
        if not line:
            raise WorkerFailed(f"the worker ended at {command} {arguments}; its error stands above")
        return json.loads(line)

    def close(self) -> None:
        self._child.kill()
        self._child.communicate()


@contextlib.contextmanager
def _opened(module: str, options: Options, cases: Sequence[Case]) -> Generator[Measure]:
    batch, batches = (0.001, 3) if options.quick else (0.003, 4)
    processes: dict[tuple[Side, str], _Process] = {}
    try:
        loaded: dict[str, tuple[_Process, int]] = {}
        for case in cases:
            key = case.side, case.name if case.alone else ""
            if key not in processes:
                processes[key] = _Process(options.python(case.side), batch, batches)
            process = processes[key]
            loaded[case.name] = process, process.ask("load", module, case.setup, case.args)

        def measure(case: Case) -> dict[str, float]:
            process, number = loaded[case.name]
            return {case.name: process.ask("time", number)}

        yield measure
    finally:
        for process in processes.values():
            process.close()


def calls_of(module: str) -> Callable[[Options, Sequence[Case]], contextlib.AbstractContextManager[Measure]]:
    """Return the `open` of a topic whose setups are functions of `module` that return a `Loop`."""
    return partial(_opened, module)


def versions(python: str, names: Sequence[str]) -> dict[str, str]:
    """Return the versions of those distributions that an interpreter has, and its own."""
    process = _Process(python, 0.001, 1)
    try:
        found: dict[str, str] = process.ask("versions", list(names))
        return found
    finally:
        process.close()
