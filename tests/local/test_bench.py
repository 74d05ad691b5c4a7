from __future__ import annotations

import io
import itertools
import json
import os
import pty
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.local import _bench_chart, _bench_text, main
from lambda_kit.local._bench_png import png
from lambda_kit.local._bench_svg import svg
from tests.effort import skip_in_the_middle
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

skip_in_the_middle()

SVG = "{http://www.w3.org/2000/svg}"
TITLE = re.compile(r"(?P<name>.+), (?P<memory>\d+) MB, (?P<what>[\w ]+): (?:median )?(?P<value>[\d.]+)")


@pytest.fixture
def run(
    functions: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the command in the functions' directory; return its status and what it wrote."""
    monkeypatch.chdir(functions)
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(["bench", *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return run


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory, functions: Path) -> dict[str, Any]:
    """One benchmark of two sides with two memory sizes, with a chart beside it."""
    folder = tmp_path_factory.mktemp("bench")
    before = Path.cwd()
    os.chdir(functions)
    out = io.StringIO()
    stdout, sys.stdout = sys.stdout, out
    try:
        status = main(
            "bench app.handler --compare-runtime kit --memory 1769,512 --cold 2 --warm 4 --json --cpu stop "
            f"--region eu-central-1 --cold-percent 10 --svg {folder}/chart.svg".split()
        )
    finally:
        sys.stdout = stdout
        os.chdir(before)
    found = json.loads(out.getvalue())
    return {**found, "status": status, "svg": (folder / "chart.svg").read_text()}


def test_both_sides_are_measured_with_each_memory_size(document: dict[str, Any]) -> None:
    assert (document["status"], document["ended_by"]) == (0, "done")
    assert document["functions"] == ["app.handler (awslambdaric)", "app.handler (kit)"]
    assert [(one["runtime"], one["memory_mb"]) for one in document["sides"]] == [
        ("awslambdaric", 512),
        ("kit", 512),
        ("awslambdaric", 1769),
        ("kit", 1769),
    ]
    for side in document["sides"]:
        assert (side["invocations"], side["failed"], side["errors"]) == (6, 0, [])
        assert (side["cold_start_ms"]["count"], side["init_ms"]["count"], side["warm_ms"]["count"]) == (2, 2, 4)
        assert side["cold_start_ms"]["min"] > side["init_ms"]["min"] > side["warm_ms"]["min"] > 0
        assert 5 < side["max_memory_mb"] < 512


def test_the_cost_is_that_of_the_billed_durations_in_the_region(document: dict[str, Any]) -> None:
    assert document["prices"]["region"] == "eu-central-1"
    for side in document["sides"]:
        gb = side["memory_mb"] / 1024
        for architecture, rate in (("x86_64", 0.0000166667), ("arm64", 0.0000133334)):
            cost = side["cost_of_million"][architecture]
            assert cost["warm"] == pytest.approx(side["billed_warm_ms"]["mean"] * 1000 * gb * rate + 0.2, abs=1e-4)
            assert cost["cold"] == pytest.approx(side["billed_cold_ms"]["mean"] * 1000 * gb * rate + 0.2, abs=1e-4)
            assert cost["mixed"] == pytest.approx(0.9 * cost["warm"] + 0.1 * cost["cold"], abs=1e-4)


def test_a_comparison_has_the_ratio_of_each_memory_size(document: dict[str, Any]) -> None:
    assert [(one["function"], one["than"], one["memory_mb"]) for one in document["comparisons"]] == [
        ("app.handler (kit)", "app.handler (awslambdaric)", 512),
        ("app.handler (kit)", "app.handler (awslambdaric)", 1769),
    ]
    for one in document["comparisons"]:
        for key in ("warm", "warm_cpu", "cold_start"):
            assert one[key]["rounds"] == 2
            assert 0 < one[key]["low"] <= one[key]["ratio"] <= one[key]["high"]


def test_the_svg_has_a_point_for_each_figure_of_the_document_at_its_height(document: dict[str, Any]) -> None:
    root = ET.fromstring(document["svg"])
    assert root.tag == f"{SVG}svg"
    found: dict[tuple[str, int, str], tuple[float, float]] = {}
    for dot in root.iter(f"{SVG}circle"):
        title = dot.findtext(f"{SVG}title")
        assert title is not None
        match = TITLE.match(title)
        assert match is not None
        key = (match["name"], int(match["memory"]), match["what"])
        found[key] = (float(match["value"]), float(dot.attrib["cy"]))
    wanted: dict[tuple[str, int, str], float] = {}
    for side in document["sides"]:
        where = (side["function"], side["memory_mb"])
        wanted[*where, "warm_ms"] = side["warm_ms"]["p50"]
        wanted[*where, "cold_start_ms"] = side["cold_start_ms"]["p50"]
        for architecture in ("x86_64", "arm64"):
            wanted[*where, f"cost on {architecture}"] = side["cost_of_million"][architecture]["mixed"]
    assert {key: value for key, (value, _) in found.items()} == wanted
    for what in ("warm_ms", "cold_start_ms"):  # a larger value is a smaller y, and equal steps are equally high
        points = sorted(point for key, point in found.items() if key[2] == what)
        slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.pairwise(points) if b[0] - a[0] > 2]
        assert all(slope < 0 for slope in slopes)
        assert max(slopes, default=-1.0) == pytest.approx(min(slopes, default=-1.0), abs=0.12)


def test_the_svg_has_colours_for_light_and_dark_and_the_unit_of_each_axis(document: dict[str, Any]) -> None:
    text = document["svg"]
    assert "@media (prefers-color-scheme: dark)" in text
    texts = [one.text for one in ET.fromstring(text).iter(f"{SVG}text")]
    assert {"ms", "USD", "512 MB", "1769 MB", "app.handler (kit)"} <= set(texts)
    assert set(_bench_chart.LIGHT) == set(_bench_chart.DARK)


def test_the_png_is_the_chart_twice_as_large(document: dict[str, Any]) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    chart = _bench_chart.chart(document)
    opened = image.open(io.BytesIO(png(document)))
    opened.load()
    assert (opened.format, opened.size) == ("PNG", (2 * chart.width, 2 * chart.height))
    colours = {colour for _, colour in opened.convert("RGB").getcolors(1 << 24)}
    for role in ("ground", "ink", "series0", "series1"):
        assert tuple(bytes.fromhex(_bench_chart.LIGHT[role][1:])) in colours


def test_the_report_fits_80_columns_in_characters_that_the_output_has(document: dict[str, Any]) -> None:
    for unicode in (True, False):
        text = _bench_text.text(document, unicode=unicode)
        assert text.isascii() == (not unicode)
        assert "\x1b" not in text
        assert max(map(len, text.splitlines())) <= 80
        for side in document["sides"]:
            assert _bench_text.number(side["warm_ms"]["p50"]) in text
            assert _bench_text.money(side["cost_of_million"]["arm64"]["mixed"]) in text


def test_failures_are_reported_with_their_message_and_fail_the_command(
    run: Callable[..., tuple[int, str, str]],
) -> None:
    status, out, err = run(
        "app.handler", "--event", '{"do": "fail"}', "--memory", "1769", "--warm", "9", "--cpu", "none"
    )
    assert (status, err) == (1, "")
    assert "3 of 3 failed: ValueError: bad value" in out
    assert "left out after that" in out
    assert 'raise ValueError("bad value")' in out
    assert "cost of a million" not in out


def test_a_handler_that_is_not_there_gets_the_closest_name(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = run("app.handlr", "--memory", "1769", "--cold", "1", "--warm", "2", "--cpu", "none")
    assert status == 1
    assert "3 of 3 failed: Runtime.HandlerNotFound" in out
    assert "did you mean app.handler?" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name the function to measure"),
        (["app.handler", "--memory", "64"], "'64' is not a number of MB from 128 to 10240"),
        (["app.handler", "--compare", "app.handler"], "app.handler is to be compared with itself"),
        (["app.handler", "--compare", "app"], "did you mean 'app.handler'?"),
        (["app.handler", "--cpu", "stopp"], "--cpu is 'stopp'; did you mean 'stop'?"),
        (["app.handler", "--init-cpu", "full"], "--init-cpu is 'full'"),
        (["app.handler", "--region", "eu-west1"], "did you mean 'eu-west-1'?"),
        (["app.handler", "--prices", "nothing.json"], "nothing.json cannot be read"),
        (["app.handler", "--svg", "no/such/chart.svg"], "--svg no/such/chart.svg: its directory does not exist"),
        (["app.handler", "--seconds", "0"], "'0' is not a number of seconds above 0"),
        (["app.handler", "--cold-percent", "101"], "'101' is not a number from 0 to 100"),
        (["app.handler", "--ephemeral-storage", "100"], "'100' is not a number of MB from 512 to 10240"),
        (["app.handler", "--warm", "0"], "'0' is not a whole number of at least 1"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_measured(
    run: Callable[..., tuple[int, str, str]], arguments: list[str], message: str
) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert message in err


def test_a_png_without_pillow_is_refused_with_the_command_that_installs_it(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL.Image", None)
    status, out, err = run("app.handler", "--png", str(tmp_path / "chart.png"))
    assert (status, out) == (2, "")
    assert 'needs Pillow 10.1 or newer, which is not installed: pip install "lambda-kit-sdk[charts]"' in err


def test_a_region_of_the_environment_without_prices_names_the_option(
    run: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "xx-moon-1")
    status, _, err = run("app.handler")
    assert status == 2
    assert "no prices for the region 'xx-moon-1'" in err
    assert "--region" in err


def test_ctrl_c_shows_what_was_measured_and_leaves_nothing_behind(
    functions: Path, mark: str, processes: Callable[[int], list[int]]
) -> None:
    terminal, slave = pty.openpty()
    child = subprocess.Popen(
        f"{sys.executable} -m lambda_kit.local bench app.handler --memory 512 --cold 1 --warm 1000000 "
        f"--seconds {10 * PATIENCE} --env {mark}".split(),
        cwd=functions,
        stdout=subprocess.PIPE,
        stderr=slave,
        text=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    os.close(slave)
    try:
        seen = b""
        while not re.search(rb"round 1 of 1, \d\d+ of 1000001 invocations, 0 failed", seen):
            seen += os.read(terminal, 4096)
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=PATIENCE)
    finally:
        child.kill()
        child.wait()
        os.close(terminal)
    assert child.returncode == 130
    assert "ended early: interrupted" in out
    assert re.search(r"512 MB cold start", out)
    assert "cost of a million invocations" in out
    assert processes(0) == []


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["app.handler"], ["app.handler"]),
        (["app.handler", "app.other"], ["app.handler", "app.other"]),
        (["a.functions.kit_batch.handle", "a.functions.peer_batch.handle"], ["kit_batch", "peer_batch"]),
        (["a_long_package.orders.handler", "another_package.orders.handler"], ["a_long_package", "another_package"]),
        (["x.f (/opt/one/bin/python)", "x.f (/opt/two/bin/python)"], ["...one/bin/python)", "...two/bin/python)"]),
        (["a/the_same_long_module.f", "b/the_same_long_module.f"], ["1 ame_long_module", "2 ame_long_module"]),
    ],
)
def test_the_names_in_tables_are_short_and_differ(names: list[str], short: list[str]) -> None:
    found = _bench_text.short_names(names)
    assert list(found) == names
    assert len(set(found.values())) == len(names)
    assert max(map(len, found.values())) <= 18
    assert list(found.values()) == short


@pytest.mark.parametrize("most", [0.0, 0.2, 0.21, 1.0, 3.7, 5.0, 9.9, 1400.0, 98_765.0])
def test_a_scale_has_at_most_six_round_lines_up_to_the_greatest_value(most: float) -> None:
    step, end = _bench_chart.scale(most)
    assert end >= most
    assert 1 <= round(end / step) <= 6
    assert f"{step:e}"[0] in "125"


def test_a_chart_of_names_with_markup_is_well_formed(document: dict[str, Any]) -> None:
    name = "a<b>&\"'\x01.handler"
    sides = [{**side, "function": name} for side in document["sides"] if side["runtime"] == "kit"]
    root = ET.fromstring(svg({**document, "functions": [name], "sides": sides}))
    assert any("a<b>&\"'?.handler" in (one.text or "") for one in root.iter(f"{SVG}text"))
