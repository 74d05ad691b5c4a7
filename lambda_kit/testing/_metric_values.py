"""The metrics that a handler wrote, read back from the lines in CloudWatch's embedded metric format."""

from __future__ import annotations

from difflib import get_close_matches

from lambda_kit._kernel import type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

_SHOWN = 8


class MetricPoint:
    """The values of one metric in one line.

    Attributes:
        name: the metric's name.
        values: the values, in order.
        unit: the unit, such as `"Count"`; None if the line gives none.
        namespace: the namespace.
        dimensions: the dimensions, by name; those of all sets of dimensions.
        metadata: the other fields of the line, which are no dimensions.
    """

    __slots__ = ("dimensions", "metadata", "name", "namespace", "unit", "values")

    def __init__(self, line: dict[str, Any], directive: dict[str, Any], metric: dict[str, Any]) -> None:
        value: Any = line.get(metric["Name"])
        names = {name: None for one in directive.get("Dimensions", ()) for name in one}
        self.name: str = metric["Name"]
        self.values: list[float] = value if type_of(value) is list else [value]
        self.unit: str | None = metric.get("Unit")
        self.namespace: str = directive.get("Namespace", "")
        self.dimensions: dict[str, str] = {name: line[name] for name in names if name in line}
        metrics = {one["Name"] for one in directive.get("Metrics", ())}
        self.metadata: dict[str, Any] = {
            name: one for name, one in line.items() if name != "_aws" and name not in names and name not in metrics
        }

    def __repr__(self) -> str:
        values = self.values[0] if len(self.values) == 1 else self.values
        unit = "" if self.unit in (None, "None") else f" {self.unit}"
        dimensions = "".join(f"  {name}={value!r}" for name, value in self.dimensions.items())
        return f"{self.name} {values!r}{unit}{dimensions}  in {self.namespace}"


