"""Reads events with the data classes of Powertools. Standard input and output are JSON; the environment is its own."""

from __future__ import annotations

import base64
import importlib
import json
import sys
from enum import Enum
from functools import cached_property
from typing import Any

MODULES = "aws_lambda_powertools.utilities.data_classes."


def is_a(value: Any, *kinds: type) -> bool:
    """Tell whether a value is of one of the types, which says nothing about the types of what is in it."""
    return isinstance(value, kinds)


def leaves(view: Any, path: str, found: dict[str, Any], depth: int = 0) -> None:
    """Collect the values of all properties, those of parts and records too."""
    kind: Any = view.__class__
    for name in dir(kind):
        if name.startswith("_") or not isinstance(getattr(kind, name), property | cached_property):
            continue
        if name == "raw_event" or (name in ("record", "message") and depth == 0):
            continue  # the first record, which is among the records too
        try:
            value = getattr(view, name)
            value = list(value) if hasattr(value, "__next__") else value
        except Exception as error:
            found[f"{path}{name}"] = {"error": type(error).__name__}
            continue
        put(value, f"{path}{name}", found, depth)


def put(value: Any, path: str, found: dict[str, Any], depth: int) -> None:
    if hasattr(value, "raw_event") and depth < 8:
        leaves(value, f"{path}.", found, depth + 1)
    elif is_a(value, list) and value and hasattr(value[0], "raw_event"):
        for index, one in enumerate(value):
            leaves(one, f"{path}.{index}.", found, depth + 1)
    else:
        found[path] = value


def encoded(value: Any) -> Any:
    if is_a(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if hasattr(value, "raw_event"):
        return value.raw_event
    if is_a(value, set, frozenset):
        return sorted(value, key=str)
    return str(value)


def plain(value: Any) -> Any:
    """Return a value with keys that JSON takes, and the names of members of enumerations."""
    if is_a(value, Enum):
        return value.name
    if is_a(value, dict):
        return {str(key): plain(one) for key, one in dict(value).items()}
    return [plain(one) for one in value] if is_a(value, list, tuple) else value


answers: list[dict[str, Any]] = []
for module, name, event in json.load(sys.stdin):
    view = getattr(importlib.import_module(MODULES + module), name)(event)
    found: dict[str, Any] = {}
    if name == "CloudWatchLogsEvent":
        leaves(view.parse_logs_data(), "", found)
    else:
        leaves(view, "", found)
    answers.append({path: plain(value) for path, value in found.items()})
json.dump(answers, sys.stdout, default=encoded)
