"""The tables and bars of a benchmark, as plain text of 80 columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambda_kit.local._bench_machine import Machine, busy_note
from lambda_kit.local._console import NOISE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

WIDTH = 80
_NAME = 18  # characters of the name of a function in tables
_LINES = 8  # of the output of a failure
_QUANTILES = ("min", "p50", "p90", "p99", "max")
_ROWS = (
    ("cold start", "cold_start_ms"),
    ("  its init", "init_ms"),
    ("warm", "warm_ms"),
    ("  processor", "warm_cpu_ms"),
)


def text(document: dict[str, Any], *, unicode: bool = True) -> str:
    """Return the report.

    Args:
        document: of `_bench_summary.summarize`.
        unicode: draw bars with block characters; otherwise with `#` and `-`.
    """
    full, light = ("█", "░") if unicode else ("#", "-")
    lines = [part for line in _head(document) for part in _wrapped(line)]
    several = len(document["functions"]) > 1
    names = short_names(document["functions"]) if several else {document["functions"][0]: "memory"}
    for name in document["functions"]:
        lines += ["", *_table(names[name], [one for one in document["sides"] if one["function"] == name])]
    lines += _bars(
        document,
        f"warm duration in ms ({full} median, {light} to p90)",
        lambda side: _pair(side["warm_ms"]),
        (full, light),
        names,
    )
    lines += _costs(document, full, names)
    lines += _comparisons(document)
    lines += _notes(document)
    return "\n".join(lines) + "\n"


def number(value: float) -> str:
    """Return a number with as many digits as tell something."""
    digits = 2 if value < 100 else 1 if value < 1000 else 0
    return f"{value:.{digits}f}"


def money(value: float | None) -> str:
    """Return an amount of money; `-` if it is not known."""
    return "-" if value is None else f"{value:,.2f}"


def _head(document: dict[str, Any]) -> Iterator[str]:
    plan, emulation = document["plan"], document["emulation"]
    yield " and ".join(document["functions"]) if len(document["functions"]) < 3 else ", ".join(document["functions"])
    yield (
        f"{plan['cold']} rounds, each with a cold start of every side; {plan['warm']} warm invocations of each, "
        "taking turns"
    )
    if document["ended_by"] == "time":
        yield f"ended early: {plan['seconds']:g} seconds (--seconds) were over"
    elif document["ended_by"] == "interrupted":
        yield "ended early: interrupted"
    if emulation["method"] == "none":
        yield "the processor share of the memory size is not emulated"
    else:
        init = "has all processors" if emulation["init"] == "boost" else "has the share, too"
        yield f"processor share held by {emulation['by']}; the init {init}"


def _table(name: str, sides: Sequence[dict[str, Any]]) -> Iterator[str]:
    yield f"{name:22}" + "".join(f"{one:>10}" for one in _QUANTILES) + f"{'count':>8}"
    for side in sides:
        label = f"{side['memory_mb']:>6} MB"
        for row, key in _ROWS:
            found = side[key]
            if found is not None:
                cells = "".join(f"{number(found[one]):>10}" for one in _QUANTILES)
                yield f"{label:10}{row:12}{cells}{found['count']:>8}"
                label = ""
        if side["invocations"] == 0:
            yield f"{label:10}no invocation in the time"
        for error in side["errors"]:
            message = f"{error['count']} of {side['invocations']} failed: {error['type']}: {error['message']}"
            yield f"{label:10}{_cut(' '.join(message.split()), WIDTH - 10)}"
            label = ""
            if error["advice"]:
                yield from (f"{'':10}{part}" for part in _wrapped(error["advice"], WIDTH - 10))
        if side["given_up"]:
            yield f"{label:10}left out after that"
    yield from _output(sides)


def _output(sides: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the end of what the function printed in its first failure."""
    text = next((found for side in sides if (found := side["output_of_first_failure"])), "")
    lines = [line for line in text.splitlines() if line.strip() and NOISE not in line]
    if lines:
        yield f"the last lines of the first failure's output{f', of {len(lines)}' if len(lines) > _LINES else ''}:"
        yield from (
            "  " + _cut("".join(one if one.isprintable() else " " for one in line), WIDTH - 2)
            for line in lines[-_LINES:]
        )


def _bars(
    document: dict[str, Any],
    title: str,
    values: Callable[[dict[str, Any]], tuple[float, float] | None],
    marks: tuple[str, str],
    names: Mapping[str, str],
) -> list[str]:
    sides = [(side, found) for side in document["sides"] if (found := values(side)) is not None]
    if not sides:
        return []
    label = max(map(len, names.values())) if len(names) > 1 else 0
    width = WIDTH - 12 - (label + 1 if label else 0) - 10
    most = max(high for _, (_, high) in sides) or 1.0
    lines = ["", title]
    before = None
    for side, (low, high) in sides:
        memory = f"{side['memory_mb']:>6} MB " if side["memory_mb"] != before else " " * 10
        before = side["memory_mb"]
        name = f"{names[side['function']]:{label}} " if label else ""
        first = max(1, round(low / most * width))
        rest = max(0, round(high / most * width) - first)
        lines.append(f"{memory} {name}{marks[0] * first}{marks[1] * rest} {number(low)}")
    return lines


