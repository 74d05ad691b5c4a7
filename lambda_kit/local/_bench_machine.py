"""The machine of a benchmark, and how busy other programs keep it."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path

from lambda_kit.local._bench_cpu import processors

BUSY = 0.25
"""The share of the processors from whose use by other programs on durations are in doubt."""


@dataclass(frozen=True, slots=True)
class Machine:
    """This machine: its architecture, its processors, and how many of them other programs used meanwhile, if known."""

    architecture: str
    processors: int
    used_by_others: float | None


class Load:
    """The use of this machine's processors by other programs, from now on."""

    def __init__(self) -> None:
        self._started = (time.perf_counter(), self._busy(), self._own())

    def machine(self) -> Machine:
        """Return the facts about the machine, and the processors that other programs used."""
        started, busy, own = self._started
        elapsed = time.perf_counter() - started
        now = self._busy()
        others = None
        if busy is not None and now is not None and elapsed > 0:
            others = max(0.0, (now - busy) - (self._own() - own)) / elapsed
        return Machine(platform.machine(), processors(), others)

    @staticmethod
    def _busy() -> float | None:
        try:
            fields = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
        except (OSError, IndexError):
            return None
        user, nice, system, _, _, irq, softirq = map(int, fields[:7])
        return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")

    @staticmethod
    def _own() -> float:
        import resource

        return sum(
            usage.ru_utime + usage.ru_stime
            for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        )


def busy_note(machine: Machine) -> str | None:
    """Return a sentence on the use of the processors by other programs; None if it hardly matters or is not known."""
    others = machine.used_by_others
    if others is None or others <= BUSY * machine.processors:
        return None
    return (
        f"Other programs used {others:.1f} of this machine's {machine.processors} processors: on an idle machine the "
        "durations are shorter."
    )
