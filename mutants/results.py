"""What is known of each core: a file `results/NAME.json` with the last run, and why its survivors live."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mutants.cores import CORES
from tests.generated import with_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mutants.cores import Core
    from mutants.runner import Trial

FOLDER = Path(__file__).parent / "results"
KIT = Path(__file__).parents[1] / "lambda_kit"
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
        tried_on: the day of the run, such as `2026-11-29`.
        code: a digest of the files as they were; `""` if it was not kept.
    """

    possible: int
    tried: int
    survivors: tuple[Survivor, ...]
    tried_on: str = ""
    code: str = ""


def result_of(possible: int, trials: Sequence[Trial], known: Iterable[Survivor]) -> Result:
    """Return the result of a run; a survivor that was there before keeps the words that were written about it."""
    words = {replace(one, harmless=""): one.harmless for one in known}
    survivors = [
        Survivor(trial.file, trial.mutant.function, trial.mutant.before, trial.mutant.after)
        for trial in sorted(trials, key=lambda one: (one.file, one.mutant.line))
        if trial.fate == "survived"
    ]
    return Result(possible, len(trials), tuple(replace(one, harmless=words.get(one, "")) for one in survivors))


def digest_of(core: Core) -> str:
    """Return a digest of the files of a core, by which a result tells whether they have changed since."""
    found = hashlib.sha256()
    for file in core.files:
        found.update((KIT / file).read_bytes())
    return found.hexdigest()[:16]


def changed_since() -> list[str]:
    """Return the names of the cores that have no result, or whose files have changed since."""
    kept = {name: load(name) for name in CORES}
    return [name for name, result in kept.items() if result is None or result.code != digest_of(CORES[name])]


def load(name: str, folder: Path | None = None) -> Result | None:
    """Return the last result of a core, or None if it was never recorded."""
    path = _path(name, folder)
    if not path.exists():
        return None
    kept = json.loads(path.read_text("utf-8"))
    survivors = tuple(Survivor(**one) for one in kept.pop("survivors"))
    return Result(survivors=survivors, **kept)


def save(name: str, result: Result, folder: Path | None = None) -> None:
    """Keep a result of a core."""
    _path(name, folder).write_text(json.dumps(asdict(result), indent=2, ensure_ascii=False) + "\n", "utf-8")


def _path(name: str, folder: Path | None) -> Path:
    return (folder or FOLDER) / f"{name.replace(' ', '_')}.json"


def table(results: dict[str, Result]) -> str:
    """Return the score of each core, and the survivors, as Markdown."""
    lines = ["| core | on | possible | tried | noticed | harmless | missed | score |"]
    lines.append("| --- | --- | --: | --: | --: | --: | --: | --: |")
    for name, result in results.items():
        harmless = sum(bool(one.harmless) for one in result.survivors)
        noticed = result.tried - len(result.survivors)
        score = noticed / max(1, result.tried - harmless)
        missed = len(result.survivors) - harmless
        lines.append(
            f"| {name} | {result.tried_on} | {result.possible} | {result.tried} | {noticed} | {harmless} | {missed} | "
            f"{score:.1%} |"
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
