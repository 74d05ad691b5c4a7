"""Try mutants of the pure cores, and say which ones no test notices.

`--page docs/mutants.md` writes the scores and the survivors into the page, between its marks.
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from mutants import runner
from mutants.cores import CORES
from mutants.operators import mutants_of

if TYPE_CHECKING:
    from mutants.runner import Trial

BEGIN, END = "<!-- made by `make mutants` -->\n", "<!-- end -->\n"


def main(arguments: list[str] | None = None) -> int:
    """Run the command, and return its status."""
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("cores", nargs="*", metavar="CORE", help=f"all by default: {', '.join(CORES)}")
    parser.add_argument("--sample", type=int, default=40, metavar="N", help="mutants of a core, chosen by chance (40)")
    parser.add_argument("--all", action="store_true", help="try all mutants, which takes hours")
    parser.add_argument("--workers", type=int, default=2, help="mutants that are tried side by side (2)")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the result into this page")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.cores if name not in CORES]:
        parser.error(f"unknown core {unknown[0]!r}; there are {', '.join(CORES)}")
    rows: dict[str, tuple[int, list[Trial]]] = {}
    for name in options.cores or CORES:
        core = CORES[name]
        every = [
            (file, one)
            for file in core.files
            for one in mutants_of((runner.ROOT / "lambda_kit" / file).read_text("utf-8"))
        ]
        chance = random.Random(name)  # noqa: S311  # the same sample each time
        chosen = every if options.all else chance.sample(every, min(options.sample, len(every)))
        took = runner.prepare(core)
        trials: list[Trial] = []
        for trial in runner.try_all(core, chosen, 20 + 6 * took, options.workers):
            trials.append(trial)
            if trial.fate == "survived":
                print(f"{trial.file}:{trial.mutant.line}: {trial.mutant.before}  ->  {trial.mutant.after}", flush=True)
        rows[name] = len(every), trials
        print(f"{name}: {_noticed(trials)} of {len(trials)} noticed, of {len(every)} possible", flush=True)
    if options.page is not None:
        text = options.page.read_text("utf-8")
        before, _, rest = text.partition(BEGIN)
        options.page.write_text(before + BEGIN + table(rows) + END + rest.partition(END)[2], "utf-8")
    return 0


def _noticed(trials: list[Trial]) -> int:
    return sum(one.fate != "survived" for one in trials)


def table(rows: dict[str, tuple[int, list[Trial]]]) -> str:
    """Return the score of each core, and the survivors, as Markdown."""
    lines = ["| core | possible | tried | noticed | score |", "| --- | --: | --: | --: | --: |"]
    for name, (possible, trials) in rows.items():
        noticed = _noticed(trials)
        lines.append(f"| {name} | {possible} | {len(trials)} | {noticed} | {noticed / max(1, len(trials)):.0%} |")
    lines += ["", "Survivors:", ""]
    for _, trials in rows.values():
        for one in sorted(trials, key=lambda one: (one.file, one.mutant.line)):
            if one.fate == "survived":
                mutant = one.mutant
                lines.append(f"- `{one.file}`, line {mutant.line}: `{mutant.before}` became `{mutant.after}`")
    return "\n".join(["", *lines, "", ""])


if __name__ == "__main__":
    sys.exit(main())
