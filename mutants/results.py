"""What is known of each core: a file `results/NAME.json` with the last run, and why its survivors live."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mutants.cores import CORES
from tests.generated import with_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mutants.runner import Trial

FOLDER = Path(__file__).parent / "results"
BEGIN = "<!-- made by `make mutants` -->\n"


@dataclass(frozen=True)
class Survivor:
    """A fault that no test of its core noticed.

    Attributes:
        file: the file of `lambda_kit/`.
        function: where the fault is, or an empty text at the top of the file.
        before: the code there.
        after: the code that stood there instead.
        harmless: why the fault changes nothing that can be seen, written by hand; empty where a test is missing.
    """

    file: str
    function: str
    before: str
    after: str
    harmless: str = ""


@dataclass(frozen=True)
class Result:
    """The last run of a core.

    Attributes:
        possible: the number of all its faults.
        tried: how many of them were tried.
        survivors: those that no test noticed.
    """

    possible: int
    tried: int
    survivors: tuple[Survivor, ...]


def result_of(possible: int, trials: Sequence[Trial], known: Iterable[Survivor]) -> Result:
    """Return the result of a run; a survivor that was there before keeps the words that were written about it."""
    words = {replace(one, harmless=""): one.harmless for one in known}
    survivors = [
        Survivor(trial.file, trial.mutant.function, trial.mutant.before, trial.mutant.after)
        for trial in sorted(trials, key=lambda one: (one.file, one.mutant.line))
        if trial.fate == "survived"
    ]
    return Result(possible, len(trials), tuple(replace(one, harmless=words.get(one, "")) for one in survivors))


def load(name: str, folder: Path = FOLDER) -> Result | None:
    """Return the last result of a core, or None if it was never recorded."""
    path = _path(name, folder)
    if not path.exists():
        return None
    kept = json.loads(path.read_text("utf-8"))
    return Result(kept["possible"], kept["tried"], tuple(Survivor(**one) for one in kept["survivors"]))


def save(name: str, result: Result, folder: Path = FOLDER) -> None:
    """Keep a result of a core."""
    folder.mkdir(exist_ok=True)
    _path(name, folder).write_text(json.dumps(asdict(result), indent=2, ensure_ascii=False) + "\n", "utf-8")


def _path(name: str, folder: Path) -> Path:
    return folder / f"{name.replace(' ', '_')}.json"


def table(results: dict[str, Result]) -> str:
    """Return the score of each core, and the survivors, as Markdown."""
    lines = ["| core | possible | tried | noticed | harmless | missed | score |"]
    lines.append("| --- | --: | --: | --: | --: | --: | --: |")
    for name, result in results.items():
        harmless = sum(bool(one.harmless) for one in result.survivors)
        noticed = result.tried - len(result.survivors)
        score = noticed / max(1, result.tried - harmless)
        missed = len(result.survivors) - harmless
        lines.append(
            f"| {name} | {result.possible} | {result.tried} | {noticed} | {harmless} | {missed} | {score:.0%} |"
        )
    for title, is_harmless in (("Missed, because no test of the core looks there:", False), ("Harmless:", True)):
        shown = [
            _line(one) for result in results.values() for one in result.survivors if bool(one.harmless) is is_harmless
        ]
        if shown:
            counted = Counter(shown)
            lines += ["", title, ""]
            lines += [line if count == 1 else f"{line} ({count} places)" for line, count in counted.items()]
    return "\n".join(lines)


def _line(one: Survivor) -> str:
    place = f"`{one.file}`" + (f", `{one.function}`" if one.function else "")
    return f"- {place}: `{one.before}` became `{one.after}`." + (f" {one.harmless}" if one.harmless else "")


def with_table(page: str) -> str:
    """Return the page with the results of all cores between its marks."""
    results = {name: result for name in CORES if (result := load(name)) is not None}
    return with_part(page, f"{table(results)}\n", BEGIN)
