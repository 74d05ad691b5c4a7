from __future__ import annotations

import math
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.local import _bench_cgroup, _bench_cpu, _bench_load
from lambda_kit.local._bench_cpu import PERIOD, Budget, StopGovernor
from lambda_kit.local._bench_run import Live
from lambda_kit.local._environment import Environment
from tests.patience import PATIENCE

SHARES = st.floats(0.05, 4.0)


def _elapsed(share: float, load: float, look: float) -> float:
    """Return how long a load of so many seconds takes on one processor, with a look each `look` seconds."""
    now = used = 0.0
    budget = Budget(share, PERIOD, now, used)
    while True:
        budget.update(now, used)
        if (pause := budget.pause(now)) > 0:
            now += pause
            continue
        step = min(look, load - used)
        now, used = now + step, used + step
        if used >= load - 1e-12:
            return now


@given(SHARES, st.floats(0.001, 2.0), st.floats(0.0003, 0.05))
def test_a_load_takes_its_time_divided_by_the_share(share: float, load: float, look: float) -> None:
    elapsed = _elapsed(share, load, look)
    exact = load / min(1.0, share)
    # The first period has its budget at once, and the last look may come too late to stop the rest of the load.
    assert exact - PERIOD - look / min(1.0, share) - 1e-6 <= elapsed <= exact + PERIOD + 1e-6


@given(SHARES, st.floats(0.0, 100.0))
def test_what_a_period_does_not_use_is_lost(share: float, idle: float) -> None:
    budget = Budget(share, PERIOD, 0.0, 0.0)
    budget.update(idle, 0.0)
    assert budget.left == pytest.approx(share * PERIOD)


@given(SHARES, st.floats(0.001, 1.0))
def test_a_debt_is_paid_before_anything_runs_again(share: float, debt: float) -> None:
    budget = Budget(share, PERIOD, 0.0, 0.0)
    budget.update(0.0, share * PERIOD + debt)
    pause = budget.pause(0.0)
    periods = math.floor(debt / (share * PERIOD) + 1e-9) + 1
    assert pause == pytest.approx(periods * PERIOD, abs=PERIOD * 1.0001)
    budget.update(pause + 1e-9, share * PERIOD + debt)
    assert budget.left > -1e-9  # rounding may leave nothing where a debt is a whole number of budgets


def test_one_virtual_processor_comes_with_1769_mb() -> None:
    assert _bench_cpu.share_of(1769) == 1.0
    assert _bench_cpu.share_of(128) == pytest.approx(0.0724, abs=0.0001)
    assert _bench_cpu.share_of(10_240) == pytest.approx(5.79, abs=0.01)


linux = pytest.mark.skipif(sys.platform != "linux", reason="processor clocks of other processes are Linux's")


@pytest.fixture
def load(tmp_path: Path) -> Environment:
    assert _bench_load.__file__ is not None
    (tmp_path / "load.py").write_text(Path(_bench_load.__file__).read_text())
    return Environment("load.handler", cwd=tmp_path, timeout=PATIENCE, memory=256)


@linux
def test_stopping_and_continuing_makes_a_load_at_least_as_long_as_its_share_says(load: Environment) -> None:
    with Live(load, StopGovernor(0.25, boost=True)) as live:
        live.invoke({"seconds": 0.0, "processes": 1})
        outcome, cpu_ms = live.invoke({"seconds": 0.1, "processes": 2})
    assert outcome.error is None
    assert cpu_ms is not None
    assert cpu_ms >= 50  # of the process itself; its child has used as much
    assert outcome.payload >= 0.1 / 0.25 - 2 * PERIOD - 0.04  # and longer where others use the processors


@linux
def test_a_governor_that_rests_leaves_the_process_alone(load: Environment) -> None:
    governor = StopGovernor(0.001, boost=True)
    with Live(load, governor) as live:
        live.invoke({"seconds": 0.0, "processes": 1})
        governor.rest()
        process = load._sandboxes.process
        assert process is not None
        deadline = time.monotonic() + PATIENCE
        status = Path("/proc", str(process.pid), "stat")
        while status.read_text().rpartition(")")[2].split()[0] == "T":
            assert time.monotonic() < deadline


def test_a_control_group_of_version_2_is_found_where_limits_are_handed_on(tmp_path: Path) -> None:
    own, service = tmp_path / "own", tmp_path / "root" / "user" / "app" / "shell"
    service.mkdir(parents=True)
    own.write_text("0::/user/app/shell\n")
    for directory, controllers in ((service, ""), (service.parent, "cpu memory\n"), (service.parents[1], "cpu\n")):
        (directory / "cgroup.subtree_control").write_text(controllers)
    assert _bench_cgroup.find(tmp_path / "root", own) == (service.parent, 2)
    (service.parent / "cgroup.subtree_control").write_text("memory\n")
    assert _bench_cgroup.find(tmp_path / "root", own) == (service.parents[1], 2)
    (service.parents[1] / "cgroup.subtree_control").write_text("")
    assert _bench_cgroup.find(tmp_path / "root", own) is None


def test_a_control_group_of_version_1_is_found_under_the_names_that_systems_use(tmp_path: Path) -> None:
    own, group = tmp_path / "own", tmp_path / "root" / "cpu,cpuacct" / "docker"
    own.write_text("4:memory:/docker\n3:cpu,cpuacct:/docker\n0::/\n")
    assert _bench_cgroup.find(tmp_path / "root", own) is None
    group.mkdir(parents=True)
    (group / "cgroup.procs").write_text("")
    assert _bench_cgroup.find(tmp_path / "root", own) == (group, 1)
    assert _bench_cgroup.find(tmp_path / "root", tmp_path / "nothing") is None


@pytest.mark.parametrize(
    ("version", "share", "files"),
    [
        (2, 0.25, {"cpu.max": "5000 20000"}),
        (2, 0.01, {"cpu.max": "1000 20000"}),
        (2, 1.7, {"cpu.max": "34000 20000"}),
        (2, None, {"cpu.max": "max 20000"}),
        (1, 0.25, {"cpu.cfs_period_us": "20000", "cpu.cfs_quota_us": "5000"}),
        (1, None, {"cpu.cfs_period_us": "20000", "cpu.cfs_quota_us": "-1"}),
    ],
)
def test_a_control_group_is_limited_in_the_words_of_its_version(
    tmp_path: Path, version: int, share: float | None, files: dict[str, str]
) -> None:
    group = _bench_cgroup.Group(tmp_path / "group", version)
    group.limit(share)
    group.add(1234)
    written = {path.name: path.read_text() for path in group.path.iterdir()}
    assert written == {**files, "cgroup.procs": "1234"}


def test_a_directory_that_only_looks_like_a_control_group_does_not_work(tmp_path: Path) -> None:
    assert not _bench_cgroup.works(tmp_path, 2)


@linux
def test_a_control_group_makes_a_load_at_least_as_long_as_its_share_says(load: Environment) -> None:
    found = _bench_cgroup.find()
    if found is None or not _bench_cgroup.works(*found):
        pytest.skip("no control group takes a limit here")
    governor = _bench_cgroup.GroupGovernor(*found, 0.25, boost=True)
    with Live(load, governor) as live:
        live.invoke({"seconds": 0.0, "processes": 1})
        outcome, _ = live.invoke({"seconds": 0.1, "processes": 2})
    assert outcome.error is None
    assert outcome.payload >= 0.1 / 0.25 - 2 * PERIOD - 0.04
    assert not governor._group.path.exists()
