"""The part of a line around the values: namespace, dimensions and metadata. Names in one line must not collide."""

from __future__ import annotations

import os

from lambda_kit._kernel import environment
from lambda_kit._kernel.json_text import escape
from lambda_kit.errors import ConfigurationError
from lambda_kit.metrics import _rules as rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable
    from typing import Literal

# Metadata and dimensions stand on every line, and must leave room for values.
METADATA_LIMIT = 64 * 1024
_MARKERS_LIMIT = 32 * 1024
DIMENSIONS_LIMIT = 96 * 1024
# Where the platform filters by level, a line without one counts as INFO:
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
_ABOVE_INFO = frozenset(("WARN", "ERROR", "FATAL"))


class Head:
    """The namespace, the dimensions and the metadata of lines, and their JSON text.

    Args:
        namespace: of all metrics.
        dimensions: names and values.
        level: see below.
        sets: the names in each dimension set; by default one set of all dimensions.
        metadata: the members that are neither dimensions nor metrics, each with a comma before it.

    Attributes:
        namespace: of all metrics.
        dimensions: names and values.
        level: the log level that lines need to pass the platform's filter; empty if they need none.
        middle: the text between the timestamp and the definitions of the metrics.
        tail: the text behind the values of the metrics, to the end of the line.
    """

    __slots__ = ("dimensions", "level", "middle", "namespace", "tail")

    def __init__(
        self,
        namespace: str,
        dimensions: dict[str, str],
        level: str = "",
        sets: list[tuple[str, ...]] | None = None,
        metadata: str = "",
    ) -> None:
        self.namespace = namespace
        self.dimensions = dimensions
        self.level = level
        self.middle = _middle(namespace, [tuple(dimensions)] if sets is None else sets)
        self.tail = f"{_members(dimensions)}{metadata}}}\n"

    def rendered(self) -> Head:
        """Return this head."""
        return self

    def with_own(self, own: dict[str, str]) -> Head:
        """Return the head of the lines of values with these dimensions of their own."""
        return Head(self.namespace, {**self.dimensions, **own}, self.level)

    def check_own(self, own: dict[str, str]) -> None:
        """Refuse dimensions of values that are too many."""
        rules.check_count({**self.dimensions, **own})

    def check_metric(self, name: str) -> None:
        """Refuse a metric with the name of one of these dimensions."""
        if name in self.dimensions:
            raise _collision(f"add({name!r}, ...)", name, f"a dimension, by Metrics({name}=...)")


def resolved_head(
    namespace: str | None, service: str | Literal[False] | None, dimensions: dict[str, str], *, disabled: bool
) -> Head:
    """Return the head of a `Metrics` object. The environment has the namespace and the service that were not given.

    Args:
        namespace: of all metrics; None for the one in the environment.
        service: the value of the dimension `service`; None for the one in the environment, False for none.
        dimensions: the other dimensions.
        disabled: whether nothing is going to be written, so that a namespace is not needed.

    Raises:
        ConfigurationError: there is no namespace; CloudWatch would not take the namespace or the service.
    """
    if namespace is None and disabled:
        namespace = "disabled"
    if namespace is None:
        found = environment.find("LAMBDA_KIT_METRICS_NAMESPACE")
        if found is None:
            raise ConfigurationError(
                "there is no namespace for the metrics: pass Metrics(namespace=...), or set the environment "
                "variable LAMBDA_KIT_METRICS_NAMESPACE or POWERTOOLS_METRICS_NAMESPACE"
            )
        variable, value = found
        namespace = rules.checked_namespace(value, f"the namespace in {variable}")
    if service is None and (name := environment.text("LAMBDA_KIT_SERVICE")):
        service = rules.checked_dimensions({"service": name})["service"]
    every = {"service": str(service), **dimensions} if service else dimensions
    rules.check_count(every)
    level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
    return Head(namespace, every, level if level in _ABOVE_INFO else "")


