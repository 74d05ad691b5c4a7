"""A stream of output: text, cut into lines, and between the lines log records, which the runtime client frames."""

from __future__ import annotations

import codecs
import struct
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

# A frame: its type, the length of its message in bytes, the time in microseconds; the message follows. The first two
# bytes of a type are no UTF-8, so text does not look like a frame.
_HEADER = struct.Struct(">4sIQ")
_MAGIC = b"\xa5\x5a\x00"
_DAY = 86_400.0
_NO_BREAK_SPACE = "\u00a0"
_ERROR_TRACE = "\rTraceback (most recent call last):"


class Stream:
    """Output of one process.

    Args:
        fd: the descriptor that it is read from.
        worker: the id of the worker that writes it, or None.
        on_line: called with `worker` and each line.
    """

    __slots__ = ("_on_line", "_pending", "fd", "worker")

    def __init__(self, fd: int, worker: int | None, on_line: Callable[[int | None, str], None]) -> None:
        self.fd = fd
        self.worker = worker
        self._on_line = on_line
        self._pending = b""

    def feed(self, data: bytes) -> None:
        """Take the next bytes, and pass on the lines that are complete."""
        rest = self._pending + data
        text = b""  # outside frames
        while True:
            before, magic, _ = rest.partition(_MAGIC)
            if not magic:
                text += rest
                self._pending = b""
                break
            frame = _frame(rest[len(before) :])
            if frame is None:  # it only looks like one
                cut = len(before) + len(magic)
                text, rest = text + rest[:cut], rest[cut:]
                continue
            text = self._lines(text + before)
            if not frame.complete:
                self._pending = text + rest[len(before) :]
                return
            self._record(frame.message)
            rest = rest[len(before) + frame.size :]
        self._pending = self._lines(text)

    def flush(self, *, final: bool = False) -> None:
        """Pass on an unfinished line; at the end of the stream, also an unfinished record."""
        before, magic, _ = self._pending.partition(_MAGIC)
        record = self._pending[len(before) :]
        if magic and _frame(record) is None:
            before, record = self._pending, b""
        text, read = codecs.utf_8_decode(before, "replace", final or bool(record))
        self._pending = before[read:] + record
        if text:
            self._on_line(self.worker, _readable(text))
        if record and final:
            self._pending = b""
            self._record(record[_HEADER.size :])

    def _lines(self, text: bytes) -> bytes:
        """Pass on the complete lines of a text; return the rest."""
        *lines, rest = text.split(b"\n")
        for line in lines:
            self._on_line(self.worker, _readable(f"{line.decode(errors='replace')}\n"))
        return rest

    def _record(self, message: bytes) -> None:
        text = message.decode(errors="replace").removesuffix("\n")
        for line in text.split("\n"):
            self._on_line(self.worker, f"{_indented(line)}\n")


class _Frame(NamedTuple):
    size: int
    message: bytes
    complete: bool


def _frame(data: bytes) -> _Frame | None:
    """Return the frame that `data` begins with, or None if it is no frame."""
    if len(data) < _HEADER.size:
        return _Frame(0, b"", complete=False)
    _, length, microseconds = _HEADER.unpack_from(data)
    if abs(microseconds / 1e6 - time.time()) > _DAY:
        return None
    size = _HEADER.size + length
    return _Frame(size, data[_HEADER.size : size], complete=len(data) >= size)


def _readable(line: str) -> str:
    """Split an error into lines; the runtime client writes it on one line where it has no frames, for log services."""
    if line.endswith("\r\n"):
        line = f"{line[:-2]}\n"
    head, marker, trace = line.partition(_ERROR_TRACE)
    if not marker:
        return line
    frames = trace.rstrip("\n").split("\r")[1:]
    if not frames:
        return f"{head}\n"
    return "\n".join([head, marker.lstrip("\r"), *map(_indented, frames)]) + "\n"


def _indented(line: str) -> str:
    """Replace the no-break spaces that a line is indented by."""
    text = line.lstrip(_NO_BREAK_SPACE)
    return " " * (len(line) - len(text)) + text
