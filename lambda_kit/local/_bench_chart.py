"""The chart of a benchmark as a list of shapes. The writers of SVG and PNG draw them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WIDTH = 760
_LEFT, _RIGHT, _TOP, _GAP, _PANEL = 64, 24, 64, 66, 150
_LONGEST_NAME = 60
_DODGE = 9  # between the points of two functions with the same memory

Anchor = Literal["start", "middle", "end"]

LIGHT = {
    "ground": "#ffffff",
    "ink": "#1c2128",
    "soft": "#57606a",
    "grid": "#d8dee4",
    "series0": "#0a5ec2",
    "series1": "#b54708",
    "series2": "#1a7f37",
    "series3": "#8250df",
}
DARK = {
    "ground": "#0d1117",
    "ink": "#e6edf3",
    "soft": "#9da7b3",
    "grid": "#30363d",
    "series0": "#6cb6ff",
    "series1": "#f0883e",
    "series2": "#56d364",
    "series3": "#d2a8ff",
}
"""The colours by their roles, on a light and on a dark ground."""

SERIES = 4
"""Functions that have a colour of their own; the colours come again after that."""


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line; `colour` is a role."""

    x1: float
    y1: float
    x2: float
    y2: float
    colour: str
    width: float = 1.0
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text on its base line; `colour` is a role."""

    x: float
    y: float
    text: str
    size: int = 12
    anchor: Anchor = "start"
    colour: str = "ink"
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """The point of a value, which `title` describes; `colour` is a role. A hollow one has the colour of the ground."""

    x: float
    y: float
    colour: str
    title: str
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: its size, what it shows, and its shapes from back to front."""

    width: int
    height: int
    title: str
    shapes: tuple[Line | Text | Dot, ...]


@dataclass(frozen=True, slots=True)
class _Point:
    memory: int
    value: float
    low: float
    high: float
    title: str


@dataclass(frozen=True, slots=True)
class _Series:
    colour: str
    offset: float
    points: list[_Point]
    dashed: bool = False


def chart(document: dict[str, Any]) -> Chart:
    """Return the chart of a benchmark; `document` is that of `_bench_summary.summarize`."""
    functions: list[str] = document["functions"]
    prices = document["prices"]
    memory = sorted({side["memory_mb"] for side in document["sides"]})
    architectures = list(document["sides"][0]["cost_of_million"])
    middle = (len(functions) - 1) / 2
    legend = {name: (f"series{number % SERIES}", (number - middle) * _DODGE) for number, name in enumerate(functions)}
    panels = [
        (
            "Warm duration in ms by memory: median, and a line from the least to the 90th percentile",
            [_durations(document, name, "warm_ms", *legend[name]) for name in functions],
            "ms",
        ),
        (
            "Cold start (initialization and first run) in ms by memory, likewise",
            [_durations(document, name, "cold_start_ms", *legend[name]) for name in functions],
            "ms",
        ),
        (
            f"Cost of a million invocations in {prices['currency']} by memory, {prices['cold_percent']:g} % cold "
            f"({prices['region']}, {prices['date']})" + "".join(f"; dashed: {one}" for one in architectures[1:]),
            [
                _costs(document, name, one, *legend[name], dashed=number > 0)
                for name in functions
                for number, one in enumerate(architectures)
            ],
            prices["currency"],
        ),
    ]
    shapes: list[Line | Text | Dot] = [Text(_LEFT, 26, "lambda-kit bench", 15, bold=True)]
    x, top = float(_LEFT), _TOP
    for name, (colour, _) in legend.items():
        shown = name if len(name) <= _LONGEST_NAME else f"...{name[3 - _LONGEST_NAME :]}"
        width = 48 + 7 * len(shown)
        if x > _LEFT and x + width > WIDTH:
            x, top = float(_LEFT), top + 18
        shapes += [Line(x, top - 20, x + 18, top - 20, colour, 3), Text(x + 24, top - 16, shown)]
        x += width
    for title, series, unit in panels:
        shapes += _panel(top + 26, title, [one for one in series if one.points], memory, unit)
        top += 26 + _PANEL + _GAP - 20
    return Chart(WIDTH, top + 6, f"{' and '.join(functions)}: durations and cost over memory sizes", tuple(shapes))


def _durations(document: dict[str, Any], name: str, key: str, colour: str, offset: float) -> _Series:
    points: list[_Point] = []
    for side in document["sides"]:
        found = side[key]
        if side["function"] == name and found is not None:
            title = f"{name}, {side['memory_mb']} MB, {key}: median {found['p50']}, p90 {found['p90']}"
            points.append(_Point(side["memory_mb"], found["p50"], found["min"], found["p90"], title))
    return _Series(colour, offset, points)


def _costs(
    document: dict[str, Any], name: str, architecture: str, colour: str, offset: float, *, dashed: bool
) -> _Series:
    points: list[_Point] = []
    for side in document["sides"]:
        value = side["cost_of_million"][architecture]["mixed"]
        if side["function"] == name and value is not None:
            title = f"{name}, {side['memory_mb']} MB, cost on {architecture}: {value}"
            points.append(_Point(side["memory_mb"], value, value, value, title))
    return _Series(colour, offset, points, dashed)


def _panel(
    top: float, title: str, series: Sequence[_Series], memory: Sequence[int], unit: str
) -> Iterator[Line | Text | Dot]:
    bottom = top + _PANEL
    yield Text(_LEFT, top - 12, title, 12, bold=True)
    step, most = scale(max((point.high for one in series for point in one.points), default=1.0))

    def y(value: float) -> float:
        return bottom - min(value, most) / most * _PANEL

    def x(size: int) -> float:
        return _LEFT + (WIDTH - _LEFT - _RIGHT) * (memory.index(size) + 0.5) / len(memory)

    for number in range(round(most / step) + 1):
        value = number * step
        yield Line(_LEFT, y(value), WIDTH - _RIGHT, y(value), "grid")
        yield Text(_LEFT - 8, y(value) + 4, f"{value:g}", 11, "end", "soft")
    yield Text(_LEFT - 8, top - 12, unit, 11, "end", "soft")
    for size in memory:
        yield Text(x(size), bottom + 18, f"{size} MB", 11, "middle", "soft")
    for one in series:
        yield from _lines(one, x, y)
    labelled = len({one.colour for one in series}) <= 1
    for number, one in enumerate(series):
        for point in one.points:
            yield Dot(x(point.memory) + one.offset, y(point.value), one.colour, point.title, hollow=one.dashed)
            if labelled and number == 0:
                yield Text(x(point.memory) + 8, y(point.value) - 6, _short(point.value), 11, "start", "ink")


def _lines(one: _Series, x: Callable[[int], float], y: Callable[[float], float]) -> Iterator[Line]:
    for before, after in zip(one.points, one.points[1:], strict=False):
        start, end = x(before.memory) + one.offset, x(after.memory) + one.offset
        yield Line(start, y(before.value), end, y(after.value), one.colour, 2, one.dashed)
    for point in one.points:
        if point.high > point.low:
            place = x(point.memory) + one.offset
            yield Line(place, y(point.low), place, y(point.high), one.colour, 2)


def scale(most: float) -> tuple[float, float]:
    """Return the distance of the grid lines, 1, 2 or 5 times a power of ten, and the upper end: at most six lines."""
    if most <= 0:
        return 1.0, 1.0
    power = 10.0 ** math.floor(math.log10(most / 5))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power * 5 >= most * (1 - 1e-9))
    return step, step * max(1, math.ceil(most / step - 1e-9))


def _short(value: float) -> str:
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"
