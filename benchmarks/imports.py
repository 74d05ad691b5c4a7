"""The cost of importing in a fresh interpreter, minus an interpreter that imports nothing."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from typing import TYPE_CHECKING

from benchmarks._model import Case, Figure, Measure, Options, Row, Side, Topic, best_of

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_CODE = "import sys; before = len(sys.modules); {statement}; print(len(sys.modules) - before)"


@contextlib.contextmanager
def _opened(options: Options, cases: Sequence[Case]) -> Generator[Measure]:
    for case in cases:
        _import(case, options.python(case.side))  # compiles what was not compiled yet
    yield lambda case: best_of(2 if options.quick else 3, lambda: _import(case, options.python(case.side)))


def _import(case: Case, python: str) -> dict[str, float]:
    began = time.perf_counter()
    child = subprocess.Popen(
        [python, "-I", "-c", _CODE.format(statement=case.setup)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stderr is not None
    with child.stdout, child.stderr:
        modules, errors = child.stdout.read(), child.stderr.read()
    _, status, used = os.wait4(child.pid, 0)
    took = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{case.setup} failed: {errors.decode()}")
    return {
        f"{case.name} cpu": (used.ru_utime + used.ru_stime) * 1000,
        f"{case.name} wall": took * 1000,
        f"{case.name} modules": float(modules),
    }


_POWERTOOLS = "aws_lambda_powertools"
_CASES: list[tuple[str, Side, str]] = [
    ("nothing", "kit", "pass"),
    ("root", "kit", "import lambda_kit"),
    ("all", "kit", "from lambda_kit import handler, init, layer, provide, time_limit"),
    ("peer root", "peer", f"import {_POWERTOOLS}"),
    (
        "peer all",
        "peer",
        f"import {_POWERTOOLS}.utilities.parameters, {_POWERTOOLS}.middleware_factory",
    ),
    ("views", "kit", "from lambda_kit.events import HttpEvent, SqsEvent"),
    ("peer views", "peer", f"from {_POWERTOOLS}.utilities.data_classes import APIGatewayProxyEvent, SQSEvent"),
    ("peer nothing", "peer", "pass"),
]
_MEASURES = [("cpu", "processor", "ms"), ("wall", "wall clock", "ms"), ("modules", "modules", "")]
_ROWS = [
    ("import lambda_kit", "root", "import of the peer's root", "peer root"),
    ("import views of SQS and HTTP", "views", "the peer's data classes", "peer views"),
    ("import the pipeline and the init cache", "all", "the peer's middleware, parameters", "peer all"),
]

TOPIC = Topic(
    "imports",
    "added by an import to a fresh interpreter",
    tuple(Case(name, side, setup) for name, side, setup in _CASES),
    tuple(
        Row(
            f"{title}, {measure}",
            Figure(f"{kit} {key}", f"nothing {key}"),
            Figure(f"{peer} {key}", f"peer nothing {key}"),
            label,
            unit,
        )
        for title, kit, label, peer in _ROWS
        for key, measure, unit in _MEASURES
    ),
    _opened,
    (30, 5),
    needs_peer=True,
)
