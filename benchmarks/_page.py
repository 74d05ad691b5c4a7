"""The tables of a documentation page, put in place of those that were measured before."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from benchmarks import _table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchmarks._model import Result

# `<!-- table: NAME -->`, and the block behind it.
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n\n```text\n)(.*?)(\n```)", re.DOTALL)


def update(page: str, results: Mapping[str, Sequence[Result]]) -> str:
    """Return the page with the tables of the topics that were measured; the others stay as they are.

    Args:
        page: the text of the page. A table stands in a `text` block below the comment `<!-- table: NAME -->`.
        results: by the name of the topic.
    """

    def table(found: re.Match[str]) -> str:
        before, name, old, after = found.groups()
        return f"{before}{_table.table(results[name]) if name in results else old}{after}"

    return _TABLE.sub(table, page)


def topics(page: str) -> list[str]:
    """Return the names of the topics that have a table in the page."""
    return [found[2] for found in _TABLE.finditer(page)]
