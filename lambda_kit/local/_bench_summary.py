"""The document of a benchmark: all that was measured, and what it costs. Tables and charts are made of it alone."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lambda_kit.local._bench_cpu import share_of
from lambda_kit.local._bench_stats import cost, distribution, ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lambda_kit.local._bench_machine import Machine
    from lambda_kit.local._bench_run import Plan, Side
    from lambda_kit.local._bench_stats import Cost
    from lambda_kit.local._prices import Architecture, Prices, Rates


@dataclass(frozen=True, slots=True)
class Terms:
    """The prices that count, and for which mixture of invocations.

    Attributes:
        prices: the table.
        region: the region of the function.
        rates: the prices there, by architecture.
        cold_share: the share of cold invocations, 0 to 1.
        storage: MB of ephemeral storage.
    """

    prices: Prices
    region: str
    rates: Mapping[Architecture, Rates]
    cold_share: float
    storage: int


def summarize(
    sides: Sequence[Side],
    plan: Plan,
    terms: Terms,
    machine: Machine,
    *,
    emulation: Mapping[str, str],
    stopped: str,
    bytecode: bool = True,
) -> dict[str, Any]:
    """Return the JSON document of a benchmark.

    Args:
        sides: what was measured.
        plan: the size that was asked for.
        terms: the prices.
        machine: where it ran.
        emulation: how the processor share was held.
        stopped: what ended it: `done`, `time` or `interrupted`.
        bytecode: whether Python writes compiled files of the modules that it imports.
    """
    labels = list(dict.fromkeys(side.target.label for side in sides))
    return {
        "functions": labels,
        "plan": {"cold": plan.cold, "warm": plan.warm, "seconds": plan.seconds},
        "ended_by": stopped,
        "bytecode_is_not_written": not bytecode,
        "emulation": dict(emulation),
        "machine": {
            "architecture": machine.architecture,
            "processors": machine.processors,
            "used_by_others": None if machine.used_by_others is None else round(machine.used_by_others, 2),
            "system": platform.system(),
        },
        "prices": {
            "date": terms.prices.date,
            "source": terms.prices.source,
            "currency": terms.prices.currency,
            "region": terms.region,
            "cold_percent": round(terms.cold_share * 100, 4),
            "ephemeral_storage_mb": terms.storage,
        },
        "sides": [_side(side, terms) for side in sides],
        "comparisons": [
            one
            for label in labels[1:]
            for side in sides
            if side.target.label == labels[0]
            for other in sides
            if other.target.label == label and other.memory == side.memory
            for one in [_comparison(side, other, terms)]
        ],
    }


def _side(side: Side, terms: Terms) -> dict[str, Any]:
    return {
        "function": side.target.label,
        "handler": side.target.handler,
        "python": side.target.python,
        "runtime": side.target.runtime,
        "memory_mb": side.memory,
        "processors": round(share_of(side.memory), 4),
        "invocations": side.attempts,
        "failed": side.failed,
        "given_up": side.given_up,
        "errors": [
            {"type": name, "count": count, "message": side.first[name].message, "advice": side.advice.get(name)}
            for name, count in side.errors.most_common()
        ],
        "output_of_first_failure": side.output,
        "max_memory_mb": side.peak_mb,
        "cold_start_ms": _record([one.total_ms for one in side.cold]),
        "init_ms": _record([one.init_ms for one in side.cold if one.init_ms is not None]),
        "warm_ms": _record([one.duration_ms for one in side.warm]),
        "warm_cpu_ms": _record([one.cpu_ms for one in side.warm if one.cpu_ms is not None]),
        "billed_cold_ms": _record([one.billed_ms for one in side.cold]),
        "billed_warm_ms": _record([one.billed_ms for one in side.warm]),
        "cost_of_million": {name: value.record() for name, value in _costs(side, terms).items()},
        "samples": {
            "cold": [
                {"round": one.round, "init_ms": _rounded(one.init_ms), "duration_ms": round(one.duration_ms, 3)}
                for one in side.cold
            ],
            "warm": [
                {"round": one.round, "duration_ms": round(one.duration_ms, 3), "cpu_ms": _rounded(one.cpu_ms)}
                for one in side.warm
            ],
        },
    }


def _costs(side: Side, terms: Terms) -> dict[str, Cost]:
    return {
        name: cost(rates, side.warm, side.cold, memory=side.memory, storage=terms.storage, cold_share=terms.cold_share)
        for name, rates in terms.rates.items()
    }


def _comparison(side: Side, other: Side, terms: Terms) -> dict[str, Any]:
    costs: dict[str, float | None] = {}
    for name, ours in _costs(side, terms).items():
        theirs = _costs(other, terms)[name].mixed
        costs[name] = None if theirs is None or not ours.mixed else round(theirs / ours.mixed, 4)
    warm = ratio(
        [(one.round, one.duration_ms) for one in side.warm], [(one.round, one.duration_ms) for one in other.warm]
    )
    cpu = ratio(
        [(one.round, one.cpu_ms) for one in side.warm if one.cpu_ms is not None],
        [(one.round, one.cpu_ms) for one in other.warm if one.cpu_ms is not None],
    )
    cold = ratio([(one.round, one.total_ms) for one in side.cold], [(one.round, one.total_ms) for one in other.cold])
    return {
        "function": other.target.label,
        "than": side.target.label,
        "memory_mb": side.memory,
        "warm": None if warm is None else warm.record(),
        "warm_cpu": None if cpu is None else cpu.record(),
        "cold_start": None if cold is None else cold.record(),
        "cost": costs,
    }


def _record(values: Sequence[float]) -> dict[str, Any] | None:
    found = distribution(values)
    return None if found is None else found.record()


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
