"""The cost of a cold start on Python 3.15 with lazy imports on both sides, minus that of a bare handler.

`PYTHON_LAZY_IMPORTS=all` (PEP 810) puts off every import until the name is used, so that a library which imports much
and uses little pays less. The first invocation is counted too, because that is when the names are used.
"""

from __future__ import annotations

from functools import partial

from benchmarks import cold_start
from benchmarks._model import Case, Figure, Row, Topic

_ROWS = [
    Row(
        f"all capabilities, {title}",
        Figure(f"kit all {key}", f"bare {key}"),
        Figure(f"peer all {key}", f"peer bare {key}"),
        "all capabilities",
        unit,
        goal,
    )
    for key, title, unit, goal in (
        ("init", "init, processor", "ms", None),
        ("first", "init and first invocation, processor", "ms", 1 / 4),
        ("peak", "peak of memory", "MB", None),
    )
]

TOPIC = Topic(
    "lazy_start",
    "added to a bare handler under awslambdaric on Python 3.15, lazy imports on both sides",
    (
        Case("bare", "kit", "bare"),
        Case("kit all", "kit", "kit_all"),
        Case("peer all", "peer", "peer_all"),
        Case("peer bare", "peer", "bare"),
    ),
    tuple(_ROWS),
    partial(cold_start.opened, environ={"PYTHON_LAZY_IMPORTS": "all"}),
    (24, 4),
    needs_peer=True,
    linux_only=True,
    oldest_python=(3, 15),
)
