"""The targets of `make fuzz` take their seeds, the inputs that failed before, and a few changed ones."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import pytest

from fuzz import __main__ as command
from fuzz.kinds import HOSTILE, LONGEST, SAMPLES, Reader, Target, mutated
from fuzz.targets import TARGETS
from tests.effort import scaled, skip_in_the_middle

skip_in_the_middle()


ROOT = Path(__file__).parents[1]
WORDS = [b"", b"\0", b"\xff", b"9" * 50, b"-", b'"', b"\r\n", b"[[", b"{}", b"null", b"%00", b"=", b";", b"e999"]


def changed(seed: bytes, chance: random.Random) -> bytes:
    """Return a seed with one part replaced, repeated, or cut off."""
    start = chance.randrange(len(seed) + 1)
    end = min(len(seed), start + chance.randrange(8))
    part = chance.choice([*WORDS, seed[start:end] * 2, bytes((chance.randrange(256),))])
    return seed[:start] + part + (seed[end:] if chance.random() < 0.9 else b"")


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_a_target_finds_no_fault_in_its_seeds_and_in_changed_ones(target: Target) -> None:
    seeds = target.all_seeds()
    for seed in seeds:
        target.run(seed)
    chance = random.Random(target.name)
    short = [seed for seed in seeds if len(seed) <= LONGEST // 4]
    for _ in range(scaled(100)):
        target.run(changed(changed(chance.choice(short), chance), chance))


def test_names_are_unique_and_inputs_that_failed_belong_to_a_target() -> None:
    folders = {one.name for one in (ROOT / "fuzz" / "failures").iterdir()}
    assert folders <= TARGETS.keys()
    assert all(re.fullmatch("[a-z_]+", name) for name in TARGETS)


def test_mutations_of_samples_replace_and_remove_values() -> None:
    index = list(SAMPLES).index("sqs")
    assert mutated(Reader(bytes((index,)))) == SAMPLES["sqs"]
    assert mutated(Reader(bytes((index, 0, 0)) + b"5")) == {"Records": 5}
    assert (
        mutated(Reader(bytes((index, 0, 0)))) == SAMPLES["sqs"] or mutated(Reader(bytes((index, 0, 0)) + b"\0")) == {}
    )
    assert SAMPLES["sqs"]["Records"], "the sample itself is not changed"


def test_an_input_is_tried_again_by_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "input"
    file.write_bytes(HOSTILE[1])
    assert command.main(["prices", "--input", str(file)]) == 0
    assert capsys.readouterr().out == "prices: no fault\n"


def test_a_fault_of_an_input_is_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(data: bytes) -> None:
        raise KeyError(data)

    monkeypatch.setitem(TARGETS, "prices", Target("prices", fails, list))
    file = tmp_path / "input"
    file.write_bytes(b"x")
    with pytest.raises(KeyError):
        command.main(["prices", "--input", str(file)])


def test_targets_that_are_unknown_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["nothing", "--input", str(tmp_path)])
    assert "unknown target 'nothing'; there are aws, runtime" in capsys.readouterr().err


def test_the_workflow_and_ci_fuzz_for_a_minute() -> None:
    assert "run: make fuzz FUZZ_SECONDS=60" in (ROOT / ".github" / "workflows" / "checks.yml").read_text()
    assert "make fuzz FUZZ_SECONDS=60 " in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize(
    ("status", "printed", "failed", "told"),
    [
        (0, "jmespath 2 1 1", False, False),
        (1, "jmespath: a fault was found", True, False),
        (124, "jmespath 2 1 1", False, True),
        (124, "jmespath: a fault was found", True, True),
    ],
)
def test_ci_fails_for_a_fault_and_not_where_there_was_no_time(
    status: int, printed: str, failed: bool, told: bool, tmp_path: Path
) -> None:
    end = (ROOT / ".ci" / "run").read_text().partition("\nfuzzed=0\n")[2]
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "fuzz.log").write_text(f"{printed}\n")
    script = f"set -euo pipefail\nfuzz_limit=300\n(exit {status}) &\nfuzzing=$!\nfuzzed=0\n{end}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode != 0, "cut short after 300 s" in done.stdout) == (failed, told)
    assert printed in done.stdout
