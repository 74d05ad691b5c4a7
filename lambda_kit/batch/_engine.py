"""One event with many records, from its source to the report."""

from __future__ import annotations

import time

from lambda_kit._kernel import callables, type_of
from lambda_kit._kernel.facts import UNOBSERVED, observers, operation, tell
from lambda_kit.batch import _modes as modes
from lambda_kit.batch import _sources as sources
from lambda_kit.batch._call import Function
from lambda_kit.batch._report import BURIED, DONE, FAILED, PENDING, BatchReport, Progress
from lambda_kit.batch._run import Run, Way
from lambda_kit.errors import BatchFailed, ConfigurationError
from lambda_kit.invocation import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit._kernel.facts import Operation
    from lambda_kit.batch._backoff import Backoff
    from lambda_kit.batch._sources import Source

_RESERVE = 0.2  # seconds of the margin, half of it at the most, in which what still runs is interrupted and reported
_ORDERS = ("auto", "none", "group", "all")
_OPTIONS = (
    "source",
    "model",
    "concurrency",
    "order",
    "margin",
    "permanent",
    "dead_letter",
    "idempotency",
    "backoff",
    "raise_if_all_failed",
)


class Batch:
    """The settings of a batch, checked, around a function.

    Attributes:
        function: the function.
        source: the name of the source, or `"auto"`.
        margin: seconds before the deadline when no further record is begun.
        backoff: for messages that fail; None without one.
        raise_if_all_failed: whether it is an error that no record succeeded.
    """

    def __init__(  # noqa: PLR0913  # each is an option
        self,
        fn: Any,
        where: str,
        *,
        source: str = "auto",
        model: Any = None,
        concurrency: int = 1,
        order: str = "auto",
        margin: float = 1.0,
        permanent: tuple[type[Exception], ...] = (),
        dead_letter: Any = None,
        idempotency: Any = None,
        backoff: Any = None,
        raise_if_all_failed: bool = False,
        **unknown: Any,
    ) -> None:
        for name in unknown:
            raise ConfigurationError(
                f"{where} has no option {name!r}{callables.closest(name, _OPTIONS)}; it takes {', '.join(_OPTIONS)}"
            )
        sources.check_name(source)
        if type_of(concurrency) is not int or concurrency < 1:
            raise ConfigurationError(f"{where}(concurrency={concurrency!r}): pass how many records may run at a time")
        if order not in _ORDERS:
            hint = callables.closest(order, _ORDERS) if type_of(order) is str else ""
            raise ConfigurationError(f"{where}(order={order!r}): pass {', '.join(map(repr, _ORDERS))}{hint}")
        if not callables.is_number(margin) or margin < 0:
            raise ConfigurationError(f"{where}(margin={margin!r}): pass the seconds before the deadline, 0 or more")
        if backoff is not None:
            from lambda_kit.batch._backoff import Backoff

            if not isinstance(backoff, Backoff):
                raise ConfigurationError(f"{where}(backoff={backoff!r}): pass Backoff(...)")
        self.function = Function(fn, idempotency)
        self.source = source
        self._model = model
        self._concurrency = concurrency
        self._order = order
        self.margin = float(margin)
        self._permanent = permanent
        self.raise_if_all_failed = raise_if_all_failed
        self.backoff: Backoff | None = backoff
        self._send: Callable[[Any], Any] | None = None
        if permanent != () or dead_letter is not None:
            self._send = self._sender(where, permanent, dead_letter)
        self._ways: dict[Source, Way] = {}

    def _sender(self, where: str, permanent: Any, sink: Any) -> Callable[[Any], Any] | None:
        """Return what puts letters into the sink; None without one."""
        from lambda_kit.batch import _dead_letter as dead_letters

        dead_letters.check_permanent(where, permanent)
        if sink is None:
            if self.source not in ("firehose", "s3_batch"):
                raise ConfigurationError(
                    f"{where}(permanent=...) without dead_letter=: records that fail for good would be lost; pass a "
                    "sink"
                )
            return None
        if not permanent:
            raise ConfigurationError(
                f"{where}(dead_letter=...) without permanent=: nothing would go there; pass the exceptions that no "
                "retry will mend"
            )
        send = dead_letters.sender(f"{where}(dead_letter=...)", sink)
        if self.function.is_async:
            return dead_letters.awaiting(send)
        dead_letters.check_sync(f"{where}(dead_letter=...)", sink, send, self.function.plain)
        return send

    def run(self, event: Any, keywords: dict[str, Any]) -> Attempt:
        """Process an event with a function that is not async."""
        with operation("batch") as step:
            attempt = Attempt(self, event, keywords)
            run = attempt.run
            if run is not None:
                if self._concurrency == 1:
                    modes.one_by_one(run)
                else:
                    modes.in_threads(run, self._concurrency)
            attempt.finish(step)
        return attempt

    async def run_async(self, event: Any, keywords: dict[str, Any]) -> Attempt:
        """Process an event with a function that is async."""
        with operation("batch") as step:
            attempt = Attempt(self, event, keywords)
            run = attempt.run
            if run is not None:
                if self._concurrency == 1:
                    await modes.one_by_one_async(run)
                else:
                    await modes.in_tasks(run, self._concurrency)
            if attempt.backs_off():
                import asyncio

                await asyncio.to_thread(attempt.finish, step)
            else:
                attempt.finish(step)
        return attempt

    def way_of(self, source: Source) -> Way:
        """Return how the records of a source go."""
        found = self._ways.get(source)
        if found is None:
            found = self._ways[source] = self._make_way(source)
        return found

    def _make_way(self, source: Source) -> Way:
        from lambda_kit import events

        read: Callable[[Any], Any] | None = None
        accept: Callable[[Any], Any] | None = None
        if self._model is not None:
            from lambda_kit.batch._models import reader

            read = reader(self._model, source.name)
        if source.name == "firehose":
            from lambda_kit.batch import _transformed as transformed

            accept = transformed.accept
        return Way(
            source,
            getattr(events, source.view),
            read,
            order=source.order if self._order == "auto" else self._order,
            accept=accept,
            permanent=self._permanent,
            bury=self._burier(source),
            reserve=min(_RESERVE, self.margin / 2),
        )

    def _burier(self, source: Source) -> Callable[[Any, Exception], Any] | None:
        send = self._send
        if send is None:
            return None

        from lambda_kit.batch._dead_letter import DeadLetter

        def bury(raw: Any, error: Exception) -> Any:
            return send(DeadLetter(raw, error, source=source.name, id=source.id_of(raw)))

        return bury


