"""The report of `lambda-kit doctor`, for people and as a JSON document."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from lambda_kit.local import _doctor_imports as imports
from lambda_kit.local._doctor_findings import FULL_PROCESSOR, PROCESSOR_PAGE, Finding, Use, ordered
from lambda_kit.local._doctor_package import MOST_UNZIPPED, MOST_ZIPPED, Package, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lambda_kit.local._doctor_config import Config
    from lambda_kit.local._doctor_policy import Policy
    from lambda_kit.local._doctor_runs import Import, Place, Recording, Timing

VERSION = 1
"""Of the JSON document; it grows when a field is renamed, removed, or changes its meaning."""
_MOST_LINES = 40
_STYLES = {"error": "\033[31m", "warning": "\033[33m", "info": "\033[36m"}
_BOLD, _DIM, _PLAIN = "\033[1m", "\033[2m", "\033[0m"


@dataclass(slots=True)
class Report:
    """All that was found out about a function.

    Attributes:
        handler: the handler.
        runtime: the runtime client.
        python: the version of its interpreter, `3.13`.
        config: its configuration.
        root: its folder.
        use: how much it is used, and what it costs.
        timing: the times of plain runs; None if the function failed.
        recording: of the run with the recorder.
        package: the deployment package.
        policy: what its role needs.
        processes: how many processes were started.
        unused: the imports that no event used; None if that is not known.
        findings: the findings.
        notes: what the report does not have, and why.
    """

    handler: str
    runtime: str
    python: str
    config: Config
    root: str
    use: Use
    timing: Timing | None
    recording: Recording
    package: Package
    policy: Policy
    processes: int
    unused: tuple[Place, ...] | None
    findings: list[Finding]
    notes: list[str] = field(default_factory=list[str])

    def document(self) -> dict[str, Any]:
        """Return the JSON document."""
        client, own = imports.split(self.recording, self.handler)
        return {
            "version": VERSION,
            "handler": self.handler,
            "runtime": self.runtime,
            "python": self.python,
            "configuration": asdict(self.config),
            "processes_started": self.processes,
            "timing": None if self.timing is None else self.timing._asdict(),
            "recorded": {
                "statuses": [one.status for one in self.recording.outcomes],
                "init_ms": self.recording.outcomes[0].init_ms,
                "memory_at_end_of_init": self.recording.at_start.get("memory"),
                "modules_at_end_of_init": self.recording.at_start.get("modules"),
            },
            "imports": {
                "runtime_client": [_tree(one) for one in client],
                "function": [_tree(one) for one in own],
                "unused": None if self.unused is None else [f"{one.file}:{one.line}" for one in self.unused],
                "first_use": [_tree(one) for one in self.recording.imports if one.phase == "first"],
            },
            "resources": self.recording.at_end.get("resources", []),
            "layers": self.recording.at_start.get("layers", []),
            "package": asdict(self.package),
            "calls": [
                {
                    "client": one.client,
                    "service": one.service,
                    "operation": one.operation,
                    "phase": one.phase,
                    "names": dict(one.names),
                }
                for one in self.recording.calls
            ],
            "policy": self.policy.document(),
            "policy_reasons": self.policy.reasons,
            "unmapped": self.policy.unmapped,
            "prices": {
                "date": self.use.prices.date,
                "source": self.use.prices.source,
                "currency": self.use.prices.currency,
                "invocations_per_month": self.use.invocations,
                "cold_share": self.use.cold_share,
            },
            "findings": [self.use.record(one) for one in ordered(self.findings)],
            "notes": [*self.notes, *self.policy.notes],
        }

    def json(self) -> str:
        """Return the document as text."""
        return json.dumps(self.document(), indent=2, ensure_ascii=False) + "\n"

    def text(self, *, colour: bool) -> str:
        """Return the report for people."""
        paint = _Paint(colour=colour)
        parts = [
            self._head(paint),
            self._imports(paint),
            self._resources(paint),
            self._first_use(paint),
            self._package(paint),
            self._calls(paint),
            self._findings(paint),
            self._notes(paint),
        ]
        return "\n".join("\n".join(lines) + "\n" for lines in parts if lines)

    def _head(self, paint: _Paint) -> list[str]:
        config = self.config
        origin = f", {config.resource} in {config.template}" if config.template else ""
        client = f"{self.runtime}, Python {self.python}"
        lines = [paint.bold(f"{self.handler}: {client}, {config.memory} MB, {config.timeout:g} s{origin}")]
        if self.timing is not None:
            memory = "" if self.timing.memory is None else f", {self.timing.memory} MB at most"
            warm = "" if self.timing.warm is None else f", {self.timing.warm:.1f} ms a warm one"
            lines.append(
                f"init phase {self.timing.init:.1f} ms, first invocation {self.timing.first:.1f} ms{warm}{memory} "
                f"(medians of {self.timing.runs} runs on this machine)"
            )
        lines.append(
            f"{self.processes} processes were started; each handled up to {len(self.recording.outcomes)} invocations"
        )
        if config.memory < FULL_PROCESSOR:
            share = config.memory / FULL_PROCESSOR
            lines.append(
                f"On Lambda, {config.memory} MB have {share:.2f} of a processor, so that work takes up to "
                f"{1 / share:.1f} times as long:"
            )
            lines.append(f"  {PROCESSOR_PAGE}")
        return lines

    def _imports(self, paint: _Paint) -> list[str]:
        client, own = imports.split(self.recording, self.handler)
        if not own:
            return []
        lines = [paint.bold("Imports in the init phase"), paint.dim("       ms      cpu     self    memory  module")]
        total, processor = sum(one.seconds for one in client), sum(one.processor for one in client)
        count = sum(1 for one in client for _ in one.all())
        lines.append(f"{total * 1000:9.1f}{processor * 1000:9.1f}{'':19}  ({self.runtime}: {count} modules)")
        rows = [row for one in own for row in _rows(one, 0)]
        for one, depth in rows[:_MOST_LINES]:
            memory = "" if one.memory is None else shown(max(0, one.memory))
            place = "" if one.parent is None else paint.dim(f"  {imports.shown(one.place, self.root)}")
            name = f"{'  ' * depth}{one.name}{'' if one.succeeded else ' (failed)'}"
            times = (one.seconds, one.processor, one.self_processor)
            columns = "".join(f"{1000 * seconds:9.1f}" for seconds in times)
            lines.append(f"{columns}{memory:>10}  {name}{place}")
        if len(rows) > _MOST_LINES:
            lines.append(paint.dim(f"  and {len(rows) - _MOST_LINES} more; all of them with --json"))
        hidden = sum(1 for one in own for _ in one.all()) - len(rows)
        if hidden:
            lines.append(paint.dim(f"  {hidden} modules under {imports.LEAST * 1000:g} ms are left out"))
        lines.append(
            paint.dim(
                "  measured in one run, around the execution of each module: time, processor time, the latter without "
                "imports inside, and memory of the whole process"
            )
        )
        if self.unused:
            places = ", ".join(imports.shown(one, self.root) for one in self.unused)
            lines.append(f"  used neither in the init phase nor by the events: {places}")
        return lines

    def _resources(self, paint: _Paint) -> list[str]:
        found: list[dict[str, Any]] = self.recording.at_end.get("resources", [])
        if not found:
            return []
        before = {one["name"]: one for one in self.recording.at_start.get("resources", [])}
        lines = [paint.bold("Resources of the init cache")]
        for one in found:
            when = "in the init phase" if before.get(one["name"], {}).get("builds") else "in an invocation"
            took = "never built" if one["seconds"] is None else f"{one['seconds'] * 1000:.1f} ms {when}"
            eager = ", eager" if one["eager"] else ""
            lines.append(f"  {one['name']}: {took}{eager}, {one['hits']} hits")
        return lines

    def _first_use(self, paint: _Paint) -> list[str]:
        found = [one for one in self.recording.imports if one.phase == "first"]
        if self.timing is None or self.timing.warm is None:
            return []
        lines = [
            paint.bold("First use"),
            f"  the first invocation took {self.timing.first:.1f} ms, and a warm one {self.timing.warm:.1f} ms",
        ]
        if found:
            modules = sum(1 for one in found for _ in one.all())
            total = sum(one.processor for one in found)
            largest = sorted(found, key=lambda one: -one.processor)[:5]
            names = ", ".join(f"{one.name} {one.processor * 1000:.1f} ms" for one in largest)
            lines.append(f"  it imported {modules} modules in {total * 1000:.1f} ms of processor time: {names}")
        return lines

    def _package(self, paint: _Paint) -> list[str]:
        one = self.package
        largest = ", ".join(f"{name} {shown(size)}" for name, size in list(one.parts.items())[:6])
        estimated = "" if one.is_zip else ", as zip would compress it"
        unzipped = f"{shown(one.size)} unzipped ({one.size / MOST_UNZIPPED:.0%} of 250 MB)"
        zipped = f"{shown(one.zipped)} zipped ({one.zipped / MOST_ZIPPED:.0%} of 50 MB){estimated}"
        return [paint.bold(f"Package: {one.source}"), f"  {unzipped}, {zipped}", f"  {largest}"]

    def _calls(self, paint: _Paint) -> list[str]:
        counts: dict[str, int] = {}
        for one in self.recording.calls:
            name = f"{one.service}:{one.operation} by {one.client}"
            counts[name] = counts.get(name, 0) + 1
        lines = [paint.bold("Calls of AWS, and the policy that they need")]
        lines += [f"  {count} x {name}" for name, count in counts.items()] or ["  no call was seen"]
        lines += [f"  not in the table of actions: {name}" for name in self.policy.unmapped]
        lines += ["", *json.dumps(self.policy.document(), indent=2).splitlines()]
        return lines

    def _findings(self, paint: _Paint) -> list[str]:
        if not self.findings:
            return [paint.bold("No findings")]
        use, currency = self.use, self.use.prices.currency
        lines = [paint.bold(f"Findings: {len(self.findings)}")]
        for number, one in enumerate(ordered(self.findings), 1):
            lines.append(f"{number:2}. {paint.level(one.level)} {paint.bold(one.rule)}: {one.text}")
            if one.advice:
                lines.append(f"    do: {one.advice}")
            lines.append(paint.dim(f"    basis: {one.basis}"))
            if one.page:
                lines.append(paint.dim(f"    {one.page}"))
            worth = [
                *([f"{one.cold_ms:.1f} ms of each cold start"] if one.cold_ms is not None else []),
                *([f"{one.warm_ms:.1f} ms of each invocation"] if one.warm_ms is not None else []),
                *([f"{one.memory_mb:.1f} MB"] if one.memory_mb is not None else []),
            ]
            money = use.worth(one)
            if money is not None:
                worth.append(f"{_money(money)} {currency} a month")
            if worth:
                lines.append(f"    worth: {', '.join(worth)}")
        if any(use.worth(one) is not None for one in self.findings):
            lines.append(
                paint.dim(
                    f"Money: {use.invocations:,.0f} invocations a month, {use.cold_share:.1%} of them cold, "
                    f"{use.memory} MB, prices of {use.prices.date}, {use.prices.source}; times as measured here."
                )
            )
        return lines

    def _notes(self, paint: _Paint) -> list[str]:
        placed = [f"{name} ({value!r})" for name, value in self.config.placeholders.items()]
        known = (
            [f"only a deployment knows these variables; the function ran with: {', '.join(placed)}"] if placed else []
        )
        notes = [*known, *self.config.notes, *self.notes, *self.policy.notes]
        return [paint.bold("Notes"), *(f"  {one}" for one in notes)] if notes else []


class _Paint:
    """Styles of a terminal, or none."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour

    def _styled(self, style: str, text: str) -> str:
        return f"{style}{text}{_PLAIN}" if self._colour else text

    def bold(self, text: str) -> str:
        return self._styled(_BOLD, text)

    def dim(self, text: str) -> str:
        return self._styled(_DIM, text)

    def level(self, text: str) -> str:
        return self._styled(_STYLES[text], text)


def _rows(one: Import, depth: int) -> Iterator[tuple[Import, int]]:
    if one.seconds < imports.LEAST and depth:
        return
    yield one, depth
    for inner in sorted(one.children, key=lambda child: -child.seconds):
        yield from _rows(inner, depth + 1)


def _tree(one: Import) -> dict[str, Any]:
    return {
        "module": one.name,
        "file": one.file,
        "imported_by": f"{one.place.file}:{one.place.line}",
        "ms": round(one.seconds * 1000, 3),
        "self_ms": round(one.self_seconds * 1000, 3),
        "processor_ms": round(one.processor * 1000, 3),
        "self_processor_ms": round(one.self_processor * 1000, 3),
        "compiled": one.compiled,
        "memory": one.memory,
        "self_memory": one.self_memory,
        "succeeded": one.succeeded,
        "imports": [_tree(inner) for inner in one.children],
    }


def _money(amount: float) -> str:
    return f"{amount:.2f}" if amount >= 1 else f"{amount:.4f}"


def worst(findings: Iterable[Finding]) -> str | None:
    """Return the worst level of findings; None without findings."""
    return next((one.level for one in ordered(list(findings))), None)
