"""Standard output while a handler runs in this process."""

from __future__ import annotations

import contextlib
import io
import json
from typing import Any


class Lines(io.StringIO):
    """A stand-in for standard output that also keeps the lines that are JSON objects."""

    def __init__(self) -> None:
        super().__init__()
        self.logs: list[dict[str, Any]] = []
        self._rest = ""

    def write(self, text: str, /) -> int:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._keep(line)
        return super().write(text)

    def end(self) -> None:
        self._keep(self._rest)

    def _keep(self, line: str) -> None:
        if line.startswith("{"):
            with contextlib.suppress(ValueError, RecursionError):
                entry: dict[str, Any] = json.loads(line)
                self.logs.append(entry)
