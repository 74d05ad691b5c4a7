"""What waits to be written, the lines that it becomes, and which names may stand in one line together."""

from __future__ import annotations

import time

from lambda_kit._kernel.json_text import escape
from lambda_kit.errors import ConfigurationError
from lambda_kit.metrics import _rules as rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import TypeAlias

    Series: TypeAlias = dict[str, tuple["Definition", list[str]]]

# The format allows 1 MB since 2025; 256 KiB, 26 bytes of which are the log event's own, pass everywhere. Metadata and
# dimensions stand on every line, and must leave room.
_LEVEL_LIMIT = 60  # what a level and its timestamp take
LIMIT = 256 * 1024 - 26 - _LEVEL_LIMIT
_SURELY_SHORT = LIMIT // 6  # characters take up to six bytes
METADATA_LIMIT = 64 * 1024
_MARKERS_LIMIT = 32 * 1024
DIMENSIONS_LIMIT = 96 * 1024


class Definition:
    """A metric: its checked name, unit and resolution, and their text."""

    __slots__ = ("high_resolution", "member", "name", "text", "unit")

    def __init__(self, name: str, unit: str, *, high_resolution: bool) -> None:
        self.name = name
        self.unit = unit
        self.high_resolution = high_resolution
        resolution = ',"StorageResolution":1' if high_resolution else ""
        self.text = f'{{"Name":{escape(name)},"Unit":"{unit}"{resolution}}}'
        self.member = f",{escape(name)}:"

    def check_same(self, other: Definition) -> None:
        """Refuse another unit or resolution than that of the values before."""
        if (self.unit, self.high_resolution) != (other.unit, other.high_resolution):
            raise ConfigurationError(
                f"add({self.name!r}, ...) with {other.described()}, after add({self.name!r}, ...) with "
                f"{self.described()}: in one invocation a metric has one unit and one resolution"
            )

    def described(self) -> str:
        """Return unit and resolution as they were passed."""
        return f"unit={self.unit!r}, high_resolution={self.high_resolution}"


class Static:
    """What all lines of a `Metrics` object begin and end with.

    Attributes:
        namespace: that of all metrics.
        dimensions: those of every dimension set.
        level: the level that the lines need to pass the platform's filter; empty if they pass without one.
        middle: the text between the timestamp and the definitions of the metrics.
        tail: the text behind the values of the metrics, to the end of the line.
    """

    __slots__ = ("dimensions", "level", "middle", "namespace", "tail")

    def __init__(self, namespace: str, dimensions: dict[str, str], level: str = "") -> None:
        rules.check_count(dimensions)
        self.namespace = namespace
        self.dimensions = dimensions
        self.level = level
        self.middle = middle_of(namespace, [tuple(dimensions)])
        self.tail = f"{members_of(dimensions)}}}\n"

    def check_metric(self, name: str) -> None:
        """Refuse a metric with the name of one of these dimensions."""
        if name in self.dimensions:
            raise _collision(f"add({name!r}, ...)", name, f"a dimension, by Metrics({name}=...)")


class Record:
    """What waits of one invocation, or of no invocation.

    Adding and taking need no lock, which would cost a third of an addition: any thread appends to the lists, and takes
    with `pop`. Who appends looks at `layered` afterwards, who takes changes it before, so that a value is either taken
    or known to wait.

    Attributes:
        series: by name of the metric its definition and the texts of its values.
        layered: whether the layer is around, and writes them.
        labels: dimensions and metadata that were added; None if there are none.
        counted: whether the cold start was counted.
        flags: how often each variant of each feature flag was evaluated; None if none was.
    """

    __slots__ = ("counted", "flags", "labels", "layered", "series")

    def __init__(self, layered: bool) -> None:
        self.series: Series = {}
        self.layered = layered
        self.labels: Labels | None = None
        self.counted = False
        self.flags: dict[tuple[str, str], int] | None = None

    def waits(self) -> bool:
        """Tell whether there are values that are not written."""
        return any(texts for _, texts in list(self.series.values()))


class Labels:
    """The dimensions and the metadata of one invocation, and their text.

    Attributes:
        level: as that of `Static`.
        middle: as that of `Static`.
        tail: as that of `Static`.
    """

    __slots__ = ("_base", "_metadata", "_sets", "_static", "_values", "level", "middle", "tail")

    def __init__(self, static: Static) -> None:
        self._static = static
        self._base: tuple[str, ...] = ()  # names of the dimensions of every set, beside the static ones
        self._sets: tuple[tuple[str, ...], ...] = ()  # names of the further sets
        self._values: dict[str, str] = {}  # of these dimensions
        self._metadata: dict[str, str] = {}
        self.level = static.level
        self.middle = static.middle
        self.tail = static.tail

    def check_metric(self, name: str) -> None:
        """Refuse a metric with the name of a dimension or of metadata."""
        if name in self._values:
            raise _collision(f"add({name!r}, ...)", name, f"a dimension, by {self._source(name)}")
        if name in self._metadata:
            raise _collision(f"add({name!r}, ...)", name, f"metadata, by metadata({name}=...)")

    def dimension(self, record: Record, given: dict[str, str], *, as_set: bool) -> None:
        """Add dimensions to every set, or a set."""
        static = self._static
        call = "dimension_set" if as_set else "dimension"
        waits = record.waits()
        for name, value in given.items():
            where = f"{call}({name}=...)"
            if name in record.series:
                raise _collision(where, name, f"a metric, by add({name!r}, ...)")
            if name in self._metadata:
                raise _collision(where, name, f"metadata, by metadata({name}=...)")
            before = self._values.get(name, static.dimensions.get(name, value))
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
        middle = middle_of(static.namespace, _all_sets((*static.dimensions, *base), sets))
        if len(middle) + len(members_of({**static.dimensions, **values})) > DIMENSIONS_LIMIT:
            raise ConfigurationError(
                f"{call}({', '.join(given)}): the dimensions of this invocation take more than {DIMENSIONS_LIMIT} "
                "bytes of a line; use fewer sets or shorter values"
            )
        self._base, self._sets, self._values, self.middle = base, sets, values, middle
        self._render_tail()

    def metadata(self, record: Record, given: dict[str, str]) -> None:
        """Add fields, given with their JSON texts, that are in the lines and no part of a metric."""
        for name in given:
            where = f"metadata({name}=...)"
            if name in record.series:
                raise _collision(where, name, f"a metric, by add({name!r}, ...)")
            if name in self._static.dimensions or name in self._values:
                raise _collision(where, name, f"a dimension, by {self._source(name)}")
        fields = {**self._metadata, **given}
        size = 0
        for name, text in fields.items():
            length = _size(escape(name)) + _size(text) + 2
            if size + length > METADATA_LIMIT:
                fields[name] = cut = f'"[cut: {_size(text)} bytes]"'
                length = _size(escape(name)) + len(cut) + 2
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
        self.tail = f"{members_of({**self._static.dimensions, **self._values})}{metadata}}}\n"


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


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "backslashreplace"))


