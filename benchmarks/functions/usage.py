"""Processor time and memory of the process, read from inside, because the platform's figures are rounded."""

from __future__ import annotations

import time

_marks: dict[str, float] = {}


def initialized() -> None:
    """Note the processor time when the function has been imported."""
    _marks["init_ms"] = time.process_time() * 1000


def usage() -> dict[str, float]:
    """Return the processor time at the end of the import and now, in ms, and the peak of resident memory in kB."""
    used = time.process_time() * 1000
    with open("/proc/self/status") as status:  # noqa: PTH123  # pathlib is for the sides to load
        peak = next(float(line.split()[1]) for line in status if line.startswith("VmHWM:"))
    return {**_marks, "cpu_ms": used, "peak_kb": peak}
