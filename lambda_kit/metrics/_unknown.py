"""Names that metrics do not know: misspelt ones, and those of Powertools."""

from __future__ import annotations

from lambda_kit._kernel import hints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_OPTIONS = ("namespace", "service", "cold_start", "flags", "routes", "replays", "clock")
_KEPT = "Metrics keeps it to itself; keep a name for it where you make it"
_THEIR_OPTIONS = {
    "function_name": "leave it out: the metric of cold starts has the name of the function as a dimension",
    "provider": "lines are written in CloudWatch's embedded metric format, always",
    "capture_cold_start_metric": "write Metrics(cold_start=True)",
    "default_dimensions": "pass the dimensions themselves: Metrics(stage='prod')",
    "raise_on_empty_metrics": "an invocation without metrics writes nothing",
}
_LAYER = "put the object on the handler: @handler(metrics)"
_THEIR_METHODS = {
    "add_metric": "it is called add(name, value, unit) here",
    "add_dimension": "it is called dimension(name=value) here",
    "add_dimensions": "it is called dimension_set(name=value, ...) here",
    "add_metadata": "it is called metadata(name=value) here",
    "set_default_dimensions": "pass them to the constructor: Metrics(stage='prod')",
    "default_dimensions": "pass them to the constructor: Metrics(stage='prod')",
    "set_timestamp": "write add(..., timestamp=...)",
    "single_metric": "use another object, Metrics(service=False), and its add(..., dimensions={...})",
    "log_metrics": _LAYER,
    "flush_metrics": "it is called flush() here",
    "serialize_metric_set": "lambda_kit.testing.invoke(...).metrics has what was written",
    "clear_metrics": "lambda_kit.testing.reset() drops what waits",
    "clear_default_dimensions": "dimensions that were added in an invocation end with it",
    "metric_set": "lambda_kit.testing.invoke(...).metrics has what was written",
    "metadata_set": "lambda_kit.testing.invoke(...).metrics has what was written",
    "namespace": _KEPT,
    "service": _KEPT,
    "provider": "lines are written in CloudWatch's embedded metric format, always",
    "add_cold_start_metric": "write Metrics(cold_start=True)",
}


def check_dimensions(names: Iterable[str]) -> None:
    """Refuse names of dimensions that are misspelt options, or options of Powertools.

    Raises:
        ConfigurationError: a name is one of these.
    """
    otherwise = "metrics.dimension(...) and metrics.bind(...) take a dimension of that name"
    hints.check_free_names("Metrics", "dimension", names, _OPTIONS, _THEIR_OPTIONS, otherwise)


def attribute(owner: object, name: str) -> AttributeError:
    """Return the error for a missing attribute of a `Metrics` object."""
    return hints.missing_attribute(owner, name, _THEIR_METHODS)
