"""Nothing that an invocation leaves behind grows with the number of invocations."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.effort import scaled
from tests.patience import PATIENCE

INVOCATIONS = scaled(100_000)
ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize(
    ("handler", "times"),
    [
        ("succeed", INVOCATIONS),
        ("fail", INVOCATIONS // 10),
        ("wait", INVOCATIONS // 10),
        ("limited", INVOCATIONS // 10),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_invocation_leaves_neither_reference_cycles_nor_objects(handler: str, times: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.leaks", handler, str(times)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    cycles, objects, blocks = map(int, done.stdout.split())
    assert cycles == 0
    assert objects < 20
    assert blocks < 500
