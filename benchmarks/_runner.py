"""Rounds: every case once in each, there and back, so that what disturbs the machine disturbs all sides alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks._model import Case, Measure, Options, Round, Topic

# A process can be lucky with its memory layout and hash seed for as long as it lives, so there are several.
_SESSIONS = 4


def run(
    topic: Topic, options: Options, *, rounds: int | None = None, progress: Callable[[int, int], None]
) -> list[Round]:
    """Measure a topic.

    Args:
        topic: what to measure; cases of the peer are left out where there is none.
        options: how to measure.
        rounds: how many; by default what the topic says.
        progress: called with the number of rounds that are done and of all.
    """
    cases = [case for case in topic.cases if case.side == "kit" or options.peer_python is not None]
    total = rounds or topic.rounds[options.quick]
    done: list[Round] = []
    for session in sessions(total, 1 if options.quick else _SESSIONS):
        with topic.open(options, cases) as measure:
            for _ in range(session):
                done.append(_round(cases if len(done) % 2 == 0 else cases[::-1], measure))
                progress(len(done), total)
    return done


def sessions(rounds: int, most: int) -> list[int]:
    """Share the rounds out evenly over `most` sessions or fewer."""
    count = min(rounds, most)
    return [rounds // count + (i < rounds % count) for i in range(count)]


def _round(cases: Sequence[Case], measure: Measure) -> Round:
    figures: Round = {}
    for case in cases:
        figures.update(measure(case))
    return figures
