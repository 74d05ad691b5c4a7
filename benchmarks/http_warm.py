"""The cost of an HTTP request under the runtime client, minus that of a constant answer to the same event.

As in `warm`: every side is a process, all are alive at once and take turns, and the processor time of the process is
the figure.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._function import Function
from benchmarks._model import Case, Figure, Measure, Options, Row, Topic
from benchmarks.functions.http_events import request
from benchmarks.http import SIDES

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

_ROOT = Path(__file__).parent.parent


@contextlib.contextmanager
def _opened(options: Options, cases: Sequence[Case]) -> Generator[Measure]:
    from lambda_kit.local import Environment

    with contextlib.ExitStack() as stack:
        functions: dict[str, Function] = {}
        for case in cases:
            python = str(Path.cwd() / options.python(case.side))
            environment = Environment(
                f"benchmarks.functions.{case.setup}", cwd=_ROOT, python=python, timeout=30, memory=512
            )
            event, _ = request(case.args[0])
            functions[case.name] = Function(stack.enter_context(environment), 50 if options.quick else 200, event)
        yield lambda case: {case.name: functions[case.name].turn()}


_ROWS: list[tuple[str, str, str, str, float | None]] = [
    ("GET among 100 routes", "get_100", "powertools", "", 1 / 4),
    ("GET among 100 routes", "get_100", "starlette", "", None),
    ("GET among 100 routes", "get_100", "fastapi", "", None),
    ("POST, validated in and out", "post", "powertools", "validated_", 1 / 5),
    ("POST, validated in and out", "post", "fastapi", "", None),
]
_CASES = dict.fromkeys(
    (
        *(("kit", what) for what in ("get_100", "post")),
        *((side, f"{prefix}{what}") for _, what, side, prefix, _ in _ROWS),
        *(("hand", what) for what in ("get_100", "post")),
    )
)

TOPIC = Topic(
    "http_warm",
    "processor time that an HTTP request adds to a constant answer, under awslambdaric",
    (
        *(
            Case(f"{side} bare {what}", side, f"http_bare.{what}", (what,))
            for side in ("kit", "peer")
            for what in ("get_100", "post")
        ),
        *(Case(f"{side} {name}", SIDES[side][0], f"http_{side}.{name}", (name,)) for side, name in _CASES),
    ),
    (
        *(
            Row(
                title,
                Figure(f"kit {what}", f"kit bare {what}"),
                Figure(f"{side} {prefix}{what}", f"{SIDES[side][0]} bare {what}"),
                f"{SIDES[side][1]}{', validated' if prefix else ''}",
                "µs",
                goal,
            )
            for title, what, side, prefix, goal in _ROWS
        ),
        *(
            Row(f"{title}, all of it", Figure(f"kit {what}"), Figure(f"hand {what}"), "by hand", "µs")
            for title, what in (("GET among 100 routes", "get_100"), ("POST, validated in and out", "post"))
        ),
    ),
    _opened,
    (20, 3),
    needs_peer=True,
    linux_only=True,
)
