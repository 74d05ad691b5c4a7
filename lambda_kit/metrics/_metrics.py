"""`Metrics`: adding values, and the layer that writes them when the invocation ends."""

from __future__ import annotations

import functools
import os
import weakref
from collections import deque
from threading import RLock
from time import perf_counter, time_ns

from lambda_kit._kernel import callables, facts, lifecycle, log
from lambda_kit._kernel.json_text import DEFAULT_REDACT, REDACTED, Encoder
from lambda_kit._kernel.stdout import write
from lambda_kit.errors import ConfigurationError
from lambda_kit.invocation import current
from lambda_kit.metrics import _rules as rules
from lambda_kit.metrics._record import Definition, Labels, Record, Static, lines_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from decimal import Decimal
    from types import TracebackType
    from typing import Any, ParamSpec, TypeVar

    from lambda_kit.invocation import Invocation
    from lambda_kit.metrics._rules import Unit

    P = ParamSpec("P")
    R = TypeVar("R")

_NAMESPACE = ("LAMBDA_KIT_METRICS_NAMESPACE", "POWERTOOLS_METRICS_NAMESPACE")
_SERVICE = ("LAMBDA_KIT_SERVICE", "POWERTOOLS_SERVICE_NAME")
_SMALLEST, _LARGEST = -rules.LARGEST, rules.LARGEST
_SMALLEST_INT, _LARGEST_INT = int(_SMALLEST), int(_LARGEST)
_MAX_DEFINITIONS = 1_000
_MAX_WAITING = 100
# Where the platform filters by level, a line without one counts as INFO:
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
_ABOVE_INFO = frozenset(("WARN", "ERROR", "FATAL"))

_in_use: weakref.WeakSet[Metrics] = weakref.WeakSet()  # what a fork and a reset between tests have to reach
_counting_flags: weakref.WeakSet[Metrics] = weakref.WeakSet()
_registered = False


def _count_flag(name: str, fields: dict[str, Any]) -> None:
    if name == "flags.evaluated":
        for metrics in list(_counting_flags):
            metrics._note_flag(fields["flag"], fields["variant"])


