from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.effort import skip_in_the_middle
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

skip_in_the_middle()


def _heed_signals() -> None:
    for number in (signal.SIGHUP, signal.SIGQUIT):  # which the runner of the tests may ignore
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture
def start(functions: Path, tmp_path: Path, mark: str) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start the command and wait until the handler, which starts processes of its own, hangs."""
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str, event: object) -> subprocess.Popen[str]:
        (tmp_path / "event.json").write_text(json.dumps(event))
        command = [sys.executable, "-m", "lambda_kit.local", "invoke", "app.handler", "--timeout", "100"]
        child = subprocess.Popen(
            [*command, "--event", str(tmp_path / "event.json"), "--env", mark, *arguments],
            cwd=functions,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            preexec_fn=_heed_signals,  # noqa: PLW1509  # it calls the system alone
        )
        running.append(child)
        assert child.stdout is not None
        while '"pid"' not in (line := child.stdout.readline()):
            assert line
        return child

    yield start
    for child in running:
        child.kill()
        child.wait()
        assert child.stdout is not None
        child.stdout.close()


@pytest.mark.parametrize(
    ("number", "status"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGQUIT, 131)],
    ids=["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"],
)
@pytest.mark.parametrize("workers", [[], ["--concurrency", "2", "--memory", "512"]], ids=["one", "managed"])
def test_a_signal_while_a_handler_hangs_leaves_nothing_behind(
    start: Callable[..., subprocess.Popen[str]],
    processes: Callable[[int], list[int]],
    number: signal.Signals,
    status: int,
    workers: list[str],
) -> None:
    child = start(*workers, event={"do": "spawn", "leave_group": True})
    assert len(processes(5 if workers else 3)) == (5 if workers else 3)
    child.send_signal(number)
    assert child.wait(PATIENCE) == status
    assert processes(0) == []


def test_a_command_that_is_killed_leaves_nothing_behind(
    start: Callable[..., subprocess.Popen[str]],
    processes: Callable[[int], list[int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    child = start("--concurrency", "2", "--memory", "512", event={"do": "spawn"})
    assert len(processes(4)) == 4
    assert list(tmp_path.glob("lambda-kit-*"))
    child.kill()
    child.wait(PATIENCE)
    assert processes(0) == []
    deadline = time.monotonic() + PATIENCE
    while (left := list(tmp_path.glob("lambda-kit-*"))) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert left == []


def test_an_interrupted_run_sums_up_what_it_got(functions: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "lambda_kit.local", "invoke", "app.handler", "--repeat", "1000000"],
        cwd=functions,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    progress = child.stderr.readline()  # comes after two seconds where there is no terminal
    assert " of 1000000 invocations, 0 failed, 1 cold, " in progress
    child.send_signal(signal.SIGINT)
    out, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130, (out, err)
    assert "invocations of 1000000, interrupted: " in out
    assert "Traceback" not in err
