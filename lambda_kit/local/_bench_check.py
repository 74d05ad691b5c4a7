"""The check of the emulation: a load of known processor time takes as long as a memory size allows."""

from __future__ import annotations

import json
import math
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambda_kit.errors import LambdaKitError
from lambda_kit.local import _bench_load
from lambda_kit.local._bench_cpu import processors, share_of
from lambda_kit.local._bench_machine import Load, busy_note
from lambda_kit.local._bench_run import Live
from lambda_kit.local._environment import Environment

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from lambda_kit.local._bench_emulation import Emulation

TOLERANCE = 0.1
"""The deviation from which on a size does not pass."""
_TIMES = 3
_LOAD = 0.2  # seconds of processor time


def check_emulation(options: argparse.Namespace, memory: Sequence[int], how: Emulation) -> bool:
    """Check each memory size; return whether all of them are within the tolerance."""
    rows: list[dict[str, Any]] = []
    load = Load()
    with tempfile.TemporaryDirectory(prefix="lambda-kit-") as directory:
        assert _bench_load.__file__ is not None  # noqa: S101  # it is a file of this package
        shutil.copy(_bench_load.__file__, Path(directory, "load.py"))
        for size in memory:
            if sys.stderr.isatty():
                sys.stderr.write(f"\r\033[K{size} MB")
                sys.stderr.flush()
            rows.append(check_size(size, how, options, directory))
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")
    machine = load.machine()
    good = all(row["within"] for row in rows)
    if options.json:
        document = {
            "emulation": {"method": how.method, "by": how.name},
            "tolerance": TOLERANCE,
            "processors_used_by_others": machine.used_by_others,
            "sizes": rows,
        }
        print(json.dumps(document, indent=2))
        return good
    print(f"a load of {_LOAD:g} s of processor time, its share held by {how.name}; the median of {_TIMES} runs")
    print(f"{'':10}{'processors':>12}{'expected':>12}{'measured':>12}{'deviation':>12}")
    for row in rows:
        print(
            f"{row['memory_mb']:>6} MB {row['processors']:>12.3f}{row['expected_ms']:>9.0f} ms"
            f"{row['measured_ms']:>9.0f} ms{row['deviation']:>+11.1%}{'' if row['within'] else '  too much'}"
        )
    if not good:
        print(f"Sizes with a deviation of more than {TOLERANCE:.0%} are not emulated well now.")
        print(busy_note(machine) or f"Other programs did not disturb it; try another way than --cpu {how.method}.")
    return good


def check_size(memory: int, how: Emulation, options: argparse.Namespace, directory: str) -> dict[str, Any]:
    """Run the load under one memory size; `directory` has it as `load.py`."""
    share = min(share_of(memory), float(processors()))
    event = {"seconds": _LOAD, "processes": math.ceil(share)}
    measured: list[float] = []
    environment = Environment(
        "load.handler",
        cwd=directory,
        memory=memory,
        timeout=600,
        python=options.python,
        runtime=options.runtime,
    )
    with Live(environment, how.governor(memory)) as live:
        for number in range(_TIMES + 1):
            outcome, _ = live.invoke(event)
            if outcome.error is not None:
                raise LambdaKitError(f"the load failed: {outcome.error.type}: {outcome.error.message}")
            if number:  # the first run has a full budget and a new process
                measured.append(outcome.payload * 1000)
    expected = _LOAD / share * 1000
    middle = statistics.median(measured)
    deviation = middle / expected - 1
    return {
        "memory_mb": memory,
        "processors": round(share, 4),
        "expected_ms": round(expected, 2),
        "measured_ms": round(middle, 2),
        "deviation": round(deviation, 4),
        "within": abs(deviation) <= TOLERANCE,
    }
