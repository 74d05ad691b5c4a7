"""Prints what a handler answers to events. It needs nothing but what the handler needs.

python answers.py MODULE < events.json
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from importlib import import_module
from types import SimpleNamespace
from typing import Any


def answers_of(module: str, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    handler: Any = import_module(module).lambda_handler
    context = SimpleNamespace(
        aws_request_id="r-1",
        function_name="shop",
        memory_limit_in_mb=128,
        invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:shop",
        get_remaining_time_in_millis=lambda: 30_000,
    )
    found: list[dict[str, Any]] = []
    for event in events:
        try:
            found.append(handler(event, context))
        except Exception as error:
            found.append({"raised": type(error).__name__})
    return found


if __name__ == "__main__":
    with redirect_stdout(sys.stderr):  # for lines of loggers
        found = answers_of(sys.argv[1], json.load(sys.stdin))
    json.dump(found, sys.stdout)
