"""Imports in `lambda-kit doctor`: their tree, and an experiment that tells which of them can wait."""

from __future__ import annotations

import ast
import os
import re
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lambda_kit.local._doctor_document import is_list, is_object
from lambda_kit.local._doctor_findings import DOCS, Finding
from lambda_kit.local._doctor_runs import EVERY_IMPORT, Function, Import, Place, Recording, Timing, is_longer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lambda_kit.local._outcome import Outcome

_NOTICEABLE = 0.01  # seconds
# A file of the standard library, or of a package.
_LIBRARY = re.compile(r".*/(?:site-packages|dist-packages|lib(?:64)?/python3\.\d+)/(.+)")
INIT_PAGE = f"{DOCS}lambda/latest/dg/lambda-runtime-environment.html"
_LONGEST_NAME = 200
_NONE: tuple[Place, ...] = ()
LEAST = 0.001
"""Seconds under which an import is neither shown nor measured."""
MOST_CANDIDATES = 8
"""The most import statements that are measured one by one."""


@dataclass(frozen=True, slots=True)
class Deferral:
    """The effect of deferring some import statements.

    Attributes:
        places: the statements.
        text: the first of them as it is written.
        before_ms: the processor time until the end of the init phase, with all imports: the median of the runs.
        after_ms: likewise without these imports.
        saves_mb: the resident memory at the end of the init phase, the one median less the other; None if it is not
            known.
        certain: whether the runs with the imports took longer beyond chance, as `is_longer` says.
        runs: how many runs each median is of.
    """

    places: tuple[Place, ...]
    text: str
    before_ms: float
    after_ms: float
    saves_mb: float | None
    certain: bool
    runs: int


@dataclass(frozen=True, slots=True)
class Experiment:
    """The result of the experiment with deferred imports.

    Attributes:
        unused: statements whose names no event used, with the module that each imported.
        unnamed: those of them whose names nothing in their file refers to.
        annotations: those whose names only annotations refer to.
        measured: what deferring each is worth, and last all of them if there are several.
        failure: why the experiment says nothing; empty if it does.
    """

    unused: tuple[Place, ...] = ()
    unnamed: tuple[Place, ...] = ()
    annotations: tuple[Place, ...] = ()
    measured: tuple[Deferral, ...] = ()
    failure: str = ""


def experiment(function: Function, plain: Recording, rounds: int, step: Callable[[str], None]) -> Experiment:
    """Run the function with its top-level imports deferred, and measure those that no event needs.

    Args:
        function: the function.
        plain: a recording without deferred imports.
        rounds: how many runs each median is of.
        step: called with the name of each step.
    """
    from lambda_kit.local._doctor_recorder import is_own

    step("running with all imports deferred")
    deferred = function.record(defer=EVERY_IMPORT)
    if not _same(plain.outcomes, deferred.outcomes):
        return Experiment(failure="with deferred imports the function does not end as it does without")
    costs = statements(plain)
    root = os.path.join(function.root, "")  # noqa: PTH118
    # A module that was not executed, because its own import was deferred, says nothing about the imports in it.
    executed = {one.file for one in deferred.all_imports()}
    own = {one for one in costs if one.file in executed and is_own(one.file, root, frozenset(function.foreign))}
    unused = tuple(
        sorted((one for one in own - set(deferred.resolved) if _is_deferrable(one)), key=lambda one: -costs[one])
    )
    candidates = [one for one in unused if costs[one] >= LEAST][:MOST_CANDIDATES]
    uses = {one: _uses(one) for one in unused}
    unnamed = tuple(one for one in unused if uses[one] == "none")
    annotations = tuple(one for one in unused if uses[one] == "annotations")
    if not candidates:
        return Experiment(unused, unnamed, annotations)
    choices = [_NONE, *((one,) for one in candidates)]
    if len(candidates) > 1:
        choices.append(tuple(candidates))
    times: dict[tuple[Place, ...], list[float]] = {choice: [] for choice in choices}
    memory: dict[tuple[Place, ...], list[int]] = {choice: [] for choice in choices}
    broken: set[tuple[Place, ...]] = set()
    for number in range(rounds):
        for choice in choices:
            step(f"measuring deferred imports, round {number + 1} of {rounds}")
            run = function.record(defer=choice)
            times[choice].append(1000 * run.at_start.get("processor", 0.0))
            if (held := run.at_start.get("memory", -1)) >= 0:
                memory[choice].append(held)
            if not _same(plain.outcomes, run.outcomes) or set(choice) & set(run.resolved):
                broken.add(choice)
    measured = [_deferral(choice, times, memory) for choice in choices[1:] if choice not in broken]
    return Experiment(unused, unnamed, annotations, tuple(measured))


