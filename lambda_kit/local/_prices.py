"""The prices of Lambda: a table with its date and source, and what invocations cost by it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, cast

from lambda_kit._kernel.callables import closest, is_number
from lambda_kit.errors import ConfigurationError
from lambda_kit.local._events import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

Architecture = Literal["x86_64", "arm64"]
ARCHITECTURES: tuple[Architecture, ...] = ("x86_64", "arm64")

_TOO_LARGE = 1e12  # a number that is no price
FREE_STORAGE = 512
"""MB of ephemeral storage that cost nothing."""


@dataclass(frozen=True, slots=True)
class Rates:
    """The prices of one architecture in one region, in the currency of the table.

    Attributes:
        gb_second: of the duration, for each GB of memory and second.
        million_requests: of a million requests.
        storage_gb_second: of ephemeral storage over 512 MB, for each GB and second of the duration.
        provisioned_gb_second: of configured provisioned concurrency; None if the table does not have it.
        provisioned_duration_gb_second: of the duration under provisioned concurrency, likewise.
    """

    gb_second: float
    million_requests: float
    storage_gb_second: float
    provisioned_gb_second: float | None = None
    provisioned_duration_gb_second: float | None = None


@dataclass(frozen=True, slots=True)
class Prices:
    """A table of prices.

    Attributes:
        date: of the prices, as the table has it, `2026-09-19`.
        source: the address that they come from.
        currency: its code, `USD`.
        notes: what else the table says about them.
        regions: the rates by region and architecture.
    """

    date: str
    source: str
    currency: str
    notes: tuple[str, ...]
    regions: Mapping[str, Mapping[Architecture, Rates]]

    def architectures(self, region: str) -> list[Architecture]:
        """Return the architectures that have prices in a region.

        Raises:
            ConfigurationError: the table does not have the region.
        """
        if region not in self.regions:
            raise ConfigurationError(
                f"there are no prices for the region {region!r}{closest(region, self.regions)} The table has "
                f"{', '.join(sorted(self.regions))}; give another table with --prices"
            )
        return list(self.regions[region])

    def rates(self, region: str, architecture: Architecture) -> Rates:
        """Return the rates of an architecture in a region.

        Raises:
            ConfigurationError: the table does not have the region, or not the architecture there.
        """
        if architecture not in self.architectures(region):
            raise ConfigurationError(f"the table of prices has none of {architecture} in {region}")
        return self.regions[region][architecture]


def billed_ms(duration_ms: float, init_ms: float = 0.0) -> int:
    """Return the billed duration: the initialization and the run, rounded up to a whole millisecond, at least 1.

    Lambda bills the initialization of all functions since 1 August 2025:
    https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/
    """
    # Nine digits after the point, so that the sum of 0.1 and 0.2 does not cost a millisecond more.
    return max(1, math.ceil(round(duration_ms + init_ms, 9)))


def duration_cost(rates: Rates, billed: float, memory: int, storage: int = FREE_STORAGE) -> float:
    """Return what the duration of one invocation costs, without the request.

    Args:
        rates: the prices.
        billed: the billed duration in milliseconds; a mean need not be whole.
        memory: MB of the function.
        storage: MB of its ephemeral storage.
    """
    seconds = billed / 1000
    extra = max(0, storage - FREE_STORAGE)
    return seconds * (memory / 1024 * rates.gb_second + extra / 1024 * rates.storage_gb_second)


def cost_of_million(rates: Rates, billed: float, memory: int, storage: int = FREE_STORAGE) -> float:
    """Return what a million invocations cost: their duration, as `duration_cost` says, and the requests."""
    return 1_000_000 * duration_cost(rates, billed, memory, storage) + rates.million_requests


def load(path: str | None = None) -> Prices:
    """Return the table of prices in a file, or for None the one that comes with the kit.

    Raises:
        ConfigurationError: the file cannot be read, or is not such a table; the message says where.
    """
    if path is None:
        return _prices(files("lambda_kit.local").joinpath("prices.json").read_text("utf-8"), "prices.json")
    return _prices(text_of(path, "the table of prices"), path)


def _prices(text: str, name: str) -> Prices:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"the table of prices {name} is not JSON: {error}") from None
    where = _Where(name)
    top = where.record(document, ("date", "source", "currency", "regions"), ("notes",))
    regions = where.at("regions").mapping(top["regions"])
    if not regions:
        raise where.at("regions").error("is empty; it has at least one region")
    return Prices(
        date=where.at("date").text(top["date"]),
        source=where.at("source").text(top["source"]),
        currency=where.at("currency").text(top["currency"]),
        notes=where.at("notes").texts(top.get("notes", [])),
        regions={region: _region(table, where.at("regions", region)) for region, table in regions.items()},
    )


def _region(document: Any, where: _Where) -> dict[Architecture, Rates]:
    table = where.record(document, (), ARCHITECTURES)
    if not table:
        raise where.error(f"is empty; it has {' or '.join(ARCHITECTURES)}")
    return {cast("Architecture", one): _rates(rates, where.at(one)) for one, rates in table.items()}


def _rates(document: Any, where: _Where) -> Rates:
    names = [field.name for field in fields(Rates)]
    values = where.record(document, names[:3], names[3:])
    for name, value in values.items():
        if not is_number(value) or not 0 <= value < _TOO_LARGE:
            raise where.at(name).error(f"is {json.dumps(value)[:40]}; it is a number, from 0 to {_TOO_LARGE:g}")
    return Rates(**{name: float(value) for name, value in values.items()})


class _Where:
    """A place in a table, for the checks of what is there."""

    def __init__(self, file: str, path: str = "$") -> None:
        self._file = file
        self._path = path

    def at(self, *names: str) -> _Where:
        return _Where(self._file, ".".join((self._path, *names)))

    def error(self, message: str) -> ConfigurationError:
        return ConfigurationError(f"the table of prices {self._file}: {self._path} {message}")

    def mapping(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.error("is not a JSON object")
        return cast("dict[str, Any]", value)

    def record(
        self, value: Any, needed: tuple[str, ...] | list[str], more: tuple[str, ...] | list[str]
    ) -> dict[str, Any]:
        found = self.mapping(value)
        for name in needed:
            if name not in found:
                raise self.error(f"has no {name!r}")
        for name in found:
            if name not in (*needed, *more):
                raise self.error(f"has {name!r}, which is unknown{closest(name, (*needed, *more))}")
        return found

    def text(self, value: Any) -> str:
        if not isinstance(value, str) or not value:
            raise self.error("is not a text with at least one character")
        return value

    def texts(self, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list):
            raise self.error("is not a list of texts")
        return tuple(self.text(one) for one in cast("list[object]", value))
