"""The findings of `lambda-kit doctor`, and what each is worth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from lambda_kit.local import _prices

if TYPE_CHECKING:
    from lambda_kit.local._prices import Prices, Rates

Level = Literal["error", "warning", "info"]
LEVELS: tuple[Level, ...] = ("error", "warning", "info")
DOCS = "https://docs.aws.amazon.com/"
FULL_PROCESSOR = 1769
"""MB of memory with which a function has one virtual processor."""
PROCESSOR_PAGE = f"{DOCS}lambda/latest/dg/configuration-memory.html"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a function.

    Attributes:
        rule: the name of the rule, `imports.deferrable`; stable.
        level: `error` for what fails or loses work on Lambda, `warning` for what costs or is risky, `info` for a fact.
        text: what was found.
        basis: the measurement, or the rule, that it follows from.
        advice: what to do; empty if there is nothing to do.
        page: the page of AWS that has the rule; empty for a measurement.
        cold_ms: milliseconds that a cold start would save; None if it is not known.
        warm_ms: milliseconds that each invocation would save; likewise.
        memory_mb: MB that each process would save; likewise.
    """

    rule: str
    level: Level
    text: str
    basis: str
    advice: str = ""
    page: str = ""
    cold_ms: float | None = None
    warm_ms: float | None = None
    memory_mb: float | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """The use of a function in a month, and its prices.

    Attributes:
        invocations: in a month.
        cold_share: the share of them that are cold starts, 0 to 1.
        memory: MB of the function.
        rates: the prices.
        prices: the table that they are from.
    """

    invocations: float
    cold_share: float
    memory: int
    rates: Rates
    prices: Prices

    def worth(self, finding: Finding) -> float | None:
        """Return what a finding is worth in a month, in the currency of the prices; None if it saves no time.

        The milliseconds count as they were measured on this machine. With less than 1,769 MB a function has less than
        one processor, so that the same work takes longer there: the result is then too small, and not too large.
        """
        if finding.cold_ms is None and finding.warm_ms is None:
            return None
        cold = (finding.cold_ms or 0.0) * self.cold_share
        each = max(0.0, cold + (finding.warm_ms or 0.0))
        return self.invocations * _prices.duration_cost(self.rates, each, self.memory)

    def record(self, finding: Finding) -> dict[str, Any]:
        """Return a finding for the JSON document."""
        worth = self.worth(finding)
        rounded = {
            name: None if value is None else round(value, 3)
            for name, value in (
                ("cold_ms", finding.cold_ms),
                ("warm_ms", finding.warm_ms),
                ("memory_mb", finding.memory_mb),
            )
        }
        return {**asdict(finding), **rounded, "worth_per_month": None if worth is None else round(worth, 6)}


def ordered(findings: list[Finding]) -> list[Finding]:
    """Return findings with the worst level first, and within a level those that save most."""

    def rank(one: Finding) -> tuple[int, float]:
        return LEVELS.index(one.level), -((one.cold_ms or 0.0) + 100 * (one.warm_ms or 0.0))

    return sorted(findings, key=rank)
