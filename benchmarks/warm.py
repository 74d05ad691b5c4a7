"""The cost of a warm invocation under the runtime client, minus that of a bare handler in the same interpreter.

Loops of calls flatter: they keep the code and its data in the processor's caches, and pay no system call but their own.
Here every side is a process under the runtime client, all alive at once and taking turns. The figure is the processor
time of the process, all its threads, as the kernel counts it.
"""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._function import Function
from benchmarks._model import Case, Figure, Measure, Options, Row, Topic
from benchmarks._service import Service

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_ROOT = Path(__file__).parent.parent


@contextlib.contextmanager
def _opened(options: Options, cases: Sequence[Case]) -> Generator[Measure]:
    from lambda_kit.local import Environment

    with contextlib.ExitStack() as stack:
        service = stack.enter_context(contextlib.closing(Service()))
        daemon = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))  # of X-Ray; nobody reads what it gets
        daemon.bind(("127.0.0.1", 0))
        environ = {**service.environ(), "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}"}
        functions: dict[str, Function] = {}
        for case in cases:
            name = f"benchmarks.functions.{case.setup}"
            python = str(Path.cwd() / options.python(case.side))
            environment = Environment(name, cwd=_ROOT, python=python, timeout=30, memory=512, env=environ)
            functions[case.name] = Function(stack.enter_context(environment), 50 if options.quick else 200)
        yield lambda case: {case.name: functions[case.name].turn()}


_PARTS = [
    ("pipeline", "the whole pipeline", 1 / 8),
    ("one_line", "a logger and one line", 1 / 8),
    ("traced", "a sampled tracer and one span", 1 / 8),
    ("one_metric", "one metric", 1 / 8),
]
_KIT_AGAINST_PEER = [
    Row(title, Figure(f"kit {part}", "kit bare"), Figure(f"peer {part}", "peer bare"), "Powertools", "µs", goal)
    for part, title, goal in _PARTS
]

TOPIC = Topic(
    "warm",
    "processor time that a warm invocation adds to a bare handler's, under awslambdaric",
    (
        Case("kit bare", "kit", "warm_bare.bare"),
        Case("peer bare", "peer", "warm_bare.bare"),
        Case("kit nothing", "kit", "warm_kit.nothing"),
        Case("floor", "kit", "warm_floor.by_hand"),
        *(
            Case(f"{side} {part}", side, f"warm_{side}.{part}")
            for part in (*(part for part, _, _ in _PARTS), "five_lines")
            for side in ("kit", "peer")
        ),
    ),
    (
        *_KIT_AGAINST_PEER,
        Row(
            "the pipeline's texts by hand",
            Figure("floor", "kit bare"),
            Figure("peer pipeline", "peer bare"),
            "Powertools",
            "µs",
        ),
        Row(
            "four further lines",
            Figure("kit five_lines", "kit one_line"),
            Figure("peer five_lines", "peer one_line"),
            "Powertools",
            "µs",
        ),
        Row("@handler alone", Figure("kit nothing", "kit bare"), Figure("kit bare"), "a bare invocation", "µs"),
    ),
    _opened,
    (40, 4),
    needs_peer=True,
    linux_only=True,
)
