"""The part of a line around the values: namespace, dimensions and metadata. Names in one line must not collide."""

from __future__ import annotations

from lambda_kit._kernel.json_text import escape
from lambda_kit.errors import ConfigurationError
from lambda_kit.metrics import _rules as rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

# Metadata and dimensions stand on every line, and must leave room for values.
METADATA_LIMIT = 64 * 1024
_MARKERS_LIMIT = 32 * 1024
DIMENSIONS_LIMIT = 96 * 1024


class Head:
    """The namespace and the dimensions of a `Metrics` object, and their JSON text.

    Attributes:
        namespace: of all metrics.
        dimensions: part of every dimension set.
        level: the log level that lines need to pass the platform's filter; empty if they need none.
        middle: the text between the timestamp and the definitions of the metrics.
        tail: the text behind the values of the metrics, to the end of the line.
    """

    __slots__ = ("dimensions", "level", "middle", "namespace", "tail")

    def __init__(self, namespace: str, dimensions: dict[str, str], level: str = "") -> None:
        rules.check_count(dimensions)
        self.namespace = namespace
        self.dimensions = dimensions
        self.level = level
        self.middle = _middle(namespace, [tuple(dimensions)])
        self.tail = f"{_members(dimensions)}}}\n"

    def check_metric(self, name: str) -> None:
        """Refuse a metric with the name of one of these dimensions."""
        if name in self.dimensions:
            raise _collision(f"add({name!r}, ...)", name, f"a dimension, by Metrics({name}=...)")


class InvocationHead(Head):
    """The same with the dimensions and the metadata of one invocation."""

    __slots__ = ("_base", "_metadata", "_of_object", "_sets", "_values")

    def __init__(self, of_object: Head) -> None:
        self._of_object = of_object
        self._base: tuple[str, ...] = ()  # names that are in every set, beside those of the object
        self._sets: tuple[tuple[str, ...], ...] = ()  # names of the additional sets
        self._values: dict[str, str] = {}  # of these dimensions
        self._metadata: dict[str, str] = {}
        self.namespace = of_object.namespace
        self.dimensions = of_object.dimensions
        self.level = of_object.level
        self.middle = of_object.middle
        self.tail = of_object.tail

    def check_metric(self, name: str) -> None:
        """Refuse a metric with the name of a dimension or of metadata."""
        if name in self._values:
            raise _collision(f"add({name!r}, ...)", name, f"a dimension, by {self._source(name)}")
        if name in self._metadata:
            raise _collision(f"add({name!r}, ...)", name, f"metadata, by metadata({name}=...)")

    def dimension(self, given: dict[str, str], *, as_set: bool, metrics: Collection[str], waits: bool) -> None:
        """Add dimensions to every set, or add a set.

        Args:
            given: names and values.
            as_set: whether they are a set of their own.
            metrics: names of the metrics of the invocation.
            waits: whether values wait to be written.
        """
        of_object = self._of_object
        call = "dimension_set" if as_set else "dimension"
        for name, value in given.items():
            where = f"{call}({name}=...)"
            if name in metrics:
                raise _collision(where, name, f"a metric, by add({name!r}, ...)")
            if name in self._metadata:
                raise _collision(where, name, f"metadata, by metadata({name}=...)")
            before = self._values.get(name, of_object.dimensions.get(name, value))
            if before != value and (as_set or waits):
                why = (
                    "values wait that it would change too: write them with flush() first"
                    if waits
                    else "in one line a dimension has one value"
                )
                raise ConfigurationError(f"{where} gives {name!r} another value than {self._source(name)}, and {why}")
        base, sets = self._base, self._sets
        if as_set:
            sets = tuple(dict.fromkeys((*sets, tuple(given))))
        else:
            base = tuple(dict.fromkeys((*base, *given)))
        values = {**self._values, **given}
        middle = _middle(of_object.namespace, _all_sets((*of_object.dimensions, *base), sets))
        if len(middle) + len(_members({**of_object.dimensions, **values})) > DIMENSIONS_LIMIT:
            raise ConfigurationError(
                f"{call}({', '.join(given)}): the dimensions of this invocation take more than {DIMENSIONS_LIMIT} "
                "bytes of a line; use fewer sets or shorter values"
            )
        self._base, self._sets, self._values, self.middle = base, sets, values, middle
        self._render_tail()

    def metadata(self, given: dict[str, str], *, metrics: Collection[str]) -> None:
        """Add fields, given with their JSON texts, that are in the lines and no part of a metric."""
        for name in given:
            where = f"metadata({name}=...)"
            if name in metrics:
                raise _collision(where, name, f"a metric, by add({name!r}, ...)")
            if name in self._of_object.dimensions or name in self._values:
                raise _collision(where, name, f"a dimension, by {self._source(name)}")
        fields = {**self._metadata, **given}
        size = 0
        for name, text in fields.items():
            length = rules.size_of(escape(name)) + rules.size_of(text) + 2
            if size + length > METADATA_LIMIT:
                fields[name] = cut = f'"[cut: {rules.size_of(text)} bytes]"'
                length = rules.size_of(escape(name)) + len(cut) + 2
            size += length
        if size > METADATA_LIMIT + _MARKERS_LIMIT:
            raise ConfigurationError(
                f"metadata({next(iter(given))}=...): this invocation has {len(fields)} fields of metadata, more than a "
                "line holds; log them instead"
            )
        self._metadata = fields
        self._render_tail()

    def _source(self, name: str) -> str:
        if name not in self._values:
            return f"Metrics({name}=...)"
        return f"dimension({name}=...)" if name in self._base else f"dimension_set({name}=...)"

    def _render_tail(self) -> None:
        metadata = "".join(f",{escape(name)}:{text}" for name, text in self._metadata.items())
        self.tail = f"{_members({**self._of_object.dimensions, **self._values})}{metadata}}}\n"


def _collision(call: str, name: str, use: str) -> ConfigurationError:
    return ConfigurationError(
        f"{call}: {name!r} is already {use}; in the line both would be the member {name!r}: rename one of them"
    )


def _all_sets(base: tuple[str, ...], sets: tuple[tuple[str, ...], ...]) -> list[tuple[str, ...]]:
    base = tuple(dict.fromkeys(base))
    found: dict[frozenset[str], tuple[str, ...]] = {frozenset(base): base}
    for more in sets:
        names = tuple(dict.fromkeys((*base, *more)))
        found.setdefault(frozenset(names), names)
    for names in found.values():
        rules.check_count(names)
    return list(found.values())


def _middle(namespace: str, sets: list[tuple[str, ...]]) -> str:
    """Return the text between the timestamp and the definitions of the metrics."""
    texts = ",".join(f"[{','.join(escape(name) for name in names)}]" for names in sets)
    return f',"CloudWatchMetrics":[{{"Namespace":{escape(namespace)},"Dimensions":[{texts}],"Metrics":['


def _members(dimensions: dict[str, str]) -> str:
    """Return the members that dimensions are on the line."""
    return "".join(f",{escape(name)}:{escape(value)}" for name, value in dimensions.items())
