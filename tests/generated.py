"""The part of a page between two marks, which a program writes; the words around it are written by hand."""

from __future__ import annotations

BEGIN, END = "<!-- generated from the code -->\n", "<!-- end -->\n"


def with_part(page: str, part: str, begin: str = BEGIN) -> str:
    """Return a page with another part between the marks."""
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(END)
    return f"{before}{begin}\n{part}\n{END}{after}"
