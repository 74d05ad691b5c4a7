"""Docstrings of routes as texts of the OpenAPI document: summary, description, parameters, answer and errors.

Sections are those of Google's style: `Args:`, `Returns:` or `Yields:`, and `Raises:`.
"""

from __future__ import annotations

import inspect
import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SECTIONS = {"args": "args", "arguments": "args", "returns": "returns", "yields": "returns", "raises": "raises"}
_HEAD = re.compile(r"(\w+):\s*")
_ENTRY = re.compile(r"\**([\w.]+)\s*(?:\([^)]*\))?:\s*(.*)")


class Docstring:
    """The texts of a docstring.

    Attributes:
        summary: the first paragraph, as one line; `""` without one.
        description: what follows it, without the sections; `""` without any.
        args: the texts of the parameters, by their names.
        returns: the text of the return value; `""` without one.
        raises: the texts of the exceptions, by their names.
    """

    __slots__ = ("args", "description", "raises", "returns", "summary")

    def __init__(self, fn: Any) -> None:
        text: Any = getattr(fn, "__doc__", None)
        rest, found = _sections(inspect.cleandoc(text).splitlines() if isinstance(text, str) else [])
        first, _, after = "\n".join(rest).strip().partition("\n\n")
        self.summary = " ".join(first.split())
        self.description = after.strip()
        self.args = _entries(found["args"])
        self.raises = _entries(found["raises"])
        self.returns = " ".join(" ".join(found["returns"]).split())


def _sections(lines: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Return the lines outside of all sections, and the lines of each section."""
    rest: list[str] = []
    found: dict[str, list[str]] = {"args": [], "returns": [], "raises": []}
    current = rest
    for line in lines:
        head = _HEAD.fullmatch(line)
        name = _SECTIONS.get(head[1].lower()) if head is not None else None
        if name is not None:
            current = found[name]
            continue
        if current is not rest and line and not line[0].isspace():
            current = rest
        current.append(line)
    return rest, found


def _entries(lines: list[str]) -> dict[str, str]:
    """Return the texts of the entries of a section. Lines that are indented further go on with an entry."""
    found: dict[str, str] = {}
    name = ""
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    for line in lines:
        entry = _ENTRY.fullmatch(line[margin:])
        if entry is not None and not line[margin : margin + 1].isspace():
            name = entry[1]
            found[name] = entry[2].strip()
        elif name and line.strip():
            found[name] = f"{found[name]} {line.strip()}".strip()
    return found
