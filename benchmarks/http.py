"""The cost of an HTTP request in a loop, against the peers: the same event of an HTTP API on all sides."""

from __future__ import annotations

import json
from importlib import import_module

from benchmarks._calls import calls_of
from benchmarks._model import Case, Figure, Row, Side, Topic
from benchmarks._worker import Loop
from benchmarks.functions.http_events import request


def loop(side: str, what: str) -> Loop:
    """Answer one request again and again."""
    app = import_module(f"benchmarks.functions.http_{side}").app_of(what)
    event, status = request(what)
    answer = app(event, None)
    assert answer["statusCode"] == status, answer
    expected = {**json.loads(event["body"]), "id": 1} if "body" in event else {"id": "7"}
    assert status == 404 or json.loads(answer["body"]) == expected, answer
    return Loop("app(event, None)", {"app": app, "event": event})


SIDES: dict[str, tuple[Side, str]] = {
    "kit": ("kit", "the kit"),
    "hand": ("kit", "by hand"),
    "powertools": ("peer", "Powertools"),
    "fastapi": ("peer", "FastAPI, Mangum"),
    "starlette": ("peer", "Starlette, Mangum"),
}
_ROWS: list[tuple[str, str, str, str, float | None]] = [
    ("GET among 10 routes", "get_10", "powertools", "", 1 / 4),
    ("GET among 100 routes", "get_100", "powertools", "", None),
    ("GET among 100 routes", "get_100", "powertools", "validated_", None),
    ("GET among 100 routes", "get_100", "starlette", "", None),
    ("GET among 100 routes", "get_100", "fastapi", "", None),
    ("GET among 100 routes", "get_100", "hand", "", None),
    ("GET among 500 routes", "get_500", "powertools", "", 1 / 12),
    ("GET among 500 routes", "get_500", "starlette", "", None),
    ("GET among 500 routes", "get_500", "fastapi", "", None),
    ("a path without a route, of 100", "missing", "powertools", "", None),
    ("a path without a route, of 100", "missing", "fastapi", "", None),
    ("POST, validated in and out", "post", "powertools", "validated_", 1 / 5),
    ("POST, validated in and out", "post", "starlette", "", None),
    ("POST, validated in and out", "post", "fastapi", "", None),
    ("POST, validated in and out", "post", "hand", "", None),
]
_NAMES = dict.fromkeys(name for _, what, side, prefix, _ in _ROWS for name in (f"kit {what}", f"{side} {prefix}{what}"))

TOPIC = Topic(
    name="http",
    about="What an HTTP request costs. The goals: 1/4 of Powertools' among 10 routes, 1/12 among 500, 1/5 validated.",
    cases=tuple(Case(name, SIDES[name.split()[0]][0], "loop", tuple(name.split())) for name in _NAMES),
    rows=(
        *(
            Row(
                title,
                Figure(f"kit {what}"),
                Figure(f"{side} {prefix}{what}"),
                f"{SIDES[side][1]}{', validated' if prefix else ''}",
                goal=goal,
            )
            for title, what, side, prefix, goal in _ROWS
        ),
        Row("500 routes and 10", Figure("kit get_500"), Figure("kit get_10"), "10 of ours", goal=1.1),
    ),
    open=calls_of("benchmarks.http"),
    rounds=(20, 5),
)
