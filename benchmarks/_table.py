"""Results as an aligned table for people and as JSON for programs."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks._model import Result, Summary

_HEAD = ("benchmark", "kit", "against", "", "ratio", "goal", "")


def table(results: Sequence[Result]) -> str:
    """Return the rows, the ratio and the goal of each in one way of writing: at most 1.50, or at most 1/15."""
    lines = [_HEAD, *(_cells(result) for result in results)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(_HEAD))]
    left = (0, 3, 6)
    texts = [
        "  ".join(f"{cell:<{width}}" if i in left else f"{cell:>{width}}" for i, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(line, widths, strict=True)) for line in lines)
    ]
    texts.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(text.rstrip() for text in texts)


def _cells(result: Result) -> tuple[str, ...]:
    row = result.row
    return (
        row.title,
        f"{number(result.kit.median)} {row.unit}".rstrip(),
        f"{number(result.against.median)} {row.unit}".rstrip(),
        row.label,
        "-" if result.ratio is None else ratio(result.ratio),
        "" if row.goal is None else ratio(row.goal),
        "" if result.met is None else "met" if result.met else "missed",
    )


def number(value: float) -> str:
    """Write a figure with three digits or so."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def ratio(value: float) -> str:
    """Write a ratio as a fraction of one where it is far below it."""
    if not 0 < value < 0.5:
        return f"{value:.2f}"
    return f"1/{1 / value:,.0f}" if value < 0.1 else f"1/{1 / value:.1f}"


def verdict(results: Sequence[Result]) -> str:
    """Sum up the goals in one line."""
    judged = [result for result in results if result.met is not None]
    return f"{sum(result.met is True for result in judged)} of {len(judged)} goals met"


def document(results: Sequence[Result], versions: Mapping[str, Mapping[str, str]], *, quick: bool) -> dict[str, Any]:
    """Return what is written as JSON."""
    return {
        "format": 1,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "quick": quick,
        "machine": {
            "python": platform.python_version(),
            "implementation": platform.python_implementation(),
            "platform": platform.platform(),
            "processors": os.cpu_count(),
            "load": list(os.getloadavg()),
        },
        "versions": versions,
        "rows": [_row(result) for result in results],
    }


def _row(result: Result) -> dict[str, Any]:
    row = result.row
    return {
        "topic": result.topic,
        "benchmark": row.title,
        "unit": row.unit,
        "kit": _summary(result.kit),
        "against": {"label": row.label, **_summary(result.against)},
        "ratio": result.ratio,
        "ratios": result.ratios,
        "goal": row.goal,
        "met": result.met,
    }


def _summary(summary: Summary) -> dict[str, Any]:
    return {"median": summary.median, "minimum": summary.minimum, "rounds": summary.rounds}
