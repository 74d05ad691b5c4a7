"""One life of an execution environment: a Runtime API server and the runtime's process."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Literal

from lambda_kit.local import _proc
from lambda_kit.local._process import Process
from lambda_kit.local._runtime_api import RuntimeApi

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_kit.local._exchange import Exchange
    from lambda_kit.local._settings import Settings

InitEnd = Literal["ready", "snapshot", "error", "exit", "timeout", "memory"]
RunEnd = Literal["answered", "exit", "timeout", "memory", "busy"]

# The runtime clients, as `python -m` starts them.
_MODULES = {"awslambdaric": "awslambdaric", "kit": "lambda_kit.runtime"}
# Seconds between two looks at the memory while code runs. The kernel keeps the peak of the process itself.
_SAMPLE = 0.1
# Seconds that a runtime may take to end after it posted an error.
_LEAVE = 2.0
# Seconds that a worker of a Managed Instance may take to ask for more work after an answer.
_SETTLE = 1.0


class Sandbox:
    """A runtime process with its Runtime API, from its start to its end.

    Args:
        settings: the function.
        python_version: of the interpreter, `3.13`.
        on_line: called with the id of the request and a line of its output; the id is None if it is not known.

    Attributes:
        started_at: when the process was started, on the `time.perf_counter` clock.
        first: true until an invocation is run.
        peak: the most memory that was seen in use, in bytes; None if it is not known.
    """

    def __init__(self, settings: Settings, python_version: str, on_line: Callable[[str | None, str], None]) -> None:
        self._settings = settings
        self._on_line = on_line
        self._managed = settings.concurrency is not None
        self._running: list[Exchange] = []
        self._owners: dict[int, int | None] = {}
        self._lock = threading.Lock()
        self._closing = False
        self._started = threading.Event()
        self._sampled_at = float("-inf")
        self.first = True
        self.peak: int | None = None
        self.api = RuntimeApi(concurrency=settings.concurrency or 1, on_poll=self._polled)
        self.started_at = time.perf_counter()
        try:
            self.process = Process(
                [settings.python, *(settings.launcher or ("-m",)), _MODULES[settings.runtime], settings.handler],
                env=settings.environment(self.api.address, python_version),
                cwd=settings.cwd,
                mark=f"AWS_LAMBDA_RUNTIME_API={self.api.address}",
                workers=self._managed,
                on_line=self._line,
                on_change=self.api.notify,
            )
        except BaseException:
            self._started.set()
            self.api.close()
            raise
        self._started.set()

    @property
    def closing(self) -> bool:
        """True once `close` was called."""
        return self._closing

    @property
    def ready_processes(self) -> int:
        """The number of workers of a Managed Instance that have asked for an invocation."""
        return len({owner for owner in list(self._owners.values()) if owner is not None})

    @property
    def alive(self) -> bool:
        """True while the process runs and `close` was not called."""
        return self.process.returncode is None and not self._closing

    def close(self, grace: float = 0.0) -> None:
        """Kill the process and what it started, and stop the server.

        Args:
            grace: seconds between a SIGTERM to the process and the kill; 0 for no SIGTERM.
        """
        self._closing = True
        if grace:
            self.process.terminate(grace)
        self.process.close()
        self.api.close()

    def await_init(self, limit: float) -> InitEnd:
        """Wait until the runtime asks for work, reaches its snapshot or fails, for at most `limit` seconds."""
        return self._await_runtime(self.started_at + limit, lambda: self.api.snapshot_at is not None)

    def restore(self, limit: float) -> InitEnd:
        """Let the runtime go on after its snapshot and wait until it asks for work, for at most `limit` seconds."""
        self.api.restore()
        return self._await_runtime(time.perf_counter() + limit, lambda: False)

    def _await_runtime(self, deadline: float, at_snapshot: Callable[[], bool]) -> InitEnd:
        api, process = self.api, self.process

        def failed() -> bool:
            return api.init_error is not None or api.restore_error is not None

        def over() -> bool:
            return api.ready_at is not None or failed() or at_snapshot() or process.returncode is not None

        end = self._watch(over, deadline)
        if end == "over" and not self._fits():
            end = "memory"
        if failed():
            api.wait_for(lambda: process.returncode is not None, _LEAVE)
        if end != "over":
            return end
        self.process.drain()
        if failed():
            return "error"
        if api.ready_at is not None:
            return "ready"
        return "exit" if process.returncode is not None else "snapshot"

    def run(self, exchange: Exchange) -> RunEnd:
        """Hand out an invocation and wait for its end."""
        self.first = False
        with self._lock:
            self._running = [one for one in self._running if not one.finished or not one.abandoned]
            self._running.append(exchange)
        self.api.submit(exchange)
        try:
            end = self._await_end(exchange)
        finally:
            if self._managed:
                self.process.drain(self._owner(exchange))
            elif exchange.finished:
                self.process.drain()
            with self._lock:
                # Code that a timeout did not stop goes on printing, and what it prints is still its own.
                self._running = [
                    one for one in self._running if not one.finished and (one is not exchange or one.abandoned)
                ]
        return end

    def _await_end(self, exchange: Exchange) -> RunEnd:
        end = self._watch(
            lambda: exchange.handed_at is not None or self._ended(exchange), time.perf_counter() + exchange.timeout
        )
        if end == "timeout":
            self.api.withdraw(exchange)
            return "busy"
        if end == "over" and exchange.handed_at is not None:
            deadline = exchange.handed_at + exchange.timeout
            end = self._watch(lambda: self._done(exchange) or self._ended(exchange), deadline)
            if exchange.answer is not None and self._managed:
                self.api.wait_for(lambda: exchange.finished or self._ended(exchange), _SETTLE)
                end = "over"
        if end == "memory" or not self._fits():
            return "memory"
        if exchange.answer is not None and end == "over":
            broke_off = exchange.answer.kind == "truncated" and self._ended(exchange)
            return "exit" if broke_off else "answered"
        if end == "over":
            return "exit"
        self.api.withdraw(exchange)
        return "timeout"

    def _done(self, exchange: Exchange) -> bool:
        return exchange.answer is not None if self._managed else exchange.finished

    def _ended(self, exchange: Exchange) -> bool:
        if self.process.returncode is not None or self._closing:
            return True
        if not self._managed or exchange.peer is None:
            return False
        owner = self._owners.get(exchange.peer)
        return owner is not None and self.process.has_ended(owner)

    def _watch(self, over: Callable[[], bool], deadline: float) -> Literal["over", "timeout", "memory"]:
        """Wait until `over()` is true, and look at the memory meanwhile."""
        while True:
            left = deadline - time.perf_counter()
            if self.api.wait_for(over, max(0.0, min(left, _SAMPLE))):
                return "over"
            if left <= 0:
                return "timeout"
            if not self._fits():
                return "memory"

    def _fits(self) -> bool:
        """Look at the memory; return True if the function used no more than it has."""
        if self.process.returncode is None:
            sizes = [self.peak, _proc.peak_memory(self.process.pid)]
            now = time.perf_counter()
            if now - self._sampled_at >= _SAMPLE / 2:  # looking at a whole tree is not cheap
                self._sampled_at = now
                sizes.append(_proc.tree_memory(self.process.pid))
            self.peak = max((size for size in sizes if size is not None), default=None)
        return self.peak is None or self.peak <= self._settings.memory * 1024 * 1024

    # Output

    def _polled(self, peer: int) -> None:
        # Output from before this poll is in the pipe by now. It belongs to the invocation before, so pass it on now.
        self._started.wait()
        if not self._managed:
            self.process.drain()
            return
        if peer not in self._owners:
            self.process.drain(-1)  # connects the output of the worker, so that its id is known
            self._owners[peer] = _proc.owner_of_port(peer, self.process.workers)
        worker = self._owners[peer]
        if worker is not None:
            self.process.drain(worker)

    def _owner(self, exchange: Exchange) -> int | None:
        return None if exchange.peer is None else self._owners.get(exchange.peer)

    def _line(self, worker: int | None, line: str) -> None:
        with self._lock:
            running = list(self._running)
        if not self._managed:
            request_id = running[0].request_id if running else None
        else:
            owned = (one for one in running if worker is not None and self._owner(one) == worker and not one.finished)
            exchange = next(owned, None)
            request_id = exchange.request_id if exchange is not None else None
        self._on_line(request_id, line)
