"""Writes one line to standard output with one `write`.

Under the runtime client `sys.stdout` flushes after every write. So the output of `print` is out when a line is written
directly to the descriptor. Any other standard output (a terminal, a file, the capture of a test) is written to through
its own methods. A line that cannot be written goes to standard error with a mark.
"""

from __future__ import annotations

import os
import sys
from itertools import repeat
from json.encoder import encode_basestring_ascii

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections import deque
    from typing import Any

_CLIENTS = ("awslambdaric.bootstrap", "lambda_kit.runtime._output")  # the modules of streams that flush each write
# The last `sys.stdout` that was examined, and its descriptor if it is the runtime client's, else -1.
_known: tuple[Any, int] = (None, -1)
_asked: tuple[Any, bool] = (None, False)  # the last one that was asked, and whether it is a terminal


def write(line: str) -> None:
    """Write `line`, which ends with its newline. It raises nothing."""
    global _known
    try:
        stream = sys.stdout
        known, fd = _known  # one read: other threads may replace it
        if stream is not known:
            fd = _descriptor(stream)
            _known = stream, fd
        if fd < 0:
            _write_to(stream, line if line.isascii() else well_formed(line))
            return
        try:
            data = line.encode()
        except UnicodeEncodeError:
            data = well_formed(line).encode()
        written = os.write(fd, data)
        while written < len(data):
            written += os.write(fd, data[written:])
    except Exception as error:
        _write_to_stderr(line, error)


def take_all(waiting: deque[str], taken: list[str]) -> None:
    """Move the waiting lines to `taken`, by one call into C: no interrupt strikes while a line is in neither."""
    try:
        taken.extend(map(type(waiting).popleft, repeat(waiting, len(waiting))))
    except IndexError:  # another thread takes them too
        return


def well_formed(text: str) -> str:
    """Return text in which U+FFFD stands for each half of a surrogate pair: services refuse JSON with such halves."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_terminal() -> bool:
    """Tell whether standard output is a terminal at the moment."""
    global _asked
    stream = sys.stdout
    asked, answer = _asked
    if stream is not asked:
        try:
            answer = bool(stream.isatty())
        except Exception:  # closed, or something that only knows how to write
            answer = False
        _asked = stream, answer
    return answer


def _write_to(stream: Any, line: str) -> None:
    try:
        stream.write(line)
    except UnicodeEncodeError:  # its encoding is not UTF-8; JSON has escapes for all characters
        stream.write("".join(one if one.isascii() else encode_basestring_ascii(one)[1:-1] for one in line))
    stream.flush()


def _descriptor(stream: Any) -> int:
    inner: Any = stream
    while type(inner).__module__ in _CLIENTS and hasattr(inner, "stream"):
        inner = inner.stream  # a worker of a Managed Instance has two of them
    own: Any = sys.__stdout__
    if inner is stream or inner is None or inner is not own:
        return -1
    descriptor: int = inner.fileno()
    return descriptor


def _write_to_stderr(line: str, error: Exception) -> None:
    if line.startswith('{"') and line.endswith("}\n"):
        line = f'{line[:-2]},"loggingError":"standard output: {type(error).__name__}"}}\n'
    try:
        os.write(2, well_formed(line).encode())
    except OSError:  # there is nothing left to write to
        return
