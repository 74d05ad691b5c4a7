"""The processor share of a memory size, emulated: by a control group, or by stopping and continuing the processes.

Lambda gives a function processor time in proportion to its memory: one virtual processor at 1,769 MB
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html). Here a function gets `share * PERIOD` seconds
of processor time in each period of `PERIOD` seconds, and waits for the next period once it has used them. What it does
not use in a period is lost, as under Linux's own bandwidth control.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Protocol

from lambda_kit.local import _proc

if TYPE_CHECKING:
    from lambda_kit.local._process import Process

LINUX: bool = sys.platform == "linux"
"""True where processes have processor clocks that others can read."""

FULL_MB = 1769
"""MB of memory that come with one virtual processor."""
PERIOD = 0.02
"""Seconds in which a share is granted."""

_SHORTEST_LOOK = 0.0003  # seconds between two looks at the processor time; the thread would take a core otherwise
_TREE_EVERY = 0.05  # seconds between two looks for processes that the function started


def share_of(memory: int) -> float:
    """Return the virtual processors that come with so many MB."""
    return memory / FULL_MB


def processors() -> int:
    """Return the processors that this process may use."""
    if LINUX:
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_seconds(pid: int) -> float | None:
    """Return the processor time that a process has used, of all its threads; None if it is not known."""
    if not LINUX:
        return None
    try:
        return time.clock_gettime((~pid << 3) | 2)  # the clock of a process, as clock_getcpuclockid(3) makes it
    except OSError:  # it has ended
        return None


class Budget:
    """The processor time that is left in a period. It only counts; the caller brings the clocks.

    What was used beyond the budget is a debt that the next periods pay.

    Args:
        share: the virtual processors, above 0.
        period: seconds.
        now: the time.
        used: the processor time that was used until now, in seconds.
    """

    def __init__(self, share: float, period: float, now: float, used: float) -> None:
        self._quota = share * period
        self._period = period
        self._used = used
        self._next = now + period
        self.left = self._quota

    def update(self, now: float, used: float) -> None:
        """Take note of the processor time that was used until now."""
        self.left -= max(0.0, used - self._used)
        self._used = max(self._used, used)
        if now >= self._next:
            periods = int((now - self._next) / self._period) + 1
            self._next += periods * self._period
            self.left = min(self._quota, self.left + periods * self._quota)

    def pause(self, now: float) -> float:
        """Return for how many seconds the processes have to stop; 0 if they may run."""
        if self.left > 0:
            return 0.0
        periods = int(-self.left / self._quota) + 1
        return max(0.0, self._next + (periods - 1) * self._period - now)


class Governor(Protocol):
    """Holds the processes of one environment to their share."""

    def started(self, process: Process) -> None:
        """The process of the function was started; its initialization begins."""

    def ready(self, process: Process) -> None:
        """The initialization is over."""

    def resume(self) -> None:
        """An invocation begins."""

    def rest(self) -> None:
        """An invocation is over."""

    def close(self) -> None:
        """Let go of the processes."""


class StopGovernor:
    """Stops the process group when its budget is used up, and continues it in the next period.

    A thread looks at the processor time when the budget could be used up at the earliest. Processes that leave the
    group count, but are not stopped.

    Args:
        share: the virtual processors.
        boost: leave the initialization alone.
    """

    def __init__(self, share: float, *, boost: bool) -> None:
        self._share = share
        self._boost = boost
        self._cores = processors()
        self._changed = threading.Condition()
        self._process: Process | None = None
        self._budget: Budget | None = None
        self._active = False
        self._closed = False
        self._members: list[int] = []
        self._looked_at = 0.0
        self._ended = 0.0  # processor time of processes that have ended
        self._by_pid: dict[int, float] = {}
        self._thread = threading.Thread(target=self._govern, name="lambda-kit-processor", daemon=True)
        self._thread.start()

    def started(self, process: Process) -> None:
        """Take a new process; leave its initialization alone under `boost`."""
        with self._changed:
            self._process, self._members = process, [process.pid]
            self._by_pid, self._ended, self._looked_at = {}, 0.0, 0.0
            self._fill(process)
            self._active = not self._boost
            self._changed.notify()

    def ready(self, process: Process) -> None:
        """Hold the process to its share from now on."""
        with self._changed:
            if self._boost:
                self._fill(process)
            self._active = True
            self._changed.notify()

    def resume(self) -> None:
        """Hold a process that is initialized to its share, until `rest`."""
        with self._changed:
            self._active = self._process is not None
            self._changed.notify()

    def rest(self) -> None:
        """Leave the process alone until `resume`."""
        with self._changed:
            self._active = False
            self._changed.notify()

    def close(self) -> None:
        """Leave the process alone for good."""
        with self._changed:
            self._closed = True
            self._active = False
            self._changed.notify()
        self._thread.join()

    def _fill(self, process: Process) -> None:
        self._budget = Budget(self._share, PERIOD, time.perf_counter(), self._used(process))

    def _govern(self) -> None:
        while True:
            with self._changed:
                while not self._closed and not self._governs():
                    self._changed.wait()
                process, budget = self._process, self._budget
                if self._closed or process is None or budget is None:
                    return
                now = time.perf_counter()
                budget.update(now, self._used(process))
                pause = budget.pause(now)
                if pause > 0:
                    _signal_group(process, signal.SIGSTOP)
                    self._changed.wait_for(lambda: not self._governs(), pause)
                    _signal_group(process, signal.SIGCONT)
                    continue
                look = min(PERIOD, max(_SHORTEST_LOOK, budget.left / self._cores))
            time.sleep(look)

    def _governs(self) -> bool:
        return self._active and self._process is not None and self._process.returncode is None

    def _used(self, process: Process) -> float:
        now = time.perf_counter()
        if now - self._looked_at >= _TREE_EVERY:
            self._looked_at = now
            self._members = _proc.tree(process.pid)
            for pid in [one for one in self._by_pid if one not in self._members]:
                self._ended += self._by_pid.pop(pid)
        for pid in self._members:
            seconds = cpu_seconds(pid)
            if seconds is not None:
                self._by_pid[pid] = seconds
        return self._ended + sum(self._by_pid.values())


def _signal_group(process: Process, number: int) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)


class NoGovernor:
    """Lets the processes have all of this machine."""

    def started(self, process: Process) -> None:
        """Do nothing."""

    def ready(self, process: Process) -> None:
        """Do nothing."""

    def resume(self) -> None:
        """Do nothing."""

    def rest(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""