class InvocationHead:
    """The dimensions and the metadata of one invocation, beside those of the object."""

    __slots__ = (
        "_base",
        "_metadata",
        "_metadata_size",
        "_object",
        "_rendered",
        "_sets",
        "_sets_size",
        "_values",
        "_values_size",
        "_version",
    )

    def __init__(self, of_object: Head) -> None:
        self._object = of_object
        self._base: dict[str, None] = dict.fromkeys(of_object.dimensions)  # names that are in every set
        self._sets: dict[frozenset[str], tuple[str, ...]] = {}  # the names that the additional sets have beside these
        self._sets_size = sum(map(_name_size, self._base))  # characters that the names of all sets take
        self._values: dict[str, str] = {}  # of the dimensions that are not those of the object
        self._values_size = sum(_member_size(name, escape(value)) for name, value in of_object.dimensions.items())
        self._metadata: dict[str, str] = {}
        self._metadata_size = 0
        self._version: object = None  # another object after each change, by whichever thread
        self._rendered: tuple[object, Head] = None, of_object

    def rendered(self) -> Head:
        """Return the head of the lines of values without dimensions of their own."""
        version, head = self._rendered
        if version is not self._version:
            version = self._version
            sets = self._all_sets()  # before the values, which a thread that adds a dimension changes first
            head = self._head({**self._object.dimensions, **self._values}, sets)
            self._rendered = version, head
        return head

    def with_own(self, own: dict[str, str]) -> Head:
        """Return the head of the lines of values with these dimensions of their own, which no additional set counts."""
        names = tuple(self._base)  # before the values, as above
        values = {**self._object.dimensions, **self._values}
        base = {name: values[name] for name in names}
        return self._head({**base, **own}, [tuple({**base, **own})])

    def check_own(self, own: dict[str, str]) -> None:
        """Refuse dimensions of values that cannot stand in one line with what the invocation has."""
        rules.check_count({**self._base, **own})
        for name in own:
            if name in self._metadata:
                raise _collision(f"add(..., dimensions={{{name!r}: ...}})", name, f"metadata, by metadata({name}=...)")

    def check_metric(self, name: str) -> None:
        """Refuse a metric with the name of a dimension or of metadata."""
        if name in self._values:
            raise _collision(f"add({name!r}, ...)", name, f"a dimension, by {self._source(name)}")
        if name in self._metadata:
            raise _collision(f"add({name!r}, ...)", name, f"metadata, by metadata({name}=...)")

    def dimension(
        self,
        given: dict[str, str],
        *,
        as_set: bool,
        metrics: Container[str],
        waits: bool,
        own_names: Iterable[str],
    ) -> None:
        """Add dimensions to every set, or add a set.

        Args:
            given: names and values.
            as_set: whether they are a set of their own.
            metrics: names of the metrics of the invocation.
            waits: whether values wait to be written.
            own_names: names of the dimensions that values have of their own.
        """
        call = "dimension_set" if as_set else "dimension"
        self._check_given(call, given, metrics, waits=waits)
        sets_size, values_size = self._sets_size, self._values_size
        added: dict[frozenset[str], tuple[str, ...]] = {}
        if as_set:
            rules.check_count({**self._base, **given})
            names = frozenset(given).difference(self._base)
            if names not in self._sets:
                added[names] = tuple(name for name in given if name in names)
                sets_size += sum(map(_name_size, (*self._base, *names)))
        else:
            for more in ((), own_names, *self._sets):
                rules.check_count({**self._base, **given, **dict.fromkeys(more)})
            sets_size += sum(_name_size(name) for name in given if name not in self._base) * (len(self._sets) + 1)
        for name, value in given.items():
            if name in self._values:
                values_size -= _member_size(name, escape(self._values[name]))
            values_size += _member_size(name, escape(value))
        if sets_size + values_size > DIMENSIONS_LIMIT:
            raise ConfigurationError(
                f"{call}({', '.join(given)}): the dimensions of this invocation take more than {DIMENSIONS_LIMIT} "
                "bytes of a line; use fewer sets or shorter values"
            )
        self._values.update(given)
        self._sets.update(added)
        if not as_set:
            self._base.update(dict.fromkeys(given))
        self._sets_size, self._values_size = sets_size, values_size
        self._version = object()

    def _check_given(self, call: str, given: dict[str, str], metrics: Container[str], *, waits: bool) -> None:
        as_set = call == "dimension_set"
        for name, value in given.items():
            where = f"{call}({name}=...)"
            if name in metrics:
                raise _collision(where, name, f"a metric, by add({name!r}, ...)")
            if name in self._metadata:
                raise _collision(where, name, f"metadata, by metadata({name}=...)")
            before = self._values.get(name, self._object.dimensions.get(name, value))
            if before != value and (as_set or waits):
                why = (
                    "values wait that it would change too: write them with flush() first, or give each value its own "
                    "dimensions with add(..., dimensions={...}) or bind(...)"
                    if waits
                    else "in one line a dimension has one value"
                )
                raise ConfigurationError(f"{where} gives {name!r} another value than {self._source(name)}, and {why}")

    def metadata(self, given: dict[str, str], *, metrics: Container[str], own_names: Container[str]) -> None:
        """Add fields, given with their JSON texts, that are in the lines and no part of a metric."""
        for name in given:
            where = f"metadata({name}=...)"
            if name in metrics:
                raise _collision(where, name, f"a metric, by add({name!r}, ...)")
            if name in self._object.dimensions or name in self._values:
                raise _collision(where, name, f"a dimension, by {self._source(name)}")
            if name in own_names:
                raise _collision(where, name, f"a dimension, by add(..., dimensions={{{name!r}: ...}})")
        fields: dict[str, str] = {}
        size = self._metadata_size
        for name, text in given.items():
            before = self._metadata.get(name)
            if before is not None:
                size -= _member_size(name, before)
            fields[name] = text
            if size + _member_size(name, text) > METADATA_LIMIT:
                fields[name] = f'"[cut: {rules.size_of(text)} bytes]"'
            size += _member_size(name, fields[name])
        if size > METADATA_LIMIT + _MARKERS_LIMIT:
            raise ConfigurationError(
                f"metadata({next(iter(given))}=...): this invocation has {len({**self._metadata, **given})} fields of "
                "metadata, more than a line holds; log them instead"
            )
        self._metadata.update(fields)
        self._metadata_size = size
        self._version = object()

    def _source(self, name: str) -> str:
        if name not in self._values:
            return f"Metrics({name}=...)"
        return f"dimension({name}=...)" if name in self._base else f"dimension_set({name}=...)"

    def _all_sets(self) -> list[tuple[str, ...]]:
        base = tuple(self._base)
        found = {frozenset(base): base}
        for more in list(self._sets.values()):
            names = tuple(dict.fromkeys((*base, *more)))
            found.setdefault(frozenset(names), names)
        return list(found.values())

    def _head(self, values: dict[str, str], sets: list[tuple[str, ...]]) -> Head:
        metadata = "".join([f",{escape(name)}:{text}" for name, text in list(self._metadata.items())])
        return Head(self._object.namespace, values, self._object.level, sets, metadata)


def _name_size(name: str) -> int:
    return len(escape(name)) + 1


def _member_size(name: str, text: str) -> int:
    return rules.size_of(escape(name)) + rules.size_of(text) + 2


def _collision(call: str, name: str, use: str) -> ConfigurationError:
    return ConfigurationError(
        f"{call}: {name!r} is already {use}; in the line both would be the member {name!r}: rename one of them"
    )


def _middle(namespace: str, sets: list[tuple[str, ...]]) -> str:
    """Return the text between the timestamp and the definitions of the metrics."""
    texts = ",".join(f"[{','.join(escape(name) for name in names)}]" for names in sets)
    return f',"CloudWatchMetrics":[{{"Namespace":{escape(namespace)},"Dimensions":[{texts}],"Metrics":['


def _members(dimensions: dict[str, str]) -> str:
    """Return the members that dimensions are on the line."""
    return "".join(f",{escape(name)}:{escape(value)}" for name, value in dimensions.items())