class MetricQueries:
    """The assertions of `MetricValues` and `RecordedMetrics`."""

    _note = ""  # the end of each message: the error of the handler

    def _points(self) -> Sequence[MetricPoint]:
        raise NotImplementedError

    def assert_metric(
        self,
        name: str,
        value: Any = None,
        /,
        *,
        total: float | None = None,
        unit: str | None = None,
        namespace: str | None = None,
        **dimensions: str,
    ) -> list[float]:
        """Check that a metric was written, and return its values.

        Args:
            name: the metric's name.
            value: a number: the metric was written once, with this value. A list: these values, in order. None, the
                default: any values. `pytest.approx` works.
            total: the sum of the values; None, the default, for any.
            unit: the unit; None, the default, for any.
            namespace: the namespace; None, the default, for any.
            **dimensions: dimensions that the metric has. It may have others too.

        Raises:
            AssertionError: the metric was not written so. The message shows what was written, the closest first.
        """
        __tracebackhide__ = True
        wanted = {"unit": unit, "namespace": namespace, **{f"dimension {key}": one for key, one in dimensions.items()}}
        found = [
            point
            for point in self._points()
            if point.name == name and not _differences(point, unit, namespace, dimensions)
        ]
        values = [one for point in found for one in point.values]
        spelled = ", ".join(f"{key} {one!r}" for key, one in wanted.items() if one is not None)
        what = f"{name} with {spelled}" if spelled else name
        if not found:
            raise AssertionError(self._nothing(name, what, unit, namespace, dimensions) + self._note)
        if value is not None:
            expected: Any = value if type_of(value) is list else [value]
            if values not in (expected, value):  # `value` may be what compares with a list, such as `pytest.approx`
                wrong = f"is {values[0]!r}" if len(values) == 1 else f"has the values {values!r}"
                hint = ""
                if len(values) > 1 and type_of(value) is not list:
                    hint = f"\npass a list for several values, or total={sum(values)!r} for their sum"
                raise AssertionError(f"{what} {wrong}, not {value!r}{hint}\nwritten:\n{_listed(found)}" + self._note)
        if total is not None and not sum(values) == total:
            raise AssertionError(
                f"the total of {what} is {sum(values)!r}, not {total!r}\nwritten:\n{_listed(found)}" + self._note
            )
        return values

    def assert_no_metric(self, name: str, /, **dimensions: str) -> None:
        """Check that a metric was not written, or not with these dimensions.

        Raises:
            AssertionError: it was. The message shows it.
        """
        __tracebackhide__ = True
        found = [
            point for point in self._points() if point.name == name and not _differences(point, None, None, dimensions)
        ]
        if found:
            raise AssertionError(f"{name} was written, and should not be:\n{_listed(found)}" + self._note)

    def _nothing(
        self, name: str, what: str, unit: str | None, namespace: str | None, dimensions: dict[str, str]
    ) -> str:
        points = self._points()
        if not points:
            return f"the metric {what} was not written: no metrics were written"
        same = [point for point in points if point.name == name]
        if not same:
            close = get_close_matches(name, {point.name: None for point in points}, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            others = sorted(points, key=lambda point: point.name not in close)
            return f"the metric {name} was not written{hint}\nwritten:\n{_listed(others)}"
        ranked = sorted(same, key=lambda point: len(_differences(point, unit, namespace, dimensions)))
        lines = [f"the metric {what} was not written\nwritten:"]
        for point in ranked[:_SHOWN]:
            lines.append(f"  {point!r}")
            lines += [f"      {difference}" for difference in _differences(point, unit, namespace, dimensions)]
        if len(ranked) > _SHOWN:
            lines.append(f"  and {len(ranked) - _SHOWN} more")
        return "\n".join(lines)


class MetricValues(MetricQueries, dict[str, "list[float]"]):
    """The values of each metric that was written, by name: a dict that knows dimensions, units and namespaces too.

    Attributes:
        points: the values in order of writing, each with its dimensions, unit and namespace.

    Example:
        ```python
        metrics = Metrics(namespace="Shop")

        @handler(metrics)
        def place(event, context):
            metrics.add("OrdersPlaced", 1, dimensions={"tenant": event["tenant"]})

        written = invoke(place, {"tenant": "a"}).metrics
        assert written == {"OrdersPlaced": [1]}
        written.assert_metric("OrdersPlaced", 1, tenant="a")
        ```
    """

    def __init__(self, lines: Iterable[dict[str, Any]] = ()) -> None:
        super().__init__()
        self.points: list[MetricPoint] = []
        for line in lines:
            if "_aws" not in line:
                continue
            seen: dict[str, None] = {}
            for directive in line["_aws"]["CloudWatchMetrics"]:
                for metric in directive["Metrics"]:
                    point = MetricPoint(line, directive, metric)
                    self.points.append(point)
                    if point.name not in seen:  # a line may list a metric for several namespaces
                        seen[point.name] = None
                        self.setdefault(point.name, []).extend(point.values)

    def _points(self) -> Sequence[MetricPoint]:
        return self.points


def _differences(point: MetricPoint, unit: str | None, namespace: str | None, dimensions: dict[str, str]) -> list[str]:
    found: list[str] = []
    if unit is not None and point.unit != unit:
        found.append(f"the unit is {point.unit!r}, not {unit!r}")
    if namespace is not None and point.namespace != namespace:
        found.append(f"the namespace is {point.namespace!r}, not {namespace!r}")
    for name, value in dimensions.items():
        if name in point.dimensions:
            if point.dimensions[name] != value:
                found.append(f"the dimension {name} is {point.dimensions[name]!r}, not {value!r}")
        elif name in point.metadata:
            found.append(f"{name} is metadata of the line, not a dimension")
        else:
            close = get_close_matches(name, point.dimensions, 1)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            found.append(f"it has no dimension {name!r}{hint}")
    return found


def _listed(points: list[MetricPoint]) -> str:
    more = [f"  and {len(points) - _SHOWN} more"] if len(points) > _SHOWN else []
    return "\n".join([*(f"  {point!r}" for point in points[:_SHOWN]), *more])
