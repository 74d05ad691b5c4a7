"""Processes of durable executions are killed between checkpoints, and the executions go on in others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.effort import scaled, skip_in_the_middle
from tests.patience import PATIENCE

skip_in_the_middle()

PROGRAM = Path(__file__).parent / "programs" / "killed.py"


def test_each_effect_happens_once_whichever_checkpoint_a_process_is_killed_at(tmp_path: Path) -> None:
    command = [sys.executable, str(PROGRAM), str(tmp_path), str(scaled(35))]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(command, env=env, stdout=subprocess.PIPE, text=True, timeout=4 * PATIENCE, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    calm, *killed = found["histories"]
    assert found["changes"] >= 10
    repeated = {f"before-SUCCEED-{name}" for name in ("charge", "label", "receipt")}  # steps that run again
    assert repeated <= {one["order"] for one in killed}
    assert [calm["deaths"], *(one["deaths"] for one in killed)] == [0, *[1] * len(killed)]
    for one in found["histories"]:
        order = one["order"]
        result = [f"{name} of {order}" for name in ("charge", "mail", "label", "receipt")]
        assert one["results"] == [["SUCCEEDED", result]] * 2  # of the execution, and of a later one with its key
        assert sorted(one["effects"]) == ["charge", "label", "mail", "receipt"]
        assert one["processes"] == calm["processes"] + one["deaths"]  # the one after a death is new
    assert found["attempts"] >= 3 * len(found["histories"]) + len(repeated)
