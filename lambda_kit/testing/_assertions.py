"""Assertions for tests that hold no result: on the innermost open recording, else on the last call of `invoke`."""

from __future__ import annotations

from lambda_kit.testing._recording import latest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from lambda_kit.testing._spans import Expected


def assert_logged(fields: Mapping[str, Any] | None = None, /, **more: Any) -> dict[str, Any]:
    """Check that a log entry has these fields, and return the first one that has; see `LogQueries`.

    It looks at the innermost open recording (`recorded()`, or the fixtures `lambda_logs`, `lambda_spans` and
    `lambda_metrics`), else at the last call of `invoke`. So do `assert_metric` and `assert_spans`.

    Raises:
        AssertionError: no entry has them. The message shows the closest entries, and what differs.
        ConfigurationError: nothing was recorded.

    Example:
        ```python
        log = Logger()

        @handler(log)
        def place(event, context):
            log.info("placed", order_id="o-1")

        invoke(place)
        assert_logged(level="INFO", order_id="o-1")
        ```
    """
    __tracebackhide__ = True
    return latest().logs.find(fields, **more)


def assert_metric(
    name: str,
    value: Any = None,
    /,
    *,
    total: float | None = None,
    unit: str | None = None,
    namespace: str | None = None,
    **dimensions: str,
) -> list[float]:
    """Check that a metric was written, and return its values; see `MetricValues.assert_metric`.

    Args:
        name: the metric's name.
        value: a number for one value, a list for several; None, the default, for any.
        total: the sum of the values; None, the default, for any.
        unit: the unit; None, the default, for any.
        namespace: the namespace; None, the default, for any.
        **dimensions: dimensions that the metric has.

    Raises:
        AssertionError: it was not written so. The message shows what was written, the closest first.
        ConfigurationError: nothing was recorded.

    Example:
        ```python
        metrics = Metrics(namespace="Shop", service="orders")

        @handler(metrics)
        def place(event, context):
            metrics.add("OrdersPlaced", 1)

        invoke(place)
        assert_metric("OrdersPlaced", 1, service="orders")
        ```
    """
    __tracebackhide__ = True
    return latest().metrics.assert_metric(name, value, total=total, unit=unit, namespace=namespace, **dimensions)


def assert_spans(*trees: Expected) -> None:
    """Check the trees of the spans, by their names; see `SpanQueries.assert_spans`.

    Args:
        *trees: for each outermost span its name, or a tuple of its name and its children; `...` stands for others.

    Raises:
        AssertionError: the trees differ. The message shows both.
        ConfigurationError: nothing was recorded.

    Example:
        ```python
        tracer = Tracer()

        @handler(tracer)
        def place(event, context):
            with tracer.span("charge"):
                pass

        invoke(place)
        assert_spans(("place", "charge"))
        ```
    """
    __tracebackhide__ = True
    latest().spans.assert_spans(*trees)
