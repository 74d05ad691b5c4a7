"""The state of one resource: its value, its overrides, and the build that is under way.

A build starts with the *claim* of the call that runs it, or *joins* those of other resources. It *succeeds*, it
*fails*, or it is *abandoned* after an interrupt. Each of these steps is a method of `State`, which makes its changes
under the lock of all resources.
"""

from __future__ import annotations

import sys
import threading

from lambda_kit._kernel import lifecycle, log
from lambda_kit.init_cache._build import BuiltValue, current_builds, locked, next_sequence, running_builds, shared

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.init_cache._build import Build, Lifetime
    from lambda_kit.init_cache._hit import Hit
    from lambda_kit.init_cache._override import Override

_FOREVER = float("inf")


def expire_at(end: float) -> None:
    """Let the value that is being built expire at the time `end`, if its time to live ends later.

    For a factory that knows how long its value is good. Does nothing outside a build, and without a time to live.
    """
    if chain := current_builds.get():
        chain[-1].expires_at = min(chain[-1].expires_at, end)


def is_discarded() -> bool:
    """Tell whether the value that is being built was given up or invalidated meanwhile, so that it will not be held.

    For a factory that tells others of its result: a later build may have told of its own. The answer holds as long as
    the lock of all resources is held. False outside a build.
    """
    chain = current_builds.get()
    return bool(chain) and chain[-1].owner.pending is not chain[-1]


