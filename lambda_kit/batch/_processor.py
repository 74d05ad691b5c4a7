"""Processing one event with many records: from the settings and the event to the response and the report."""

from __future__ import annotations

import time

from lambda_kit._kernel import callables, log, type_of
from lambda_kit._kernel.facts import UNOBSERVED, observers, operation, tell
from lambda_kit.batch import _sources as sources
from lambda_kit.batch._plan import Plan
from lambda_kit.batch._progress import DEAD_LETTERED, FAILED, PENDING, SUCCEEDED, Progress
from lambda_kit.batch._record_function import RecordFunction
from lambda_kit.batch._run import Run
from lambda_kit.errors import BatchFailed, ConfigurationError
from lambda_kit.invocation import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit._kernel.facts import Operation
    from lambda_kit.batch._backoff import Backoff
    from lambda_kit.batch._report import BatchReport
    from lambda_kit.batch._source import Source

_RESERVE = 0.2  # seconds before the deadline at which running records are interrupted; at most half of the margin
_MOST_MARGIN = 0.75  # of the time that is left
_INFINITE = float("inf")
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

_THEIRS = {  # names of Powertools, and what to use here
    "event_type": "pass source='sqs', 'kinesis' or 'dynamodb', or leave it out: the event shows its source",
    "logger": "failures are always logged; log.capture_stdlib() gives these lines the form of the logger",
    "processor": "leave it out: @batch is all there is",
    "raise_on_entire_batch_failure": "pass raise_if_all_failed=True; it is False here by default",
    "record_handler": "put @batch above the function for one record",
    "skip_group_on_error": "pass order='group', which is the default for FIFO queues",
}