def statements(recording: Recording) -> dict[Place, float]:
    """Return the processor time of the init phase that each import statement took, in seconds, by where it stands.

    An import of `a.b` and `from a import b` load several modules on one line; they count together. What another
    statement has loaded before costs nothing here.
    """
    found: dict[Place, float] = {}
    for one in recording.all_imports():
        if one.phase == "init":
            found[one.place] = found.get(one.place, 0.0) + one.processor
    return found


def findings(result: Experiment, root: str) -> list[Finding]:
    """Return the findings of an experiment."""
    if result.failure:
        return [
            Finding(
                "imports.not-measured",
                "info",
                f"which imports could wait is not known: {result.failure}",
                "the status and the error of each invocation with all top-level imports deferred, beside those without",
            )
        ]
    found: list[Finding] = []
    for one in result.measured:
        if not one.certain:
            continue
        rule, advice = _advice(one, result)
        where = ", ".join(shown(place, root) for place in one.places)
        medians = f"{one.before_ms:.1f} ms with, {one.after_ms:.1f} ms without"
        if len(one.places) > 1:
            text = f"all {len(one.places)} of these imports together ({where}) were not used"
        else:
            text = f"{where}: {one.text} was not used"
        found.append(
            Finding(
                rule,
                "info" if found and len(one.places) > 1 else "warning",
                f"{text}, neither in the init phase nor by the given events",
                f"processor time until the end of the init phase, medians of {one.runs} runs each: {medians}",
                advice,
                cold_ms=one.before_ms - one.after_ms,
                memory_mb=one.saves_mb,
            )
        )
    return found


def _advice(one: Deferral, result: Experiment) -> tuple[str, str]:
    """Return the rule of a finding, and what to do."""
    if len(one.places) > 1:
        return "imports.deferrable-together", "defer them all, where each is used"
    if set(one.places) <= set(result.unnamed):
        advice = "remove it, unless it is imported for its effects: nothing in the file refers to its names"
        return "imports.unreferenced", advice
    if set(one.places) <= set(result.annotations):
        return "imports.annotations", "import it under `if TYPE_CHECKING:`: only annotations refer to its names"
    return "imports.deferrable", "import it in the function that uses it (on Python 3.15: lazy import)"


def of_first_use(recording: Recording, timing: Timing) -> list[Finding]:
    """Return what the first invocation imports, if that takes a noticeable time."""
    found = [one for one in recording.imports if one.phase == "first"]
    seconds = sum(one.processor for one in found)
    if seconds < _NOTICEABLE or timing.warm is None:
        return []
    names = ", ".join(one.name for one in sorted(found, key=lambda one: -one.processor)[:5])
    return [
        Finding(
            "first-use.imports",
            "info",
            f"the first invocation imports {sum(1 for one in found for _ in one.all())} modules in "
            f"{seconds * 1000:.1f} ms of processor time ({names}); it takes {timing.first:.1f} ms, and a warm one "
            f"{timing.warm:.1f} ms",
            "imports after the start of the first invocation in the recorded run; the medians of the timed runs",
            "with SnapStart or provisioned concurrency, import them in the init phase, which is over before an "
            "invocation comes; on demand a caller waits for both",
            INIT_PAGE,
        )
    ]


def of_resources(recording: Recording) -> list[Finding]:
    """Return the eager resources that the events did not use."""
    found: list[Finding] = []
    eager = [one for one in recording.at_start.get("resources", []) if one["eager"] and one["builds"]]
    at_end = {str(one["name"]): one for one in recording.at_end.get("resources", [])}
    for one in eager:
        after = at_end.get(str(one["name"]), one)
        if after["hits"] == one["hits"] and (one["seconds"] or 0.0) >= LEAST:
            found.append(
                Finding(
                    "resources.eager-unused",
                    "warning",
                    f"the eager resource {one['name']} took {one['seconds'] * 1000:.1f} ms of the init phase, and no "
                    "event used it",
                    "the build time and the hits that the init cache reports, before and after the invocations"
                    + ("; eager resources are built side by side: the phase may be shorter" if len(eager) > 1 else ""),
                    "leave eager out: it is then built at its first use",
                    cold_ms=one["seconds"] * 1000 if len(eager) == 1 else None,
                )
            )
    return found


