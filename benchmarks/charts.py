"""Writes the charts of `docs/assets/` from the tables of `docs/benchmarks.md`: `make charts`.

A chart shows rows of one table, each with a bar for the kit and one for what it is compared with, on one scale. It
follows the colour scheme of the viewer, light or dark.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

DOCS = Path(__file__).parent.parent / "docs"
_WIDTH, _LEFT, _BAR, _ROW, _HEAD = 560, 12, 17, 72, 74
_LONGEST = _WIDTH - 2 * _LEFT - 170  # leaves room for the figure behind the bar
_LIGHT = {"ground": "#ffffff", "ink": "#1c2128", "soft": "#57606a", "kit": "#0a5ec2", "other": "#b54708"}
_DARK = {"ground": "#0d1117", "ink": "#e6edf3", "soft": "#9da7b3", "kit": "#6cb6ff", "other": "#f0883e"}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: its title, the figures with their unit, what is compared with, and the ratio."""

    title: str
    kit: str
    against: str
    other: str
    ratio: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: the name of its file, its title, its table, and its rows as titles with what they are compared with."""

    name: str
    title: str
    table: str
    rows: tuple[tuple[str, str], ...]


_COLD = "init and first invocation, processor"
CHARTS = (
    Chart(
        "chart-cold-start",
        "Cold start: processor time added, beside Powertools",
        "cold_start",
        (
            (f"all capabilities, {_COLD}", "all capabilities"),
            (f"logger and metrics, {_COLD}", "Logger, Metrics"),
            (f"a sampled tracer, {_COLD}", "Tracer"),
            (f"a first parameter from SSM, {_COLD}", "parameters"),
            (f"a first claim in DynamoDB, {_COLD}", "idempotency"),
            (f"a first batch of ten, {_COLD}", "batch"),
            (f"a first flag, in memory, {_COLD}", "feature flags"),
        ),
    ),
    Chart(
        "chart-memory",
        "Cold start: memory added, beside Powertools",
        "cold_start",
        (
            ("all capabilities, peak of memory", "all capabilities"),
            ("logger and metrics, peak of memory", "Logger, Metrics"),
            ("a sampled tracer, peak of memory", "Tracer"),
            ("a first parameter from SSM, peak of memory", "parameters"),
            ("a first batch of ten, peak of memory", "batch"),
        ),
    ),
    Chart(
        "chart-warm",
        "A warm invocation: time added, beside Powertools",
        "warm",
        (
            ("the whole pipeline", "Powertools"),
            ("a logger and one line", "Powertools"),
            ("a sampled tracer and one span", "Powertools"),
            ("one metric", "Powertools"),
            ("four further lines", "Powertools"),
        ),
    ),
    Chart(
        "chart-http",
        "An HTTP GET: processor time of a call",
        "http",
        (
            ("GET among 10 routes", "Powertools"),
            ("GET among 100 routes", "Powertools"),
            ("GET among 100 routes", "Starlette, Mangum"),
            ("GET among 100 routes", "FastAPI, Mangum"),
            ("GET among 500 routes", "Powertools"),
        ),
    ),
)


def rows_of(page: str, table: str) -> list[Row]:
    """Return the rows of a table of the page, which stands below the comment with its name."""
    found = re.search(rf"<!-- table: {table} -->\n\n```text\n(.*?)\n```", page, re.DOTALL)
    if found is None:
        raise ValueError(f"docs/benchmarks.md has no table {table!r}")
    _, dashes, *lines = found[1].split("\n")
    columns = [(one.start(), one.end()) for one in re.finditer("-+", dashes)]
    cells = [[line[start:end].strip() for start, end in columns] for line in lines]
    return [Row(*one[:5]) for one in cells]


def value_of(figure: str) -> float:
    """Return the number of a figure such as `1,048 µs`."""
    return float(figure.partition(" ")[0].replace(",", ""))


def chosen(page: str, chart: Chart) -> list[Row]:
    """Return the rows of the page that a chart shows."""
    by_name = {(row.title, row.other): row for row in rows_of(page, chart.table)}
    rows = [by_name[one] for one in chart.rows]
    if len({figure.partition(" ")[2] for row in rows for figure in (row.kit, row.against)}) != 1:
        raise ValueError(f"{chart.name}: the rows have different units, so that they cannot share a scale")
    return rows


def svg(page: str, chart: Chart) -> str:
    """Return a chart as an SVG document."""
    rows = chosen(page, chart)
    scale = _LONGEST / max(value_of(figure) for row in rows for figure in (row.kit, row.against))
    height = _HEAD + _ROW * len(rows) + 6
    size = f'role="img" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui, sans-serif" font-size="15">',
        f"<title>{escape(chart.title)}</title>",
        "<style>",
        *(f".{role} {{ fill: {colour} }}" for role, colour in _LIGHT.items()),
        "@media (prefers-color-scheme: dark) {",
        *(f".{role} {{ fill: {colour} }}" for role, colour in _DARK.items()),
        "}",
        "</style>",
        f'<rect class="ground" width="{_WIDTH}" height="{height}" rx="6"/>',
        f'<text class="ink" x="{_LEFT}" y="28" font-size="17" font-weight="600">{escape(chart.title)}</text>',
        f'<rect class="kit" x="{_LEFT}" y="42" width="14" height="14"/>',
        f'<text class="ink" x="{_LEFT + 20}" y="54">lambda_kit</text>',
        f'<rect class="other" x="{_LEFT + 120}" y="42" width="14" height="14"/>',
        f'<text class="ink" x="{_LEFT + 140}" y="54">compared with; shorter is better</text>',
    ]
    for index, row in enumerate(rows):
        top = _HEAD + _ROW * index
        label = row.title.removesuffix(f", {_COLD}").removesuffix(", peak of memory")
        if any(other in ("FastAPI, Mangum", "Starlette, Mangum") for _, other in chart.rows):
            label = f"{label}: {row.other}"
        parts.append(f'<text class="ink" x="{_LEFT}" y="{top + 14}">{escape(label)}</text>')
        for line, (kind, figure) in enumerate((("kit", row.kit), ("other", row.against))):
            y = top + 22 + line * (_BAR + 3)
            width = max(value_of(figure) * scale, 1.0)
            note = f"{figure} ({row.ratio})" if kind == "kit" else figure
            parts += [
                f'<rect class="{kind}" x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}"/>',
                f'<text class="soft" x="{_LEFT + width + 8:.1f}" y="{y + 14}">{escape(note)}</text>',
            ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def files(page: str) -> dict[Path, str]:
    """Return the text of the file of each chart."""
    return {DOCS / "assets" / f"{chart.name}.svg": svg(page, chart) for chart in CHARTS}


if __name__ == "__main__":
    for path, text in files((DOCS / "benchmarks.md").read_text()).items():
        path.write_text(text)
        print(path.relative_to(DOCS.parent))
