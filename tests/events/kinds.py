"""The samples of all sources, and the table of sources in the documentation.

`python -m tests.events.kinds` writes the table of `docs/reference-event-sources.md` anew from the code.
"""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from lambda_kit import events
from lambda_kit.errors import EventError
from lambda_kit.events import Records, source_of
from lambda_kit.events import _source as rules
from tests.generated import with_part

SHARED = Path(__file__).parents[3] / "shared" / "events"  # payloads of others, beside the project
_SAMPLES = files("lambda_kit.local").joinpath("samples")
_ALL: dict[str, Any] = {
    one.name.removesuffix(".json"): json.loads(one.read_text("utf-8"))
    for one in sorted(_SAMPLES.iterdir(), key=lambda one: one.name)
    if one.name.endswith(".json")
}
UNRECOGNISED = {"iot-rule": _ALL.pop("iot-rule")}  # what a rule of IoT Core sends has no shape of its own
SAMPLES = _ALL
METHODS = {"parse", "slot", "value"}  # of views; everything else that is public is read by the tests


def view_of(source: str) -> Any:
    """Return the view of a source."""
    return getattr(events, rules.VIEWS[source])  # type: ignore[index]  # pyright: ignore[reportArgumentType]


def page_of(name: str) -> str:
    """Return the page of AWS that a view names after `See:`, itself or by another view; empty if it names none."""
    _, _, after = (getattr(events, name).__doc__ or "").partition("See:")
    found = re.search(r"<(https://docs\.aws\.amazon\.com/[^>]+)>|`(\w+)`", after)
    if found is None:
        return ""
    return found[1] or page_of(found[2])


def is_a(value: Any, *kinds: type) -> bool:
    """Tell whether a value is of one of the types, which says nothing about the types of what is in it."""
    return isinstance(value, kinds)


def read(view: Any) -> Any:
    """Read everything that a view has, its records and parts too.

    Yields:
        the name of the class, the name of the property, and its value, or the `EventError` that reading it raised.
    """
    kind = type(view).__name__
    repr(view)
    for name in dir(view):
        if name.startswith("_") or name in METHODS or name in ("raw", "source"):
            continue
        try:
            found: Any = getattr(view, name)
        except EventError as error:
            yield kind, name, error
            continue
        yield kind, name, found
        if is_a(found, list, Records):
            for one in found:
                if hasattr(one, "raw"):
                    yield from read(one)
        elif is_a(found, dict):
            for one in found.values():
                if hasattr(one, "raw"):
                    yield from read(one)
        elif hasattr(found, "raw") and type(found).__module__.startswith("lambda_kit.events"):
            yield from read(found)


# The table

_PAGE = Path(__file__).parents[2] / "docs" / "reference-event-sources.md"


def table() -> str:
    """Return the table of sources."""
    lines = [
        "| source | view | how it is recognised | sample |",
        "| --- | --- | --- | --- |",
    ]
    for source in rules.VIEWS:
        named = [f"`{name}`" for name, sample in SAMPLES.items() if source_of(sample) == source]
        page = page_of(rules.VIEWS[source])
        lines.append(f"| [`{source}`]({page}) | `{rules.VIEWS[source]}` | {rule(source)} | {', '.join(named)} |")
    return "\n".join(lines) + "\n"


def rule(source: str) -> str:
    """Return in words how a source is recognised."""
    ways: list[str] = []
    ways += [f"`Records[].{_key(name)}` is `{name}`" for name, one in rules.BY_RECORD.items() if one == source]
    ways += [f"`Records[].{key}`" for key, one in rules.BY_RECORD_KEY.items() if one == source]
    named = [(name, key) for name, (one, key) in rules.BY_EVENT_SOURCE.items() if one == source]
    if named:
        ways.append(f"`eventSource` is {' or '.join(f'`{name}`' for name, _ in named)}, and `{named[0][1]}`")
    ways += [f"`triggerSource` starts with `{name}_`" for name, one in rules.BY_TRIGGER.items() if one == source]
    ways += [" and ".join(map(_words, conditions)) for one, conditions in rules.BY_KEYS if one == source]
    return "; or ".join(ways) or OTHERS[source]


def _key(name: str) -> str:
    return "EventSource" if name == "aws:sns" else "eventSource"


def _words(condition: Any) -> str:
    if isinstance(condition, str):
        return f"no `{condition[1:]}`" if condition.startswith("!") else f"`{condition}`"
    path, values = condition
    return f"`{'.'.join(path)}`" + (f" is {' or '.join(f'`{one}`' for one in values)}" if values else "")


OTHERS = {
    "http": "an HTTP method, in the place of its trigger",
    "pipes": "a list of records with an `eventSource`",
    "appsync_batch": "a list of calls of `appsync`",
}


def shared_files() -> list[Any]:
    """Return the payloads of others as parameters of a test; none where the folder is missing."""
    found = sorted(SHARED.rglob("*.json")) if SHARED.is_dir() else []
    return [pytest.param(path, id=path.relative_to(SHARED).as_posix()) for path in found]


def with_table(page: str) -> str:
    """Return the page with the table of the code."""
    return with_part(page, table())


def page() -> str:
    """Return the page as it is."""
    return _PAGE.read_text("utf-8")


if __name__ == "__main__":
    _PAGE.write_text(with_table(page()), "utf-8")
