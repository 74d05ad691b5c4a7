"""The requests that sixteen threads send when a parameter that all need has expired, against the peer."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks._model import Case, Figure, Measure, Options, Row, Topic
from benchmarks._service import NAME, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

_ROOT = Path(__file__).parent.parent
_THREADS = 16
_TTL = 0.25


def _getter(side: str) -> Callable[[], Any]:
    if side == "kit":
        from lambda_kit import parameters

        return lambda: parameters.get(NAME, ttl=_TTL, stale_if_error=0.0)
    module: Any = import_module("aws_lambda_powertools.utilities.parameters")
    return lambda: module.get_parameter(NAME, max_age=_TTL)


def _storm(side: str) -> dict[str, float]:
    """Let the threads ask at once, after the value has run out, and return how many requests that made."""
    service = Service()
    os.environ.update(service.environ())
    get = _getter(side)
    get()
    barrier = threading.Barrier(_THREADS)

    def ask() -> None:
        barrier.wait()
        get()

    before = service.requests()
    threading.Event().wait(_TTL + 0.05)
    threads = [threading.Thread(target=ask) for _ in range(_THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = service.requests() - before
    service.close()
    return {"requests": made}


@contextlib.contextmanager
def _opened(options: Options, cases: Sequence[Case]) -> Generator[Measure]:
    def measure(case: Case) -> dict[str, float]:
        command = [options.python(case.side), "-m", "benchmarks.stampede", case.side]
        ended = subprocess.run(
            command, env={**os.environ, "PYTHONPATH": str(_ROOT)}, stdout=subprocess.PIPE, check=True, timeout=60
        )
        found: dict[str, float] = json.loads(ended.stdout)
        return {f"{case.name} {name}": value for name, value in found.items()}

    yield measure


TOPIC = Topic(
    name="stampede",
    about=f"A parameter runs out, and {_THREADS} threads ask for it at once: the requests to AWS.",
    cases=(Case("kit", "kit", "kit"), Case("peer", "peer", "peer")),
    rows=(Row("requests", Figure("kit requests"), Figure("peer requests"), "Powertools", unit="requests"),),
    open=_opened,
    rounds=(5, 2),
    needs_peer=True,
)


if __name__ == "__main__":
    print(json.dumps(_storm(sys.argv[1])))
