"""Runs targets for a set time, or tries one input again.

The time is divided among the targets. The first fault ends a target: its input is kept in `.cache/fuzz/`, the command
that tries it again is printed, and the status is 1.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fuzz import engine

if TYPE_CHECKING:
    from fuzz.kinds import Target

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".cache" / "fuzz"
_COVERAGE = re.compile(r"cov: (\d+) ")
_RUNS = re.compile(r"stat::number_of_executed_units: +(\d+)")
_NOISE = re.compile(r"^(INFO|WARNING|#\d|stat::|Done|\s*$)")


def main(arguments: list[str] | None = None) -> int:
    """Run the command, and return its status."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="those of fuzz/targets.py; all by default")
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together (60)")
    parser.add_argument("--seed", type=int, default=0, help="for the same inputs each time (0: others each time)")
    parser.add_argument("--input", type=Path, metavar="FILE", help="try this input once, with one target")
    options = parser.parse_args(arguments)
    if options.seconds <= 0:
        parser.error("--seconds is above 0")
    start = time.monotonic()
    if options.input is None:
        known = engine.prepare(options.targets)
    else:
        from fuzz.targets import TARGETS

        known = TARGETS
    unknown = [name for name in options.targets if name not in known]
    if unknown:
        parser.error(f"unknown target {unknown[0]!r}; there are {', '.join(known)}")
    names = options.targets or list(known)
    if options.input is not None:
        if len(names) != 1:
            parser.error("--input needs one target")
        known[names[0]].run(options.input.read_bytes())
        print(f"{names[0]}: no fault")
        return 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    print(f"{'target':14}{'seconds':>8}{'inputs':>10}{'coverage':>10}")
    good = True
    for index, name in enumerate(names):
        left = options.seconds - (time.monotonic() - start)
        good &= _try(known[name], max(1, round(left / (len(names) - index))), options.seed)
    return 0 if good else 1


def _try(target: Target, seconds: int, seed: int) -> bool:
    start = time.time()
    done = engine.run(target, seconds, FOLDER, seed)
    runs, coverage = _RUNS.findall(done.output), _COVERAGE.findall(done.output)
    numbers = f"{runs[-1] if runs else '?':>10}{coverage[-1] if coverage else '?':>10}"
    print(f"{target.name:14}{time.time() - start:8.0f}{numbers}", flush=True)
    if done.good:
        return True
    lines = [line for line in done.output.splitlines() if not _NOISE.match(line)]
    print("\n".join(lines[-40:]))
    print(f"{target.name}: a fault was found", flush=True)
    for kind in ("crash", "timeout", "oom", "slow-unit", "leak"):
        for one in sorted(FOLDER.glob(f"{target.name}-{kind}-*")):
            if one.stat().st_mtime >= start - 1:
                python = os.path.relpath(sys.executable, ROOT)
                print(f"try it again: {python} -m fuzz {target.name} --input {one.relative_to(ROOT)}", flush=True)
    return False


if __name__ == "__main__":
    sys.exit(main())
