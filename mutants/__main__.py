"""Try mutants of the pure cores, and say which ones no test notices.

`--record` keeps the result of each core in `mutants/results/`, and writes all of them into docs/mutants.md.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mutants import results, runner
from mutants.cores import CORES
from mutants.operators import mutants_of

if TYPE_CHECKING:
    from mutants.runner import Trial

PAGE = Path(__file__).parents[1] / "docs" / "mutants.md"


def main(arguments: list[str] | None = None) -> int:
    """Run the command, and return its status."""
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("cores", nargs="*", metavar="CORE", help=f"all by default: {', '.join(CORES)}")
    parser.add_argument(
        "--sample", type=int, metavar="N", help="so many mutants of a core, chosen by chance, and not all"
    )
    parser.add_argument("--workers", type=int, default=2, help="mutants that are tried side by side (2)")
    parser.add_argument("--record", action="store_true", help="keep the results, and write them into the page")
    parser.add_argument("--changed", action="store_true", help="only cores whose code has changed since their result")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.cores if name not in CORES]:
        parser.error(f"unknown core {unknown[0]!r}; there are {', '.join(CORES)}")
    for name in options.cores or (results.changed_since() if options.changed else CORES):
        core = CORES[name]
        code = results.digest_of(core)
        every = [
            (file, one)
            for file in core.files
            for one in mutants_of((runner.ROOT / "lambda_kit" / file).read_text("utf-8"))
        ]
        chance = random.Random(name)  # noqa: S311  # the same sample each time
        chosen = every if options.sample is None else chance.sample(every, min(options.sample, len(every)))
        reach = runner.prepare(core)
        trials: list[Trial] = []
        for trial in runner.try_all(core, chosen, reach, options.workers):
            trials.append(trial)
            if trial.fate == "survived":
                print(f"{trial.file}:{trial.mutant.line}: {trial.mutant.before}  ->  {trial.mutant.after}", flush=True)
        known = results.load(name)
        result = results.result_of(len(every), trials, known.survivors if known else ())
        noticed = result.tried - len(result.survivors)
        print(f"{name}: {noticed} of {result.tried} noticed, of {result.possible} possible", flush=True)
        if options.record:
            results.save(name, replace(result, tried_on=time.strftime("%Y-%m-%d"), code=code))
    if options.record:
        PAGE.write_text(results.with_table(PAGE.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
