"""Bytecode in `lambda-kit doctor`: what it costs that modules are compiled at each cold start."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from typing import TYPE_CHECKING

from lambda_kit.local._doctor_findings import DOCS, Finding
from lambda_kit.local._doctor_runs import is_longer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lambda_kit.local._doctor_runs import Function, Import, Recording

PAGE = f"{DOCS}lambda/latest/dg/python-package.html"


def compiled(recording: Recording) -> list[Import]:
    """Return the modules of the init phase that were compiled, because there was no bytecode of them."""
    return [one for one in recording.all_imports() if one.phase == "init" and one.compiled]


def measure(function: Function, recording: Recording, rounds: int, step: Callable[[str], None]) -> list[Finding]:
    """Return a finding if bytecode of the compiled modules would save time.

    Runs that find bytecode of all modules take turns with runs that find what is there now, and write none.
    """
    modules = compiled(recording)
    if not modules:
        return []
    folder = tempfile.mkdtemp(prefix="lambda-kit-doctor-")
    try:
        cached = {"PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
        step("writing bytecode")
        function.record(env=cached)
        with_it: list[float] = []
        without: list[float] = []
        for number in range(rounds):
            step(f"measuring bytecode, round {number + 1} of {rounds}")
            for env, times in ((cached, with_it), ({"PYTHONDONTWRITEBYTECODE": "1"}, without)):
                times.append(1000 * function.record(env=env).at_start.get("processor", 0.0))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return list(findings(modules, with_it, without))


def findings(modules: Sequence[Import], with_it: Sequence[float], without: Sequence[float]) -> Iterable[Finding]:
    """Yield a finding if runs without bytecode took longer, beyond chance.

    Args:
        modules: those that were compiled.
        with_it: milliseconds of the runs with bytecode.
        without: milliseconds of the other runs.
    """
    fast, slow = statistics.median(with_it), statistics.median(without)
    if not is_longer(without, with_it):
        return
    tops: dict[str, int] = {}
    for one in modules:
        top = one.name.partition(".")[0]
        tops[top] = tops.get(top, 0) + 1
    names = ", ".join(f"{name} {count}" for name, count in sorted(tops.items(), key=lambda item: -item[1])[:5])
    yield Finding(
        "imports.bytecode",
        "info",
        f"{len(modules)} modules were compiled in the init phase, because there is no bytecode of them: {names}",
        f"processor time until the end of the init phase, medians of {len(without)} runs each: {slow:.1f} ms without "
        f"bytecode, {fast:.1f} ms with",
        "if the package has none either, run python -m compileall when it is built, with the version of Python and on "
        "the platform of the runtime: AWS advises against other bytecode, and without any each cold start compiles",
        PAGE,
        cold_ms=slow - fast,
    )
