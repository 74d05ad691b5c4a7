"""Where flags come from: what a source is, files, and flags that stand in the program."""

from __future__ import annotations

import os
import time

from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol

    class Source(Protocol):
        """What `FeatureFlags` reads from; a function that returns a dict serves as well.

        It is asked by one thread at a time, and no more often than the time to live allows. An attribute `ttl`, if it
        has one, is the time to live where `FeatureFlags` is given none: seconds, or None for the life of the
        environment.
        """

        def fetch(self) -> Fetched:
            """Return the flags as they are now.

            Raises:
                Exception: they cannot be had. That of a `FlagsUnavailable` is told as it is.
            """
            ...
else:

    class Source:
        """What `FeatureFlags` reads from; a protocol for type checkers."""


_UNSETTLED = 2.0  # seconds after a change in which another may leave the same time of change, on coarse file systems


class Fetched:
    """Flags as a source has them.

    Args:
        content: a document: JSON as text or bytes, or a mapping that JSON could stand for.
        version: what the source calls this version of it; None if it has no name. It is told in logs.
    """

    __slots__ = ("content", "version")

    def __init__(self, content: bytes | str | Mapping[str, Any], version: str | None = None) -> None:
        self.content = content
        self.version = version


class StaticFlags:
    """Flags that stand in the program, for tests and for what is never to change while it runs.

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
    """A file of JSON, which is read again when it has changed: for local work, and for flags that are deployed.

    Whether it has changed is looked at once a second at the most, by its time of change, its size and its inode.

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
        """Return what the file says.

        Raises:
            OSError: it cannot be read.
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
