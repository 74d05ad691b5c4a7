"""A child process in a group of its own: its output line by line, its end, and the end of all that it started."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import struct
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_kit.local import _proc
from lambda_kit.local._stream import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

# A guard outlives this program if this is killed: it waits for the end of its input, which comes with our end, and
# then kills the group. It is a shell, because a second Python would cost as much to start as the function.
_GUARD = 'read -r group && { read -r _; kill -s KILL -- "-$group"; [ -z "$1" ] || rm -rf -- "$1"; } 2>/dev/null'

LOG_OUTPUT = "_LAMBDA_TELEMETRY_LOG_FD"
"""Names the descriptor to which the runtime client writes log records, each in a frame."""
WORKER_OUTPUT = "_LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET"
"""Names the socket to which each worker of a Managed Instance connects its standard output and error."""


class Process:
    """A program that runs in its own process group and session, with nothing on its standard input.

    Standard output and error are one stream, read as it is written. The group is killed when the program ends, when
    `close` is called, and when the process that made this object ends in whatever way.

    Args:
        command: the program and its arguments.
        env: its whole environment.
        cwd: its working directory.
        mark: an entry of `env` (`NAME=value`) that no other process has. Processes that carry it are killed at the
            end, too, even if they left the group.
        workers: let forked workers connect their output to a socket, whose path is added to `env`; otherwise add a
            descriptor for log records.
        on_line: called with the id of the worker that wrote a line, or None, and the line.
        on_change: called when the program, or one of its workers, has ended.

    Attributes:
        pid: the id of the process and of its group.
        returncode: as of `subprocess.Popen`; None while the program runs.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str | os.PathLike[str],
        mark: str,
        workers: bool,
        on_line: Callable[[int | None, str], None],
        on_change: Callable[[], None],
    ) -> None:
        self.returncode: int | None = None
        self._mark = mark
        self._on_line = on_line
        self._on_change = on_change
        self._lock = threading.RLock()
        self._sources: dict[int, Stream] = {}
        self._pidfds: dict[int, int] = {}
        self._ended_workers: set[int] = set()
        self._stopping = False
        self._released = False
        self._selector = selectors.DefaultSelector()
        self._wake, self._waker = os.pipe()
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._listener = _Listener() if workers else None
        if self._listener is not None:
            env = {**env, WORKER_OUTPUT: self._listener.path}
            self._selector.register(self._listener.socket, selectors.EVENT_READ)
        read, write = os.pipe()
        log_outputs: list[int] = []
        if not workers:  # the same pipe, so that records and printed text keep their order
            log_outputs.append(os.dup(write))
            env = {**env, LOG_OUTPUT: str(log_outputs[0])}
        self._add(Stream(read, None, on_line))
        try:
            self._guard = subprocess.Popen(  # noqa: S603  # a literal
                ["/bin/sh", "-c", _GUARD, "guard", "" if self._listener is None else self._listener.directory],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            try:
                self._child = subprocess.Popen(  # noqa: S603  # this class starts processes
                    list(command),
                    env=dict(env),
                    cwd=cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=write,
                    stderr=write,
                    pass_fds=log_outputs,
                    start_new_session=True,
                )
            except BaseException:
                self._dismiss_guard()
                raise
        except BaseException:
            self._release()
            raise
        finally:
            for fd in (write, *log_outputs):
                os.close(fd)
        self.pid = self._child.pid
        assert self._guard.stdin is not None  # noqa: S101  # for type checkers: it was started with a pipe
        with contextlib.suppress(BrokenPipeError):
            self._guard.stdin.write(f"{self.pid}\n".encode())
            self._guard.stdin.flush()
        self._pump = threading.Thread(target=self._read_on, name="lambda-kit-output", daemon=True)
        self._waiter = threading.Thread(target=self._await_end, name="lambda-kit-process", daemon=True)
        self._pump.start()
        self._waiter.start()

    @property
    def workers(self) -> list[int]:
        """The ids of the workers that have connected their output and still run."""
        with self._lock:
            return list(self._pidfds)

    def has_ended(self, worker: int) -> bool:
        """Return True if a worker that had connected its output has ended."""
        return worker in self._ended_workers

    def drain(self, worker: int | None = None) -> None:
        """Pass on all output until now; of this worker, or of all for None, even an unfinished line."""
        with self._lock:
            if self._released:
                return
            self._accept()
            for source in list(self._sources.values()):
                self._read(source)
                if worker is None or source.worker == worker:
                    source.flush()

    def terminate(self, grace: float) -> None:
        """Send SIGTERM to the program alone, and wait for its end for at most `grace` seconds."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._child.send_signal(signal.SIGTERM)
            self._waiter.join(grace)

    def kill(self) -> None:
        """Kill the group and wait until the program has ended."""
        if self.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
        self._waiter.join()

    def close(self) -> None:
        """Kill the processes that are left, pass on the last output, and close all descriptors."""
        with self._lock:
            if self._stopping:
                return
            self._stopping = True
        self.kill()
        os.write(self._waker, b".")
        self._pump.join()
        self._dismiss_guard()
        self._release()

    def _await_end(self) -> None:
        returncode = self._child.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        for _ in range(3):  # killing is quicker than forking, but not always
            strays = _proc.with_environment(self._mark)
            for pid in strays:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            if not strays:
                break
        self.drain()
        self.returncode = returncode
        self._on_change()

    def _dismiss_guard(self) -> None:
        self._guard.kill()
        self._guard.wait()
        assert self._guard.stdin is not None  # noqa: S101  # for type checkers: it was started with a pipe
        with contextlib.suppress(BrokenPipeError):
            self._guard.stdin.close()

    def _release(self) -> None:
        with self._lock:
            self._released = True
        self._selector.close()
        for fd in (*self._sources, *self._pidfds.values(), self._wake, self._waker):
            os.close(fd)
        self._sources.clear()
        self._pidfds.clear()
        if self._listener is not None:
            self._listener.close()

    # Output

    def _read_on(self) -> None:
        while True:
            events = self._selector.select()
            with self._lock:
                if self._stopping and self.returncode is not None:
                    return
                for key, _ in events:
                    if key.fd in self._sources:
                        if not self._read(source := self._sources[key.fd]):
                            source.flush(final=True)
                            self._drop(key.fd)
                    elif self._listener is not None and key.fd == self._listener.socket.fileno():
                        self._accept()
                    elif key.data is not None:
                        self._worker_ended(key.data)

    def _read(self, source: Stream) -> bool:
        """Read the output that there is; return False at the end of the stream."""
        while True:
            try:
                data = os.read(source.fd, 1 << 16)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not data:
                return False
            source.feed(data)

    def _add(self, source: Stream) -> None:
        os.set_blocking(source.fd, False)
        self._sources[source.fd] = source
        self._selector.register(source.fd, selectors.EVENT_READ)

    def _drop(self, fd: int) -> None:
        self._selector.unregister(fd)
        del self._sources[fd]
        os.close(fd)

    def _accept(self) -> None:
        if self._listener is None:
            return
        for fd, worker in self._listener.accept():
            self._add(Stream(fd, worker, self._on_line))
            if worker not in self._pidfds and worker not in self._ended_workers:
                with contextlib.suppress(OSError):
                    pidfd = os.pidfd_open(worker)
                    self._pidfds[worker] = pidfd
                    self._selector.register(pidfd, selectors.EVENT_READ, worker)

    def _worker_ended(self, worker: int) -> None:
        for source in self._sources.values():
            if source.worker == worker:
                self._read(source)
                source.flush()
        pidfd = self._pidfds.pop(worker)
        self._selector.unregister(pidfd)
        os.close(pidfd)
        self._ended_workers.add(worker)
        self._on_change()


class _Listener:
    """The socket to which workers connect their output; the kernel names the process at the other end."""

    def __init__(self) -> None:
        self.directory = tempfile.mkdtemp(prefix="lambda-kit-")
        self.path = str(Path(self.directory, "output"))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(self.path)
        self.socket.listen(128)
        self.socket.setblocking(False)

    def accept(self) -> list[tuple[int, int]]:
        """Return the descriptor and the process id of each connection that has come in."""
        found: list[tuple[int, int]] = []
        while True:
            try:
                connection, _ = self.socket.accept()
            except BlockingIOError:
                return found
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            pid, _, _ = struct.unpack("3i", credentials)
            found.append((connection.detach(), pid))

    def close(self) -> None:
        self.socket.close()
        Path(self.path).unlink(missing_ok=True)
        Path(self.directory).rmdir()
