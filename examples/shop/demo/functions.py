"""The functions of the shop, each under the real runtime client, and a record of all their invocations."""

from __future__ import annotations

import json
import os
import queue
import secrets
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shop.demo.faults import key_of

from lambda_kit.local import Environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from lambda_kit.local import Outcome

SOURCE = Path(__file__).parents[1] / "src"


@dataclass(slots=True)
class Invocation:
    """One invocation.

    Attributes:
        function: the name of the function.
        environment: the number of its environment, from 1.
        started: when it began, in seconds since the epoch.
        outcome: what came of it.
        trace: the id of its trace.
        segment: the id of the function's own segment, which is the parent of its outermost spans.
        logs: the lines that it wrote as JSON, those of metrics excluded.
        metrics: the values of its metrics by name.
    """

    function: str
    environment: int
    started: float
    outcome: Outcome
    trace: str
    segment: str
    logs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    metrics: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def ended(self) -> float:
        """The time of its end, in seconds since the epoch; the initialization included."""
        return self.started + ((self.outcome.init_ms or 0) + self.outcome.duration_ms) / 1000


class Functions:
    """The functions, and what they did.

    Args:
        environ: environment variables of all of them.
        runtime: the runtime client: `awslambdaric`, which AWS ships, or `kit`, the kit's own.

    Attributes:
        invocations: all invocations that have ended, in the order of their ends.
    """

    def __init__(self, environ: Mapping[str, str], runtime: str = "awslambdaric") -> None:
        self._runtime = runtime
        path = os.pathsep.join(filter(None, [str(SOURCE), str(Path(__file__).parent), os.environ.get("PYTHONPATH")]))
        self._environ = {"LAMBDA_KIT_SERVICE": "shop", **environ, "PYTHONPATH": path}
        self._pools: dict[str, queue.LifoQueue[tuple[int, Environment]]] = {}
        self._stack = ExitStack()
        self._lock = threading.Lock()
        self.invocations: list[Invocation] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add(
        self,
        name: str,
        handler: str,
        *,
        count: int = 1,
        timeout: float = 10.0,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Add a function, with so many environments."""
        pool = self._pools[name] = queue.LifoQueue()
        for number in range(count, 0, -1):
            environment = Environment(
                handler,
                function_name=name,
                cwd=SOURCE,
                timeout=timeout,
                memory=512,
                log_format="json",
                runtime=self._runtime,
                env={**self._environ, "AWS_ACCESS_KEY_ID": key_of(name), **(environ or {})},
            )
            pool.put((number, self._stack.enter_context(environment)))

    def invoke(self, name: str, event: Any) -> Outcome:
        """Invoke a function in a free environment, in a trace of its own, and record what it did."""
        trace = f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        segment = secrets.token_hex(8)
        number, environment = self._pools[name].get()
        started = time.time()
        try:
            outcome = environment.invoke(event, trace_id=f"Root={trace};Parent={segment};Sampled=1")
        finally:
            self._pools[name].put((number, environment))
        made = Invocation(name, number, started, outcome, trace, segment)
        read_output(made, outcome.init_output + outcome.output)
        with self._lock:
            self.invocations.append(made)
        return outcome


def read_output(made: Invocation, output: str) -> None:
    """Keep the lines and metrics in the output of an invocation."""
    for line in output.splitlines():
        _read(line, made)


def _read(line: str, made: Invocation) -> None:
    try:
        found: Any = json.loads(line)
    except ValueError:
        found = {"level": "ERROR", "message": line}
    if "_aws" not in found:
        made.logs.append(found)
        return
    for directive in found["_aws"]["CloudWatchMetrics"]:
        for metric in directive["Metrics"]:
            name: str = metric["Name"]
            values: Any = found[name] if isinstance(found[name], list) else [found[name]]
            made.metrics[name] = made.metrics.get(name, 0) + sum(values)
