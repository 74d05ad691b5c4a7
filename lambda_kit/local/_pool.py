"""The environments of a served function: each has one request at a time, and the others wait in their order."""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lambda_kit.errors import LambdaKitError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from lambda_kit.local._environment import Environment


class _Slot:
    """A place for an environment.

    Attributes:
        number: of the place, from 1.
        environment: the environment, once it was needed.
        generation: of the sources that the environment was made for.
    """

    __slots__ = ("environment", "generation", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.environment: Environment | None = None
        self.generation = 0


class _Waiting:
    """A request that waits for an environment."""

    __slots__ = ("ready", "slot")

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.slot: _Slot | None = None


class Pool:
    """Environments that are made when they are needed.

    Args:
        size: how many there are at most.
        make: makes one, given its number.
        changed: returns the source files that have changed since it was called before.
        on_reload: called with them.
    """

    def __init__(
        self,
        size: int,
        make: Callable[[int], Environment],
        changed: Callable[[], list[str]],
        on_reload: Callable[[list[str]], None],
    ) -> None:
        self._make = make
        self._changed = changed
        self._on_reload = on_reload
        self._lock = threading.Lock()
        self._slots = [_Slot(number) for number in range(size, 0, -1)]
        self._idle = list(self._slots)  # the last is taken first: those that have served, then new ones
        self._waiting: deque[_Waiting] = deque()
        self._generation = 0
        self._closed = False

    @contextmanager
    def environment(self) -> Generator[Environment]:
        """Wait for an environment that is free, and have it for one request.

        Raises:
            LambdaKitError: the pool is closed.
        """
        slot = self._acquire()
        try:
            yield self._current(slot)
        finally:
            self._release(slot)

    def close(self) -> None:
        """End all environments; requests that run or wait fail."""
        with self._lock:
            self._closed = True
            waiting = list(self._waiting)
            self._waiting.clear()
        for one in waiting:
            one.ready.set()
        for slot in self._slots:
            self._end(slot)

    def _acquire(self) -> _Slot:
        self._reload()
        with self._lock:
            if self._closed:
                raise _closed()
            if self._idle:
                return self._idle.pop()
            waiting = _Waiting()
            self._waiting.append(waiting)
        waiting.ready.wait()
        if waiting.slot is None:
            raise _closed()
        return waiting.slot

    def _release(self, slot: _Slot) -> None:
        with self._lock:
            if self._waiting:
                waiting = self._waiting.popleft()
                waiting.slot = slot
                waiting.ready.set()
            else:
                self._idle.append(slot)

    def _current(self, slot: _Slot) -> Environment:
        """Return the environment of a slot; make it if there is none, or if the sources have changed since."""
        with self._lock:
            generation = self._generation
        if slot.environment is not None and slot.generation != generation:
            self._end(slot)
        if slot.environment is None:
            environment = self._make(slot.number)
            with self._lock:
                if not self._closed:
                    slot.environment, slot.generation = environment, generation
                    return environment
            environment.close()
            raise _closed()
        return slot.environment

    def _reload(self) -> None:
        with self._lock:
            files = self._changed()
            if not files:
                return
            self._generation += 1
            outdated, self._idle = self._idle, []
        self._on_reload(files)
        for slot in outdated:
            self._end(slot)
            self._release(slot)

    def _end(self, slot: _Slot) -> None:
        environment, slot.environment = slot.environment, None
        if environment is not None:
            with contextlib.suppress(LambdaKitError):
                environment.close()


def _closed() -> LambdaKitError:
    return LambdaKitError("the server was closed")
