"""The charts show the figures of the tables in the documentation."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from benchmarks import charts

PAGE = (charts.DOCS / "benchmarks.md").read_text()
_SVG = "{http://www.w3.org/2000/svg}"


def test_the_committed_charts_are_those_of_the_page() -> None:
    stale = [path.name for path, text in charts.files(PAGE).items() if path.read_text() != text]
    assert stale == [], "run `make charts`"


@pytest.mark.parametrize("chart", charts.CHARTS, ids=lambda chart: chart.name)
def test_the_figures_and_the_lengths_of_the_bars_are_those_of_the_table(chart: charts.Chart) -> None:
    drawing = ET.fromstring((charts.DOCS / "assets" / f"{chart.name}.svg").read_text())
    # Behind each bar stands its figure; those of the legend come before all of them.
    bars = [
        float(one.attrib["width"]) for one in drawing.findall(f"{_SVG}rect") if one.get("class") in ("kit", "other")
    ]
    texts = [one.text or "" for one in drawing.findall(f"{_SVG}text") if one.get("class") == "soft"]
    bars = bars[2:]
    assert len(bars) == len(texts) == 2 * len(chart.rows)
    for index, (title, other) in enumerate(chart.rows):
        kit, against = texts[2 * index].partition(" (")[0], texts[2 * index + 1]
        line = rf"^{re.escape(title)} +{re.escape(kit)} +{re.escape(against)} +{re.escape(other)} "
        assert re.search(line, PAGE, re.MULTILINE), (title, kit, against)
    values = [charts.value_of(text.partition(" (")[0]) for text in texts]
    longest = max(bars) / max(values)
    assert bars == pytest.approx([max(value * longest, 1.0) for value in values], abs=0.1)


def test_rows_of_different_units_share_no_chart() -> None:
    mixed = charts.Chart(
        "mixed",
        "",
        "cold_start",
        (
            ("all capabilities, init, processor", "all capabilities"),
            ("all capabilities, peak of memory", "all capabilities"),
        ),
    )
    with pytest.raises(ValueError, match="different units"):
        charts.svg(PAGE, mixed)


def test_a_table_that_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="no table 'nothing'"):
        charts.rows_of(PAGE, "nothing")


def test_the_titles_fit_the_width() -> None:
    assert [chart.title for chart in charts.CHARTS if len(chart.title) > 52] == []
