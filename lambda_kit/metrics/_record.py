"""Values that wait to be written."""

from __future__ import annotations

from lambda_kit._kernel.json_text import escape
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

    from lambda_kit.metrics._head import InvocationHead

    Series: TypeAlias = dict[str, tuple["Definition", list[str]]]


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


class Record:
    """The values of one invocation, or of none, that wait to be written.

    Adding and taking need no lock, which would cost a third of an addition: any thread appends to the lists, and takes
    with `pop`. `add` looks at `layered` after it appended, and the layer changes it before it takes, so that a value is
    either taken or known to wait.

    Attributes:
        series: for each name of a metric its definition and the texts of its values.
        layered: whether a layer is going to write them.
        head: the dimensions and the metadata that were added; None if there are none.
        counted: whether the cold start was counted.
        flags: number of evaluations of each variant of each feature flag; None if there are none.
    """

    __slots__ = ("counted", "flags", "head", "layered", "series")

    def __init__(self, layered: bool) -> None:
        self.series: Series = {}
        self.layered = layered
        self.head: InvocationHead | None = None
        self.counted = False
        self.flags: dict[tuple[str, str], int] | None = None

    def waits(self) -> bool:
        """Tell whether there are values that are not written yet."""
        return any(texts for _, texts in list(self.series.values()))
