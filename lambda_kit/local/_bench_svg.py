"""The chart of a benchmark as SVG. It follows the colour scheme of the page or the viewer, light or dark."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape, quoteattr

from lambda_kit.local._bench_chart import DARK, LIGHT, Dot, Line, Text, chart

if TYPE_CHECKING:
    from collections.abc import Mapping


def svg(document: dict[str, Any]) -> str:
    """Return the chart of a benchmark as an SVG document."""
    found = chart(document)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {found.width} {found.height}" role="img"',
        f' width="{found.width}" height="{found.height}" font-family="system-ui, sans-serif">',
        f"<title>{escape(_printable(found.title))}</title>",
        "<style>",
        *_rules(LIGHT),
        "@media (prefers-color-scheme: dark) {",
        *_rules(DARK),
        "}",
        "</style>",
        f'<rect class="fill-ground" width="{found.width}" height="{found.height}"/>',
        *map(_shape, found.shapes),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _rules(colours: Mapping[str, str]) -> list[str]:
    return [
        f".fill-{role} {{ fill: {colour} }} .line-{role} {{ stroke: {colour} }}" for role, colour in colours.items()
    ]


def _shape(shape: Line | Text | Dot) -> str:
    if isinstance(shape, Line):
        dashes = ' stroke-dasharray="5 4"' if shape.dashed else ""
        return (
            f'<line class="line-{shape.colour}" x1="{shape.x1:.1f}" y1="{shape.y1:.1f}" x2="{shape.x2:.1f}" '
            f'y2="{shape.y2:.1f}" stroke-width="{shape.width:g}"{dashes}/>'
        )
    if isinstance(shape, Dot):
        fill = "ground" if shape.hollow else shape.colour
        return (
            f'<circle class="fill-{fill} line-{shape.colour}" cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="4" '
            f'stroke-width="2"><title>{escape(_printable(shape.title))}</title></circle>'
        )
    weight = ' font-weight="600"' if shape.bold else ""
    return (
        f'<text class="fill-{shape.colour}" x="{shape.x:.1f}" y="{shape.y:.1f}" font-size="{shape.size}" '
        f"text-anchor={quoteattr(shape.anchor)}{weight}>{escape(_printable(shape.text))}</text>"
    )


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in text)