class State:
    """The state of one resource. Each change is shown to the closure that users call: see `_hit`.

    Args:
        name: the name of the resource.
        hit: the functions that reach into the closure.
        lifetime: for how long a value may be used.
        close: called with a value that is no longer needed; None if there is nothing to close.
        keep: whether the value stays in use after a fork or a restore.

    Attributes:
        name, close: as they were given.
        is_final: returns True for an exception of the factory after which the old value must not be used any more.
        read_clock: returns the time, and the number of seconds by which the clock was set back since it was last read.
        overrides: the overrides in force; the last one counts.
        built: the value; None if there is none.
        pending: the build that is under way; None if there is none.
        builds: the number of times that the factory has succeeded.
        build_time: the seconds that the last build took.
        last_error: the exception that the factory raised last; None once it has succeeded again.
        slow_hits: the number of calls that were answered from the cache, but not by the closure.
    """

    __slots__ = (
        "_hit",
        "_keep",
        "_lifetime",
        "build_time",
        "builds",
        "built",
        "close",
        "is_final",
        "last_error",
        "name",
        "overrides",
        "pending",
        "read_clock",
        "slow_hits",
    )

    def __init__(
        self, name: str, hit: Hit, lifetime: Lifetime, close: Callable[[Any], Any] | None, *, keep: bool
    ) -> None:
        self.name = name
        self.close = close
        self.is_final: Callable[[BaseException], bool] | None = None
        self.read_clock: Callable[[], tuple[float, float]] = hit.read_clock
        self.overrides: list[Override] = []
        self._hit = hit
        self._lifetime = lifetime
        self._keep = keep
        self._forget()

    def _forget(self) -> None:
        self.built: BuiltValue | None = None
        self.pending: Build | None = None
        self.slow_hits = 0
        self.builds = 0
        self.build_time: float | None = None
        self.last_error: BaseException | None = None

    @property
    def hits(self) -> int:
        """The number of calls that were answered from the cache."""
        return int(self._hit.hits()) + self.slow_hits

    def is_ready(self, now: float) -> bool:
        """Tell whether a call would be answered without a build."""
        return bool(self.overrides) or self._usable(now) is not None

    def holds(self, value: object) -> bool:
        """Tell whether `value` is the value that is held."""
        return self.built is not None and self.built.value is value

    def _usable(self, now: float, after: int = 0) -> BuiltValue | None:
        """Return the value, if it may be used and its build started after the sequence number."""
        built = self.built
        good = built is not None and built.sequence > after and now < self._lifetime.usable_until(built)
        return built if good else None

    # The start of a build

    @locked
    def claim(self, mine: Build, now: float, back: float, after: int) -> tuple[BuiltValue | None, Any]:
        """Decide what a call does that the closure has not answered.

        Args:
            mine: the build that the call runs if it has to.
            now: the time.
            back: the number of seconds by which the clock was set back since it was last read.
            after: the sequence number that a build must have started after; 0 if any will do.

        Returns:
            The value to use, if there is one; and a build. If that is `mine`, the caller has to run it: beside the
            invocation if there is a value, at once if there is none. If it is another, the caller has to wait for it.
        """
        self._note_clock(back)
        if self.overrides:
            return BuiltValue(self, self.overrides[-1].value, now, 0), None
        build = self.pending
        if build is not None and build.is_stranded():
            build = None
        built = self._usable(now, after)
        if built is not None:
            self.slow_hits += 1
            lifetime = self._lifetime
            if refresh := lifetime.background and build is None and now >= lifetime.refresh_from(built):
                self._start_refresh(mine)
            self._publish()
            return built, mine if refresh else None
        chain = running_builds()
        (build or mine).refuse_cycle(chain)
        if chain:
            chain[-1].waits_for.pop(mine, None)
        if build is None:
            self._start(mine)
            build = mine
        elif chain:
            chain[-1].waits_for[mine] = build
        return None, build

    def join(self, build: Build, after: int = 0) -> bool:
        """Start a joint build, and return whether there was need for it."""
        return self._join(build, after, *self.read_clock())

    @locked
    def _join(self, build: Build, after: int, now: float, back: float) -> bool:
        self._note_clock(back)
        pending = self.pending
        if self.overrides or (pending is not None and not pending.is_stranded()):
            return False
        if self._usable(now, after) is not None:
            return False
        build.thread = threading.get_ident()
        self._start(build)
        return True

    def _start(self, build: Build) -> None:
        build.sequence = next_sequence()
        invocations = sys.modules.get("lambda_kit.invocation")  # without it, no invocation is running
        invocation = None if invocations is None else invocations.current.get(None)
        if invocation is not None and not invocation.ended:
            build.invocation = invocation
        self.pending = build

    def _start_refresh(self, build: Build) -> None:
        from lambda_kit.init_cache import _closing

        self._start(build)
        shared.refreshing.add(build)
        _closing.schedule()

    # The end of a build

    def succeed(self, build: Build, value: Any, started_at: float, took: float) -> None:
        """Note the success of a build, and wake those that wait for it."""
        now, back = self.read_clock()
        if started_at > now:  # the clock was set back while the factory ran
            started_at = now - took
        early_by = self._lifetime.early_by(started_at, build.expires_at)
        self._note_success(build, BuiltValue(self, value, started_at, build.sequence, early_by), back, took)

    @locked
    def _note_success(self, build: Build, built: BuiltValue, back: float, took: float) -> object:
        """Do what `succeed` does under the lock, and return the value before, to be dropped outside of it."""
        old = self.built
        self._note_clock(back)
        shared.refreshing.discard(build)
        if self.pending is build:
            self._retire(old)
            self.built = built
            self.pending = None
            self.builds += 1
            self.build_time = took
            self.last_error = None
            self._lifetime.end_outage()
            self._publish()
        else:  # given up or invalidated meanwhile: for the callers that wait for it, and no others
            self._retire(built)
        build.value = built.value
        build.done.open()
        return old

    def fail(self, build: Build, error: BaseException, after: int = 0) -> None:
        """Note the failure of a build, wake those that wait for it, and warn where nobody else would learn of it."""
        now, back = self.read_clock()
        final = self.is_final is not None and self.is_final(error)
        before = self.built  # if it is dropped, its finaliser runs outside of the lock
        if self._note_failure(build, error, after, now, back, final):
            old = build.fallback
            what = "its value has expired" if old is None else f"a value {now - old.started_at:.1f} s old stays in use"
            log.warning("the resource %s could not be refreshed; %s", self.name, what, exc_info=error)
        del before

    @locked
    def _note_failure(
        self, build: Build, error: BaseException, after: int, now: float, back: float, final: bool
    ) -> bool:
        """Do what `fail` does under the lock, and return whether it has to warn."""
        self._note_clock(back)
        unseen = build in shared.refreshing
        shared.refreshing.discard(build)
        if self.pending is build:
            self.pending = None
            self.last_error = error
            self._lifetime.note_failure(now)
            self._publish()
        if final and self.built is not None and self.built.sequence < build.sequence:
            self._retire(self.built)
            self.built = None
            self._publish()
        built = self._usable(now)
        if built is not None:
            build.fallback = built
            unseen |= built.sequence > after
        warn = unseen and not self._lifetime.warned
        self._lifetime.warned |= warn
        build.error = error
        build.done.open()
        return warn

    def abandon(self, build: Build) -> None:
        """End a build that was interrupted; do nothing if it has ended."""
        if not build.done.is_open:
            self.discard(build)
            build.abandoned = True
        build.done.open()

    @locked
    def discard(self, build: Build) -> None:
        """Let the result of a build that is under way not become the value."""
        shared.refreshing.discard(build)
        if self.pending is build:
            self.pending = None
            self._publish()

    # What users change

    @locked
    def drop(self) -> object:
        """Drop the value, and return it, so that its finaliser runs outside of the lock."""
        self.pending = None  # a build that is under way may have read what is now out of date
        self._hit.clear()
        old = self.built
        self._retire(old)
        self.built = None
        self._publish()
        return old

    @locked
    def push_override(self, override: Override) -> None:
        """Let calls return the value of an override."""
        self.overrides.append(override)
        self._publish()

    @locked
    def pop_override(self, override: Override) -> None:
        """End an override."""
        self.overrides.remove(override)
        self._publish()

    # What happens to the process

    @locked
    def begin_anew(self, *, forked: bool) -> object:
        """Leave alone what was built before a fork or a restore: it is not closed, and used only if it is to be kept.

        A forked child does not even drop it, because its finaliser would act on what belongs to the parent. A restored
        environment drops it outside of the lock: it is returned.
        """
        old = self.built
        if forked:
            lifecycle.abandon((old, self.pending))
        self.pending = None
        if old is not None:
            old.inherited = True
        if not self._keep:
            self.built = None
        self._publish()
        return old

    def empty(self) -> list[BuiltValue]:
        """Forget everything but overrides, and return the values that are still to be closed."""
        if self._is_new():
            return []
        held = self.built  # dropped outside of the lock
        mine = self._empty()
        del held
        return mine

    def _is_new(self) -> bool:
        """Tell whether nothing has happened since it was declared or emptied: quick, because a cache may hold many."""
        idle = self.built is None and self.pending is None
        return idle and self.last_error is None and self.builds == self.hits == 0

    @locked
    def _empty(self) -> list[BuiltValue]:
        self._retire(self.built)
        mine = [one for one in shared.retired if one.owner is self]
        shared.retired[:] = [one for one in shared.retired if one.owner is not self]
        shared.refreshing.difference_update([one for one in shared.refreshing if one.owner is self])
        if self.close is not None or self._lifetime.background:
            from lambda_kit.init_cache import _closing

            _closing.unschedule_if_idle()
        self._hit.reset_hits()
        self._forget()
        self._publish()
        return mine

    # Parts of these, under the lock

    def _note_clock(self, back: float) -> None:
        """Let nothing live longer because the clock was set back by `back` seconds."""
        if back > 0.0:
            self._lifetime.retry_at -= back
            if self.built is not None:
                self.built.started_at -= back
            self._publish()

    def _retire(self, built: BuiltValue | None) -> None:
        """Let the end of the invocation close a value."""
        if built is not None and self.close is not None and not built.inherited:
            from lambda_kit.init_cache import _closing

            shared.retired.append(built)
            _closing.schedule()

    def _publish(self) -> None:
        """Show the closure what it may return, and until when."""
        built = self.built
        if self.overrides:
            self._hit.publish(self.overrides[-1].value, _FOREVER)
        elif built is None:
            self._hit.clear()
        else:
            until = self._lifetime.usable_until(built)
            if self._lifetime.background and self.pending is None:
                until = min(until, self._lifetime.refresh_from(built))
            self._hit.publish(built.value, until)
