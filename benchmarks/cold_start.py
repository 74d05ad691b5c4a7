"""The cost of a cold start under the runtime client, minus that of a bare handler in the same interpreter.

The kit puts off what it can to the first invocation, so the two are also shown together: processor time and memory
are read at the second one, when all of the first has been paid for.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._model import Case, Figure, Measure, Options, Row, Side, Topic, best_of
from benchmarks._service import Service
from lambda_kit.testing import FakeAppConfigAgent

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

_ROOT = Path(__file__).parent.parent
# All sides run from bytecode, whatever this shell is set to.
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}
_PREMIUM = {"action": "EQUALS", "key": "tier", "value": "premium"}
_FLAGS = json.dumps({"express": {"default": False, "rules": {"r": {"when_match": True, "conditions": [_PREMIUM]}}}})


@contextlib.contextmanager
def opened(options: Options, cases: Sequence[Case], environ: Mapping[str, str] | None = None) -> Generator[Measure]:
    """Make ready to start functions, each with `environ` in its environment; the measure starts one twice or more."""
    service = Service()
    daemon = socket.socket(type=socket.SOCK_DGRAM)  # of X-Ray; nobody reads what it gets
    daemon.bind(("127.0.0.1", 0))
    address = f"127.0.0.1:{daemon.getsockname()[1]}"
    full = {**service.environ(), **COMPILED, "AWS_XRAY_DAEMON_ADDRESS": address, **(environ or {})}
    try:
        with FakeAppConfigAgent({"shop/prod/features": _FLAGS}) as agent:
            full |= agent.environ
            for case in cases:
                start(case, options.python(case.side), full)  # compiles what was not compiled yet
            assert len(agent.requests) == sum(case.setup.endswith("_agent") for case in cases)
            count = 2 if options.quick else 3
            yield lambda case: best_of(count, lambda: start(case, options.python(case.side), full))
    finally:
        service.close()
        daemon.close()


def start(case: Case, python: str, environ: dict[str, str]) -> dict[str, float]:
    """Start the function of a case, invoke it twice, and return what it took."""
    from lambda_kit.local import Environment

    name = f"benchmarks.functions.{case.setup}.handle"
    # Not resolved: the symbolic link is what makes an interpreter that of its environment.
    python = str(Path.cwd() / python)
    with Environment(name, cwd=_ROOT, python=python, timeout=30, memory=512, env=environ) as function:
        trace_id = f"Root=1-{int(time.time()):08x}-{os.urandom(12).hex()};Parent={os.urandom(8).hex()};Sampled=1"
        first, second = function.invoke({}, trace_id=trace_id), function.invoke({}, trace_id=trace_id)
    if first.status != "success" or second.status != "success" or first.init_ms is None:
        raise RuntimeError(f"{case.setup} failed: {first.error or second.error}\n{first.init_output}{first.output}")
    return {
        f"{case.name} init": second.payload["init_ms"],
        f"{case.name} first": second.payload["cpu_ms"],
        f"{case.name} wall": first.init_ms + first.duration_ms,
        f"{case.name} peak": second.payload["peak_kb"] / 1024,
    }


_CASES: list[tuple[str, Side, str]] = [
    ("bare", "kit", "bare"),
    ("kit all", "kit", "kit_all"),
    ("peer all", "peer", "peer_all"),
    ("kit", "kit", "kit"),
    ("kit pipeline", "kit", "kit_pipeline"),
    ("peer", "peer", "peer"),
    ("peer middleware", "peer", "peer_middleware"),
    ("kit observability", "kit", "kit_observability"),
    ("peer observability", "peer", "peer_observability"),
    ("kit tracer", "kit", "kit_tracer"),
    ("peer tracer", "peer", "peer_tracer"),
    ("kit parameter", "kit", "kit_parameter"),
    ("peer parameter", "peer", "peer_parameter"),
    ("kit idempotency", "kit", "kit_idempotency"),
    ("peer idempotency", "peer", "peer_idempotency"),
    ("kit batch", "kit", "kit_batch"),
    ("peer batch", "peer", "peer_batch"),
    ("kit flags", "kit", "kit_flags"),
    ("peer flags", "peer", "peer_flags"),
    ("kit agent", "kit", "kit_flags_agent"),
    ("peer agent", "peer", "peer_flags_agent"),
    ("peer bare", "peer", "bare"),
]
_MEASURES = [
    ("init", "init, processor", "ms", 1 / 15),
    ("first", "init and first invocation, processor", "ms", 1 / 15),
    # Without a goal: on some machines starts lie whole ticks of the system apart, and what the kit adds is lost in it.
    ("wall", "init and first invocation, wall clock", "ms", None),
    ("peak", "peak of memory", "MB", 1 / 6),
]
_AGAINST = [
    ("kit all", "all capabilities, ", "peer all", "all capabilities", 1 / 15, 1 / 10),
    ("kit observability", "logger and metrics, ", "peer observability", "Logger, Metrics", 1 / 10, 1 / 6),
    ("kit", "", "peer", "middleware, parameter", 1 / 15, 1 / 6),
    ("kit pipeline", "a layer alone, ", "peer middleware", "middleware alone", 1 / 15, 1 / 6),
]

_ROWS = [
    Row(
        f"{kind}{title}",
        Figure(f"{kit} {key}", f"bare {key}"),
        Figure(f"{peer} {key}", f"peer bare {key}"),
        label,
        unit,
        None if key == "wall" else memory_goal if key == "peak" else time_goal,
    )
    for key, title, unit, _ in _MEASURES
    for kit, kind, peer, label, time_goal, memory_goal in _AGAINST
]
_TRACED = [
    Row(
        f"a sampled tracer, {title}",
        Figure(f"kit tracer {key}", f"bare {key}"),
        Figure(f"peer tracer {key}", f"peer bare {key}"),
        "Tracer",
        unit,
        goal,
    )
    for key, title, unit, goal in (("init", "init, processor", "ms", 1 / 30), *_MEASURES[1:])
]
_FIRST_CALLS = [
    Row(
        f"{what}, {title}",
        Figure(f"kit {capability} {key}", f"bare {key}"),
        Figure(f"peer {capability} {key}", f"peer bare {key}"),
        label,
        unit,
        goal,
    )
    for what, capability, label in (
        ("a first parameter from SSM", "parameter", "parameters"),
        ("a first claim in DynamoDB", "idempotency", "idempotency"),
        ("a first batch of ten", "batch", "batch"),
        ("a first flag, in memory", "flags", "feature flags"),
        ("a first flag of the agent", "agent", "feature flags"),
    )
    for key, title, unit, goal in (
        ("first", "init and first invocation, processor", "ms", 1 / 8),
        ("peak", "peak of memory", "MB", 1 / 6),
    )
]

TOPIC = Topic(
    "cold_start",
    "added to a bare handler under awslambdaric",
    tuple(Case(name, side, setup) for name, side, setup in _CASES),
    (*_ROWS, *_TRACED, *_FIRST_CALLS),
    opened,
    (24, 4),
    needs_peer=True,
    linux_only=True,
)
