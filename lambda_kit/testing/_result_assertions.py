"""The assertions of the results of `invoke` and of `RealFunction`, which look at what the result holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lambda_kit.testing._metric_values import MetricValues
    from lambda_kit.testing._spans import Expected, Spans


class ResultAssertions:
    """The assertions of a result."""

    __slots__ = ()

    if TYPE_CHECKING:
        metrics: MetricValues
        spans: Spans

    def assert_metric(  # `MetricValues.assert_metric` describes it
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
        """Check that the metric was written, as `metrics.assert_metric` does, and return its values."""
        __tracebackhide__ = True
        return self.metrics.assert_metric(name, value, total=total, unit=unit, namespace=namespace, **dimensions)

    def assert_spans(self, *trees: Expected) -> None:
        """Check the trees of the spans by their names, as `spans.assert_spans` does."""
        __tracebackhide__ = True
        self.spans.assert_spans(*trees)
