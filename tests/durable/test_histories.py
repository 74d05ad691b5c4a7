"""Random histories of durable executions, under AWS's own SDK: no avoidable effect, line or metric comes twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from hypothesis import settings

from tests.effort import skip_in_the_middle

skip_in_the_middle()

PROGRAM = Path(__file__).parent / "programs" / "histories.py"
HISTORIES = 340  # of three executions each
THOROUGH = 3_400
QUICK = 36


def test_no_avoidable_effect_line_or_metric_comes_twice() -> None:
    profile = settings.get_current_profile_name()
    count = THOROUGH if profile == "thorough" else HISTORIES if profile == "full" else QUICK
    command = [sys.executable, str(PROGRAM), "0", str(count)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1_200, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    assert found["problems"] == {}
    assert found["severe"] == []
    assert found["executions"] == 3 * count
    assert found["deaths"] > count / 3
    assert found["runs"] > found["executions"]
