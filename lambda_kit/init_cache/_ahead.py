"""Builds that start at the declaration of a resource, on threads, while its module goes on importing: `eager="now"`."""

from __future__ import annotations

import _thread
import os
import threading
import time

from lambda_kit._kernel import lifecycle
from lambda_kit.init_cache import _warm
from lambda_kit.init_cache._build import Gate, locked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.init_cache._entry import Entry

_MOMENT = 0.005  # seconds in which resources are declared that are built together
_PATIENCE = 1.0  # seconds that a fork waits for the builds that are under way


class _Queue:
    """The resources that are to be built, whether a thread collects them, and the builds that are under way."""

    __slots__ = ("collecting", "entries", "running", "watched")

    def __init__(self) -> None:
        self.entries: list[tuple[object, Entry]] = []
        self.running: dict[Gate, int] = {}  # opened at the end of a build, and the thread that runs it
        self.collecting = False
        self.watched = False

    @locked
    def add(self, group: object, entry: Entry) -> bool:
        """Add a resource, and return whether a thread has to be started that collects it."""
        if not self.watched:
            self.watched = True
            lifecycle.on_fork(self.forget)
            if hasattr(os, "register_at_fork"):
                os.register_at_fork(before=self.settle)
        self.entries.append((group, entry))
        start, self.collecting = not self.collecting, True
        return start

    @locked
    def take(self) -> list[tuple[object, Entry]]:
        """Return the resources that were declared in the last moment. If there are none, the thread ends."""
        taken, self.entries = self.entries, []
        self.collecting = bool(taken)
        return taken

    def settle(self) -> None:
        """Wait before a fork until no build runs: a thread that imports would leave its locks locked in the child."""
        end = time.monotonic() + _PATIENCE
        running = dict(self.running)
        if threading.get_ident() not in running.values():  # a factory that forks does not wait for itself
            for gate in running:
                gate.wait(max(end - time.monotonic(), 0.0))

    def forget(self) -> None:
        """Leave the builds to the parent of a forked process, which has the threads. Here the first call builds."""
        self.entries = []
        self.running = {}
        self.collecting = False


_queue = _Queue()


def start(entry: Entry, group: object = None) -> None:
    """Start the build of a synchronous resource on a thread. The first call waits for what is left of it.

    A failure is logged and left to the first call, which tries again. Under SnapStart nothing is started, because no
    connection may be open when the snapshot is taken: the handler builds the resource in the init phase.

    Args:
        entry: the resource.
        group: resources of one group are built one after another, on one thread: the build of the first one may bring
            the values of the others with it. None for a resource on its own.
    """
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
        return
    if _queue.add(entry if group is None else group, entry):
        try:
            _thread.start_new_thread(_collect, ())
        except RuntimeError:  # no more threads can be started: the first call builds
            _queue.forget()


def _collect() -> None:
    while True:
        time.sleep(_MOMENT)
        groups: dict[object, list[Entry]] = {}
        for group, entry in _queue.take():
            groups.setdefault(group, []).append(entry)
        if not groups:
            return
        for entries in groups.values():
            try:
                _thread.start_new_thread(_build, (entries,))
            except RuntimeError:
                _build(entries)


def _build(entries: list[Entry]) -> None:
    gate = Gate()
    _queue.running[gate] = threading.get_ident()
    try:
        for entry in entries:
            if not entry.is_ready():
                _warm.build(entry)
    finally:
        _queue.running.pop(gate, None)
        gate.open()
