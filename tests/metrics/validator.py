"""A validator of lines in the embedded metric format, written from the published rules and the CloudWatch API.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
"""

from __future__ import annotations

import gzip
import json
import math
import time
from functools import cache
from pathlib import Path
from typing import Any

import botocore  # type: ignore[import-untyped, unused-ignore]

LONGEST_LINE = 1_000_000
DAY = 86_400_000
# The name of the metric, its dimensions, the value, unit and resolution.
Point = tuple[str, tuple[tuple[str, str], ...], float, str, int]


@cache
def cloudwatch() -> dict[str, Any]:
    """The shapes of CloudWatch's API, as botocore has them."""
    directory = Path(str(botocore.__file__)).parent / "data" / "cloudwatch"
    (path,) = directory.glob("*/service-2.json.gz")
    shapes: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))["shapes"]
    return shapes


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    assert len(set(names)) == len(names), f"members that come twice: {names}"
    return dict(pairs)


def no_constants(text: str) -> Any:
    raise AssertionError(f"{text} is no JSON")


def parse(line: str) -> dict[str, Any]:
    """Return the object of a line, after holding it to every rule."""
    assert line.endswith("\n")
    assert "\n" not in line[:-1]
    assert len(line.encode()) <= LONGEST_LINE
    root: dict[str, Any] = json.loads(line, object_pairs_hook=no_duplicates, parse_constant=no_constants)
    assert line == line.strip() + "\n"
    check(root)
    return root


def check(root: dict[str, Any]) -> None:
    metadata = root["_aws"]
    assert set(metadata) == {"Timestamp", "CloudWatchMetrics"}
    now = time.time() * 1000
    assert type(metadata["Timestamp"]) is int
    assert now - 14 * DAY < metadata["Timestamp"] < now + DAY / 12
    assert metadata["CloudWatchMetrics"]
    for directive in metadata["CloudWatchMetrics"]:
        check_directive(root, directive)


def check_directive(root: dict[str, Any], directive: dict[str, Any]) -> None:
    assert set(directive) == {"Namespace", "Dimensions", "Metrics"}
    check_text(directive["Namespace"], cloudwatch()["Namespace"])
    assert not directive["Namespace"].startswith((":", "AWS/"))
    assert directive["Dimensions"]
    sets = [frozenset(names) for names in directive["Dimensions"]]
    assert len(set(sets)) == len(sets), "a set comes twice, and every value would count twice"
    for names in directive["Dimensions"]:
        check_set(root, names)
    metrics = directive["Metrics"]
    assert 1 <= len(metrics) <= 100
    assert len({metric["Name"] for metric in metrics}) == len(metrics)
    for metric in metrics:
        check_metric(root, metric)
    assert not {metric["Name"] for metric in metrics} & {name for names in sets for name in names}


def check_set(root: dict[str, Any], names: list[str]) -> None:
    assert len(names) <= cloudwatch()["Dimensions"]["max"] == 30
    assert len(set(names)) == len(names)
    for name in names:
        check_text(name, cloudwatch()["DimensionName"])
        assert not name.startswith(":")
        check_text(root[name], cloudwatch()["DimensionValue"])


def check_metric(root: dict[str, Any], metric: dict[str, Any]) -> None:
    assert {"Name"} <= set(metric) <= {"Name", "Unit", "StorageResolution"}
    check_text(metric["Name"], cloudwatch()["MetricName"])
    assert metric.get("Unit", "None") in cloudwatch()["StandardUnit"]["enum"]
    assert metric.get("StorageResolution", 60) in (1, 60)
    values = values_of(root, metric["Name"])
    assert 1 <= len(values) <= 100
    for value in values:
        assert type(value) in (int, float)
        assert math.isfinite(value)
        assert abs(value) <= 2**360


def values_of(root: dict[str, Any], name: str) -> list[Any]:
    values: Any = root[name]
    return [values] if isinstance(values, int | float) else values


def check_text(text: Any, shape: dict[str, Any]) -> None:
    assert type(text) is str
    assert shape["min"] <= len(text) <= shape["max"]
    assert text.isascii()
    assert text.isprintable()
    assert text.strip()


def parse_all(output: str) -> list[dict[str, Any]]:
    """Return the objects of all lines of an output that is nothing but such lines."""
    *lines, rest = output.split("\n")
    assert rest == ""
    return [parse(f"{line}\n") for line in lines]


def points(roots: list[dict[str, Any]]) -> list[Point]:
    """Return what CloudWatch takes out of the lines: each value once for each dimension set."""
    found: list[Point] = []
    for root in roots:
        for directive in root["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = tuple(sorted((name, root[name]) for name in names))
                for metric in directive["Metrics"]:
                    found += [
                        (metric["Name"], dimensions, value, metric["Unit"], metric.get("StorageResolution", 60))
                        for value in values_of(root, metric["Name"])
                    ]
    return sorted(found)
