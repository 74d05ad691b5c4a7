"""The source files of a function, and which of them have changed."""

from __future__ import annotations

import os
import time

# Scans take at most this part of a processor.
_SHARE = 0.1
_LEFT_OUT = frozenset(("__pycache__", "node_modules", "site-packages", "cdk.out"))


class Sources:
    """The Python files below a directory, without hidden directories and virtual environments.

    Args:
        root: the directory.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._next_scan = 0.0
        self._known = self._scan()

    def changed(self) -> list[str]:
        """Return the files that were written, added or removed since the call before, relative to the directory."""
        if time.monotonic() < self._next_scan:
            return []
        before, self._known = self._known, self._scan()
        paths = {path for path, _ in before.items() ^ self._known.items()}
        return sorted(os.path.relpath(path, self._root) for path in paths)

    def _scan(self) -> dict[str, tuple[int, int]]:
        started = time.thread_time()  # a busy machine makes a scan long, and must not put off the next one
        found: dict[str, tuple[int, int]] = {}
        todo = [self._root]
        while todo:
            try:
                with os.scandir(todo.pop()) as entries:
                    listed = list(entries)
            except OSError:  # it was removed meanwhile, or cannot be read
                continue
            if any(entry.name == "pyvenv.cfg" for entry in listed):
                continue
            for entry in listed:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        if not entry.name.startswith(".") and entry.name not in _LEFT_OUT:
                            todo.append(entry.path)
                    elif entry.name.endswith(".py"):
                        stat = entry.stat()
                        found[entry.path] = (stat.st_mtime_ns, stat.st_size)
                except OSError:
                    continue
        self._next_scan = time.monotonic() + (time.thread_time() - started) / _SHARE
        return found
