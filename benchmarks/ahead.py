"""The cold start of a function that imports boto3 and declares five parameters, over a network with 50 ms of latency.

Lazy, the first invocation waits for the network; with `eager=True` the end of the init phase does; with `eager="now"`
the request runs beside the import.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from benchmarks._model import Case, Figure, Measure, Options, Row, Topic, best_of
from benchmarks._service import Service
from benchmarks.cold_start import COMPILED, start

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_LATENCY = 0.05  # seconds before each reply


@contextlib.contextmanager
def _opened(options: Options, cases: Sequence[Case]) -> Generator[Measure]:
    service = Service(latency=_LATENCY)
    environ = {**service.environ(), **COMPILED}
    try:
        for case in cases:
            start(case, options.python(case.side), environ)  # compiles what was not compiled yet
        assert service.requests() == len(cases), "each function makes one request"
        count = 2 if options.quick else 3
        yield lambda case: best_of(count, lambda: start(case, options.python(case.side), environ))
    finally:
        service.close()


TOPIC = Topic(
    "ahead",
    "a cold start with five parameters, boto3, and 50 ms of latency",
    tuple(Case(name, "kit", f"ahead_{name}") for name in ("lazy", "eager", "now")),
    tuple(
        Row(
            f'eager="now", init and first invocation, {title}',
            Figure(f"now {key}"),
            Figure(f"{other} {key}"),
            label,
            "ms",
        )
        for key, title in (("wall", "wall clock"), ("first", "processor"))
        for other, label in (("lazy", "lazy"), ("eager", "eager=True"))
    ),
    _opened,
    (16, 3),
    linux_only=True,
)
