"""Values that wait to be written."""

from __future__ import annotations

import sys
from _thread import get_ident

from lambda_kit._kernel.json_text import escape
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, ClassVar, TypeAlias

    from lambda_kit.metrics._head import InvocationHead

    Series: TypeAlias = dict[str, tuple["Definition", list[str]]]


_modules = sys.modules


class Definition:
    """A metric: its checked name, unit and resolution, and their JSON text."""

    __slots__ = ("high_resolution", "member", "name", "text", "unit")

    def __init__(self, name: str, unit: str, *, high_resolution: bool) -> None:
        self.name = name
        self.unit = unit
        self.high_resolution = high_resolution
        resolution = ',"StorageResolution":1' if high_resolution else ""
        self.text = f'{{"Name":{escape(name)},"Unit":"{unit}"{resolution}}}'
        self.member = f",{escape(name)}:"

    def check_same(self, other: Definition) -> None:
        """Refuse a unit or a resolution that differs from that of earlier values."""
        if (self.unit, self.high_resolution) != (other.unit, other.high_resolution):
            raise ConfigurationError(
                f"add({self.name!r}, ...) with {other.described()}, after add({self.name!r}, ...) with "
                f"{self.described()}: in one invocation a metric has one unit and one resolution"
            )

    def described(self) -> str:
        """Return unit and resolution as they stand in a call of `add`."""
        return f"unit={self.unit!r}, high_resolution={self.high_resolution}"


def add_to(series: Series, definition: Definition, texts: list[str]) -> None:
    """Append the texts of values to a series."""
    first = definition, texts
    found = series.setdefault(definition.name, first)
    if found is not first:
        found[0].check_same(definition)
        found[1].extend(texts)


class Group:
    """Values with dimensions or a timestamp of their own, which need a line of their own.

    Attributes:
        dimensions: those of these values alone.
        milliseconds: their timestamp; None for the time of writing.
        series: as in `Record`.
    """

    __slots__ = ("dimensions", "milliseconds", "series")

    def __init__(self, dimensions: dict[str, str], milliseconds: int | None) -> None:
        self.dimensions = dimensions
        self.milliseconds = milliseconds
        self.series: Series = {}


NO_GROUPS: dict[tuple[Any, ...], Group] = {}  # of all records without groups, which most are; it stays empty


new_record: Any = object.__new__


class Record:
    """The values of one invocation, or of none, that wait to be written.

    Adding and taking need no lock, which would cost a third of an addition, and which an interrupt could leave locked.
    Any thread appends to the lists, and takes with `pop`. `add` looks at `layered` after it appended, and the layer
    changes it before it takes, so that a value is either taken or known to wait.

    Attributes:
        counted: whether the cold start was counted.
        flow: the thread or the task that the record belongs to; None before it is known.
        groups: the values with dimensions or a timestamp of their own.
        head: the dimensions and the metadata that were added; None if there are none.
        layered: whether a layer is going to write the values.
        replayed: whether an earlier run of a durable execution has counted the values.
        series: for each name of a metric its definition and the texts of its values.
    """

    __slots__ = ("counted", "flow", "groups", "head", "layered", "series")
    replayed: ClassVar[bool] = False

    def __init__(self, layered: bool) -> None:
        self.series: Series = {}
        self.groups: dict[tuple[Any, ...], Group] = NO_GROUPS
        self.layered = layered
        self.head: InvocationHead | None = None
        self.flow: object = None
        self.counted = False

    def add(
        self, dimensions: dict[str, str], milliseconds: int | None, definition: Definition, texts: list[str]
    ) -> None:
        """Add values with dimensions or a timestamp of their own."""
        if self.groups is NO_GROUPS:
            made: dict[tuple[Any, ...], Group] = {}
            if self.groups is NO_GROUPS:  # two threads may come here; CPython does not switch between these two steps
                self.groups = made
        key = (milliseconds, *sorted(dimensions.items()))
        group = self.groups.get(key) or Group(dimensions, milliseconds)
        add_to(group.series, definition, texts)
        self.keep(key, group)

    def keep(self, key: tuple[Any, ...], group: Group) -> None:
        """Let what a group holds be written, whether or not another thread takes it, or its successor, meanwhile."""
        while (found := self.groups.setdefault(key, group)) is not group:
            for name in list(group.series):
                definition, texts = group.series[name]
                while texts:
                    try:
                        add_to(found.series, definition, [texts.pop()])
                    except IndexError:  # another thread takes them too
                        break
            group = found

    def metrics(self) -> Iterable[str]:
        """Return the names of the metrics."""
        names = set(self.series)
        for group in list(self.groups.values()):
            names.update(list(group.series))
        return names

    def own_names(self) -> set[str]:
        """Return the names of the dimensions that values have of their own."""
        names: set[str] = set()
        return names.union(*[group.dimensions for group in list(self.groups.values())])

    def waits(self) -> bool:
        """Tell whether there are values that are not written yet."""
        every = [self.series, *[group.series for group in list(self.groups.values())]]
        return any(texts for series in every for _, texts in list(series.values()))


class ReplayedRecord(Record):
    """The values of an invocation that an earlier run of a durable execution has counted."""

    __slots__ = ()
    replayed = True


def flow() -> object:
    """Return what runs here, for comparisons: the thread, or the thread and the task of asyncio."""
    asyncio: Any = _modules.get("asyncio")
    if asyncio is None or asyncio._get_running_loop() is None:
        return get_ident()
    return get_ident(), asyncio.current_task()


def check_flow(record: Record, call: str) -> None:
    """Refuse a call that would count for the values of other tasks and threads.

    Raises:
        ConfigurationError: the record belongs to another flow than the one that runs here.
    """
    here = flow()
    if record.flow is None:
        record.flow = here
    elif record.flow != here:
        raise ConfigurationError(
            f"{call} was called in a task or a thread that the invocation has started: it would count for the values "
            "of all the others too; use add(..., dimensions={...}), or bind(...) around the code that adds"
        )