def shown(place: Place, root: str) -> str:
    """Return a place for people, `orders.py:3`."""
    library = _LIBRARY.match(place.file)
    if library is not None:
        return f"{library[1]}:{place.line}"
    folder = os.path.join(root, "")  # noqa: PTH118
    return f"{place.file.removeprefix(folder)}:{place.line}"


def split(recording: Recording, handler: str) -> tuple[list[Import], list[Import]]:
    """Return the top-level imports of the init phase: those of the runtime client, and those of the function."""
    module = handler.rpartition(".")[0].replace("/", ".")
    packages = {".".join(module.split(".")[: n + 1]) for n in range(module.count(".") + 1)}
    init = [one for one in recording.imports if one.phase == "init"]
    first = next((number for number, one in enumerate(init) if one.name in packages), len(init))
    return init[:first], init[first:]


def _same(plain: Sequence[Outcome], other: Sequence[Outcome]) -> bool:
    """Return True if the invocations of another run ended as those of the plain one.

    Payloads may have an id or a time in them. What is compared of them is the HTTP status, and the number of records
    that failed: frameworks put an exception of the function into these.
    """

    def end(one: Outcome) -> tuple[object, ...]:
        return one.status, None if one.error is None else one.error.type, *signs(one)

    def ends(outcomes: Sequence[Outcome]) -> list[tuple[object, ...]]:
        return [end(one) for one in outcomes]

    return ends(plain[: len(other)]) == ends(other)


def signs(outcome: Outcome) -> tuple[object, int | None]:
    """Return the HTTP status of an answer, and the number of records that it says have failed; None for neither."""
    answer = outcome.payload if is_object(outcome.payload) else {}
    failed = answer.get("batchItemFailures")
    return answer.get("statusCode"), len(failed) if is_list(failed) else None


def _deferral(
    choice: tuple[Place, ...],
    times: dict[tuple[Place, ...], list[float]],
    memory: dict[tuple[Place, ...], list[int]],
) -> Deferral:
    with_them, without = times[_NONE], times[choice]
    memory_with, memory_without = memory[_NONE], memory[choice]
    before, after = statistics.median(with_them), statistics.median(without)
    certain = is_longer(with_them, without)
    held = None
    if memory_with and memory_without:
        held = (statistics.median(memory_with) - statistics.median(memory_without)) / 2**20
    return Deferral(choice, _source(choice[0]), before, after, held, certain, len(without))


def _source(place: Place) -> str:
    node = _statement(place)
    return "" if node is None else ast.unparse(node)


def _statement(place: Place) -> ast.stmt | None:
    """Return the import statement at a place, if it stands at the top level of its file."""
    try:
        tree = ast.parse(Path(place.file).read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    return next(
        (one for one in tree.body if isinstance(one, ast.Import | ast.ImportFrom) and one.lineno == place.line), None
    )


def _is_deferrable(place: Place) -> bool:
    from lambda_kit.local._doctor_recorder import deferrable

    node = _statement(place)
    return node is not None and bool(deferrable(node))


def _uses(place: Place) -> Literal["none", "annotations", "code"]:
    """Return what in a file refers to the names that an import binds.

    A string may be an annotation, or an entry of `__all__`: one with such a name counts as code.
    """
    from lambda_kit.local._doctor_recorder import deferrable

    tree = ast.parse(Path(place.file).read_bytes())
    names = set(deferrable(_statement(place)))
    annotations: set[int] = set()
    for node in ast.walk(tree):
        for part in ("annotation", "returns"):
            inner = getattr(node, part, None)
            if isinstance(inner, ast.AST):
                annotations |= {id(one) for one in ast.walk(inner)}
    found: Literal["none", "annotations"] = "none"
    for node in ast.walk(tree):
        in_annotation = id(node) in annotations
        if isinstance(node, ast.Name) and node.id in names:
            if not in_annotation:
                return "code"
            found = "annotations"
        elif not in_annotation and _is_text_with(node, names):
            return "code"
    return found


def _is_text_with(node: ast.AST, names: set[str]) -> bool:
    text = node.value if isinstance(node, ast.Constant) else None
    return isinstance(text, str) and len(text) < _LONGEST_NAME and any(name in text for name in names)
