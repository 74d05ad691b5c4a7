from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.local import _bench_stats
from lambda_kit.local._bench_stats import Sample
from lambda_kit.local._prices import Rates, cost_of_million

VALUES = st.lists(st.floats(0.001, 1e6), min_size=1, max_size=60)
ROUNDS = st.lists(st.tuples(st.integers(0, 4), st.floats(0.001, 1e6)), min_size=1, max_size=40)
RATES = Rates(gb_second=0.0000166667, million_requests=0.2, storage_gb_second=0.0000000309)


@given(VALUES)
def test_each_quantile_is_a_value_that_as_many_values_do_not_exceed(values: list[float]) -> None:
    found = _bench_stats.distribution(values)
    assert found is not None
    assert (found.count, found.min, found.max) == (len(values), min(values), max(values))
    for share, quantile in ((0.5, found.p50), (0.9, found.p90), (0.99, found.p99)):
        assert quantile in values
        assert sum(value <= quantile for value in values) >= share * len(values)
        assert sum(value < quantile for value in values) < share * len(values)
    assert found.min * (1 - 1e-9) <= found.mean <= found.max * (1 + 1e-9)


def test_no_values_have_no_distribution() -> None:
    assert _bench_stats.distribution([]) is None


@given(ROUNDS, st.floats(0.1, 10.0))
def test_a_side_that_takes_a_multiple_in_each_round_has_that_ratio_without_a_spread(
    ours: list[tuple[int, float]], factor: float
) -> None:
    found = _bench_stats.ratio(ours, [(number, value * factor) for number, value in ours])
    assert found is not None
    assert found.rounds == len({number for number, _ in ours})
    assert (found.low, found.value, found.high) == pytest.approx((factor, factor, factor))


@given(ROUNDS, ROUNDS)
def test_a_ratio_lies_within_its_spread_and_turns_over_with_the_sides(
    ours: list[tuple[int, float]], theirs: list[tuple[int, float]]
) -> None:
    found, back = _bench_stats.ratio(ours, theirs), _bench_stats.ratio(theirs, ours)
    if not {number for number, _ in ours} & {number for number, _ in theirs}:
        assert found is back is None
        return
    assert found is not None
    assert back is not None
    assert found.low <= found.value <= found.high
    assert (back.low, back.high) == pytest.approx((1 / found.high, 1 / found.low))


def test_a_slow_round_of_the_machine_leaves_the_ratio_as_it_is() -> None:
    ours = [(0, 10.0), (0, 11.0), (0, 12.0), (1, 100.0), (1, 110.0), (1, 120.0)]
    found = _bench_stats.ratio(ours, [(number, value * 2) for number, value in ours])
    assert found is not None
    assert (found.low, found.value, found.high) == (2.0, 2.0, 2.0)


@given(
    st.lists(st.integers(1, 900_000), min_size=1, max_size=20),
    st.lists(st.integers(1, 900_000), min_size=1, max_size=20),
    st.integers(128, 10_240),
    st.floats(0.0, 1.0),
)
def test_the_cost_of_a_mixture_lies_between_all_warm_and_all_cold(
    warm: list[int], cold: list[int], memory: int, share: float
) -> None:
    found = _bench_stats.cost(
        RATES,
        [Sample(0, 1.0, None, billed) for billed in warm],
        [Sample(0, 1.0, 1.0, billed) for billed in cold],
        memory=memory,
        storage=512,
        cold_share=share,
    )
    assert found.warm == pytest.approx(cost_of_million(RATES, sum(warm) / len(warm), memory))
    assert found.cold == pytest.approx(cost_of_million(RATES, sum(cold) / len(cold), memory))
    assert found.mixed is not None
    assert found.warm is not None
    assert found.cold is not None
    assert min(found.warm, found.cold) * (1 - 1e-9) <= found.mixed <= max(found.warm, found.cold) * (1 + 1e-9)


def test_what_was_not_measured_has_no_cost() -> None:
    found = _bench_stats.cost(RATES, [Sample(0, 1.0, None, 2)], [], memory=128, storage=512, cold_share=0.5)
    assert (found.cold, found.mixed) == (None, None)
    assert found.warm is not None
