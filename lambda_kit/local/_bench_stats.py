"""The figures of `lambda-kit bench`: distributions, costs, and ratios with a spread."""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambda_kit.local._prices import cost_of_million

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lambda_kit.local._prices import Rates

QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class Sample:
    """One invocation that succeeded.

    Attributes:
        round: the number of its round, from 0.
        duration_ms: of the run, without the initialization.
        init_ms: of the initialization; None for a warm invocation.
        billed_ms: the duration that Lambda would bill, with the initialization.
        cpu_ms: the processor time of the run; None if it is not known.
    """

    round: int
    duration_ms: float
    init_ms: float | None
    billed_ms: int
    cpu_ms: float | None = None

    @property
    def total_ms(self) -> float:
        """The initialization and the run."""
        return self.duration_ms + (self.init_ms or 0.0)


@dataclass(frozen=True, slots=True)
class Distribution:
    """The extremes, some quantiles and the mean of measured values. Each quantile is one of the values."""

    count: int
    min: float
    p50: float
    p90: float
    p99: float
    max: float
    mean: float

    def record(self) -> dict[str, Any]:
        """Return it for the JSON document."""
        names = ("min", "p50", "p90", "p99", "max", "mean")
        return {"count": self.count, **{name: round(getattr(self, name), 3) for name in names}}


def distribution(values: Sequence[float]) -> Distribution | None:
    """Return the distribution of values; None if there are none."""
    if not values:
        return None
    ordered = sorted(values)
    at = {name: ordered[max(0, math.ceil(share * len(ordered)) - 1)] for name, share in QUANTILES.items()}
    return Distribution(
        count=len(ordered),
        min=ordered[0],
        p50=at["p50"],
        p90=at["p90"],
        p99=at["p99"],
        max=ordered[-1],
        mean=statistics.fmean(ordered),
    )


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of a million invocations: all warm, all cold, and mixed. None where nothing was measured."""

    warm: float | None
    cold: float | None
    mixed: float | None

    def record(self) -> dict[str, Any]:
        """Return it for the JSON document."""
        return {
            name: None if (value := getattr(self, name)) is None else round(value, 4)
            for name in ("warm", "cold", "mixed")
        }


def cost(
    rates: Rates, warm: Sequence[Sample], cold: Sequence[Sample], *, memory: int, storage: int, cold_share: float
) -> Cost:
    """Return what a million invocations cost, by the means of the billed durations.

    Args:
        rates: the prices.
        warm: the warm invocations.
        cold: the cold ones.
        memory: MB of the function.
        storage: MB of its ephemeral storage.
        cold_share: the share of cold invocations in the mixture, 0 to 1.
    """

    def million(samples: Sequence[Sample]) -> float | None:
        if not samples:
            return None
        return cost_of_million(rates, statistics.fmean(one.billed_ms for one in samples), memory, storage)

    all_warm, all_cold = million(warm), million(cold)
    mixed = None
    if all_warm is not None and all_cold is not None:
        mixed = (1 - cold_share) * all_warm + cold_share * all_cold
    return Cost(all_warm, all_cold, mixed)


@dataclass(frozen=True, slots=True)
class Ratio:
    """The ratio of two medians, taken in each round.

    Attributes:
        value: the median of the ratios of the rounds.
        low: the smallest ratio of the medians of one round.
        high: the largest one.
        rounds: in how many rounds both sides have values. With one, `low` and `high` say nothing about the spread.
    """

    value: float
    low: float
    high: float
    rounds: int

    def record(self) -> dict[str, Any]:
        """Return it for the JSON document."""
        return {
            "ratio": round(self.value, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "rounds": self.rounds,
        }


def ratio(ours: Sequence[tuple[int, float]], theirs: Sequence[tuple[int, float]]) -> Ratio | None:
    """Return how many times as large their values are as ours; None if they share no round.

    Args:
        ours: the number of the round and the value, of each measurement of the first side.
        theirs: likewise of the other side.
    """
    by_round = (_by_round(ours), _by_round(theirs))
    shared = sorted(by_round[0].keys() & by_round[1].keys())
    each = [
        statistics.median(by_round[1][number]) / middle
        for number in shared
        if (middle := statistics.median(by_round[0][number])) > 0
    ]
    return Ratio(statistics.median(each), min(each), max(each), len(each)) if each else None


def _by_round(values: Sequence[tuple[int, float]]) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {}
    for number, value in values:
        found.setdefault(number, []).append(value)
    return found
