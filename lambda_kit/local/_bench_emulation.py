"""The way in which `lambda-kit bench` holds functions to the processor share of their memory."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambda_kit._kernel.callables import closest
from lambda_kit.errors import ConfigurationError
from lambda_kit.local import _bench_cgroup, _bench_cpu
from lambda_kit.local._bench_arguments import INIT, METHODS

if TYPE_CHECKING:
    from pathlib import Path

    from lambda_kit.local._bench_cpu import Governor


@dataclass(frozen=True, slots=True)
class Emulation:
    """The way in which the processor share of a memory size is held.

    Attributes:
        method: `cgroup`, `stop` or `none`.
        boost: the initialization has all processors.
        groups: the directory and the version of control groups, for `cgroup`.
    """

    method: str
    boost: bool
    groups: tuple[Path, int] | None = None

    @property
    def name(self) -> str:
        """The name of the way in reports."""
        if self.groups is not None:
            return f"a control group (version {self.groups[1]})"
        return "stopping and continuing the processes" if self.method == "stop" else "nothing"

    def governor(self, memory: int) -> Governor:
        """Return the governor of a memory size."""
        share = _bench_cpu.share_of(memory)
        if self.method == "none" or (self.boost and share >= _bench_cpu.processors()):
            return _bench_cpu.NoGovernor()
        if self.groups is not None:
            return _bench_cgroup.GroupGovernor(*self.groups, share, boost=self.boost)
        return _bench_cpu.StopGovernor(share, boost=self.boost)


def emulation(method: str, init: str) -> Emulation:
    """Return the emulation that `--cpu` and `--init-cpu` ask for.

    Raises:
        ConfigurationError: it is unknown, or this machine does not have it.
    """
    _one_of("--cpu", method, METHODS)
    _one_of("--init-cpu", init, INIT)
    boost = init == "boost"
    if method == "none":
        return Emulation("none", boost)
    if method != "stop" and (groups := _bench_cgroup.find()) is not None and _bench_cgroup.works(*groups):
        return Emulation("cgroup", boost, groups)
    if method == "cgroup":
        raise ConfigurationError(
            "--cpu cgroup: no control group here takes a limit of this user; run it as root, in a delegated group, "
            "or use --cpu stop"
        )
    if _bench_cpu.LINUX:
        return Emulation("stop", boost)
    if method == "stop":
        raise ConfigurationError(
            f"--cpu stop needs the processor clocks of Linux, and this is {sys.platform}; use --cpu none"
        )
    return Emulation("none", boost)


def _one_of(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigurationError(f"{option} is {value!r}{closest(value, known)} It is one of {', '.join(known)}")
