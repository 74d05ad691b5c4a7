"""Metrics whose line has a length that a test asks for."""

from __future__ import annotations

import json
from typing import Any

_DIGITS = 108  # of the largest value that CloudWatch takes


def size_of_line(metrics: dict[str, list[int]]) -> int:
    """Return the bytes of the line that these metrics are, in the namespace `Shop` and without dimensions."""
    directive: dict[str, Any] = {
        "Namespace": "Shop",
        "Dimensions": [[]],
        "Metrics": [{"Name": name, "Unit": "Count"} for name in metrics],
    }
    values = {name: values[0] if len(values) == 1 else values for name, values in metrics.items()}
    line: dict[str, Any] = {"_aws": {"Timestamp": 10**12, "CloudWatchMetrics": [directive]}, **values}
    return len(json.dumps(line, separators=(",", ":"))) + 1


def filled(prefix: str, size: int) -> dict[str, list[int]]:
    """Return the values of metrics whose line has this size in bytes; the last metric has the shortest values.

    Args:
        prefix: the first letters of their names.
        size: some 250,000 bytes.
    """
    metrics: dict[str, list[int]] = {}
    while size_of_line(metrics) < size - 11_000:
        metrics[f"{prefix}{len(metrics):02}"] = [10 ** (_DIGITS - 1)] * 100
    last = metrics[f"{prefix}{len(metrics):02}"] = [1] * 100
    missing = size - size_of_line(metrics)
    for i in range(100):
        more = min(_DIGITS - 1, missing)
        last[i] = 10**more
        missing -= more
    assert size_of_line(metrics) == size
    return metrics
