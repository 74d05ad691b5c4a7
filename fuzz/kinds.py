"""What a target is, and how bytes become the arguments of what it tries."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

type_of: Any = type  # for type checkers, which would narrow what a check of `type(x)` is about
HERE = Path(__file__).parent
LONGEST = 8192  # bytes of an input
MOST_SECONDS = 5.0  # of processor time for one input; coverage makes code several times slower

SAMPLES: dict[str, Any] = {
    one.name.removesuffix(".json"): json.loads(one.read_text("utf-8"))
    for one in sorted(files("lambda_kit.local").joinpath("samples").iterdir(), key=lambda one: one.name)
    if one.name.endswith(".json")
}
NAMES = list(SAMPLES)

NESTED = b"[" * 100_000
HOSTILE = [
    b"",
    b"null",
    b"-1",
    b"1e400",
    b"1" + b"0" * 400,
    b"9" * 5_000,
    b'"\\ud800"',
    b"NaN",
    b"\xff\xfe",
    b"\xc2\xb2",
    NESTED,
    b'{"a":' * 20_000,
    b"[]",
    b"{}",
    b"\x00" * 8,
]
"""Inputs on which parsers have failed elsewhere. Each target gets them beside its own seeds."""


@dataclass(frozen=True)
class Target:
    """One thing that is tried.

    Attributes:
        name: its name on the command line.
        run: takes one input; raises for a fault. Errors that the kit promises are no faults.
        seeds: inputs to begin with.
        hostile: whether those of `HOSTILE` are tried, too.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    hostile: bool = True

    def all_seeds(self) -> list[bytes]:
        """Return the seeds, hostile ones, and the inputs that have failed before."""
        known = HERE / "failures" / self.name
        failures = [one.read_bytes() for one in sorted(known.iterdir())] if known.is_dir() else []
        return [*self.seeds(), *(HOSTILE if self.hostile else ()), *failures]


class TookTooLongError(Exception):
    """One input took more processor time than any should."""


def timed(run: Callable[[bytes], None], data: bytes) -> None:
    """Try one input, and raise `TookTooLongError` if it needs more than some seconds of processor time."""
    start = time.process_time()
    run(data)
    took = time.process_time() - start
    if took > MOST_SECONDS:
        raise TookTooLongError(f"{took:.1f} s for {len(data)} bytes")


class Reader:
    """Takes numbers and texts off the front of an input; after its end, zeros and empty texts."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def byte(self) -> int:
        """Return the next byte."""
        found, self.rest = self.rest[:1], self.rest[1:]
        return found[0] if found else 0

    def one_of(self, values: Any) -> Any:
        """Return one of the values, as the next byte says."""
        return values[self.byte() % len(values)]

    def field(self) -> bytes:
        """Return the bytes up to the next zero byte."""
        found, _, self.rest = self.rest.partition(b"\0")
        return found

    def text(self) -> str:
        """Return the next field as text. Any bytes are text here."""
        return self.field().decode("utf-8", "replace")

    def fields(self) -> list[str]:
        """Return all fields that are left."""
        found: list[str] = []
        while self.rest:
            found.append(self.text())
        return found


def value_of(data: bytes) -> Any:
    """Return the value of JSON, or the text itself if it is none."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data.decode("utf-8", "replace")


def mutated(reader: Reader) -> Any:
    """Return a sample of an event in which some values are replaced; the bytes say which, and by what."""
    return edited(json.loads(json.dumps(SAMPLES[reader.one_of(NAMES)])), reader)


def edited(raw: Any, reader: Reader) -> Any:
    """Return an event in which some values are replaced or removed; the rest of the bytes say which, and by what."""
    while reader.rest:
        place, value = int.from_bytes(bytes((reader.byte(), reader.byte()))), value_of(reader.field())
        places = _places(raw)
        if not places:
            return value
        holder, key = places[place % len(places)]
        if value == "":
            del holder[key]
        else:
            holder[key] = value
    return raw


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Return the holder and the key of every value in a value of JSON."""
    found: list[tuple[Any, Any]] = []
    todo = [value]
    while todo:
        one = todo.pop()
        kind = type_of(one)
        pairs: Any = one.items() if kind is dict else enumerate(one) if kind is list else ()
        for key, inner in pairs:
            found.append((one, key))
            todo.append(inner)
    return found


def mutation_seeds() -> list[bytes]:
    """Return seeds for `mutated`: each sample as it is, and with one value replaced."""
    values = [b"null", b"[]", b"{}", b"5", b"", b'"9999999999999"', b'{"a": [null]}', b"/w==", b"[[[[]]]]"]
    plain = [bytes((index,)) for index in range(len(NAMES))]
    return plain + [bytes((index, 0, index % 23)) + values[index % len(values)] for index in range(len(NAMES))]
