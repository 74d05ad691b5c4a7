"""Facts about processes, from `/proc`. Where there is no `/proc`, the functions return None or an empty list."""

from __future__ import annotations

import os
from pathlib import Path

_PROC = Path("/proc")


def tree(pid: int) -> list[int]:
    """Return `pid` and all its descendants that still have their parents."""
    found: list[int] = []
    todo = [pid]
    while todo:
        current = todo.pop()
        found.append(current)
        try:
            for task in (_PROC / str(current) / "task").iterdir():
                todo += map(int, (task / "children").read_text().split())
        except OSError:  # it ended meanwhile, or this kernel does not list children
            continue
    return found


def peak_memory(pid: int) -> int | None:
    """Return the peak resident memory of one process in bytes, or None if it is not known."""
    return _field(_PROC / str(pid) / "status", "VmHWM:")


def tree_memory(pid: int) -> int | None:
    """Return the memory that `pid` and its descendants hold now, in bytes, or None if it is not known.

    Memory that forked processes share is counted once.
    """
    pids = tree(pid)
    if len(pids) == 1:
        return _field(_PROC / str(pid) / "status", "VmRSS:")
    sizes = [_field(_PROC / str(one) / "smaps_rollup", "Pss:") for one in pids]
    known = [size for size in sizes if size is not None]
    return sum(known) if known else None


def _field(path: Path, name: str) -> int | None:
    try:
        for line in path.read_text().splitlines():
            if line.startswith(name):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def with_environment(entry: str) -> list[int]:
    """Return the processes, other than this one, that were started with `entry` (`NAME=value`) in their environment."""
    wanted = entry.encode()
    found: list[int] = []
    try:
        names = os.listdir(_PROC)  # noqa: PTH208  # a hundred paths are not worth building for their names
    except OSError:
        return []
    for name in names:
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            if wanted in (_PROC / name / "environ").read_bytes().split(b"\0"):
                found.append(int(name))
        except OSError:
            continue
    return found


def owner_of_port(port: int, candidates: list[int]) -> int | None:
    """Return the candidate that holds the TCP socket that is bound to `port` on the loopback address."""
    try:
        lines = (_PROC / "net" / "tcp").read_text().splitlines()[1:]
    except OSError:
        return None
    local = f"0100007F:{port:04X}"
    inodes = [fields[9] for fields in map(str.split, lines) if fields[1] == local]
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for pid in candidates:
        try:
            if any(os.readlink(fd) in wanted for fd in (_PROC / str(pid) / "fd").iterdir()):  # noqa: PTH115
                return pid
        except OSError:
            continue
    return None
