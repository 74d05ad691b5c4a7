"""The chart of a benchmark as PNG, drawn with Pillow, on a light ground."""

from __future__ import annotations

import importlib
import io
import math
from typing import Any

from lambda_kit._kernel import extras
from lambda_kit.local._bench_chart import LIGHT, Dot, Line, Text, chart

_SCALE = 2  # pixels for each unit of the chart
_FINER = 2  # it is drawn so many times as large, and made smaller, which smooths the edges
_DASH, _SPACE = 5.0, 4.0


def pillow() -> tuple[Any, Any, Any]:
    """Return the modules of Pillow that draw.

    Raises:
        MissingExtra: Pillow is not installed, or older than 10.1.
    """
    try:
        image, draw, font = (importlib.import_module(f"PIL.{name}") for name in ("Image", "ImageDraw", "ImageFont"))
        font.load_default(size=12)  # the font that comes with it, so that a machine needs none
    except (ImportError, TypeError):
        raise extras.missing("lambda-kit bench --png", "Pillow 10.1 or newer", "charts") from None
    return image, draw, font


def png(document: dict[str, Any]) -> bytes:
    """Return the chart of a benchmark as a PNG file.

    Raises:
        MissingExtra: Pillow is not installed.
    """
    image_module, draw_module, font_module = pillow()
    found = chart(document)
    factor = _SCALE * _FINER
    image = image_module.new("RGB", (found.width * factor, found.height * factor), LIGHT["ground"])
    painter = _Painter(draw_module.Draw(image), font_module, factor)
    for shape in found.shapes:
        painter.paint(shape)
    image = image.resize((found.width * _SCALE, found.height * _SCALE), image_module.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


class _Painter:
    """Draws shapes; `factor` is the number of pixels for each unit of the chart."""

    def __init__(self, draw: Any, fonts: Any, factor: int) -> None:
        self._draw = draw
        self._fonts = fonts
        self._factor = factor

    def paint(self, shape: Line | Text | Dot) -> None:
        if isinstance(shape, Line):
            self._line(shape)
        elif isinstance(shape, Dot):
            self._dot(shape)
        else:
            self._text(shape)

    def _line(self, shape: Line) -> None:
        for x1, y1, x2, y2 in _dashes(shape) if shape.dashed else [(shape.x1, shape.y1, shape.x2, shape.y2)]:
            points = [value * self._factor for value in (x1, y1, x2, y2)]
            self._draw.line(points, fill=LIGHT[shape.colour], width=max(1, round(shape.width * self._factor)))

    def _dot(self, shape: Dot) -> None:
        radius = 5 * self._factor
        x, y = shape.x * self._factor, shape.y * self._factor
        self._draw.ellipse(
            [x - radius, y - radius, x + radius, y + radius],
            fill=LIGHT["ground" if shape.hollow else shape.colour],
            outline=LIGHT[shape.colour],
            width=2 * self._factor,
        )

    def _text(self, shape: Text) -> None:
        font = self._fonts.load_default(size=shape.size * self._factor)
        anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
        self._draw.text(
            (shape.x * self._factor, shape.y * self._factor),
            shape.text,
            fill=LIGHT[shape.colour],
            font=font,
            anchor=anchor,
            stroke_width=self._factor // 4 if shape.bold else 0,
            stroke_fill=LIGHT[shape.colour],
        )


def _dashes(line: Line) -> list[tuple[float, float, float, float]]:
    length = math.hypot(line.x2 - line.x1, line.y2 - line.y1)
    if length == 0:
        return []
    across, down = (line.x2 - line.x1) / length, (line.y2 - line.y1) / length
    found: list[tuple[float, float, float, float]] = []
    at = 0.0
    while at < length:
        end = min(at + _DASH, length)
        found.append(
            (line.x1 + across * at, line.y1 + down * at, line.x1 + across * end, line.y1 + down * end),
        )
        at += _DASH + _SPACE
    return found
