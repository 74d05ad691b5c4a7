"""Topics, cases, rounds, and the arithmetic from rounds to verdicts."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

Side = Literal["kit", "peer"]
Round = dict[str, float]


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that is measured in every round.

    Attributes:
        name: unique within the topic; what it measures is named after it.
        side: the interpreter that it runs in. What is compared with and needs no peer runs in the kit's.
        setup: how the topic's measurement calls it: a function of the module, a file, a statement.
        args: passed to the setup.
        alone: whether it needs a process of its own, because it changes what others would find.
    """

    name: str
    side: Side
    setup: str
    args: tuple[Any, ...] = ()
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a round: one that was measured, minus another one where the difference is what counts."""

    of: str
    minus: str | None = None

    def over(self, rounds: Sequence[Round]) -> list[float]:
        """Return the figure of each round."""
        return [one[self.of] - (0.0 if self.minus is None else one[self.minus]) for one in rounds]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: the kit against something else.

    Attributes:
        title: what is compared.
        kit: the figure of the kit.
        against: the figure that it is compared with.
        label: what that is, in a word or two.
        unit: of both figures.
        goal: the ratio of the two that is to be reached at the most; None where none was set.
    """

    title: str
    kit: Figure
    against: Figure
    label: str
    unit: str = "ns"
    goal: float | None = None

    def figures(self) -> set[str]:
        """Return the names of the measurements that the row is made of."""
        return {name for figure in (self.kit, self.against) for name in (figure.of, figure.minus) if name is not None}


@dataclass(frozen=True, slots=True)
class Options:
    """The interpreters to measure with, and whether quickly."""

    kit_python: str
    peer_python: str | None
    quick: bool = False

    def python(self, side: Side) -> str:
        """Return the interpreter of a side that is taken part in."""
        python = self.kit_python if side == "kit" else self.peer_python
        assert python is not None
        return python


def best_of(count: int, measure: Callable[[], Round]) -> Round:
    """Measure several times and return the smallest of each figure: what was disturbed the least."""
    rounds = [measure() for _ in range(count)]
    return {name: min(one[name] for one in rounds) for name in rounds[0]}


Measure = Callable[[Case], "Mapping[str, float]"]


@dataclass(frozen=True, slots=True)
class Topic:
    """Cases that are measured together, and the rows that compare them.

    Attributes:
        open: makes ready what is measured with and returns a function that measures a case once.
        rounds: how many rounds a full run and a quick one have.
        needs_peer: whether nothing is left to compare where there is no peer.
        linux_only: whether it needs what other systems do not have.
        oldest_python: the first Python that has what it measures.
    """

    name: str
    about: str
    cases: tuple[Case, ...]
    rows: tuple[Row, ...]
    open: Callable[[Options, Sequence[Case]], AbstractContextManager[Measure]]
    rounds: tuple[int, int]
    needs_peer: bool = False
    linux_only: bool = False
    oldest_python: tuple[int, int] = (3, 11)


@dataclass(frozen=True, slots=True)
class Summary:
    """A figure over all rounds."""

    median: float
    minimum: float
    rounds: list[float]

    @classmethod
    def of(cls, values: Sequence[float]) -> Summary:
        """Sum up a figure of several rounds."""
        return cls(statistics.median(values), min(values), list(values))


@dataclass(frozen=True, slots=True)
class Result:
    """A row with its figures.

    Attributes:
        ratio: the median over the rounds of the ratio within the round; None where the other side measured nothing.
        met: whether the ratio is within the goal; None where there is no goal, or the kit's figure is not above zero
            and so was lost in the noise.
    """

    topic: str
    row: Row
    kit: Summary
    against: Summary
    ratios: list[float]
    ratio: float | None
    met: bool | None

    @classmethod
    def of(cls, topic: str, row: Row, rounds: Sequence[Round]) -> Result:
        """Work out a row from the rounds."""
        kit, against = row.kit.over(rounds), row.against.over(rounds)
        ratios = pairwise(kit, against)
        ratio = statistics.median(ratios) if ratios else None
        met = None if row.goal is None or ratio is None or ratio <= 0 else ratio <= row.goal
        return cls(topic, row, Summary.of(kit), Summary.of(against), ratios, ratio, met)


def pairwise(kit: Sequence[float], against: Sequence[float]) -> list[float]:
    """Return the ratio of each round, without those in which the other side's figure was lost in the noise."""
    return [one / other for one, other in zip(kit, against, strict=True) if other > 0]


def results_of(topic: Topic, rounds: Sequence[Round]) -> list[Result]:
    """Work out the rows for which everything was measured."""
    measured = set(rounds[0]) if rounds else set[str]()
    return [Result.of(topic.name, row, rounds) for row in topic.rows if row.figures() <= measured]
