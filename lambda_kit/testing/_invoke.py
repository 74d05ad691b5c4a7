"""Running a handler once, in this process, and collecting everything that it did."""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import CoroutineType
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from lambda_kit._kernel import durable, lifecycle
from lambda_kit.errors import ConfigurationError
from lambda_kit.invocation import process
from lambda_kit.local._lines import Lines
from lambda_kit.testing._context import make_context
from lambda_kit.testing._recording import Recording, after_reset
from lambda_kit.testing._result_assertions import ResultAssertions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambda_kit.local._execution import Run
    from lambda_kit.testing._logs import Logs
    from lambda_kit.testing._metric_values import MetricValues
    from lambda_kit.testing._spans import Spans

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Result(ResultAssertions, Generic[R]):
    """The result of one invocation.

    Attributes:
        value: the handler's return value; None if it raised.
        error: the exception that would have reached the runtime; None if the handler returned.
        output: everything that was printed to standard output.
        logs: in order, each line of the output that is a JSON object, and each record of `logging` as a dict with
            `level`, `logger` and `message`. A tuple that can be searched.
        spans: the outermost spans of tracers with the backend `"auto"` or `"xray"`, recorded as in a sampled
            invocation; their `children` are the other spans. Empty if the environment configures a backend. A tuple
            that can be searched.
        metrics: the values of each metric that was written, by name; its `points` have dimensions and units.
        duration: the handler's run time, in seconds.
        runs: of a durable execution, its runs with their checkpoints; empty for other handlers.
    """

    value: R | None
    error: Exception | None
    output: str
    logs: Logs
    spans: Spans
    metrics: MetricValues
    duration: float
    runs: tuple[Run, ...] = ()

    def unwrap(self) -> R:
        """Return the value, or raise the error with its own traceback."""
        __tracebackhide__ = True
        if self.error is not None:
            raise self.error
        value: Any = self.value  # without an error it is the handler's return value
        result: R = value
        return result


def invoke(
    handler: Callable[[Any, Any], R],
    event: Any = None,
    *,
    context: Any = None,
    cold: bool = False,
    answers: Mapping[str, Any] | None = None,
    skip_waits: bool = True,
    patience: float = 30.0,
) -> Result[R]:
    r"""Run a handler once, with all its layers, and return its result; an exception is part of the result.

    A handler under `durable_execution` of AWS's SDK runs as often as its execution needs, with AWS's testing package
    (extra `durable`) in place of the service. The value is that of the whole execution.

    Args:
        handler: the handler: any callable that takes `(event, context)`.
        event: the event; default `{}`.
        context: the context; default `make_context()`.
        cold: whether this is the environment's first invocation; default False. If True, the kit's state is reset
            before and the init cache is empty; if False, `cold_start` is False.
        answers: for a durable handler: the answers to its callbacks, by their names. A text is sent as it is, another
            value as JSON; an exception is a failure.
        skip_waits: for a durable handler: whether its waits end at once; default True.
        patience: for a durable handler: seconds that the execution may take by the clock of this machine; default 30.

    Returns:
        The value or the error, the output, log entries, spans, metrics and duration. `KeyboardInterrupt` and
        `SystemExit` are not caught, because they would end the process on Lambda too. The error of a durable execution
        is `ExecutionFailed`.

    Raises:
        ConfigurationError: of a durable handler: the testing package is not installed, a callback has no answer, or a
            context was passed.

    Example:
        ```python
        from lambda_kit import handler
        from lambda_kit.testing import invoke


        @handler
        def greet(event, context):
            print("greeting")
            return f"Hello, {event['name']}"


        result = invoke(greet, {"name": "Ada"})
        assert result.value == "Hello, Ada"
        assert result.output == "greeting\n"
        ```
    """
    if cold:
        lifecycle.reset()
        after_reset()
        process.cold = True
    elif process.cold:
        process.warm_up()
    stream = Lines()
    runs: list[Run] = []
    is_durable = durable.is_durable_function(handler)
    if is_durable:
        handler, runs = _whole(handler, stream, context, answers, skip_waits, patience)
    context = make_context() if context is None else context
    value: R | None = None
    error: Exception | None = None
    with Recording(stream) as seen:
        started = time.perf_counter()
        try:
            value = handler({} if event is None else event, context)
        except Exception as raised:
            if is_durable and isinstance(raised, ConfigurationError):
                raise  # of this call: those of the handler are the reason of an `ExecutionFailed`
            error = raised
            seen.note = f"\nthe handler raised {type(raised).__name__}: {raised}"
        duration = time.perf_counter() - started
        if isinstance(value, CoroutineType):
            value.close()
            value, error = None, _coroutine_of(handler)
            seen.note = f"\n{error}"
    return Result(value, error, stream.getvalue(), seen.logs, seen.spans, seen.metrics, duration, tuple(runs))


def _coroutine_of(handler: Any) -> Exception:
    """Return the error of a handler that returned a coroutine. On Lambda, the runtime client cannot encode it."""
    from lambda_kit._kernel import callables
    from lambda_kit.local._handler import returned_coroutine

    return ConfigurationError(returned_coroutine(callables.name_of(handler)))


def _whole(
    handler: Callable[[Any, Any], Any],
    lines: Lines,
    context: Any,
    answers: Mapping[str, Any] | None,
    skip_waits: bool,
    patience: float,
) -> tuple[Callable[[Any, Any], Any], list[Run]]:
    """Return a function that runs a whole durable execution, and the list that gets its runs."""
    from lambda_kit.local._execution import Execution

    if context is not None:
        raise ConfigurationError("invoke(context=...): AWS's testing package makes the contexts of a durable handler")
    execution = Execution(handler, lines, answers=answers or {}, skip_waits=skip_waits, patience=patience)
    return lambda event, _: execution.run(event), execution.runs
