"""The outputs: standard output and error, flushed at once, and the descriptor for records of the log."""

from __future__ import annotations

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

_LOG_DESCRIPTOR = "_LAMBDA_TELEMETRY_LOG_FD"
PLAIN = 0xA55A0003
"""The type of a frame with text without a level."""


class Flushing:
    """A text stream that is flushed after each write: Lambda may freeze or kill the process at any time."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __getattr__(self, name: str) -> Any:
        if name == "stream":  # of a copy that is not filled yet
            raise AttributeError(name)
        return getattr(self.stream, name)

    def __iter__(self) -> Any:
        return iter(self.stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def write(self, text: str) -> int:
        """Write text, and flush it."""
        count: int = self.stream.write(text)
        self.stream.flush()
        return count

    def writelines(self, lines: Any) -> None:
        """Write texts, and flush them."""
        self.stream.writelines(lines)
        self.stream.flush()


class StandardSink:
    """Writes records to standard output."""

    framed = False

    def log(self, msg: str, frame_type: int | None = None) -> None:  # noqa: ARG002  # as of the other sink
        """Write a record, which ends with its newline."""
        try:
            sys.stdout.write(msg)
        except UnicodeEncodeError:  # half of a surrogate pair
            sys.stdout.write(msg.encode("utf-8", "backslashreplace").decode())

    def log_error(self, message_lines: list[str], frame_type: int = 0) -> None:  # noqa: ARG002
        """Write lines as one record: the log of Lambda takes a newline for its end, and a carriage return for none."""
        self.log("\r".join(message_lines) + "\n")


class FramedSink:
    """Writes records to the descriptor that Lambda reads: each has its type, its length and its time before it."""

    framed = True

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def log(self, msg: str, frame_type: int | None = None) -> None:
        """Write a record."""
        data = msg.encode("utf-8", "backslashreplace")
        frame = b"".join(
            (
                (frame_type or PLAIN).to_bytes(4, "big"),
                len(data).to_bytes(4, "big"),
                (time.time_ns() // 1000).to_bytes(8, "big"),
                data,
            )
        )
        written = os.write(self.descriptor, frame)
        while written < len(frame):
            written += os.write(self.descriptor, frame[written:])

    def log_error(self, message_lines: list[str], frame_type: int = 0) -> None:
        """Write lines as one record."""
        self.log("\n".join(message_lines), frame_type)


sink: Any = StandardSink()
"""The sink of records, once `open_outputs` was called."""


def open_outputs() -> None:
    """Flush standard output and error after each write from now on, and take the descriptor for records.

    Its variable is removed, so that child processes do not write to it.
    """
    global sink
    sys.stdout = Flushing(sys.stdout)
    sys.stderr = Flushing(sys.stderr)
    descriptor = os.environ.pop(_LOG_DESCRIPTOR, None)
    sink = StandardSink() if descriptor is None else FramedSink(int(descriptor))
