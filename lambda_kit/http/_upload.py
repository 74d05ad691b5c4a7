"""The file that a client uploads."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class UploadFile:
    """A file in a form (RFC 7578), whole in memory: a request to a function has 6 MB at most.

    Everything but the data is what the client says, and may be wrong. Check the data before you trust the type.

    Attributes:
        filename: the last part of the file's name, behind all slashes and backslashes and without control characters;
            `""` if nothing is left. Headers have the name as it was sent.
        content_type: the media type in lower case, with its parameters; `"text/plain"` if the client sent none.
        headers: all headers of the part, by their names in lower case.
        data: the bytes.
    """

    __slots__ = ("content_type", "data", "filename", "headers")

    def __init__(
        self,
        data: bytes,
        filename: str = "",
        content_type: str = "application/octet-stream",
        headers: dict[str, str] | None = None,
    ) -> None:
        self.data = data
        self.filename = filename
        self.content_type = content_type
        self.headers = {} if headers is None else headers

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UploadFile) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[Any, ...]:
        return self.filename, self.content_type, self.data

    def __repr__(self) -> str:
        return f"<UploadFile {self.filename!r} of {len(self.data)} bytes>"