def _costs(document: dict[str, Any], full: str, names: Mapping[str, str]) -> list[str]:
    prices = document["prices"]
    lines: list[str] = []
    architectures = list(document["sides"][0]["cost_of_million"])
    known = [
        (side, cost["mixed"])
        for side in document["sides"]
        if (cost := side["cost_of_million"][architectures[0]])["mixed"] is not None
    ]
    most = max((cost for _, cost in known), default=0.0) or 1.0
    for name in document["functions"]:
        sides = [one for one in document["sides"] if one["function"] == name and one["billed_warm_ms"] is not None]
        if not sides:
            continue
        if not lines:
            lines += [
                "",
                f"cost of a million invocations, {prices['cold_percent']:g} % of them cold, in {prices['currency']}",
                f"(prices of {prices['region']}, {prices['date']})",
            ]
        head = f"{names[name]:20}{'max used':>9}{'billed':>10}{'cold':>10}"
        lines.append(head + "".join(f"{one:>10}" for one in architectures))
        for side in sides:
            cold = side["billed_cold_ms"]
            used = "-" if side["max_memory_mb"] is None else f"{side['max_memory_mb']} MB"
            amounts = [side["cost_of_million"][one]["mixed"] for one in architectures]
            bar = "" if amounts[0] is None else " " + full * max(1, round(amounts[0] / most * 10))
            lines.append(
                f"{side['memory_mb']:>6} MB{'':11}{used:>9}{number(side['billed_warm_ms']['mean']):>10}"
                f"{'-' if cold is None else number(cold['mean']):>10}"
                + "".join(f"{money(one):>10}" for one in amounts)
                + bar
            )
        lines += _advice(sides, architectures[0])
    return lines


def _advice(sides: Sequence[dict[str, Any]], architecture: str) -> list[str]:
    known = [one for one in sides if one["cost_of_million"][architecture]["mixed"] is not None]
    if len(known) < 2:
        return []
    cheapest = min(known, key=lambda one: one["cost_of_million"][architecture]["mixed"])
    fastest = min(known, key=lambda one: one["warm_ms"]["p50"])
    return [f"cheapest: {cheapest['memory_mb']} MB; shortest median when warm: {fastest['memory_mb']} MB"]


def _comparisons(document: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for name in document["functions"][1:]:
        rows = [
            one
            for one in document["comparisons"]
            if one["function"] == name and (one["warm"] is not None or one["cold_start"] is not None)
        ]
        if not rows:
            continue
        lines += [
            "",
            *_wrapped(
                f"{name} takes so many times as long as {rows[0]['than']} (ratio of the medians of a round; the "
                "median, and in brackets the smallest and the largest of all rounds)"
            ),
            f"{'':10}{'warm':>21}{'its processor time':>21}{'cold start':>21}{'cost':>7}",
        ]
        for row in rows:
            cost = next((value for value in row["cost"].values() if value is not None), None)
            lines.append(
                f"{row['memory_mb']:>6} MB "
                + "".join(f"{_ratio(row[key]):>21}" for key in ("warm", "warm_cpu", "cold_start"))
                + f"{'-' if cost is None else f'{cost:.2f}':>7}"
            )
    return lines


def _ratio(value: dict[str, Any] | None) -> str:
    if value is None:
        return "-"
    if value["rounds"] < 2:
        return f"{value['ratio']:.2f} (one round)"
    return f"{value['ratio']:.2f} ({value['low']:.2f}-{value['high']:.2f})"


def _notes(document: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    machine = document["machine"]
    note = busy_note(Machine(machine["architecture"], machine["processors"], machine["used_by_others"]))
    if note is not None:
        lines.append(note)
    if document["bytecode_is_not_written"]:
        lines.append(
            "PYTHONDONTWRITEBYTECODE is set: modules without compiled files are compiled in each cold start, "
            "as on Lambda, where the package is read-only."
        )
    large = [one["memory_mb"] for one in document["sides"] if one["processors"] > machine["processors"]]
    if large and document["emulation"]["method"] != "none":
        lines.append(
            f"{min(large)} MB come with {min(large) / 1769:.1f} processors, and this machine has "
            f"{machine['processors']}."
        )
    architecture = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}.get(
        machine["architecture"].lower(), machine["architecture"]
    )
    lines.append(
        f"Durations are those of this machine's processors ({architecture}); the cost on the other architecture takes "
        "them for the same."
    )
    return ["", *(part for line in lines for part in _wrapped(line))]


def _wrapped(line: str, width: int = WIDTH) -> list[str]:
    import textwrap

    return textwrap.wrap(line, width)


def _pair(found: dict[str, Any] | None) -> tuple[float, float] | None:
    return None if found is None else (found["p50"], found["p90"])


def short_names(names: Sequence[str]) -> dict[str, str]:
    """Return a name of at most 18 characters for each name, without what all of them share where they are too long."""
    short = list(names)
    if len(short) > 1 and max(map(len, short)) > _NAME:
        parts = [name.split(".") for name in short]
        while min(map(len, parts)) > 1 and len({one[0] for one in parts}) == 1:
            parts = [one[1:] for one in parts]
        while min(map(len, parts)) > 1 and len({one[-1] for one in parts}) == 1:
            parts = [one[:-1] for one in parts]
        short = [".".join(one) for one in parts]
    short = [name if len(name) <= _NAME else f"...{name[3 - _NAME :]}" for name in short]
    if len(set(short)) < len(short):
        short = [f"{number} {name[-_NAME + 3 :]}" for number, name in enumerate(short, 1)]
    return dict(zip(names, short, strict=True))


def _cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 3]}..."
