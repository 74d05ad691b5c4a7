"""Runs of a function for `lambda-kit doctor`: plain ones that are timed, and one in which a recorder looks on."""

from __future__ import annotations

import ast
import contextlib
import os
import shutil
import statistics
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from lambda_kit.local._environment import Environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lambda_kit.local._outcome import Outcome

Phase = Literal["init", "first", "warm"]
RECORDER = Path(__file__).with_name("_doctor_recorder.py")
EVERY_IMPORT = (("*", 0),)
"""The choice of all imports that can be deferred."""
# Seconds that the recorder may take to tell the state of its process.
_PATIENCE = 5.0
_LEAST_MS = 1.0
_MOST_REVERSED = 0.08  # of all pairs of two samples


class Place(NamedTuple):
    """An import statement.

    Attributes:
        file: its path.
        line: its first line.
    """

    file: str
    line: int


@dataclass(slots=True)
class Import:
    """One module that was imported.

    Attributes:
        name: of the module.
        parent: the module during whose import it was imported; None at the top.
        file: the module's file; None for what the interpreter has built in.
        place: the statement that imported it first.
        started: when the search for it began, on the `time.perf_counter` clock.
        seconds: from then to the end of its execution, imports inside included.
        memory: bytes by which the resident memory grew meanwhile; None where the system does not tell.
        succeeded: False if it raised.
        processor: seconds of processor time, imports inside included.
        compiled: whether its source was compiled, because there was no bytecode of it.
        phase: the part of the function's life in which it was imported.
        children: the imports inside, in their order.
    """

    name: str
    parent: Import | None
    file: str | None
    place: Place
    started: float
    seconds: float
    memory: int | None
    succeeded: bool
    processor: float
    compiled: bool
    phase: Phase = "init"
    children: list[Import] = field(default_factory=list["Import"])

    @property
    def self_seconds(self) -> float:
        """The seconds without those of the imports inside."""
        return max(0.0, self.seconds - sum(one.seconds for one in self.children))

    @property
    def self_processor(self) -> float:
        """The processor time without that of the imports inside."""
        return max(0.0, self.processor - sum(one.processor for one in self.children))

    @property
    def self_memory(self) -> int | None:
        """The memory without that of the imports inside."""
        if self.memory is None:
            return None
        return self.memory - sum(one.memory or 0 for one in self.children)

    def all(self) -> Iterator[Import]:
        """Return the import and all inside."""
        yield self
        for one in self.children:
            yield from one.all()


@dataclass(frozen=True, slots=True)
class Call:
    """One call of AWS that was seen.

    Attributes:
        client: `botocore`, `aiobotocore`, `lambda_kit`, or `presigned URL` for one that was signed and not called.
        service: the name that boto3 gives it.
        operation: the name that AWS gives it.
        region: that of the client; empty if it has none.
        names: the parameters that name resources.
        phase: the part of the function's life in which it was made.
    """

    client: str
    service: str
    operation: str
    region: str
    names: Mapping[str, Any]
    phase: Phase


@dataclass(slots=True)
class Recording:
    """The record of one run.

    Attributes:
        outcomes: of the invocations, in their order.
        imports: those at the top, in their order.
        calls: the calls of AWS.
        resolved: deferred imports that ran after all, and the phase.
        at_start: the state of the process at the end of the init phase; empty if it is not known.
        at_end: likewise after the last invocation.
    """

    outcomes: list[Outcome]
    imports: list[Import]
    calls: list[Call]
    resolved: dict[Place, Phase]
    at_start: dict[str, Any]
    at_end: dict[str, Any]

    @property
    def failure(self) -> Outcome | None:
        """The first outcome that is no success."""
        return next((one for one in self.outcomes if one.error is not None), None)

    def all_imports(self) -> Iterator[Import]:
        """Return all imports, an outer one before those inside."""
        for one in self.imports:
            yield from one.all()


class Timing(NamedTuple):
    """The times of plain runs, each a median in milliseconds.

    Attributes:
        init: of the init phase.
        first: of the first invocation.
        warm: of the invocations after it; None where there was none.
        memory: MB, the peak of all runs; None if it is not known.
        runs: how many runs there were.
    """

    init: float
    first: float
    warm: float | None
    memory: int | None
    runs: int


