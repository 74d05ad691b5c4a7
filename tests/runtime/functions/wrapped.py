"""Code in another file, for stack traces."""

from __future__ import annotations


def fails_below() -> None:
    empty: dict[str, str] = {}
    empty["missing"]
