"""The cost of a cold start of an HTTP app of a hundred routes, minus that of a bare handler in the same interpreter.

As in `cold_start`: the function reads its own processor time at the end of its import and behind its first request.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._model import Case, Figure, Measure, Options, Row, Topic, best_of
from benchmarks.cold_start import COMPILED
from benchmarks.functions.http_events import request
from benchmarks.http import SIDES

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_ROOT = Path(__file__).parent.parent


@contextlib.contextmanager
def _opened(options: Options, cases: Sequence[Case]) -> Generator[Measure]:
    for case in cases:
        _start(case, options.python(case.side))  # compiles what was not compiled yet
    count = 1 if options.quick else 2
    yield lambda case: best_of(count, lambda: _start(case, options.python(case.side)))


def _start(case: Case, python: str) -> dict[str, float]:
    from lambda_kit.local import Environment

    event, _ = request(case.args[0])
    # Not resolved: the symbolic link is what makes an interpreter that of its environment.
    interpreter = str(Path.cwd() / python)
    name = f"benchmarks.functions.{case.setup}"
    with Environment(name, cwd=_ROOT, python=interpreter, timeout=30, memory=512, env=COMPILED) as function:
        function.invoke(event)
        outcome = function.invoke({**event, "usage": True})
    if outcome.status != "success":
        raise RuntimeError(f"{case.setup} failed: {outcome.error}\n{outcome.output}")
    usage = outcome.payload.get("usage", outcome.payload)
    return {
        f"{case.name} init": usage["init_ms"],
        f"{case.name} first": usage["cpu_ms"],
        f"{case.name} peak": usage["peak_kb"] / 1024,
    }


_MEASURES = [
    ("init", "init, processor", "ms"),
    ("first", "init and first request, processor", "ms"),
    ("peak", "peak of memory", "MB"),
]
_AGAINST: list[tuple[str, str, str, str, str, float | None]] = [
    ("GET", "get_100", "powertools", "get_100", "Powertools", 1 / 6),
    ("GET", "get_100", "starlette", "get_100", "Starlette, Mangum", None),
    ("GET", "get_100", "fastapi", "get_100", "FastAPI, Mangum", None),
    ("POST with models", "post", "powertools", "validated_post", "Powertools, validated", None),
    ("POST with models", "post", "fastapi", "post", "FastAPI, Mangum", None),
    ("POST with models", "post", "hand", "post", "pydantic by hand", None),
]
_CASES = dict.fromkeys(pair for _, what, side, name, _, _ in _AGAINST for pair in (("kit", what), (side, name)))

TOPIC = Topic(
    "http_cold",
    "added to a bare handler under awslambdaric, by an app of 100 routes, or of one with models",
    (
        *(Case(f"{side} bare", side, "bare.handle", ("get_100",)) for side in ("kit", "peer")),
        *(Case(f"{side} {name}", SIDES[side][0], f"http_{side}.{name}", (name,)) for side, name in _CASES),
    ),
    tuple(
        Row(
            f"{title}, {measure}",
            Figure(f"kit {what} {key}", f"kit bare {key}"),
            Figure(f"{side} {name} {key}", f"{SIDES[side][0]} bare {key}"),
            label,
            unit,
            goal if key == "init" else None,
        )
        for key, measure, unit in _MEASURES
        for title, what, side, name, label, goal in _AGAINST
    ),
    _opened,
    (16, 2),
    needs_peer=True,
    linux_only=True,
)
