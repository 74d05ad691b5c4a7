"""The sources of flags: the protocol, files, and flags in the program itself."""

from __future__ import annotations

import os
import time

from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol

    class Source(Protocol):
        """The source that `FeatureFlags` reads. A function that returns a dict serves as well.

        One thread at a time asks it, once in each time to live. It may have an attribute `ttl`: the time to live if
        `FeatureFlags` is given none, in seconds, or None for the life of the environment.
        """

        def fetch(self) -> Fetched:
            """Return the flags as they are now.

            Raises:
                Exception: they cannot be fetched. The message of a `FlagsUnavailable` is shown unchanged.
            """
            ...
else:

    class Source:
        """The source that `FeatureFlags` reads; a protocol for type checkers."""


_UNSETTLED = 2.0  # seconds after a change in which a second change may get the same time stamp, on coarse file systems


class Fetched:
    """A document of flags, as a source returns it.

    Args:
        content: the document: JSON as text or bytes, or a mapping of values that JSON has.
        version: the source's name for this version, which logs show; None if it has none.
    """

    __slots__ = ("content", "version")

    def __init__(self, content: bytes | str | Mapping[str, Any], version: str | None = None) -> None:
        self.content = content
        self.version = version


class StaticFlags:
    """Flags in the program itself: for tests, and for flags that never change while it runs.

    Args:
        flags: the document.

    Example:
        ```python
        from lambda_kit.flags import StaticFlags

        flags = FeatureFlags(StaticFlags({"early": {"default": True}}))
        assert flags.enabled("early")
        ```
    """

    ttl: float | None = None

    def __init__(self, flags: Mapping[str, Any]) -> None:
        self._flags = flags

    def fetch(self) -> Fetched:
        """Return the flags."""
        return Fetched(self._flags)

    def __repr__(self) -> str:
        return f"StaticFlags({len(self._flags)} flags)"


class FlagFile:
    """A JSON file, read again when it changes: for local work, and for flags that are deployed with the function.

    A change is looked for once a second at most, by the modification time, the size and the inode.

    Args:
        path: the file.
        clock: returns the time in seconds since the epoch.

    Raises:
        ConfigurationError: the path is empty.
    """

    ttl: float | None = 1.0

    def __init__(self, path: str | os.PathLike[str], *, clock: Callable[[], float] = time.time) -> None:
        self._path = os.fspath(path)
        if not self._path:
            raise ConfigurationError("FlagFile(''): pass the path of a file")
        self._clock = clock
        self._state: tuple[int, int, int] | None = None
        self._found: Fetched | None = None

    def fetch(self) -> Fetched:
        """Return the document in the file.

        Raises:
            OSError: the file cannot be read.
        """
        found = os.stat(self._path)  # noqa: PTH116  # pathlib costs more to load than all of this
        state = (found.st_mtime_ns, found.st_size, found.st_ino)
        if self._found is None or state != self._state:
            with open(self._path, "rb") as file:  # noqa: PTH123
                self._found = Fetched(file.read())
            settled = self._clock() - found.st_mtime > _UNSETTLED
            self._state = state if settled else None
        return self._found

    def __repr__(self) -> str:
        return f"FlagFile({self._path!r})"
