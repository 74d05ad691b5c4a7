from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.errors import ConfigurationError
from lambda_kit.local import _prices
from lambda_kit.local._prices import ARCHITECTURES, Rates

if TYPE_CHECKING:
    from pathlib import Path

TABLE: dict[str, Any] = {
    "date": "2030-01-31",
    "source": "https://example.com/prices",
    "currency": "EUR",
    "regions": {"x-1": {"arm64": {"gb_second": 0.5, "million_requests": 3, "storage_gb_second": 0.25}}},
}
MS = st.floats(0.0, 900_000.0)
MEMORY = st.integers(128, 10_240)
RATES = Rates(gb_second=0.0000166667, million_requests=0.2, storage_gb_second=0.0000000309)


def test_the_table_has_a_date_a_source_and_both_architectures_in_each_region() -> None:
    prices = _prices.load()
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", prices.date)
    assert prices.source.startswith("https://aws.amazon.com/")
    assert {"us-east-1", "eu-west-1", "eu-central-1", "ap-southeast-1"} <= set(prices.regions)
    for region in prices.regions:
        x86, arm = (prices.rates(region, one) for one in ARCHITECTURES)
        # AWS sells Arm for a fifth less everywhere; a digit in the wrong place would show here.
        assert arm.gb_second / x86.gb_second == pytest.approx(0.8, abs=0.003)
        assert 0.1 < x86.million_requests < 1
        assert x86.provisioned_gb_second is not None
        assert x86.provisioned_gb_second < x86.gb_second


def test_a_million_invocations_cost_what_the_example_of_aws_says() -> None:
    # AWS's first example: 1,536 MB, 120 ms, 3 million requests; there the free tier is deducted, here it is not.
    rates = _prices.load().rates("us-east-1", "x86_64")
    duration = 3_000_000 * _prices.duration_cost(rates, 120, 1536)
    assert duration == pytest.approx(540_000 * 0.0000166667)
    assert 3 * _prices.cost_of_million(rates, 120, 1536) == pytest.approx(duration + 0.6)


def test_only_storage_over_512_mb_is_paid_for() -> None:
    assert _prices.duration_cost(RATES, 1000, 1024, 512) == pytest.approx(RATES.gb_second)
    assert _prices.duration_cost(RATES, 1000, 1024, 1536) == pytest.approx(RATES.gb_second + RATES.storage_gb_second)


@given(MS, MS)
def test_the_billed_duration_is_the_next_whole_millisecond(duration: float, init: float) -> None:
    billed = _prices.billed_ms(duration, init)
    assert billed >= 1
    assert billed - 1 <= duration + init or billed == 1
    assert billed >= duration + init - 1e-8
    assert _prices.billed_ms(float(billed)) == billed


@given(MS, MS, MEMORY, MEMORY)
def test_longer_and_larger_never_costs_less(one_ms: float, other_ms: float, one_mb: int, other_mb: int) -> None:
    least = _prices.cost_of_million(RATES, min(one_ms, other_ms), min(one_mb, other_mb))
    most = _prices.cost_of_million(RATES, max(one_ms, other_ms), max(one_mb, other_mb))
    assert RATES.million_requests <= least <= most


def test_another_table_takes_the_place_of_the_kits(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(TABLE))
    prices = _prices.load(str(path))
    assert (prices.date, prices.currency) == ("2030-01-31", "EUR")
    assert _prices.cost_of_million(prices.rates("x-1", "arm64"), 2, 1024) == pytest.approx(1003.0)
    with pytest.raises(ConfigurationError, match="has none of x86_64 in x-1"):
        prices.rates("x-1", "x86_64")


def _changed(*path: str, value: Any) -> str:
    document = json.loads(json.dumps(TABLE))
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    return json.dumps(document)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", r"\$ is not a JSON object"),
        ("{}", r"\$ has no 'date'"),
        (_changed("data", value=1), r"\$ has 'data', which is unknown; did you mean 'date'\?"),
        (_changed("date", value=""), r"\$\.date is not a text"),
        (_changed("notes", value="x"), r"\$\.notes is not a list of texts"),
        (_changed("notes", value=[1]), r"\$\.notes is not a text"),
        (_changed("regions", value={}), r"\$\.regions is empty"),
        (_changed("regions", "x-1", value={}), r"\$\.regions\.x-1 is empty; it has x86_64 or arm64"),
        (_changed("regions", "x-1", "arm64", value={}), r"\$\.regions\.x-1\.arm64 has no 'gb_second'"),
        (_changed("regions", "x-1", "arm64", "gb_second", value=-1), r"arm64\.gb_second is -1; it is a number"),
        (_changed("regions", "x-1", "arm64", "gb_second", value=True), r"arm64\.gb_second is true; it is a number"),
        (_changed("regions", "x-1", "arm", value={}), r"has 'arm', which is unknown; did you mean 'arm64'\?"),
    ],
)
def test_a_wrong_table_is_refused_with_the_place(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "prices.json"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=message) as caught:
        _prices.load(str(path))
    assert str(path) in str(caught.value)


def test_an_unknown_region_is_refused_with_the_closest_one() -> None:
    with pytest.raises(ConfigurationError, match=r"no prices for the region 'eu-west1'; did you mean 'eu-west-1'\?"):
        _prices.load().rates("eu-west1", "arm64")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        _prices.load("no-such-file.json")