class Processor:
    """A function for one record with the checked options of its batch.

    Attributes:
        function: the function.
        source: the name of the source, or `"auto"`.
        margin: seconds before the deadline from which on no further record is started.
        backoff: changes when failed messages come back; None without it.
        raise_if_all_failed: whether to raise an exception if no record succeeded.
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
            hint = f"; {_THEIRS[name]}" if name in _THEIRS else callables.closest(name, _OPTIONS)
            raise ConfigurationError(f"{where} has no option {name!r}{hint}; it takes {', '.join(_OPTIONS)}")
        sources.check_name(source)
        if type_of(concurrency) is not int or concurrency < 1:
            raise ConfigurationError(
                f"{where}(concurrency={concurrency!r}): pass the number of records to run at a time, 1 or more"
            )
        if order not in _ORDERS:
            hint = callables.closest(order, _ORDERS) if type_of(order) is str else ""
            raise ConfigurationError(f"{where}(order={order!r}): pass {', '.join(map(repr, _ORDERS))}{hint}")
        if not callables.is_number(margin) or margin < 0:
            raise ConfigurationError(f"{where}(margin={margin!r}): pass seconds before the deadline, 0 or more")
        if backoff is not None:
            from lambda_kit.batch._backoff import Backoff

            if not isinstance(backoff, Backoff):
                raise ConfigurationError(f"{where}(backoff={backoff!r}): pass Backoff(...)")
        self.function = RecordFunction(fn, idempotency)
        if self.function.takes_state and (concurrency != 1 or order not in ("auto", "all")):
            raise ConfigurationError(
                f"{where}(concurrency={concurrency!r}, order={order!r}): a function that takes the state of a window "
                "has to run alone and to stop at a failure; leave both options out"
            )
        self.source = source
        self._model = model
        self._order = order
        self.margin = float(margin)
        self._permanent = permanent
        self.raise_if_all_failed = callables.check_flag(f"{where}(raise_if_all_failed=...)", raise_if_all_failed)
        self.backoff: Backoff | None = backoff
        self._send_letter: Callable[[Any], Any] | None = None
        if permanent != () or dead_letter is not None:
            self._send_letter = self._sender(where, permanent, dead_letter)
        self._plans: dict[Source, Plan] = {}
        self._run_records: Callable[[Run], Any] = _runner(concurrency, is_async=self.function.is_async)

    def _sender(self, where: str, permanent: Any, sink: Any) -> Callable[[Any], Any] | None:
        """Return a function that puts a letter into the sink; None without a sink."""
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
                f"{where}(dead_letter=...) without permanent=: no record would go there; pass the exceptions that no "
                "retry will mend"
            )
        send = dead_letters.sender(f"{where}(dead_letter=...)", sink)
        if self.function.is_async:
            return dead_letters.async_sender(send)
        dead_letters.check_sync(f"{where}(dead_letter=...)", sink, send, self.function.given)
        return send

    def process(self, event: Any, keywords: dict[str, Any]) -> Execution:
        """Process an event with a function that is not async.

        Args:
            event: the event.
            keywords: the values that the function gets by keyword.
        """
        with operation("batch") as step:
            execution = Execution(self, event, keywords)
            if execution.run is not None:
                self._run_records(execution.run)
            execution.finish(step)
        return execution

    async def process_async(self, event: Any, keywords: dict[str, Any]) -> Execution:
        """Process an event with an async function."""
        with operation("batch") as step:
            execution = Execution(self, event, keywords)
            if execution.run is not None:
                await self._run_records(execution.run)
            if execution.needs_backoff():  # it sends requests, which would block the loop
                import asyncio

                await asyncio.to_thread(execution.finish, step)
            else:
                execution.finish(step)
        return execution

    def plan_for(self, source: Source) -> Plan:
        """Return the settings for the records of a source."""
        found = self._plans.get(source)
        if found is None:
            found = self._plans[source] = self._make_plan(source)
        return found

    def _make_plan(self, source: Source) -> Plan:
        from lambda_kit import events

        parse: Callable[[Any], Any] | None = None
        check_result: Callable[[Any], Any] | None = None
        if self._model is not None:
            from lambda_kit.batch._models import parser

            parse = parser(self._model)
        if source.name == "firehose":
            from lambda_kit.batch import _firehose as firehose

            check_result = firehose.check_result
        return Plan(
            source,
            getattr(events, source.view),
            parse,
            order=source.order if self._order == "auto" else self._order,
            check_result=check_result,
            permanent=self._permanent,
            send_to_dead_letter=self._record_sender(source),
        )

    def _record_sender(self, source: Source) -> Callable[[Any, Exception], Any] | None:
        send = self._send_letter
        if send is None:
            return None

        from lambda_kit.batch._dead_letter import DeadLetter

        def send_record(raw: Any, error: Exception) -> Any:
            return send(DeadLetter(raw, error, source=source.name, id=source.id_of(raw)))

        return send_record


def _runner(concurrency: int, *, is_async: bool) -> Callable[[Run], Any]:
    """Return the function that runs the records of an event; a coroutine function for an async function."""
    if is_async:
        from lambda_kit.batch import _tasks

        if concurrency == 1:
            return _tasks.run_serially_async
        return lambda run: _tasks.run_in_tasks(run, concurrency)
    if concurrency == 1:
        from lambda_kit.batch._serial import run_serially

        return run_serially
    from lambda_kit.batch._threads import run_in_threads

    return lambda run: run_in_threads(run, concurrency)


class Execution:
    """The processing of one event.

    Attributes:
        run: the run of the records; None if there are none.
        response: the response for the service, once the execution is finished.
    """

    __slots__ = (
        "_event",
        "_margin",
        "_processor",
        "_progress",
        "_seconds",
        "_source",
        "_started",
        "_started_at",
        "_state",
        "response",
        "run",
    )

    def __init__(self, processor: Processor, event: Any, keywords: dict[str, Any]) -> None:
        self._processor = processor
        self._event = event
        self._started = time.time()
        self._seconds = 0.0
        self._margin = 0.0
        started_at = self._started_at = time.monotonic()
        if keywords:
            processor.function.check_keywords(keywords)
        source, records = sources.find(event, processor.source)
        self._source = source
        progress = self._progress = Progress(records)
        self.response: dict[str, Any] = {"batchItemFailures": []}
        self.run: Run | None = None
        # The state of a tumbling window: without it in the response the invocation would count as failed.
        self._state: dict[str, Any] | None = (event.get("state") or {}) if "window" in event else None
        if source is None or not records:
            return
        plan, invocation = processor.plan_for(source), current.get(None)
        state: dict[str, Any] | None = self._state
        if processor.function.takes_state:
            from copy import deepcopy

            state = deepcopy(state or {})
            if self._state is not None:
                self._state = state
        call = processor.function.prepared(plan.parse, keywords, invocation, state)
        left = _INFINITE if invocation is None else invocation.remaining()
        if left == _INFINITE:
            self.run = Run(plan, progress, call, left, left, 0.0)
            return
        margin = self._margin = processor.margin
        if margin > left * _MOST_MARGIN:  # otherwise no record might be started, in this invocation and in all others
            if margin >= left > 0:
                _log_margin(margin, left)
            margin = self._margin = left * _MOST_MARGIN
        reserve = min(_RESERVE, margin / 2)
        deadline = started_at + left
        self.run = Run(plan, progress, call, deadline - margin, deadline - reserve if margin else _INFINITE, reserve)

    def needs_backoff(self) -> bool:
        """Tell whether finishing calls AWS, because messages failed and the option `backoff` is given."""
        is_wanted = self._processor.backoff is not None and self._source is not None and self._source.name == "sqs"
        return is_wanted and FAILED in self._progress.states

    def finish(self, step: Operation) -> None:
        """Make the response, and log what is still to log.

        Raises:
            BatchFailed: no record succeeded, and the option `raise_if_all_failed` is set; or records of Firehose were
                not started, which it would give up.
        """
        source, progress, processor, run = self._source, self._progress, self._processor, self.run
        if source is not None:
            self.response = source.respond(source, self._event, progress)
        if self._state is not None:
            self.response["state"] = self._state
        states = progress.states
        if run is not None:
            run.finish()
            if PENDING in states and run.is_out_of_time():
                run.log.not_started(list(progress.positions(PENDING)), self._margin)
            if processor.backoff is not None and self.needs_backoff():
                processor.backoff.apply(progress, progress.positions(FAILED))
        self._seconds = time.monotonic() - self._started_at
        if observers or step is not UNOBSERVED:
            self._tell(step)
        if PENDING in states and source is not None and not source.retries_records:
            raise _not_started(self.report())
        if processor.raise_if_all_failed and states and SUCCEEDED not in states and DEAD_LETTERED not in states:
            raise _all_failed(self.report())

    def _tell(self, step: Operation) -> None:
        name = None if self._source is None else self._source.name
        states = self._progress.states
        counts = {
            "records": len(states),
            "succeeded": states.count(SUCCEEDED),
            "failed": states.count(FAILED),
            "dead_letters": states.count(DEAD_LETTERED),
            "skipped": states.count(PENDING),
        }
        step.annotate(source=name or "empty", **counts)
        tell("batch.processed", source=name, **counts)

    def report(self) -> BatchReport:
        """Return the result of each record."""
        from lambda_kit.batch._report import BatchReport

        return BatchReport(self._source, self._progress, self.response, started=self._started, duration=self._seconds)


def _log_margin(margin: float, left: float) -> None:
    log.error(
        "batch(margin=%g): only %.3f s were left before the deadline when the batch was started, so that no record "
        "could have been started; the margin is %.3f s this time. Give the function a longer timeout, or batch a "
        "smaller margin",
        margin,
        left,
        left * _MOST_MARGIN,
    )


def _not_started(report: BatchReport) -> BatchFailed:
    return BatchFailed(
        f"{len(report.skipped)} of {report.count} records of {report.source} were not started before the deadline; "
        f"{report.source} retries all records if the invocation fails, and would give these up otherwise",
        report=report,
    )


def _all_failed(report: BatchReport) -> BatchFailed:
    first = next((one.error for one in report.failures), None)
    reason = "they were not started in time" if first is None else f"the first with {type(first).__name__}: {first}"
    error = BatchFailed(f"none of the {report.count} records of {report.source} succeeded: {reason}", report=report)
    error.__cause__ = first
    return error
