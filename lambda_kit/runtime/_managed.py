"""Managed Instances: one process for each invocation that runs at a time, forked from one that does nothing else."""

from __future__ import annotations

import os
import sys
import time

from lambda_kit.runtime._connection import RuntimeApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.runtime._connection import Connection

_OUTPUT = "_LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET"
_DELAYS = (0.1, 0.2, 0.4, 0.8)


def run_workers(handler: str, address: str, count: int) -> None:
    """Fork the workers, and wait until all have ended.

    Args:
        handler: `MODULE.FUNCTION`.
        address: `host:port` of the Runtime API.
        count: the number of workers.
    """
    _announce(count)
    sys.stdout.flush()
    sys.stderr.flush()
    workers = [_fork(handler, address) for _ in range(count)]
    for worker in workers:
        os.waitpid(worker, 0)


def _announce(count: int) -> None:
    if os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper() not in ("DEBUG", "TRACE"):
        return
    import json

    from lambda_kit.runtime import _output

    fields = {
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "level": "DEBUG",
        "message": {
            "event": "runtime_worker_pool_initializing",
            "workerCount": count,
            "executionEnvironmentMaxConcurrency": count,
        },
        "logger": "root",
        "requestId": "",
    }
    _output.StandardSink().log(json.dumps(fields) + "\n")
    sys.stdout.flush()


def _fork(handler: str, address: str) -> int:
    worker = os.fork()
    if worker:
        return worker
    status = 1
    try:
        _connect_output()
        from lambda_kit.runtime._loop import run

        run(handler, address, lenient=Lenient)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            status = end.code or 0
        else:
            sys.stderr.write(f"{end.code}\n")
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status & 0xFF)


def _connect_output() -> None:
    """Connect standard output and error to the socket that Lambda reads, each by a connection of its own."""
    path = os.environ.get(_OUTPUT)
    if not path:
        return
    import _socket

    for descriptor in (1, 2):
        made = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        made.connect(path)
        os.dup2(made.fileno(), descriptor)
        made.close()


class Lenient:
    """A connection whose failures do not end the worker: others may still be served."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def next(self) -> tuple[dict[bytes, bytes], bytes]:
        """Wait for an invocation. If the request fails, repeat it up to four times."""
        for delay in _DELAYS:
            try:
                return self._connection.next()
            except RuntimeApiError as error:
                _warn(f"{error}; asking again in {delay} s")
            time.sleep(delay)
        return self._connection.next()

    def post(self, path: bytes, fields: bytes, body: bytes) -> None:
        """Post a body. If that fails, log it."""
        try:
            self._connection.post(path, fields, body)
        except RuntimeApiError as error:
            _warn(f"{error}; the worker goes on")

    def forgive(self, error: RuntimeApiError) -> None:
        """Log the error of a stream."""
        _warn(f"{error}; the worker goes on")


def _warn(message: str) -> Any:
    import logging

    logging.getLogger().warning("lambda_kit.runtime: %s", message)
