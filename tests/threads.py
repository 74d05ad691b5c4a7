"""A process in which no thread can be started, as one that has reached its limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest


def refuse_threads(monkeypatch: pytest.MonkeyPatch, module: str) -> list[float]:
    """Refuse the threads that a module starts, and note the seconds of each wait for its locks, which nobody releases.

    Args:
        monkeypatch: takes it back after the test.
        module: the name of a module that uses `start_new_thread` and `allocate_lock` of `_thread`.
    """
    waits: list[float] = []

    class Held:
        """A lock that nobody releases."""

        def acquire(self, timeout: float = -1) -> bool:
            if timeout != -1:
                waits.append(timeout)
            return timeout == -1

        def locked(self) -> bool:
            return True

        def release(self) -> None:
            pass

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(f"{module}.start_new_thread", refuse)
    monkeypatch.setattr(f"{module}.allocate_lock", Held)
    return waits