class Attempt:
    """One event.

    Attributes:
        run: goes through the records; None if there are none.
        response: what the service is told, once it is finished.
    """

    __slots__ = ("_batch", "_began", "_event", "_progress", "_source", "_started", "_took", "response", "run")

    def __init__(self, batch: Batch, event: Any, keywords: dict[str, Any]) -> None:
        self._batch = batch
        self._event = event
        self._started = time.time()
        self._took = 0.0
        began = self._began = time.monotonic()
        if keywords:
            batch.function.check_keywords(keywords)
        source, records = sources.find(event, batch.source)
        self._source = source
        progress = self._progress = Progress(records)
        self.response: dict[str, Any] = {"batchItemFailures": []}
        self.run: Run | None = None
        if source is None or not records:
            return
        way, invocation = batch.way_of(source), current.get(None)
        call = batch.function.call(way.read, keywords, invocation)
        take_until = run_until = float("inf")
        if invocation is not None and (left := invocation.remaining()) < take_until:
            margin = batch.margin
            take_until = began + left - margin
            if margin:
                run_until = began + left - way.reserve
        self.run = Run(way, progress, call, take_until, run_until)

    def backs_off(self) -> bool:
        """Tell whether AWS is called at the end."""
        wanted = self._batch.backoff is not None and self._source is not None and self._source.name == "sqs"
        return wanted and FAILED in self._progress.states

    def finish(self, step: Operation) -> None:
        """Make the response, once everything is logged and told.

        Raises:
            BatchFailed: no record succeeded, and that is to be an error.
        """
        source, progress, batch, run = self._source, self._progress, self._batch, self.run
        if source is not None:
            self.response = source.respond(source, self._event, progress)
        states = progress.states
        if run is not None:
            run.finish()
            if PENDING in states and run.is_out_of_time():
                run.log.not_begun(states.count(PENDING), batch.margin)
            if batch.backoff is not None and self.backs_off():
                batch.backoff.apply(progress, progress.positions(FAILED))
        self._took = time.monotonic() - self._began
        if observers or step is not UNOBSERVED:
            self._tell(step)
        if batch.raise_if_all_failed and states and DONE not in states and BURIED not in states:
            raise _all_failed(self.report())

    def _tell(self, step: Operation) -> None:
        name = None if self._source is None else self._source.name
        states = self._progress.states
        counts = {
            "records": len(states),
            "succeeded": states.count(DONE),
            "failed": states.count(FAILED),
            "dead_letters": states.count(BURIED),
            "skipped": states.count(PENDING),
        }
        step.annotate(source=name or "empty", **counts)
        tell("batch.processed", source=name, **counts)

    def report(self) -> BatchReport:
        """Return what became of each record."""
        return BatchReport(self._source, self._progress, self.response, started=self._started, duration=self._took)


def _all_failed(report: BatchReport) -> BatchFailed:
    first = next((one.error for one in report.failures), None)
    told = "they were not begun in time" if first is None else f"the first with {type(first).__name__}: {first}"
    error = BatchFailed(f"none of the {report.count} records of {report.source} succeeded: {told}", report=report)
    error.__cause__ = first
    return error
