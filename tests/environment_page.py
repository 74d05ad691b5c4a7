"""Writes the table of `docs/environment.md` anew from the code: `python -m tests.environment_page`."""

from __future__ import annotations

from pathlib import Path

from lambda_kit._kernel.environment import VARIABLES
from tests.generated import with_part

PAGE = Path(__file__).parent.parent / "docs" / "environment.md"


def table() -> str:
    """Return the table in Markdown."""
    lines = ["| variable | fallback | values | default | setting |", "| --- | --- | --- | --- | --- |"]
    for name, (peer, values, default, setting) in VARIABLES.items():
        fallback = f"`{peer}`" if peer else ""
        lines.append(f"| `{name}` | {fallback} | {values} | {default} | {setting} |")
    return "\n".join(lines) + "\n"


def with_table(page: str) -> str:
    """Return the page with the table of the code."""
    return with_part(page, table())


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