class Metrics:
    """Writes metrics as lines in CloudWatch's embedded metric format, from which CloudWatch extracts them.

    As a layer it writes the values of an invocation once, when it ends, however it ends; without values, nothing. What
    CloudWatch would drop without a word (a unit that it does not know, an empty dimension, NaN) is refused by the call
    that brings it. Threads and tasks of an invocation may add at the same time. Two `Metrics` share nothing.

    Args:
        namespace: of all metrics. By default the environment variable `LAMBDA_KIT_METRICS_NAMESPACE`, else
            `POWERTOOLS_METRICS_NAMESPACE`, read when first used.
        service: the value of a dimension `service`. By default `LAMBDA_KIT_SERVICE`, else `POWERTOOLS_SERVICE_NAME`; if
            none is set, there is no such dimension.
        cold_start: whether the layer counts the metric `ColdStart` in the first invocation of a process, on a line of
            its own, with the dimensions `function_name` and `service`. It needs `@handler` around it.
        flags: whether the layer counts how often each variant of each feature flag was evaluated: the metric
            `FlagEvaluations`, on lines of its own, with the dimensions `flag`, `variant` and `service`. It needs
            `@handler` around it, and `FeatureFlags(record=True)`.
        **dimensions: dimensions of every metric.

    Raises:
        ConfigurationError: CloudWatch would not take the namespace or a dimension; when first used, there is no
            namespace.

    Example:
        ```python
        from lambda_kit import Metrics, handler
        from lambda_kit.testing import invoke

        metrics = Metrics("Shop", service="orders")


        @handler(metrics)
        def place_order(event, context):
            metrics.add("OrdersPlaced", 1)


        (line,) = invoke(place_order).logs
        assert (line["OrdersPlaced"], line["service"]) == (1, "orders")
        ```
    """

    __slots__ = (
        "__weakref__",
        "_cold_start",
        "_definitions",
        "_dimensions",
        "_encoder",
        "_flags",
        "_lock",
        "_namespace",
        "_outside",
        "_recent",
        "_service",
        "_static",
        "_unwritten",
        "_waiting",
    )

    def __init__(
        self,
        namespace: str | None = None,
        service: str | None = None,
        *,
        cold_start: bool = False,
        flags: bool = False,
        **dimensions: object,
    ) -> None:
        self._namespace = None if namespace is None else rules.checked_namespace(namespace, "the namespace")
        self._service = None if service is None else rules.checked_dimensions({"service": service})["service"]
        self._dimensions = rules.checked_dimensions(dimensions)
        rules.check_count([*(["service"] if self._service else []), *self._dimensions])
        self._cold_start = cold_start
        self._flags = flags
        if flags:
            _counting_flags.add(self)
            facts.observe(_count_flag)
        self._encoder = Encoder(DEFAULT_REDACT)
        self._begin()

    def _begin(self) -> None:
        """Forget what waits and what was read from the environment."""
        self._lock = RLock()  # a signal handler and a finaliser may add in the middle of an addition
        self._static: Static | None = None
        self._definitions: dict[str, Definition] = {}
        self._outside = Record(False)
        self._unwritten: deque[str] = deque()  # lines that an interrupt left for whoever writes next
        # Records with values that no layer is going to write, and their invocations.
        self._waiting: dict[Record, Invocation | None] = {}
        self._recent: tuple[Invocation | None, Record] = None, self._outside  # what was used last

    def __repr__(self) -> str:
        return f"<Metrics of {self._namespace or 'the namespace in the environment'}>"

    # What is written

    def add(  # noqa: C901  # it runs most often: what it needs stands in it
        self,
        name: str,
        value: float | Decimal | Sequence[float | Decimal],
        unit: Unit = "Count",
        *,
        high_resolution: bool = False,
    ) -> None:
        """Add a value to a metric, or several.

        They are written when the layer ends, or by `flush()`. Outside of an invocation they wait for either.

        Args:
            name: of the metric: 1 to 255 printable ASCII characters.
            value: a finite number between -2^360 and 2^360, or a sequence of such numbers; an empty one adds nothing.
            unit: as CloudWatch spells it.
            high_resolution: whether CloudWatch keeps the values by the second instead of by the minute.

        Raises:
            ConfigurationError: an argument is not as above; the metric has another unit or resolution in this
                invocation; the name is that of a dimension or of metadata; there is no namespace.
        """
        number: Any = value
        cls: Any = number.__class__
        # An int is compared with ints, which takes half the time.
        if (cls is int and _SMALLEST_INT <= number <= _LARGEST_INT) or (
            cls is float and _SMALLEST <= number <= _LARGEST
        ):
            texts = [f"{number!r}"]
        else:
            texts = rules.texts_of(name, value)
            if not texts:
                return
        try:
            definition = self._definitions.get(name)
        except TypeError:  # no name at all
            definition = None
        if definition is None or definition.unit != unit or definition.high_resolution is not high_resolution:
            definition = self._define(name, unit, high_resolution)
            name = definition.name
        invocation = current.get(None)
        recent, record = self._recent
        if recent is not invocation:
            record = self._record(invocation)
        series = record.series.get(name)
        if series is None:
            if record.labels is not None:
                record.labels.check_metric(name)
            first = definition, texts
            series = record.series.setdefault(name, first)
            if series is not first:  # another thread was first
                series[0].check_same(definition)
                series[1].extend(texts)
        else:
            if series[0] is not definition:
                series[0].check_same(definition)
            series[1].extend(texts)
        if not record.layered and record not in self._waiting:
            self._let_wait(record, invocation)

    def dimension(self, /, **dimensions: object) -> None:
        """Add dimensions to every dimension set, until the invocation ends.

        They count for all values that are not written yet, those added before included. To give a dimension another
        value while values wait, call `flush()` first. Outside of an invocation they end with the next flush.

        Args:
            **dimensions: names and values. What is no string becomes one; it has 1 to 1024 printable ASCII characters.

        Raises:
            ConfigurationError: CloudWatch would not take a name or a value; there are more than 30 in a set; the name
                is that of a metric or of metadata; a value would change under values that wait; there is no namespace.
        """
        self._add_dimensions(dimensions, as_set=False)

    def dimension_set(self, /, **dimensions: object) -> None:
        """Count the values under one more set of dimensions, until the invocation ends.

        CloudWatch keeps, and bills, a metric for each set: one for the dimensions that all values have, and for each
        call of this function one that has these dimensions as well.

        Args:
            **dimensions: as for `dimension`.

        Raises:
            ConfigurationError: as for `dimension`; also if a name has another value in another set, because a line has
                one value for each dimension.
        """
        self._add_dimensions(dimensions, as_set=True)

    def metadata(self, /, **fields: Any) -> None:
        """Add fields that can be searched for in the logs and are no part of a metric, until the invocation ends.

        Every line of the invocation has them. Any value can be encoded; what the logger hides by default, by its name
        and in secrets, is hidden here too. A field beyond 64 KiB in all is replaced by a text that says how long it
        was. Outside of an invocation they end with the next flush.

        Raises:
            ConfigurationError: the name is that of a metric or of a dimension, or `_aws`, `level` or `timestamp`; there
                is no namespace.
        """
        static = self._static or self._resolve()
        encoder = self._encoder
        texts = {
            rules.checked_name("metadata field", name): REDACTED if encoder.key(name)[1] else encoder.value(value)
            for name, value in fields.items()
        }
        with self._lock:
            record = self._record(current.get(None))
            labels = record.labels or Labels(static)
            labels.metadata(record, texts)
            record.labels = labels

    def timer(self, name: str = "Duration", unit: Unit = "Milliseconds", *, high_resolution: bool = False) -> _Timer:
        """Return a context manager, for `with` and `async with`, that adds how long its block took, however it ended.

        It is for one block at a time; each of several at once needs its own.

        Args:
            name: of the metric.
            unit: `Seconds`, `Milliseconds` or `Microseconds`.
            high_resolution: as for `add`.

        Raises:
            ConfigurationError: the name or the unit cannot be, or there is no namespace. What `add` refuses when the
                block ends is raised then, or logged if the block raised.
        """
        factor = rules.checked_duration(unit)
        self._define(name, unit, high_resolution)
        return _Timer(self, name, unit, factor, high_resolution=high_resolution)

    def flush(self) -> None:
        """Write what waits now: of this invocation, of none, and of invocations that ended without the layer.

        In an invocation dimensions and metadata stay.
        """
        invocation = current.get(None)
        with self._lock:
            lines = self._take_waiting()
            if invocation is None:
                self._renew_outside()
            else:
                lines += self._take(self._record(invocation))
        self._write(lines)

    # The layer

    def __call__(self, fn: Callable[P, R], /) -> Callable[P, R]:
        """Put the layer around a function: what it adds is written when it ends.

        Around a function that runs inside of another one with this layer it does nothing.
        """
        given: Any = fn
        if not callable(given):
            raise ConfigurationError(f"a Metrics object was put around {given!r}, which is not callable")
        layered: Any = self._around_coroutine(given) if callables.is_coroutine_function(fn) else self._around(given)
        wrapped: Callable[P, R] = functools.update_wrapper(layered, given)
        return wrapped

    def _around(self, fn: Any) -> Any:
        get, enter, leave = current.get, self._enter, self._leave
        if str(callables.signature_of(fn)) == "(event, context)":  # most handlers; it spares packing the arguments

            def measured(event: Any, context: Any) -> Any:
                invocation = get(None)
                record = enter(invocation)
                try:
                    return fn(event, context)
                finally:
                    if record is not None:
                        leave(record, invocation)

            return measured

        def measured_of_any_signature(*args: Any, **kwargs: Any) -> Any:
            invocation = get(None)
            record = enter(invocation)
            try:
                return fn(*args, **kwargs)
            finally:
                if record is not None:
                    leave(record, invocation)

        return measured_of_any_signature

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
        """Return the record that is to be written when the function ends, or None if a layer outside does it."""
        if invocation is None:
            return self._outside
        state = invocation.state
        record: Record | None = state.get(self)
        if record is None:
            record = state[self] = Record(True)
        elif record.layered:
            return None
        else:
            record.layered = True
        self._recent = invocation, record
        if self._cold_start and invocation.cold_start and not record.counted:
            record.counted = True
            self._count_cold_start(invocation)
        return record

    def _leave(self, record: Record, invocation: Invocation | None) -> None:
        try:
            if invocation is None:
                self.flush()
                return
            record.layered = False
            if record.series:
                head = record.labels or self._static or self._resolve()
                self._write(lines_of(head, record.series, time_ns() // 1_000_000))
            record.labels = None
            if record.flags is not None:
                self._write_flags(record.flags)
                record.flags = None
            if self._recent[0] is invocation:  # it would keep the invocation alive
                self._recent = None, self._outside
            if self._waiting or self._unwritten:
                with self._lock:
                    lines = self._take_waiting()
                self._write(lines)
        except Exception:
            log.exception("metrics could not be written")

    def _count_cold_start(self, invocation: Invocation) -> None:
        # Written as the invocation begins: one that is killed at its deadline was a cold start too.
        try:
            self._write_count("ColdStart", 1, {"function_name": invocation.function_name or "unknown"})
        except Exception:
            log.exception("the cold start could not be counted")

    def _note_flag(self, flag: str, variant: str) -> None:
        invocation = current.get(None)
        record: Record | None = None if invocation is None else invocation.peek(self)
        if record is not None and record.layered:
            with self._lock:
                counts = record.flags = record.flags or {}
                counts[flag, variant] = counts.get((flag, variant), 0) + 1

    def _write_flags(self, counts: dict[tuple[str, str], int]) -> None:
        for (flag, variant), count in counts.items():
            try:
                self._write_count("FlagEvaluations", count, {"flag": flag, "variant": variant})
            except Exception:
                log.exception("the evaluations of the flag %r could not be counted", flag)

    def _write_count(self, name: str, count: int, dimensions: dict[str, object]) -> None:
        """Write a metric of the kit's own on a line of its own."""
        static = self._static or self._resolve()
        checked = rules.checked_dimensions(dimensions)
        if "service" in static.dimensions:
            checked["service"] = static.dimensions["service"]
        own = Static(static.namespace, checked, static.level)
        series = {name: (Definition(name, "Count", high_resolution=False), [str(count)])}
        self._write(lines_of(own, series, time_ns() // 1_000_000))

    # Within

    def _take(self, record: Record) -> Iterable[str]:
        """Take the values of a record and return their lines."""
        missing: Any = self
        # Out of there first: a value that is added meanwhile lets it wait again.
        invocation = self._waiting.pop(record, missing)
        try:
            if record.series:
                head = record.labels or self._static or self._resolve()
                return list(lines_of(head, record.series, time_ns() // 1_000_000))
        except BaseException:
            if invocation is not missing:
                self._waiting[record] = invocation
            raise
        return ()

    def _take_waiting(self) -> list[str]:
        """Take what was added outside of invocations, and in those that have ended, and return the lines."""
        lines: list[str] = []
        while self._unwritten:
            lines.append(self._unwritten.popleft())
        for record, invocation in list(self._waiting.items()):
            if invocation is None or invocation.ended:
                lines += self._take(record)
                if record is self._outside:
                    self._renew_outside()
        return lines

    def _write(self, lines: Iterable[str]) -> None:
        """Write lines; writing may wait for whoever reads, and an interrupt there must not lose them."""
        left = iter(lines)
        line: str | None = None
        try:
            for line in left:
                write(line)
                line = None  # noqa: PLW2901
        except BaseException:
            self._unwritten.extend([] if line is None else [line])
            self._unwritten.extend(left)
            raise

    def _renew_outside(self) -> None:
        if self._recent[1] is self._outside:
            self._outside = Record(False)
            self._recent = None, self._outside
        else:
            self._outside = Record(False)

    def _let_wait(self, record: Record, invocation: Invocation | None) -> None:
        lines: list[str] = []
        with self._lock:
            if len(self._waiting) >= _MAX_WAITING:  # a function whose layer was forgotten must not fill the memory
                lines = self._take_waiting()
            self._waiting[record] = invocation
        self._write(lines)

    def _record(self, invocation: Invocation | None) -> Record:
        """Return the record of an invocation, or of none, and find it at once the next time."""
        record: Record = (
            self._outside
            if invocation is None
            else invocation.peek(self) or invocation.state.setdefault(self, Record(False))
        )
        self._recent = invocation, record
        return record

    def _add_dimensions(self, dimensions: dict[str, object], *, as_set: bool) -> None:
        static = self._static or self._resolve()
        checked = rules.checked_dimensions(dimensions)
        with self._lock:
            record = self._record(current.get(None))
            labels = record.labels or Labels(static)
            labels.dimension(record, checked, as_set=as_set)
            record.labels = labels

    def _define(self, name: Any, unit: Any, high_resolution: Any) -> Definition:
        static = self._static or self._resolve()
        plain = rules.checked_name("metric", name)
        static.check_metric(plain)
        definition = Definition(plain, rules.checked_unit(plain, unit), high_resolution=bool(high_resolution))
        if len(self._definitions) >= _MAX_DEFINITIONS:  # names that are data must not fill the memory
            self._definitions.clear()
        self._definitions[plain] = definition
        return definition

    def _resolve(self) -> Static:
        """Find out namespace and service, and render what is the same on all lines."""
        namespace = self._namespace
        if namespace is None:
            variable = next((one for one in _NAMESPACE if os.environ.get(one)), None)
            if variable is None:
                raise ConfigurationError(
                    "there is no namespace for the metrics: pass Metrics(namespace=...), or set the environment "
                    f"variable {' or '.join(_NAMESPACE)}"
                )
            namespace = rules.checked_namespace(os.environ[variable], f"the namespace in {variable}")
        service = self._service
        if service is None and (found := next((os.environ[one] for one in _SERVICE if os.environ.get(one)), None)):
            service = rules.checked_dimensions({"service": found})["service"]
        dimensions = self._dimensions if service is None else {"service": service, **self._dimensions}
        level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "").upper()
        self._static = static = Static(namespace, dimensions, level if level in _ABOVE_INFO else "")
        _in_use.add(self)
        _register()
        return static


class _Timer:
    """The context manager that `Metrics.timer` returns."""

    __slots__ = ("_began", "_factor", "_high_resolution", "_metrics", "_name", "_unit")

    def __init__(self, metrics: Metrics, name: str, unit: Unit, factor: float, *, high_resolution: bool) -> None:
        self._metrics = metrics
        self._name = name
        self._unit: Unit = unit
        self._factor = factor
        self._high_resolution = high_resolution
        self._began: float | None = None

    def __enter__(self) -> None:
        if self._began is not None:
            raise ConfigurationError(
                f"the timer of {self._name!r} was entered while it runs: call timer() for each of the blocks"
            )
        self._began = perf_counter()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        began, self._began = self._began, None
        took = (perf_counter() - (began or 0.0)) * self._factor
        try:
            self._metrics.add(self._name, took, self._unit, high_resolution=self._high_resolution)
        except ConfigurationError:
            if error is None:
                raise
            log.exception("a timer could not add what it measured")

    async def __aenter__(self) -> None:
        self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)


def _register() -> None:
    global _registered
    if not _registered:
        _registered = True
        lifecycle.on_fork(_forget)
        lifecycle.on_reset(_forget)


def _forget() -> None:
    """Forget what waits: in a forked child it belongs to the parent, which writes it."""
    for metrics in list(_in_use):
        metrics._begin()
