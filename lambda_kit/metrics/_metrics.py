"""`Metrics`: the methods that users call. What is added waits in `_pending`; the layer writes it."""

from __future__ import annotations

import weakref

from lambda_kit._kernel import callables, environment, lifecycle, passing_on, refuse_probe, wall_clock
from lambda_kit._kernel.json_text import DEFAULT_REDACT, REDACTED, Encoder
from lambda_kit.errors import ConfigurationError
from lambda_kit.invocation import at_end, current, here, request_observers
from lambda_kit.metrics import _rules as rules
from lambda_kit.metrics._head import Head, InvocationHead, resolved_head
from lambda_kit.metrics._pending import Pending
from lambda_kit.metrics._record import Definition, add_to, check_flow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal
    from typing import Any, Literal, NoReturn, ParamSpec, TypeVar
    from weakref import ReferenceType

    from lambda_kit._kernel.bindings import Binding, Chain
    from lambda_kit.invocation import Invocation
    from lambda_kit.metrics._record import Record
    from lambda_kit.metrics._requests import Requests
    from lambda_kit.metrics._rules import Unit
    from lambda_kit.metrics._timer import Timer

    P = ParamSpec("P")
    R = TypeVar("R")

_running = current.get
_SMALLEST, _LARGEST = -rules.LARGEST, rules.LARGEST
_SMALLEST_INT, _LARGEST_INT = int(_SMALLEST), int(_LARGEST)
_MAX_DEFINITIONS = 1_000

_bound: Chain | None = None  # the dimensions that are bound to a context, by `Metrics` object and name
_in_use: set[ReferenceType[Metrics]] = set()  # a fork, and a reset between tests, clear these
_registered = False


