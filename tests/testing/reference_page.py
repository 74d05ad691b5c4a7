"""Writes the tables of `docs/testing-reference.md` anew from the code: `python -m tests.testing.reference_page`."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from lambda_kit import _pytest_plugin as plugin
from lambda_kit import testing
from lambda_kit.testing._logs import LogQueries
from lambda_kit.testing._metric_values import MetricQueries
from lambda_kit.testing._spans import SpanQueries
from tests.generated import with_part

PAGE = Path(__file__).parent.parent.parent / "docs" / "testing-reference.md"


def summary(subject: Any) -> str:
    """Return the first paragraph of a docstring in one line."""
    return " ".join((inspect.getdoc(subject) or "").split("\n\n")[0].split())


def fixtures() -> dict[str, Any]:
    """Return the functions of the public fixtures, by name."""
    found = {name: value for name, value in vars(plugin).items() if isinstance(value, pytest.FixtureDef | _DEFINITION)}
    return {name: value for name, value in found.items() if not name.startswith("_")}


class _Ini:
    def __init__(self) -> None:
        self.settings: list[tuple[str, str, str]] = []

    def addini(self, name: str, help: str, *, type: str = "string", default: Any = "") -> None:
        shown = str(default).lower() if isinstance(default, bool) else str(default)
        self.settings.append((name, help, f"`{shown}`" if shown else ""))


def settings() -> list[tuple[str, str, str]]:
    """Return name, meaning and default of each setting."""
    ini: Any = _Ini()
    plugin.pytest_addoption(ini)
    listed: list[tuple[str, str, str]] = ini.settings
    return listed


def tables() -> str:
    """Return the tables in Markdown."""
    lines = ["## Fixtures", "", "| fixture | type | what it is |", "| --- | --- | --- |"]
    for name, fixture in fixtures().items():
        function = inspect.unwrap(fixture)
        kind = str(function.__annotations__["return"]).removeprefix("Iterator[").removesuffix("]")
        lines.append(f"| `{name}` | `{kind}` | {summary(fixture)} |")
    lines += ["", "The types are in `lambda_kit.testing`; `MemoryStore` is in `lambda_kit.idempotency`.", ""]
    lines += ["## Settings of pytest", "", "| setting | what it is | default |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {text} | {default} |" for name, text, default in settings()]
    lines += ["", "## Assertions", "", "| of | assertion | what it does |", "| --- | --- | --- |"]
    for owner, queries in (("logs", LogQueries), ("metrics", MetricQueries), ("spans", SpanQueries)):
        for name, method in vars(queries).items():
            if not name.startswith("_") and callable(method):
                lines.append(f"| {owner} | `{name}` | {summary(method)} |")
    for name in ("assert_logged", "assert_metric", "assert_spans"):
        lines.append(f"| functions | `{name}` | {summary(getattr(testing, name))} |")
    return "\n".join(lines) + "\n"


def with_tables(page: str) -> str:
    """Return the page with the tables of the code."""
    return with_part(page, tables())


_DEFINITION: Any = type(plugin.lambda_context)

if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text()))
