"""The page of the demo under test, for a run over memory: its text, and what a browser makes of it."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from shop.demo import account, in_process, report

from tests.effort import is_full
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from shop.demo.record import Result

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PROBE = r"""<script type="module">
const seen = {
  wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  shown: document.getElementById("shown").textContent,
  rows: [...document.querySelectorAll(".logs li[data-order]")].filter((row) => !row.hidden).length,
};
const words = document.getElementById("words");
words.value = "no line has this";
words.dispatchEvent(new Event("input"));
const bar = document.querySelector(".lane .bar").getBoundingClientRect();
document.querySelector(".lane").dispatchEvent(new PointerEvent("pointerdown", { clientX: bar.left - 5 }));
seen.pointed = /^api: [\d.]+ ms/.test(document.getElementById("pointed").textContent);
seen.none = !document.querySelector(".logs .none").hidden;
document.body.insertAdjacentHTML("beforeend", "<output>" + JSON.stringify(seen) + "</output>");
</script>"""


@pytest.fixture(scope="module")
def result() -> Result:
    return in_process.run(lambda _: None, orders=3)


def test_the_story_over_memory_ends_well(result: Result) -> None:
    assert account.mistakes(result) == []
    assert [one["status"] for one in result.orders].count("paid") == 5
    assert account.headline(result) == (
        "7 orders: 5 paid, 1 declined, 1 refused. Each paid order was charged exactly once."
    )
    assert result.refused_keys == 1
    assert result.letters == 1


def test_a_wrong_charge_is_called_one(result: Result) -> None:
    order = next(iter(result.charges))
    twice = replace(result, charges={**result.charges, order: 2})
    assert account.mistakes(twice) == [f"order {order} was charged 2 times"]
    assert "WRONG" in account.headline(twice)
    assert 'class="verdict bad"' in report.page(twice)
    lost = replace(result, charges={one: 1 for one in result.charges if one != order})
    assert account.mistakes(lost) == [f"order {order} is paid and was not charged"]
    fewer = replace(result, orders=[one for one in result.orders if one["id"] != order])
    assert account.mistakes(fewer)[1:] == ["ada has 0 orders, and wanted 1"]
    more = replace(result, orders=[*result.orders, {**result.orders[-1], "id": "o-2"}])
    assert account.mistakes(more) == ["linus has 2 orders, and wanted 1"]


def test_the_account_says_what_was_prevented_and_shows_one_order(result: Result) -> None:
    text = account.text(result)
    assert re.search(r"4 +requests sent again: got the answer of the first", text)
    assert re.search(r"1 +message without an order", text)
    for span in ("POST /orders", "announce", "fulfil", "payments"):
        assert span in text


def test_the_page_needs_no_other_file_and_escapes_what_it_shows(result: Result) -> None:
    orders = [{**result.orders[0], "customer": "<script>alert(1)</script>"}, *result.orders[1:]]
    page = report.page(replace(result, orders=orders))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert not re.search(r"""(?:src|href)=["'](?!data:)""", page)
    for heading in (
        "What came in",
        "What was prevented",
        "Timeline",
        "One order as a trace",
        "Logs",
        "Orders",
        "Timings",
    ):
        assert f"<h2>{heading}</h2>" in page


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize("width", [500, 1240])
def test_a_browser_shows_the_page_without_an_error(result: Result, tmp_path: Path, width: int) -> None:
    if not is_full():
        pytest.skip("a browser takes seconds to start, and the page is the same on each Python")
    file = tmp_path / "report.html"
    file.write_text(report.page(result).replace("</body>", f"{PROBE}</body>"), "utf-8")
    options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--enable-logging=stderr",
        f"--user-data-dir={tmp_path}/c",
    ]
    ran = subprocess.run(  # noqa: S603  # a browser that this machine has
        [str(CHROMIUM), *options, f"--window-size={width},900", "--dump-dom", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "CONSOLE" not in ran.stderr
    (seen,) = re.findall(r"<output>(\{.*?\})</output>", ran.stdout)
    about = sum(line.get("correlationId") == "c-ada-1" for one in result.invocations for line in one.logs)
    lines = sum(len(one.logs) for one in result.invocations)
    assert about > 4
    assert seen == f'{{"wide":false,"shown":"{about} of {lines} lines","rows":{about},"pointed":true,"none":true}}'
