"""One build of a resource that is under way: who runs it, who waits for it, and whether the waiting can end."""

from __future__ import annotations

import contextlib
import contextvars
import threading

from lambda_kit.errors import ResourceCycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future, Task
    from typing import Any

    from lambda_kit.init_cache._entry import Entry, Held

# The builds that the running code is part of, the outermost first.
building: contextvars.ContextVar[tuple[Flight, ...]] = contextvars.ContextVar("lambda_kit_builds", default=())
_NO_TICKET = -1


class Flight:
    """One build, which every caller that needs its value shares.

    Attributes:
        entry: the resource.
        ticket: its place among all builds and refreshes of the process.
        done: set when the build has ended, in one of three ways: with a value, with an error, or abandoned.
        value: what the factory returned.
        error: what it raised.
        ends: when the value runs out at the latest, by the clock of its cache; infinity for its time to live alone.
        fallback: the old value, where it may be used in place of the error.
        abandoned: whether the builder was interrupted; whoever waits builds for itself.
        thread: the thread that runs the factory of a synchronous resource.
        task: the task that runs the factory of an asynchronous one.
        handed_over: whether that thread or task belongs to this build alone, and not to the caller that began it.
        waits_for: the builds that it waits for itself, each as often as it waits for it.
    """

    __slots__ = (
        "_waiters",
        "abandoned",
        "done",
        "ends",
        "entry",
        "error",
        "fallback",
        "handed_over",
        "task",
        "thread",
        "ticket",
        "value",
        "waits_for",
    )

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.ticket = _NO_TICKET
        self.done = threading.Event()
        self.value: Any = None
        self.error: Exception | None = None
        self.ends = float("inf")
        self.fallback: Held | None = None
        self.abandoned = False
        self.thread: int | None = None
        self.task: Task[Any] | None = None
        self.handed_over = False
        self.waits_for: list[Flight] = []
        self._waiters: list[tuple[AbstractEventLoop, Future[None]]] = []

    def end(self) -> None:
        """Wake everyone who waits; what came of the build has been noted before."""
        self.done.set()
        while self._waiters:
            loop, future = self._waiters.pop()
            with contextlib.suppress(RuntimeError):  # the loop was closed
                loop.call_soon_threadsafe(_wake, future)

    async def wait(self) -> None:
        """Wait for the end on the running event loop, without blocking it."""
        import asyncio

        loop = asyncio.get_running_loop()
        future: Future[None] = loop.create_future()
        self._waiters.append((loop, future))
        if not self.done.is_set():  # asked after the future was shown to `end`, which sets it before it looks
            await future

    def is_stranded(self) -> bool:
        """Tell whether it was begun on an event loop that has stopped, so that waiting for it may take for ever."""
        return self.task is not None and not self.task.get_loop().is_running()

    def refuse_cycle(self, chain: tuple[Flight, ...]) -> None:
        """Raise `ResourceCycle` if this build could not end before those of `chain`, which are about to need it."""
        running = tuple(one for one in chain if not one.done.is_set())
        for i, one in enumerate(running):
            if one.entry is self.entry:
                raise ResourceCycle([*(two.entry.name for two in running[i:]), self.entry.name])
        if self.thread == threading.get_ident():  # the chain was lost, in an empty context or a signal handler
            raise ResourceCycle([self.entry.name, self.entry.name])
        path = self._path_to(running)
        if path is not None:
            start = running.index(path[-1])
            raise ResourceCycle([one.entry.name for one in (*running[start:], *path)])

    def _path_to(self, flights: tuple[Flight, ...]) -> list[Flight] | None:
        """Return how this build, through the builds that it waits for, comes to wait for one of `flights`."""
        paths: list[list[Flight]] = [[self]]
        seen: set[Flight] = {self}
        for path in paths:
            if path[-1] in flights:
                return path
            fresh = set(path[-1].waits_for) - seen
            seen |= fresh
            paths += [[*path, flight] for flight in fresh]
        return None


def _wake(future: Future[None]) -> None:
    if not future.done():
        future.set_result(None)