def middle_of(namespace: str, sets: list[tuple[str, ...]]) -> str:
    """Return the text between the timestamp and the definitions of the metrics."""
    texts = ",".join(f"[{','.join(escape(name) for name in names)}]" for names in sets)
    return f',"CloudWatchMetrics":[{{"Namespace":{escape(namespace)},"Dimensions":[{texts}],"Metrics":['


def members_of(dimensions: dict[str, str]) -> str:
    """Return the members that dimensions are on the line."""
    return "".join(f",{escape(name)}:{escape(value)}" for name, value in dimensions.items())


def lines_of(head: Static | Labels, series: Series, milliseconds: int) -> Iterable[str]:
    """Take all values and return their lines: one, unless there are too many for it."""
    waiting = list(series.values())
    if head.level:
        seconds, rest = divmod(milliseconds, 1000)
        stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{rest:03d}Z"
        start = f'{{"level":"{head.level}","timestamp":"{stamp}",'
        return [start + line[1:] for line in _lines(head, waiting, milliseconds)]
    if len(waiting) == 1 and len(waiting[0][1]) == 1:  # which is what most invocations have
        one, texts = waiting[0]
        try:
            text = texts.pop()
        except IndexError:  # it was written by flush(), perhaps just now, by another thread
            return ()
        return (f'{{"_aws":{{"Timestamp":{milliseconds}{head.middle}{one.text}]}}]}}{one.member}{text}{head.tail}',)
    return _lines(head, waiting, milliseconds)


def _lines(head: Static | Labels, waiting: list[tuple[Definition, list[str]]], milliseconds: int) -> Iterable[str]:
    definitions: list[str] = []
    members: list[str] = []
    further: list[tuple[Definition, list[str]]] = []
    for definition, texts in waiting:
        try:
            text = texts.pop()
        except IndexError:
            continue
        if texts:
            taken = _rest(texts)
            taken.append(text)
            if len(taken) > rules.MAX_VALUES:
                further.append((definition, taken[rules.MAX_VALUES :]))
                del taken[rules.MAX_VALUES :]
            text = f"[{','.join(taken)}]"
        members.append(definition.member + text)
        definitions.append(definition.text)
    if not definitions:
        return ()
    if not further and len(definitions) <= rules.MAX_METRICS:
        texts_of_metrics = ",".join(definitions)
        line = (
            f'{{"_aws":{{"Timestamp":{milliseconds}{head.middle}{texts_of_metrics}]}}]}}{"".join(members)}{head.tail}'
        )
        if len(line) <= _SURELY_SHORT or _size(line) <= LIMIT:
            return (line,)
    return _several_lines(head, definitions, members, further, milliseconds)


def _rest(texts: list[str]) -> list[str]:
    """Take all values but one that was taken from the end; return them in their order."""
    taken: list[str] = []
    pop, keep = texts.pop, taken.append
    try:
        for _ in range(len(texts)):
            keep(pop())
    except IndexError:
        pass
    taken.reverse()
    return taken


def _several_lines(
    head: Static | Labels,
    definitions: list[str],
    members: list[str],
    further: list[tuple[Definition, list[str]]],
    milliseconds: int,
) -> Iterator[str]:
    room = LIMIT - _size(head.middle) - _size(head.tail) - 100
    while definitions:
        start, size = 0, 0
        for i, (definition, member) in enumerate(zip(definitions, members, strict=True)):
            length = len(definition) + len(member) + 1
            if i - start == rules.MAX_METRICS or size + length > room:
                yield _line(head, definitions[start:i], members[start:i], milliseconds)
                start, size = i, 0
            size += length
        yield _line(head, definitions[start:], members[start:], milliseconds)
        most = rules.MAX_VALUES
        definitions = [definition.text for definition, _ in further]
        members = [f"{definition.member}[{','.join(texts[:most])}]" for definition, texts in further]
        further = [(definition, texts[most:]) for definition, texts in further if len(texts) > most]


def _line(head: Static | Labels, definitions: list[str], members: list[str], milliseconds: int) -> str:
    texts = ",".join(definitions)
    return f'{{"_aws":{{"Timestamp":{milliseconds}{head.middle}{texts}]}}]}}{"".join(members)}{head.tail}'
