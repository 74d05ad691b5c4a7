"""Control groups of Linux, version 2 or 1, that hold a process to a share of the processors."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_kit.local._bench_cpu import PERIOD

if TYPE_CHECKING:
    from lambda_kit.local._process import Process

ROOT = Path("/sys/fs/cgroup")
_NAME = "lambda-kit-bench"
_LEAST_QUOTA = 1000  # microseconds; the kernel takes no smaller one
_SPIN = "while True: pass"
_numbers = itertools.count()


class Group:
    """One control group.

    Args:
        path: its directory, which is made.
        version: 1 or 2.
    """

    def __init__(self, path: Path, version: int) -> None:
        self.path = path
        self.version = version
        path.mkdir()

    def limit(self, share: float | None) -> None:
        """Give the processes in the group so many processors; None for all of them."""
        period = round(PERIOD * 1_000_000)
        quota = None if share is None else max(_LEAST_QUOTA, round(share * period))
        if self.version == 2:
            (self.path / "cpu.max").write_text(f"{'max' if quota is None else quota} {period}")
            return
        (self.path / "cpu.cfs_period_us").write_text(str(period))
        (self.path / "cpu.cfs_quota_us").write_text(str(-1 if quota is None else quota))

    def add(self, pid: int) -> None:
        """Put a process into the group; what it starts later is in it, too."""
        (self.path / "cgroup.procs").write_text(str(pid))

    def throttled(self) -> int:
        """Return in how many periods the kernel has held processes of the group back."""
        found = re.search(r"^nr_throttled (\d+)", (self.path / "cpu.stat").read_text(), re.MULTILINE)
        return int(found[1]) if found else 0

    def remove(self) -> None:
        """Remove the group once its processes have ended; `sweep` removes it later if they take too long."""
        for _ in range(50):
            try:
                self.path.rmdir()
            except FileNotFoundError:
                return
            except OSError:  # a process that was killed a moment ago is still in it
                time.sleep(0.01)
            else:
                return


class GroupGovernor:
    """Holds the processes of an environment to their share by a control group.

    Args:
        parent: the directory that takes the group.
        version: of the control groups there.
        share: the virtual processors.
        boost: leave the initialization alone.
    """

    def __init__(self, parent: Path, version: int, share: float, *, boost: bool) -> None:
        self._group = Group(parent / f"{_NAME}-{os.getpid()}-{next(_numbers)}", version)
        self._share = share
        self._boost = boost

    def started(self, process: Process) -> None:
        """Put a new process into the group."""
        self._group.limit(None if self._boost else self._share)
        with contextlib.suppress(ProcessLookupError):  # it has ended already; the environment says so
            self._group.add(process.pid)

    def ready(self, process: Process) -> None:  # noqa: ARG002  # it is in the group
        """Hold the process to its share from now on."""
        self._group.limit(self._share)

    def resume(self) -> None:
        """Do nothing: the kernel counts all the time."""

    def rest(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Remove the group."""
        self._group.remove()


def find(root: Path = ROOT, own: Path = Path("/proc/self/cgroup")) -> tuple[Path, int] | None:
    """Return a directory that takes control groups with processor limits, and their version; None if there is none.

    Args:
        root: where control groups are mounted.
        own: the file that names the groups of this process.
    """
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "" and (found := _unified(root, path)) is not None:
            return found, 2
        if "cpu" in controllers.split(","):
            for name in ("cpu", "cpu,cpuacct", "cpuacct,cpu"):
                directory = root / name / path.lstrip("/")
                if (directory / "cpu.cfs_quota_us").exists() or (directory / "cgroup.procs").exists():
                    if os.access(directory, os.W_OK):
                        return directory, 1
                    break
    return None


def _unified(root: Path, path: str) -> Path | None:
    # A group with processes of its own takes no children with limits, so look upwards for one that hands limits on.
    directory = root / path.lstrip("/")
    while True:
        control = directory / "cgroup.subtree_control"
        with contextlib.suppress(OSError):
            if "cpu" in control.read_text().split() and os.access(directory, os.W_OK):
                return directory
        if directory == root or root not in directory.parents:
            return None
        directory = directory.parent


def works(parent: Path, version: int) -> bool:
    """Return True if a limit there holds a process back: a loop runs under one for 0.15 seconds."""
    sweep(parent)
    try:
        group = Group(parent / f"{_NAME}-{os.getpid()}-{next(_numbers)}", version)
    except OSError:
        return False
    try:
        group.limit(0.1)
        with subprocess.Popen([sys.executable, "-S", "-c", _SPIN], stdin=subprocess.DEVNULL) as loop:  # noqa: S603  # our own code
            try:
                group.add(loop.pid)
                time.sleep(0.15)
                return group.throttled() > 0
            finally:
                loop.kill()
    except OSError:
        return False
    finally:
        group.remove()


def sweep(parent: Path) -> None:
    """Remove the groups of benchmarks that were killed."""
    for path in parent.glob(f"{_NAME}-*"):
        found = re.fullmatch(rf"{_NAME}-(\d+)-\d+", path.name)
        if found and not Path("/proc", found[1]).exists():
            with contextlib.suppress(OSError):
                path.rmdir()
