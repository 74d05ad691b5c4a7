"""Real processes on one table, with faults on the way to it and workers that are killed in the middle."""

from __future__ import annotations

import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.effort import scaled, skip_in_the_middle
from tests.idempotency.test_stores import TABLE, make_table
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from tests.conftest import Aws
    from tests.services import Faults

skip_in_the_middle()

if sys.platform == "win32":
    pytest.skip("it kills workers by a signal", allow_module_level=True)

WORKER = Path(__file__).with_name("worker.py")
ROOT = Path(__file__).parent.parent.parent
KEYS, TIMES, PROCESSES, KILLS, LEASE = scaled(500), 5, 8, scaled(40), 6.0
DEADLINE = 4 * PATIENCE  # it takes about thirty seconds


class Pool:
    """Workers, each fed by a thread; one that is killed is replaced, and what it was doing is delivered again."""

    def __init__(self, effects: Path, chance: random.Random) -> None:
        self.effects = effects
        self.work: queue.Queue[str] = queue.Queue()
        self.killed: dict[int, str] = {}  # the key that a killed worker was at, by its process
        self.answers: list[dict[str, object]] = []
        keys = [f"order-{i}" for i in range(KEYS)] * TIMES
        chance.shuffle(keys)
        for key in keys:
            self.work.put(key)
        # Which deliveries are cut off, and how long after they began.
        self._cut = {at: chance.uniform(0.0, 0.02) for at in chance.sample(range(len(keys)), KILLS)}
        self._taken = 0
        self._lock = threading.Lock()
        self._until = time.monotonic() + DEADLINE

    def run(self) -> None:
        threads = [threading.Thread(target=self._feed) for _ in range(PROCESSES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _start(self) -> subprocess.Popen[str]:
        command = [sys.executable, str(WORKER), TABLE, str(self.effects), str(LEASE)]
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def _feed(self) -> None:
        worker = self._start()
        try:
            while time.monotonic() < self._until:
                try:
                    key = self.work.get_nowait()
                except queue.Empty:
                    return
                with self._lock:
                    cut = self._cut.get(self._taken)
                    self._taken += 1
                if not self._deliver(worker, key, cut):
                    worker.communicate()
                    worker = self._start()
                    self.work.put(key)
        finally:
            worker.kill()
            worker.communicate()

    def _deliver(self, worker: subprocess.Popen[str], key: str, cut: float | None) -> bool:
        """Let a worker handle a key; return whether it lived to tell of it."""
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(f"{key}\n")
        worker.stdin.flush()
        if cut is not None:
            time.sleep(cut)
            os.kill(worker.pid, signal.SIGKILL)
        line = worker.stdout.readline()
        if not line or cut is not None:
            with self._lock:
                self.killed[worker.pid] = key
            return False
        answer: dict[str, object] = json.loads(line)
        with self._lock:
            self.answers.append(answer)
        if "error" in answer:
            self.work.put(key)
        return True


def test_every_order_is_charged_once_unless_its_worker_was_killed_after_charging_it(
    aws: Aws, faults: Faults, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make_table(aws)
    for rule in (
        {"error": {"code": "ProvisionedThroughputExceededException"}},
        {"error": {"code": "InternalServerError", "status": 500}},
        {"reset": True},
        {"response": {"abort_bytes": 0}},
    ):
        faults.add(service="dynamodb", probability=0.03, **rule)
    effects = tmp_path / "effects"
    pool = Pool(effects, random.Random(5))
    began = time.monotonic()
    pool.run()
    took = time.monotonic() - began

    charged: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for line in effects.read_text().splitlines():
        key, process, token = line.split()
        charged[key].append((int(process), token))
    tokens: dict[str, set[object]] = defaultdict(set)
    for answer in pool.answers:
        if "token" in answer:
            tokens[str(answer["key"])].add(answer["token"])

    def excused(key: str) -> int:
        """Return how many of the charges were by workers that were killed at this key, and so told nobody."""
        return sum(pool.killed.get(process) == key for process, _ in charged[key])

    doubled = {key: len(found) for key, found in charged.items() if len(found) > 1}
    errors = Counter(str(answer["error"]) for answer in pool.answers if "error" in answer)
    counts = {
        "keys": len(charged),
        "deliveries answered": len(pool.answers) - sum(errors.values()),
        "charged once": sum(len(found) == 1 for found in charged.values()),
        "charged again after a kill": len(doubled),
        "workers killed": len(pool.killed),
        "faults, of the last hundred that are told": len(faults.fired()),
        "errors": dict(errors),
        "seconds": round(took),
    }
    with capsys.disabled():
        print(f"\n{counts}")
    assert len(charged) == KEYS
    assert counts["deliveries answered"] == KEYS * TIMES
    assert {key for key, count in doubled.items() if count > 1 + excused(key)} == set()
    assert not any(answer.get("ran") for answer in pool.answers)
    # Who was answered got what is stored, and that is one of the charges.
    for key, found in tokens.items():
        assert len(found) == 1, key
        assert found <= {token for _, token in charged[key]}
    items = aws.boto3("dynamodb").scan(TableName=TABLE)["Items"]
    assert Counter(item["status"]["S"] for item in items) == {"COMPLETED": KEYS}
