"""Views of a recording that goes on: each search and each assertion sees what has been recorded so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from lambda_kit.testing._logs import LogQueries, Logs
from lambda_kit.testing._metric_values import MetricQueries
from lambda_kit.testing._spans import SpanQueries, Spans

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_kit.testing._metric_values import MetricPoint
    from lambda_kit.testing._recording import Recording
    from lambda_kit.testing._xray_tree import SpanNode


class RecordedLogs(LogQueries, Sequence[dict[str, Any]]):
    """The log entries of a test so far, in order: the fixture `lambda_logs`."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    @property
    def _note(self) -> str:  # type: ignore[override]
        return self._recording.note

    def _entries(self) -> Logs:
        return self._recording.logs

    @overload
    def __getitem__(self, index: int, /) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice, /) -> tuple[dict[str, Any], ...]: ...
    def __getitem__(self, index: int | slice, /) -> Any:
        return self._entries()[index]

    def __len__(self) -> int:
        return len(self._entries())

    def __repr__(self) -> str:
        return repr(self._entries())


class RecordedSpans(SpanQueries, Sequence["SpanNode"]):
    """The outermost spans of a test so far, ordered by start: the fixture `lambda_spans`."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    @property
    def _note(self) -> str:  # type: ignore[override]
        return self._recording.note

    def _roots(self) -> Spans:
        return self._recording.spans

    @overload
    def __getitem__(self, index: int, /) -> SpanNode: ...
    @overload
    def __getitem__(self, index: slice, /) -> tuple[SpanNode, ...]: ...
    def __getitem__(self, index: int | slice, /) -> Any:
        return self._roots()[index]

    def __len__(self) -> int:
        return len(self._roots())

    def __repr__(self) -> str:
        return repr(self._roots())


class RecordedMetrics(MetricQueries, Mapping[str, "list[float]"]):
    """The values of each metric of a test so far, by name: the fixture `lambda_metrics`."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    @property
    def _note(self) -> str:  # type: ignore[override]
        return self._recording.note

    def _points(self) -> Sequence[MetricPoint]:
        return self.points

    @property
    def points(self) -> list[MetricPoint]:
        """The values in order of writing, each with its dimensions, unit and namespace."""
        return self._recording.metrics.points

    def __getitem__(self, name: str, /) -> list[float]:
        return self._recording.metrics[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._recording.metrics)

    def __len__(self) -> int:
        return len(self._recording.metrics)

    def __repr__(self) -> str:
        return repr(self._recording.metrics)