class Metrics:
    """Writes metrics as lines in CloudWatch's embedded metric format, from which CloudWatch extracts them.

    As a layer it writes the values of an invocation once, when it ends, however it ends; without values, nothing. Calls
    that CloudWatch would drop without telling (an unknown unit, an empty dimension, NaN) raise. Threads and tasks of an
    invocation may add at the same time. Two `Metrics` objects share nothing.

    Args:
        namespace: of all metrics. By default the environment variable `LAMBDA_KIT_METRICS_NAMESPACE`, else
            `POWERTOOLS_METRICS_NAMESPACE`, read on first use.
        service: the value of a dimension `service`. By default `LAMBDA_KIT_SERVICE`, else `POWERTOOLS_SERVICE_NAME`,
            else there is no such dimension. False for no such dimension whatever the environment says.
        cold_start: whether the layer counts the metric `ColdStart` in the first invocation of a process, on a line of
            its own, with the dimensions `function_name` and `service`. It needs `@handler` around it. An initialisation
            that no caller waits for (provisioned concurrency, SnapStart, Managed Instances) does not count.
        flags: whether the layer counts the evaluations of each variant of each feature flag: the metric
            `FlagEvaluations`, on lines of its own, with the dimensions `flag`, `variant` and `service`. It needs
            `@handler` around it, and `FeatureFlags(record=True)`.
        routes: whether the layer counts the requests that an `HttpApp` within it has answered: the metrics `Requests`,
            `Latency` and `ServerErrors`, on lines of their own, with the dimensions `route` and `service`; default
            True. It needs `@handler` around it.
        replays: what happens to values of a durable execution that an earlier run has counted, because a replay runs
            their code again: `"once"` drops them, `"mark"` writes them on lines with `replayed: true`, on which they
            are under `metrics` and CloudWatch does not count them. Default `"once"`. `ColdStart` and the metrics of
            flags are left out of a replay in both cases.
        clock: returns the time in seconds, for tests. By default the wall clock for timestamps, and a monotonic one for
            timers.
        **dimensions: dimensions of every metric.

    Raises:
        ConfigurationError: CloudWatch would not take the namespace or a dimension; a name is a misspelt option, or an
            option of Powertools; on first use, there is no namespace.

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
        "_clock",
        "_clock_of_lines",
        "_cold_start",
        "_counts_flags",
        "_counts_routes",
        "_definitions",
        "_dimensions",
        "_encoder",
        "_head",
        "_namespace",
        "_pending",
        "_requests",
        "_service",
    )

    def __init__(
        self,
        namespace: str | None = None,
        service: str | Literal[False] | None = None,
        *,
        cold_start: bool = False,
        flags: bool = False,
        routes: bool = True,
        replays: Literal["once", "mark"] = "once",
        clock: Callable[[], float] | None = None,
        **dimensions: object,
    ) -> None:
        if dimensions:
            from lambda_kit.metrics import _unknown

            _unknown.check_dimensions(dimensions)
        self._namespace = None if namespace is None else rules.checked_namespace(namespace, "the namespace")
        self._service: str | Literal[False] | None = service
        if service is not None and service is not False:
            self._service = rules.checked_dimensions({"service": service})["service"]
        self._dimensions = rules.checked_dimensions(dimensions)
        rules.check_count([*(["service"] if self._service else []), *self._dimensions])
        if replays not in ("once", "mark"):
            raise ConfigurationError(f"Metrics(replays={replays!r}): pass 'once' or 'mark'")
        self._cold_start = callables.check_flag("Metrics(cold_start=...)", cold_start)
        self._clock = clock
        self._counts_flags = callables.check_flag("Metrics(flags=...)", flags)
        self._counts_routes = callables.check_flag("Metrics(routes=...)", routes)
        self._requests: Requests | None = None
        if flags:
            from lambda_kit.metrics import _flags

            _flags.count_for(self)
        self._encoder = Encoder(DEFAULT_REDACT)
        self._head: Head | None = None
        self._definitions: dict[str, Definition] = {}
        self._clock_of_lines = clock or wall_clock
        self._pending = Pending(self, self._resolve, self._clock_of_lines, marks_replays=replays == "mark")

    def __repr__(self) -> str:
        return f"<Metrics of {self._namespace or 'the namespace in the environment'}>"

    def add(  # noqa: C901  # it runs most often: what it needs stands in it
        self,
        name: str,
        value: float | Decimal | Sequence[float | Decimal],
        unit: Unit = "Count",
        *,
        high_resolution: bool = False,
        dimensions: Mapping[str, object] | None = None,
        timestamp: float | datetime | None = None,
    ) -> None:
        """Add a value to a metric, or several.

        They are written when the layer ends, or by `flush()`. Outside of an invocation they wait for either.

        Args:
            name: of the metric: 1 to 255 printable ASCII characters.
            value: a finite number between -2^360 and 2^360, or a sequence of such numbers; an empty one adds nothing.
                Numbers and arrays of numpy, `Decimal` and `Fraction` are taken too.
            unit: as CloudWatch spells it.
            high_resolution: whether CloudWatch keeps the values by the second instead of by the minute.
            dimensions: dimensions of these values alone, beside those of the object and the invocation. Safe in tasks,
                threads and records of a batch. The values are written on a line of their own.
            timestamp: the time that the values belong to, in seconds since the epoch or as a datetime with a time zone;
                at most 14 days in the past and 2 hours in the future. By default the time of writing.

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
        if _bound is not None or dimensions is not None or timestamp is not None:
            self._add_apart(definition, texts, dimensions, timestamp)
            return
        invocation = _running(None)
        pending = self._pending
        recent, record = pending.recent
        if recent is not invocation:
            record = pending.adding(invocation)
        series = record.series.get(name)
        if series is None:
            if record.head is not None:
                record.head.check_metric(name)
            first = definition, texts
            series = record.series.setdefault(name, first)
            if series is not first:  # another thread was first
                series[0].check_same(definition)
                series[1].extend(texts)
        else:
            if series[0] is not definition:
                series[0].check_same(definition)
            series[1].extend(texts)
        if not record.layered and record not in pending.waiting:
            pending.let_wait(record, invocation)

    def _add_apart(self, definition: Definition, texts: list[str], dimensions: Any, timestamp: Any) -> None:
        """Add values that may have dimensions or a timestamp of their own."""
        invocation, pending = current.get(None), self._pending
        own = rules.checked_own(dimensions) if dimensions else {}
        bound = None if _bound is None else _bound.top()
        if bound is not None:
            own = {**{name: value for (owner, name), value in bound.fields.items() if owner is self}, **own}
        milliseconds = rules.checked_timestamp(timestamp, self._clock_of_lines())
        record = pending.adding(invocation)
        head = record.head or self._known_head()
        head.check_metric(definition.name)
        if own or milliseconds is not None:
            if definition.name in own:
                raise ConfigurationError(
                    f"add({definition.name!r}, ..., dimensions={{{definition.name!r}: ...}}): in the line both would "
                    f"be the member {definition.name!r}: rename one of them"
                )
            head.check_own(own)
            record.add(own, milliseconds, definition, texts)
        else:
            add_to(record.series, definition, texts)
        if not record.layered and record not in pending.waiting:
            pending.let_wait(record, invocation)

    def bind(self, /, **dimensions: object) -> Binding:
        """Return a context manager in which every value that is added has these dimensions of its own.

        Tasks that are started in the block, and threads that run in a copy of the context, have them too. Other tasks
        and threads do not, so it is safe in concurrent records. Blocks nest; the inner one wins. What is bound outside
        of invocations does not reach into one.

        Args:
            **dimensions: as for `dimension`.

        Raises:
            ConfigurationError: CloudWatch would not take a name or a value; there are too many.
        """
        own = rules.checked_own(dimensions)
        rules.check_count(own)
        from lambda_kit._kernel.bindings import Binding

        at_end["lambda_kit.metrics"] = _end_bindings
        return Binding(_bindings(), {(self, name): value for name, value in own.items()})

    def dimension(self, /, **dimensions: object) -> None:
        """Add dimensions to every value of the invocation, until it ends.

        They count for all values that are not written yet, those added before included. To give a dimension another
        value while values wait, call `flush()` first. For one value of several use `add(..., dimensions={...})` or
        `bind(...)`. Outside of an invocation they end with the next flush.

        Args:
            **dimensions: names and values. What is no string becomes one; it has 1 to 1024 printable ASCII characters.

        Raises:
            ConfigurationError: CloudWatch would not take a name or a value; there are more than 30 in a set; the name
                is that of a metric or of metadata; a value would change under values that wait; it is called in a task
                or a thread that the invocation has started, where it would count for the values of others; there is no
                namespace.
        """
        self._add_dimensions(dimensions, as_set=False)

    def dimension_set(self, /, **dimensions: object) -> None:
        """Count the values under one more set of dimensions, until the invocation ends.

        CloudWatch keeps, and bills, a metric for each set: one for the dimensions that all values have, and one more
        for each call of this function, with these dimensions as well. Values with dimensions of their own are not
        counted under the additional sets.

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
        head = self._head or self._resolve()
        encoder = self._encoder
        texts = {
            rules.checked_name("metadata field", name): REDACTED if encoder.key(name)[1] else encoder.value(value)
            for name, value in fields.items()
        }
        record = self._pending.record(current.get(None))
        own = _own_head(record, head)
        own.metadata(texts, metrics=frozenset(record.metrics()), own_names=record.own_names())

    def timer(
        self,
        name: str = "Duration",
        unit: Unit = "Milliseconds",
        *,
        high_resolution: bool = False,
        dimensions: Mapping[str, object] | None = None,
    ) -> Timer:
        """Return a context manager, for `with` and `async with`, that adds how long its block took, however it ended.

        It is for one block at a time; each of several at once needs its own.

        Args:
            name: of the metric.
            unit: `Seconds`, `Milliseconds` or `Microseconds`.
            high_resolution: as for `add`.
            dimensions: as for `add`.

        Raises:
            ConfigurationError: the name, the unit or a dimension is invalid, or there is no namespace. If `add` refuses
                the value at the end of the block, that is raised then, or logged if the block raised.
        """
        factor = rules.checked_duration(unit)
        self._define(name, unit, high_resolution)
        own = None if dimensions is None else rules.checked_own(dimensions)
        from lambda_kit.metrics import _timer

        def add(seconds: float) -> None:
            self.add(name, seconds * factor, unit, high_resolution=high_resolution, dimensions=own)

        return _timer.Timer(name, add, self._clock or _timer.perf_counter)

    def flush(self) -> None:
        """Write what waits now: of this invocation, of none, and of invocations that ended without the layer.

        In an invocation dimensions and metadata stay.
        """
        self._pending.flush(current.get(None))

    def __call__(self, fn: Callable[P, R], /) -> Callable[P, R]:
        """Return a function with the layer around it: what was added is written when the function ends.

        Inside of another function with this layer it does nothing.
        """
        from lambda_kit.metrics._layer import Layer

        callables.refuse_handler(fn, "Metrics(...)")
        layer = Layer(self, self._pending, self._known_head, cold_start=self._cold_start, flags=self._counts_flags)
        layered: Callable[P, R] = layer.around(fn)
        if self._counts_routes and not any(find() is self for find in request_observers):
            request_observers.append(weakref.ref(self, request_observers.remove))
        return layered

    def __getattr__(self, name: str) -> NoReturn:
        refuse_probe(self, name)
        from lambda_kit.metrics import _unknown

        raise _unknown.attribute(self, name)

    # Within

    def _note_request(self, invocation: Invocation, method: str, status: int, seconds: float) -> None:
        """Write the metrics of a request that an HTTP app has answered, if it was within the layer."""
        record: Record | None = invocation._peek(self)
        if record is None or not record.layered:
            return
        if self._requests is None:
            from lambda_kit.metrics._requests import Requests

            self._requests = Requests(self._pending, self._known_head)
        self._requests.write(invocation.route, method, status, seconds)

    def _add_dimensions(self, dimensions: dict[str, object], *, as_set: bool) -> None:
        head = self._head or self._resolve()
        checked = rules.checked_dimensions(dimensions)
        record = self._pending.record(current.get(None))
        check_flow(record, f"dimension{'_set' * as_set}({', '.join(checked)})")
        own = _own_head(record, head)
        own.dimension(
            checked,
            as_set=as_set,
            metrics=frozenset(record.metrics()),
            waits=record.waits(),
            own_names=record.own_names(),
        )

    def _define(self, name: Any, unit: Any, high_resolution: Any) -> Definition:
        head = self._head or self._resolve()
        plain = rules.checked_name("metric", name)
        head.check_metric(plain)
        fine = callables.check_flag(f"add({plain!r}, high_resolution=...)", high_resolution)
        definition = Definition(plain, rules.checked_unit(plain, unit), high_resolution=fine)
        if len(self._definitions) >= _MAX_DEFINITIONS:  # names that are made of data must not fill the memory
            self._definitions.clear()
        self._definitions[plain] = definition
        return definition

    def _known_head(self) -> Head:
        return self._head or self._resolve()

    def _resolve(self) -> Head:
        """Find out namespace and service, and render what is the same on all lines."""
        self._pending.disabled = disabled = environment.flag("LAMBDA_KIT_METRICS_DISABLED") or False
        head = resolved_head(self._namespace, self._service, self._dimensions, disabled=disabled)
        self._head = self._pending.head = head
        lifecycle.note(self, _in_use)
        _register()
        return head

    def _clear(self, invocation: Invocation | None) -> None:
        """Drop the waiting values and what was read from the environment."""
        self._head = None
        self._definitions = {}
        self._requests = None
        self._pending.leave_to_parent(invocation)


passing_on.add(Metrics)


def _own_head(record: Record, head: Head) -> InvocationHead:
    """Return the dimensions and the metadata of a record, which several threads may add to."""
    if record.head is None:
        made = InvocationHead(head)
        if record.head is None:  # two threads may come here; CPython does not switch between these two steps
            record.head = made
    return record.head


def _bindings() -> Chain:
    """Return the chain of bound dimensions, which few functions need."""
    global _bound
    if _bound is None:
        from lambda_kit._kernel.bindings import Chain

        _bound = Chain("lambda_kit_dimensions", here)
    return _bound


def _end_bindings(invocation: Invocation) -> None:
    if _bound is not None:
        _bound.end(invocation)


def _register() -> None:
    global _registered
    if not _registered:
        _registered = True
        lifecycle.on_fork(_forget)
        lifecycle.on_reset(_forget)


def _forget() -> None:
    """Drop the waiting values: in a forked child they belong to the parent, which writes them."""
    invocation = current.get(None)
    for metrics in lifecycle.living(_in_use):
        metrics._clear(invocation)
    if _bound is not None:
        _bound.set(None)
