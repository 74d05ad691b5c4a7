"""Decompression with a bound: a small text may expand to gigabytes."""

from __future__ import annotations

DEFAULT_LIMIT = 24 * 1024 * 1024
"""The default bound in bytes, four times the size of the largest payload of a synchronous invocation."""


class TooLarge(ValueError):
    """The data expands to more bytes than allowed."""


_GZIP = 31  # the window of zlib for gzip with its header
_ZLIB = 15


def limit() -> int:
    """Return the bound for data that comes with an event: `LAMBDA_KIT_MAX_EXPANSION`, else 24 MiB.

    Raises:
        ConfigurationError: the variable is not a number.
    """
    from lambda_kit._kernel import environment

    found = environment.number("LAMBDA_KIT_MAX_EXPANSION")
    return DEFAULT_LIMIT if found is None else int(found)


def decompress(data: bytes, most: int, *, gzip: bool = False) -> bytes:
    """Return compressed data as it was before.

    Args:
        data: the compressed data, complete. With `gzip` it may have several members.
        most: the largest number of bytes to return.
        gzip: True for gzip; False, the default, for zlib.

    Raises:
        TooLarge: the data expands to more than `most` bytes.
        ValueError: the data is not valid, or incomplete.
    """
    import zlib

    parts: list[bytes] = []
    left = most
    while data or not parts:
        unpack = zlib.decompressobj(_GZIP if gzip else _ZLIB)
        try:
            # One byte more than allowed, because 0 means no bound.
            part = unpack.decompress(data, left + 1)
        except zlib.error:
            raise ValueError(f"it is not valid {'gzip' if gzip else 'zlib'}") from None
        left -= len(part)
        if left < 0:
            raise TooLarge(f"it expands to more than {most} bytes")
        if not unpack.eof:
            raise ValueError("it is incomplete")
        parts.append(part)
        data = unpack.unused_data.lstrip(b"\0")  # members may be padded with zeros
        if data and not gzip:
            raise ValueError("it is followed by other data")
    return b"".join(parts)
