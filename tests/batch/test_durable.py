"""A batch under AWS's SDK for durable executions: a record that waits ends the run, and no record."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.effort import skip_in_the_middle
from tests.patience import PATIENCE

skip_in_the_middle()

PROGRAM = Path(__file__).parent / "functions" / "durable_shop.py"


def test_a_record_that_waits_suspends_the_execution_and_is_neither_reported_nor_a_dead_letter() -> None:
    done = subprocess.run([sys.executable, str(PROGRAM)], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "status": "SUCCEEDED",
        "response": {"batchItemFailures": []},
        "charges": ["m0", "m1", "m2"],
        "runs": ["m0", "m1", "m0", "m1", "m2"],
        "letters": ["m2"],
        "lines": [
            "WARNING the record m2 of sqs failed for good with SoldOutError, and is not retried",
        ],
    }
