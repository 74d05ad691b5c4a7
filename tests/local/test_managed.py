from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from lambda_kit.local import Environment, Outcome
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_invocations_run_side_by_side_in_processes_of_their_own(functions: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    with (
        Environment(
            "app.handler", cwd=functions, concurrency=4, memory=512, timeout=PATIENCE, on_output=lines.append
        ) as env,
        ThreadPoolExecutor(4) as pool,
    ):
        event = {"do": "meet", "directory": str(tmp_path), "count": 4}
        outcomes = list(pool.map(env.invoke, [event] * 4))
    assert [outcome.status for outcome in outcomes] == ["success"] * 4
    assert len({outcome.payload for outcome in outcomes}) == 4
    for outcome in outcomes:
        assert outcome.output == f"worker {outcome.payload}\n"
    labelled = {line for line in lines if "worker" in line}
    assert labelled == {f"{o.request_id[:8]} | worker {o.payload}\n" for o in outcomes}
    assert sum(outcome.cold for outcome in outcomes) == 1


def test_initialization_is_not_part_of_an_invocation(functions: Path) -> None:
    lines: list[str] = []
    with Environment("app.handler", cwd=functions, concurrency=2, memory=512, on_report=lines.append) as env:
        assert re.fullmatch(r"INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: success", lines[0])
        outcome = env.invoke(
            {"do": "describe", "env": ["AWS_LAMBDA_MAX_CONCURRENCY", "AWS_LAMBDA_INITIALIZATION_TYPE"]}
        )
    assert outcome.payload["env"] == {
        "AWS_LAMBDA_MAX_CONCURRENCY": "2",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "lambda-managed-instances",
    }
    assert "Init Duration" not in lines[-1]


def test_logs_are_json(functions: Path) -> None:
    with Environment("app.handler", cwd=functions, concurrency=1, memory=512) as env:
        assert '"message": "careful"' in env.invoke({"do": "log"}).output


def test_a_timeout_does_not_stop_the_code(functions: Path) -> None:
    lines: list[str] = []
    with Environment(
        "app.handler", cwd=functions, concurrency=1, memory=512, timeout=0.5, on_output=lines.append
    ) as env:
        outcome = env.invoke({"do": "sleep", "seconds": 0.9})
        deadline = time.monotonic() + PATIENCE
        while not any("awake" in line for line in lines) and time.monotonic() < deadline:
            time.sleep(0.02)
        after = env.invoke({})
    assert outcome.status == "timeout"
    assert outcome.duration_ms == 500
    assert f"{outcome.request_id[:8]} | awake\n" in lines
    assert after.status == "success"
    assert not after.cold


def test_an_invocation_that_finds_no_free_process_is_throttled(functions: Path) -> None:
    with Environment("app.handler", cwd=functions, concurrency=1, memory=512, timeout=0.3) as env:
        assert env.invoke({"do": "sleep", "seconds": 60}).status == "timeout"
        outcome = env.invoke({})
    assert outcome.status == "error"
    assert outcome.error is not None
    assert outcome.error.type == "TooManyRequestsException"


def test_a_worker_that_crashes_leaves_the_others(functions: Path) -> None:
    with Environment("app.handler", cwd=functions, concurrency=2, memory=512, timeout=PATIENCE) as env:
        began = time.perf_counter()
        crash = env.invoke({"do": "exit_now", "code": 3})
        took = time.perf_counter() - began
        after: list[Outcome] = [env.invoke({}) for _ in range(3)]
    assert crash.status == "crash"
    assert crash.error is not None
    assert crash.error.type == "Runtime.ExitError"
    assert took < 10
    assert [outcome.status for outcome in after] == ["success"] * 3
    assert not any(outcome.cold for outcome in after)


def test_an_error_of_initialization_is_reported_once(module: Callable[[str], Path]) -> None:
    with Environment("app.handler", cwd=module("raise KeyError('TABLE')"), concurrency=3, memory=512) as env:
        outcome = env.invoke({})
    assert outcome.status == "init-error"
    assert outcome.error is not None
    assert outcome.error.type == "KeyError"


def test_closing_leaves_no_worker(functions: Path, mark: str, processes: Callable[[int], list[int]]) -> None:
    name, _, value = mark.partition("=")
    with Environment("app.handler", cwd=functions, concurrency=3, memory=512, env={name: value}) as env:
        env.invoke({})
        assert len(processes(4)) == 4
    assert processes(0) == []