class Function:
    """The function that is examined.

    Args:
        handler: `MODULE.FUNCTION`.
        settings: the keyword arguments of `Environment`.
        events: the events, each for the first invocation of a run in turn; at least one.
        foreign: the names of packages in the function's folder that are not its own.
    """

    def __init__(
        self, handler: str, settings: Mapping[str, Any], events: Sequence[Any], foreign: Sequence[str]
    ) -> None:
        self.handler = handler
        self.settings = dict(settings)
        self.events = list(events)
        self.foreign = list(foreign)
        self.root = os.getcwd()  # noqa: PTH109  # as the function sees it
        self.processes = 0

    def run(self, warm: int) -> list[Outcome]:
        """Run the function in a new environment: all events, and `warm` invocations more."""
        self.processes += 1
        with Environment(self.handler, **self.settings) as environment:
            return self._invoke(environment, warm)

    def record(
        self, warm: int = 0, defer: Sequence[tuple[str, int]] | None = None, env: Mapping[str, str] | None = None
    ) -> Recording:
        """Run the function under the recorder.

        Args:
            warm: invocations after the events.
            defer: the imports to defer; an empty choice runs the same machinery and defers none; None runs the
                function's modules as Python does.
            env: variables over those of the function.
        """
        self.processes += 1
        folder = tempfile.mkdtemp(prefix="lambda-kit-doctor-")
        try:
            return self._record(Path(folder), warm, defer, env or {})
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _record(
        self, folder: Path, warm: int, defer: Sequence[tuple[str, int]] | None, env: Mapping[str, str]
    ) -> Recording:
        records, control, choice = folder / "records", folder / "control", folder / "defer"
        records.touch()
        os.mkfifo(control)
        if defer is not None:
            choice.write_text("".join(f"{file}:{line}\n" for file, line in defer), "utf-8")
        probe = _Probe(records, control)
        starts: list[float] = []
        states: list[dict[str, Any]] = []

        def on_report(line: str) -> None:
            if line.startswith("START "):
                if not starts:
                    starts.append(time.perf_counter())
                    states.append(probe.state())
                starts.append(time.perf_counter())

        launcher = [str(RECORDER), str(records), str(control), self.root, ",".join(self.foreign)]
        launcher.append("" if defer is None else str(choice))
        settings: dict[str, Any] = {**self.settings, "env": {**self.settings.get("env", {}), **env}}
        with Environment(self.handler, **settings, launcher=launcher, on_report=on_report) as environment:
            outcomes = self._invoke(environment, warm)
            states.append(probe.state() if outcomes[-1].status in ("success", "error") else {})
        return read(records.read_text("utf-8"), starts[:1] + starts[2:], outcomes, states)

    def _invoke(self, environment: Environment, warm: int) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for number in range(len(self.events) + warm):
            outcomes.append(environment.invoke(self.events[number % len(self.events)]))
            if outcomes[-1].status not in ("success", "error"):
                break
        return outcomes


class _Probe:
    """Asks the recorder for the state of its process."""

    def __init__(self, records: Path, control: Path) -> None:
        self._records = records
        self._control = control
        self._asked = 0

    def state(self) -> dict[str, Any]:
        """Return the state; an empty dict if the process is gone."""
        self._asked += 1
        try:
            fd = os.open(self._control, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return {}
        try:
            with contextlib.suppress(OSError):
                os.write(fd, b"s")
        finally:
            os.close(fd)
        prefix = f"('state', {self._asked}, "
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            text = self._records.read_text("utf-8")
            for line in reversed(text.splitlines()):
                if line.startswith(prefix) and line.endswith(")"):
                    found: dict[str, Any] = ast.literal_eval(line)[2]
                    return found
            time.sleep(0.005)
        return {}


def read(text: str, starts: Sequence[float], outcomes: list[Outcome], states: list[dict[str, Any]]) -> Recording:
    """Return the recording of a run.

    Args:
        text: the entries of the recorder, a line each.
        starts: when each invocation started.
        outcomes: of the invocations.
        states: the state of the process at the end of the init phase, and after the last invocation.
    """

    def phase_at(moment: float) -> Phase:
        if not starts or moment < starts[0]:
            return "init"
        return "first" if len(starts) < 2 or moment < starts[1] else "warm"

    found: dict[int, Import] = {}
    parents: dict[int, int] = {}
    calls: list[Call] = []
    resolved: dict[Place, Phase] = {}
    for line in text.splitlines():
        try:
            kind, *values = ast.literal_eval(line)
        except (SyntaxError, ValueError):
            continue  # the process was killed while it wrote this line
        if kind == "import":
            number, parents_number, name, started, ended, before, after, file, by, at, succeeded, spent, compiled = (
                values
            )
            memory = None if before < 0 or after < 0 else after - before
            parents[number] = parents_number
            found[number] = Import(
                *(name, None, file, Place(by, at), started, ended - started, memory, succeeded, spent, compiled),
                phase_at(started),
            )
        elif kind == "call":
            client, service, operation, region, names, moment = values
            calls.append(Call(client, service, operation, region, names, phase_at(moment)))
        elif kind == "resolve":
            path, at, _, moment, _ = values
            resolved[Place(path, at)] = phase_at(moment)
    top: list[Import] = []
    for number in sorted(found):
        one, parent = found[number], found.get(parents[number])
        one.parent = parent
        (top if parent is None else parent.children).append(one)
    at_start, at_end = [*states, {}, {}][:2]
    return Recording(outcomes, top, calls, resolved, at_start, at_end)


def timing(runs: Sequence[Sequence[Outcome]], events: int) -> Timing:
    """Return the medians of several runs.

    Args:
        runs: the outcomes of each run.
        events: how many invocations of each run are not warm ones: the first of each event.
    """
    firsts = [run[0] for run in runs]
    warm = [one.duration_ms for run in runs for one in run[max(1, events) :]]
    memory = [one.max_memory_mb for run in runs for one in run if one.max_memory_mb is not None]
    return Timing(
        statistics.median([one.init_ms or 0.0 for one in firsts]),
        statistics.median([one.duration_ms for one in firsts]),
        statistics.median(warm) if warm else None,
        max(memory, default=None),
        len(runs),
    )


def is_longer(slow: Sequence[float], fast: Sequence[float]) -> bool:
    """Return True if runs took longer than others beyond the differences within each.

    The medians differ by a millisecond or more, and in at least 92 % of all pairs of a slow run and a fast one the slow
    one took longer. With five runs each, that is a one-sided Mann-Whitney test at 2 %.

    Args:
        slow: milliseconds of the runs that are thought to be slower.
        fast: those of the others.
    """
    if statistics.median(slow) - statistics.median(fast) < _LEAST_MS:
        return False
    reversed_pairs = sum(one <= other for one in slow for other in fast)
    return reversed_pairs <= _MOST_REVERSED * len(slow) * len(fast)
