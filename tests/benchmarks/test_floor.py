"""The floor of warm invocations is honest only if it writes what the pipeline writes."""

from __future__ import annotations

import contextlib
import json
import re
import socket
from pathlib import Path

from benchmarks._service import Service
from lambda_kit.local import Environment
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
TRACE = "Root=1-6929f1d0-0123456789abcdef01234567;Parent=fedcba9876543210;Sampled=1"
# What differs from one invocation to the next, or is named after the function.
CHANGES = re.compile(
    r"(?<=timestamp\":\")[^\"]+|(?<=requestId\":\")[^\"]+|(?<=functionName\":\")\w+|(?<=\"id\":\")\w+|(?<=Timestamp\":)\d+"
    r"|(?<=_time\":)[\d.]+"
)


def written(function: str) -> list[str]:
    """Return what the second invocation of a function writes and sends."""
    with contextlib.closing(Service()) as service, socket.socket(type=socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(PATIENCE)
        address = f"127.0.0.1:{daemon.getsockname()[1]}"
        environ = {**service.environ(), "AWS_XRAY_DAEMON_ADDRESS": address}
        with Environment(
            f"benchmarks.functions.{function}", cwd=ROOT, env=environ, timeout=PATIENCE, runtime="awslambdaric"
        ) as one:
            first, outcome = one.invoke({}, trace_id=TRACE), one.invoke({}, trace_id=TRACE)
        assert first.status == outcome.status == "success", outcome
        spans: list[str] = []
        while len(spans) < 2:
            document = daemon.recv(65536).decode()
            spans += [document] if '"name":"pipeline"' in document else []  # the first invocation builds flags as well
        lines = [line for line in outcome.output.splitlines() if line.startswith("{")]
    texts = [*lines, *spans[-1].splitlines()]
    for text in texts:
        json.loads(text)
    return [CHANGES.sub("*", text) for text in texts]


def test_the_floor_writes_what_the_pipeline_writes() -> None:
    assert written("warm_floor.by_hand") == written("warm_kit.pipeline")
