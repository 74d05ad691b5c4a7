"""The metrics as a layer: what was added is written when the function ends, however it ends."""

from __future__ import annotations

import functools
from _thread import get_ident
from sys import modules

from lambda_kit._kernel import callables, log
from lambda_kit.errors import ConfigurationError
from lambda_kit.invocation import current, current_place
from lambda_kit.metrics import _rules as rules
from lambda_kit.metrics._head import Head
from lambda_kit.metrics._lines import lines_of
from lambda_kit.metrics._record import NO_GROUPS, Definition, Record, flow, new_record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.invocation import Invocation
    from lambda_kit.metrics._pending import Pending


class Layer:
    """The layer of one `Metrics` object.

    Args:
        key: under which an invocation keeps its record.
        pending: what waits to be written.
        head: returns the head of lines without dimensions of their own.
        cold_start: whether the first invocation of a process is counted.
        flags: whether evaluations of feature flags are counted.
    """

    __slots__ = ("_cold_start", "_flags", "_head", "_key", "_pending")

    def __init__(
        self, key: object, pending: Pending, head: Callable[[], Head], *, cold_start: bool, flags: bool
    ) -> None:
        self._key = key
        self._pending = pending
        self._head = head
        self._cold_start = cold_start
        self._flags = flags

    def around(self, fn: Any) -> Any:
        """Return `fn` with the layer around it."""
        if not callable(fn):
            raise ConfigurationError(f"a Metrics object was put around {fn!r}, which is not callable")
        if callables.is_coroutine_function(fn):
            layered = self._around_coroutine(fn)
        elif callables.has_handler_signature(fn):
            layered = self._around_handler(fn)
        else:
            layered = self._around_function(fn)
        return functools.update_wrapper(layered, fn)

    def _around_handler(self, fn: Any) -> Any:
        """Return the layer around a function of `(event, context)`, as most are: it spares packing the arguments."""
        get, enter, leave = current.get, self._enter, self._leave

        def measured(event: Any, context: Any) -> Any:
            invocation = get(None)
            record = enter(invocation)
            try:
                return fn(event, context)
            finally:
                if record is not None:
                    leave(record, invocation)

        return measured

    def _around_function(self, fn: Any) -> Any:
        get, enter, leave = current.get, self._enter, self._leave

        def measured(*args: Any, **kwargs: Any) -> Any:
            invocation = get(None)
            record = enter(invocation)
            try:
                return fn(*args, **kwargs)
            finally:
                if record is not None:
                    leave(record, invocation)

        return measured

    def _around_coroutine(self, fn: Any) -> Any:
        get, enter, leave = current.get, self._enter, self._leave

        async def measured(*args: Any, **kwargs: Any) -> Any:
            invocation = get(None)
            record = enter(invocation)
            try:
                return await fn(*args, **kwargs)
            finally:
                if record is not None:
                    leave(record, invocation)

        return measured

    def _enter(self, invocation: Invocation | None) -> Record | None:
        """Return the record to write when the function ends, or None if a layer outside writes it."""
        if invocation is None:
            return self._pending.outside
        state = invocation._state
        if state is None:  # as `Invocation.state` has it, with one call less
            state = invocation._state = {}
        record: Record | None = state.get(self._key)
        if record is None:
            made: Record = new_record(Record)  # as `Record(True)`, with one call less
            made.series = {}
            made.groups = NO_GROUPS
            made.layered = True
            made.head = made.flow = None
            made.counted = False
            record = state[self._key] = made
        elif record.layered:
            return None
        else:
            record.layered = True
            record.head = None  # it belongs to an earlier run of a layer in this invocation
        record.flow = get_ident() if "asyncio" not in modules else flow()
        if current_place.get() is None:
            self._pending.recent = invocation, record
        if self._cold_start and invocation.cold_start and not record.counted and not invocation.replay:
            record.counted = True
            if invocation.init_type == "on-demand":
                self._count_cold_start(invocation)
        return record

    def _leave(self, record: Record, invocation: Invocation | None) -> None:
        try:
            if invocation is None:
                self._pending.flush(None)
                return
            pending = self._pending
            record.layered = False
            if record.series or record.groups:
                pending.finish(record)
            if pending.marks_replays:
                pending.write_replayed(invocation)
            if pending.recent[0] is invocation:  # it would keep the invocation alive
                pending.recent = None, pending.outside
            if pending.waiting or pending.unwritten:
                pending.write_waiting()
            if self._flags:
                self._write_flags(invocation)
        except Exception:
            log.exception("metrics could not be written")

    def _count_cold_start(self, invocation: Invocation) -> None:
        # Written as the invocation begins: one that is killed at its deadline was a cold start too.
        try:
            self._write_count("ColdStart", 1, {"function_name": invocation.function_name or "unknown"})
        except Exception:
            log.exception("the cold start could not be counted")

    def _write_flags(self, invocation: Invocation) -> None:
        from lambda_kit.metrics import _flags

        for (flag, variant), count in _flags.taken(self._key, invocation).items():
            try:
                self._write_count("FlagEvaluations", count, {"flag": flag, "variant": variant})
            except Exception:
                log.exception("the evaluations of the flag %r could not be counted", flag)

    def _write_count(self, name: str, count: int, dimensions: dict[str, object]) -> None:
        """Write a metric of the kit's own on a line of its own."""
        head = self._head()
        checked = rules.checked_dimensions(dimensions)
        if "service" in head.dimensions:
            checked["service"] = head.dimensions["service"]
        own = Head(head.namespace, checked, head.level)
        series = {name: (Definition(name, "Count", high_resolution=False), [str(count)])}
        self._pending.write(lines_of(own, series, self._pending.milliseconds()))
