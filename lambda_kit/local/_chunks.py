"""Bodies in chunks (RFC 9112, section 7.1), as HTTP clients and runtimes send them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedIOBase

_LONGEST_LINE = 16 * 1024
_MOST_TRAILERS = 100
_PIECE = 1 << 16
_HEX = frozenset(b"0123456789abcdefABCDEF")


class MalformedBodyError(Exception):
    """The bytes are no body in chunks."""


class TruncatedBodyError(MalformedBodyError):
    """The connection ended before the body did."""


def chunks(
    source: BufferedIOBase, trailers: dict[str, str], *, longest_trailer: int = _LONGEST_LINE
) -> Iterator[bytes]:
    """Yield the body in pieces, as they come.

    Args:
        source: the connection.
        trailers: gets the fields behind the last chunk, by their names in lower case.
        longest_trailer: bytes that such a field may have.

    Raises:
        TruncatedBodyError: the connection ended.
        MalformedBodyError: the bytes are no body in chunks.
    """
    while size := _size(source):
        while size:
            piece = source.read(min(size, _PIECE))
            if not piece:
                raise TruncatedBodyError("the connection ended within a chunk")
            size -= len(piece)
            yield piece
        if _line(source, _LONGEST_LINE):
            raise MalformedBodyError("a chunk is longer than its size says")
    for _ in range(_MOST_TRAILERS):
        line = _line(source, longest_trailer)
        if not line:
            return
        name, colon, value = line.partition(b":")
        if not colon:
            raise MalformedBodyError("a trailer has no colon")
        trailers[name.decode("latin-1").strip().lower()] = value.decode("latin-1").strip()
    raise MalformedBodyError(f"there are more than {_MOST_TRAILERS} trailers")


def _size(source: BufferedIOBase) -> int:
    digits = _line(source, _LONGEST_LINE).partition(b";")[0].strip()
    if not digits or len(digits) > 16 or not _HEX.issuperset(digits):
        raise MalformedBodyError("the size of a chunk is not a hexadecimal number")
    return int(digits, 16)


def _line(source: BufferedIOBase, longest: int) -> bytes:
    line = source.readline(longest + 2)
    if not line.endswith(b"\n"):
        if len(line) > longest:
            raise MalformedBodyError(f"a line is longer than {longest} bytes")
        raise TruncatedBodyError("the connection ended within the body")
    return line.rstrip(b"\r\n")
