"""One event with many records, from its source to the report."""

from __future__ import annotations

import time

from lambda_kit import _callables as callables
from lambda_kit._facts import operation, tell
from lambda_kit.batch import _modes as modes
from lambda_kit.batch import _sources as sources
from lambda_kit.batch._call import Function
from lambda_kit.batch._failures import FailureLog
from lambda_kit.batch._report import BURIED, DONE, FAILED, PENDING, BatchReport, Progress
from lambda_kit.batch._run import Run
from lambda_kit.errors import BatchFailed, ConfigurationError
from lambda_kit.invocation import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from lambda_kit.batch._backoff import Backoff
    from lambda_kit.batch._sources import Source

type_of: Any = type  # for type checkers, which would narrow what a check of `type(x)` is about
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
        self._source = source
        self._model = model
        self._concurrency = concurrency
        self._order = order
        self._margin = float(margin)
        self._permanent = permanent
        self._raise_if_all_failed = raise_if_all_failed
        self._backoff: Backoff | None = backoff
        self._send: Callable[[Any], Any] | None = None
        if permanent != () or dead_letter is not None:
            self._send = self._sender(where, permanent, dead_letter)
        self._ways: dict[str, tuple[Any, Any]] = {}  # by source: the view of a record, and what makes a model of it

    def _sender(self, where: str, permanent: Any, sink: Any) -> Callable[[Any], Any] | None:
        """Return what puts letters into the sink; None without one."""
        from lambda_kit.batch import _dead_letter as dead_letters

        dead_letters.check_permanent(where, permanent)
        if sink is None:
            if self._source not in ("firehose", "s3_batch"):
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

    def run(self, event: Any, keywords: dict[str, Any]) -> BatchReport:
        """Process an event with a function that is not async."""
        with operation("batch") as step:
            batch = _Attempt(self, event, keywords)
            if batch.run is not None:
                if self._concurrency == 1:
                    modes.one_by_one(batch.run)
                else:
                    modes.in_threads(batch.run, self._concurrency)
            return batch.finish(step)

    async def run_async(self, event: Any, keywords: dict[str, Any]) -> BatchReport:
        """Process an event with a function that is async."""
        with operation("batch") as step:
            batch = _Attempt(self, event, keywords)
            if batch.run is not None:
                if self._concurrency == 1:
                    await modes.one_by_one_async(batch.run)
                else:
                    await modes.in_tasks(batch.run, self._concurrency)
                if batch.backs_off():
                    import asyncio

                    return await asyncio.to_thread(batch.finish, step)
            return batch.finish(step)

    def _way_of(self, source: Source) -> tuple[Any, Any]:
        found = self._ways.get(source.name)
        if found is None:
            from lambda_kit import events

            read = None
            if self._model is not None:
                from lambda_kit.batch._models import reader

                read = reader(self._model, source.name)
            found = self._ways[source.name] = (getattr(events, source.view), read)
        return found


class _Attempt:
    """One event.

    Attributes:
        run: goes through the records; None if there are none.
    """

    def __init__(self, batch: Batch, event: Any, keywords: dict[str, Any]) -> None:
        self._batch = batch
        self._event = event
        self._started = time.time()
        self._began = time.monotonic()
        batch.function.check_keywords(keywords)
        self._source, records = sources.find(event, batch._source)
        self._progress = Progress(records)
        self.run: Run | None = None
        if self._source is not None and records:
            self._log = FailureLog(self._source, self._progress)
            self.run = self._make_run(self._source, records, keywords)

    def _make_run(self, source: Source, records: Sequence[Any], keywords: dict[str, Any]) -> Run:
        batch = self._batch
        invocation = current.get(None)
        view, read = batch._way_of(source)
        left = float("inf") if invocation is None else invocation.remaining()
        margin = batch._margin
        reserve = min(_RESERVE, margin / 2)
        order = source.order if batch._order == "auto" else batch._order
        return Run(
            source,
            self._progress,
            self._log,
            view,
            batch.function.call(read, keywords, invocation),
            order=order if len(records) > 1 else "none",
            accept=_acceptor(source),
            permanent=batch._permanent,
            bury=self._burier(source),
            take_until=self._began + left - margin,
            run_until=self._began + left - reserve if margin else float("inf"),
            reserve=reserve,
        )

    def _burier(self, source: Source) -> Callable[[Any, Exception], Any] | None:
        send = self._batch._send
        if send is None:
            return None

        from lambda_kit.batch._dead_letter import DeadLetter

        def bury(raw: Any, error: Exception) -> Any:
            return send(DeadLetter(raw, error, source=source.name, id=source.id_of(raw)))

        return bury

    def backs_off(self) -> bool:
        """Tell whether AWS is called at the end."""
        wanted = self._batch._backoff is not None and self._source is not None and self._source.name == "sqs"
        return wanted and FAILED in self._progress.states

    def finish(self, step: Any) -> BatchReport:
        """Return the report, once everything is logged and told."""
        source, progress, batch = self._source, self._progress, self._batch
        if source is None:
            response: dict[str, Any] = {"batchItemFailures": []}
        else:
            response = source.respond(source, self._event, progress)
        if self.run is not None:
            self._log.finish()
            if PENDING in progress.states and self.run.is_out_of_time():
                self._log.not_begun(progress.states.count(PENDING), batch._margin)
            if batch._backoff is not None and self.backs_off():
                batch._backoff.apply(progress, progress.positions(FAILED))
        report = BatchReport(source, progress, response, started=self._started, duration=time.monotonic() - self._began)
        counts = {
            "records": report.count,
            "succeeded": progress.states.count(DONE),
            "failed": progress.states.count(FAILED),
            "dead_letters": progress.states.count(BURIED),
            "skipped": progress.states.count(PENDING),
        }
        step.annotate(source=report.source or "empty", **counts)
        tell("batch.processed", source=report.source, **counts)
        if batch._raise_if_all_failed and report.count and not counts["succeeded"] and not counts["dead_letters"]:
            raise _all_failed(report)
        return report


def _acceptor(source: Source) -> Callable[[Any], Any] | None:
    if source.name != "firehose":
        return None
    from lambda_kit.batch._transformed import accept

    return accept


def _all_failed(report: BatchReport) -> BatchFailed:
    first = next((one.error for one in report.failures), None)
    told = "they were not begun in time" if first is None else f"the first with {type(first).__name__}: {first}"
    error = BatchFailed(f"none of the {report.count} records of {report.source} succeeded: {told}", report=report)
    error.__cause__ = first
    return error
