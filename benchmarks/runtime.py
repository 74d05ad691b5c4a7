"""The kit's client of the Runtime API beside AWS's: starts, invocations, payloads, streams.

All functions are alive at once and take turns, as for warm invocations. Nothing is subtracted: the client is what is
measured.
"""

from __future__ import annotations

import contextlib
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks._function import Function
from benchmarks._model import Case, Figure, Measure, Options, Row, Topic
from benchmarks._service import Service
from benchmarks.cold_start import COMPILED

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from lambda_kit.local import Environment

_ROOT = Path(__file__).parent.parent
_ITEM = {"id": 1, "name": "a thing of some kind", "price": 1.5, "tags": ["a", "b"]}
_SIZES = {"100 B": 1, "10 kB": 120, "1 MB": 12_000}
_EVENTS: dict[str, Any] = {size: {"items": [_ITEM] * count} for size, count in _SIZES.items()}
_CLIENTS = {"kit": "kit", "aws": "awslambdaric"}


@contextlib.contextmanager
def _opened(options: Options, cases: Sequence[Case]) -> Generator[Measure]:
    from lambda_kit.local import Environment

    with contextlib.ExitStack() as stack:
        service = stack.enter_context(contextlib.closing(Service()))
        daemon = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))  # of X-Ray; nobody reads what it gets
        daemon.bind(("127.0.0.1", 0))
        environ = {**service.environ(), **COMPILED, "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{daemon.getsockname()[1]}"}

        def environment(case: Case) -> Environment:
            module, client = case.setup, case.args[0]
            python = str(Path.cwd() / options.python(case.side))
            name = f"benchmarks.functions.{module}"
            return Environment(
                name, cwd=_ROOT, python=python, timeout=30, memory=1024, env=environ, runtime=_CLIENTS[client]
            )

        alive: dict[str, Function] = {}
        streams: dict[str, Environment] = {}
        for case in cases:
            kind = case.args[1]
            if kind == "stream":
                streams[case.name] = stack.enter_context(environment(case))
                streams[case.name].invoke({})
            elif kind != "start":
                event = _EVENTS.get(kind, {})
                turn = 4 if kind == "1 MB" else 50 if options.quick else 200
                alive[case.name] = Function(stack.enter_context(environment(case)), turn, event)

        def measure(case: Case) -> dict[str, float]:
            kind = case.args[1]
            if kind == "start":
                with environment(case) as one:
                    spent: Any = one.invoke({}).payload
                    return {case.name: float(spent)}
            if kind == "stream":
                return _streamed(case.name, streams[case.name])
            return {case.name: alive[case.name].turn()}

        yield measure


def _streamed(name: str, environment: Environment) -> dict[str, float]:
    """Measure the time to the first bytes of a slow response, and the processor time of a long one."""
    came: list[float] = []

    def note(part: bytes, media_type: str) -> None:
        came.append(time.perf_counter())

    def ignore(part: bytes, media_type: str) -> None:
        pass

    started = time.perf_counter()
    environment.invoke({"slow": True}, on_part=note)
    came.append(time.perf_counter())  # of a response that comes as a whole
    environment.invoke({"spent": True})
    outcome = environment.invoke({"long": True}, on_part=ignore)
    if outcome.status != "success":
        raise RuntimeError(f"{outcome.error}\n{outcome.output}")
    spent: Any = environment.invoke({"spent": True}).payload
    return {f"{name} first": (came[0] - started) * 1000, f"{name} long": float(spent)}


def _cases() -> Generator[Case]:
    for client in _CLIENTS:
        yield Case(f"{client} start", "kit", "runtime_bare.started", (client, "start"))
        yield Case(f"{client} bare", "kit", "warm_bare.bare", (client, "bare"))
        for size in _SIZES:
            yield Case(f"{client} {size}", "kit", "runtime_sides.echo", (client, size))
        yield Case(f"{client} stream", "kit", "runtime_sides.stream", (client, "stream"))
    yield Case("kit pipeline", "kit", "warm_kit.pipeline", ("kit", "pipeline"))
    yield Case("peer pipeline", "peer", "warm_peer.pipeline", ("aws", "pipeline"))


_AWS = "awslambdaric"
TOPIC = Topic(
    "runtime",
    "the kit's runtime client, beside awslambdaric",
    tuple(_cases()),
    (
        Row("init, to the first call of the handler", Figure("kit start"), Figure("aws start"), _AWS, "ms", 2 / 3),
        Row("an invocation of a bare handler", Figure("kit bare"), Figure("aws bare"), _AWS, "µs", 1 / 2),
        *(
            Row(f"an event of {size}, returned", Figure(f"kit {size}"), Figure(f"aws {size}"), _AWS, "µs")
            for size in _SIZES
        ),
        Row("the whole pipeline", Figure("kit pipeline"), Figure("peer pipeline"), "Powertools, " + _AWS, "µs", 1 / 5),
        Row("first byte of 10 parts, 50 ms", Figure("kit stream first"), Figure("aws stream first"), _AWS, "ms"),
        Row("5 MB in 80 parts", Figure("kit stream long"), Figure("aws stream long"), _AWS, "ms"),
    ),
    _opened,
    (40, 4),
    linux_only=True,
)
