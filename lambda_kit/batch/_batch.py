"""`batch`, `process_batch` and `process_batch_async`: they call a function for each record of an event."""

from __future__ import annotations

import functools

from lambda_kit._kernel import callables
from lambda_kit.batch._processor import Processor
from lambda_kit.errors import ConfigurationError
from lambda_kit.invocation import current, opening

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any, Concatenate, Literal, ParamSpec, Protocol, TypeAlias, TypedDict, TypeVar, Unpack, overload

    from lambda_kit import events
    from lambda_kit.batch._backoff import Backoff
    from lambda_kit.batch._dead_letter import AnySink
    from lambda_kit.batch._report import BatchReport

    P = ParamSpec("P")
    R = TypeVar("R")
    T = TypeVar("T")
    T_contra = TypeVar("T_contra", contravariant=True)
    R_co = TypeVar("R_co", covariant=True)

    SourceName: TypeAlias = Literal["auto", "sqs", "kinesis", "dynamodb", "kafka", "firehose", "s3_batch"]

    class Options(TypedDict, total=False):
        """The options of all three functions, without `source` and `model`."""

        concurrency: int
        order: Literal["auto", "none", "group", "all"]
        margin: float
        permanent: tuple[type[Exception], ...]
        dead_letter: AnySink | None
        idempotency: Callable[[Callable[..., Any]], Callable[..., Any]] | None
        backoff: Backoff | None
        raise_if_all_failed: bool

    class BatchHandler(Protocol[T_contra, P, R_co]):
        """A handler of events with many records, to be put under `@handler`.

        Attributes:
            record_function: the function for one record as it was given, for unit tests.
        """

        __name__: str
        __qualname__: str

        @property
        def record_function(self) -> Callable[Concatenate[T_contra, P], R_co]: ...

        def __call__(self, event: Any, context: Any, /) -> dict[str, Any]:
            """Process the event, and return the response for its service."""
            ...

    class AsyncBatchHandler(Protocol[T_contra, P, R_co]):
        """A handler of events with many records over an async function, to be put under `@handler`, which awaits it.

        Its type parameters are the record, what follows it, and the result, without `Coroutine[Any, Any, ...]`: mypy
        takes the result of an overloaded function, such as `handler`, for Any if the type of an argument has Any in it.

        Attributes:
            record_function: the function for one record as it was given, for unit tests.
        """

        __name__: str
        __qualname__: str

        @property
        def record_function(self) -> Callable[Concatenate[T_contra, P], Coroutine[Any, Any, R_co]]: ...

        def __call__(self, event: Any, context: Any, /) -> Coroutine[Any, Any, dict[str, Any]]:
            """Process the event, and return the response for its service."""
            ...

    class Decorate(Protocol[T]):
        """The decorator that `batch(...)` returns, for a function whose first parameter is the record."""

        @overload
        def __call__(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]  # also some R
            self, fn: Callable[Concatenate[T, P], Coroutine[Any, Any, R]], /
        ) -> AsyncBatchHandler[T, P, R]: ...
        @overload
        def __call__(self, fn: Callable[Concatenate[T, P], R], /) -> BatchHandler[T, P, R]: ...


else:

    class BatchHandler:
        """A handler of events with many records; a protocol for type checkers."""

    class AsyncBatchHandler:
        """A handler of events with many records over an async function; a protocol for type checkers."""


if TYPE_CHECKING:

    @overload
    def batch(  # type: ignore[overload-overlap]  # a coroutine is also some result
        fn: Callable[Concatenate[T, P], Coroutine[Any, Any, R]], /
    ) -> AsyncBatchHandler[T, P, R]: ...
    @overload
    def batch(fn: Callable[Concatenate[T, P], R], /) -> BatchHandler[T, P, R]: ...
    @overload
    def batch(*, model: type[T], source: SourceName = ..., **options: Unpack[Options]) -> Decorate[T]: ...
    @overload
    def batch(*, source: Literal["sqs"], **options: Unpack[Options]) -> Decorate[events.SqsRecord]: ...
    @overload
    def batch(*, source: Literal["kinesis"], **options: Unpack[Options]) -> Decorate[events.KinesisRecord]: ...
    @overload
    def batch(*, source: Literal["dynamodb"], **options: Unpack[Options]) -> Decorate[events.DynamoDBRecord]: ...
    @overload
    def batch(*, source: Literal["kafka"], **options: Unpack[Options]) -> Decorate[events.KafkaRecord]: ...
    @overload
    def batch(*, source: Literal["firehose"], **options: Unpack[Options]) -> Decorate[events.FirehoseRecord]: ...
    @overload
    def batch(*, source: Literal["s3_batch"], **options: Unpack[Options]) -> Decorate[events.S3BatchTask]: ...
    @overload
    def batch(*, source: Literal["auto"] = ..., **options: Unpack[Options]) -> Decorate[Any]: ...


def batch(fn: Any = None, /, **options: Any) -> Any:
    """Turn a function for one record into a handler of events with many: `@batch`, or `@batch(...)`, under `@handler`.

    A record succeeds if the function returns, whatever the value. A record that raises, that cannot be read, or that
    was not started in time is reported, so that the service sends it again. For Firehose the function returns the new
    data.

    ```python
    from lambda_kit import handler
    from lambda_kit.batch import batch


    @handler
    @batch(source="sqs")
    def charge(record):
        print(record.json["order"])
    ```

    Args:
        fn: the function, where the decorator is used without parentheses.
        **options: the options, by keyword:

            - `source`: `"sqs"`, `"kinesis"`, `"dynamodb"`, `"kafka"`, `"firehose"` or `"s3_batch"`; an event of another
              source is then an error. `"auto"` (default): the event shows its source.
            - `model`: the type that the function gets, a pydantic model or any type that pydantic validates; a record
              that does not fit fails alone. None (default): the function gets the view of the record.
            - `concurrency`: the number of records that run at a time, 1 or more, in threads, or in tasks if the
              function is async. Default 1.
            - `order`: the records that a failure stops. `"none"`: no other. `"group"`: the later ones of its FIFO
              group, partition key, item or Kafka partition. `"all"`: all that are not started. `"auto"` (default):
              `"none"` for SQS, Firehose and S3, `"group"` for FIFO queues and Kafka, `"all"` for streams. Unless it is
              `"none"`, records of one group run one after another.
            - `margin`: seconds before the deadline from which on no further record is started, 0 or more, and at most
              three quarters of the time that is left. Records that run then are interrupted 0.2 s before the deadline,
              or half of a shorter margin; with 0 they are not interrupted. Default 1.0.
            - `permanent`: a tuple of exceptions that no retry will mend; such a record goes to `dead_letter`, and is
              acknowledged once it is there. Default `()`.
            - `dead_letter`: the sink for such records: `SqsSink`, `S3Sink`, `DynamoDBSink`, `FileSink`, or a function
              that takes a `DeadLetter`. Default None.
            - `idempotency`: `idempotent(...)`, whose key is looked for in the record as it came, or in the model.
              Default None.
            - `backoff`: `Backoff(...)`: failed messages of SQS come back later each time. Default None.
            - `raise_if_all_failed`: whether to raise `BatchFailed` if no record succeeded. Default False.

    Raises:
        ConfigurationError: an option is unknown or wrong, or the function cannot be called with a record.
        EventError: when running, the event is of no known source, or of another one than `source`.
        BatchFailed: when running, no record succeeded, and `raise_if_all_failed` is set.
    """

    def decorate(fn: Any, /) -> Any:
        callables.refuse_handler(fn, "batch(...)")
        processor = Processor(fn, "batch", **options)
        if processor.function.is_async:

            async def process_async(event: Any, _context: Any, /, **keywords: Any) -> dict[str, Any]:
                return (await processor.process_async(event, keywords)).response

            return _named(process_async, fn)

        def process(event: Any, context: Any, /, **keywords: Any) -> dict[str, Any]:
            if context is not None and current.get(None) is None:  # without @handler the deadline still has to be known
                response: dict[str, Any] = opening(functools.partial(process, **keywords))(event, context)
                return response
            return processor.process(event, keywords).response

        return _named(process, fn)

    return decorate if fn is None else decorate(fn)


def _named(process: Any, fn: Any) -> Any:
    functools.update_wrapper(process, fn)
    del process.__wrapped__  # its parameter is a record, not an event
    process.record_function = fn
    return process


if TYPE_CHECKING:

    @overload
    def process_batch(
        event: Any,
        fn: Callable[[T], object],
        /,
        *,
        model: type[T],
        source: SourceName = ...,
        **options: Unpack[Options],
    ) -> BatchReport: ...
    @overload
    def process_batch(
        event: Any,
        fn: Callable[[Any], object],
        /,
        *,
        model: None = None,
        source: SourceName = ...,
        **options: Unpack[Options],
    ) -> BatchReport: ...
    @overload
    def process_batch(
        event: Any,
        fn: Callable[..., object],
        /,
        *,
        model: Any = ...,
        source: SourceName = ...,
        **options: Unpack[Options],
    ) -> BatchReport: ...


def process_batch(event: Any, fn: Any, /, **options: Any) -> BatchReport:
    """Process an event with a function for one record, and return a report with the result of each and the response.

    ```python
    from lambda_kit.batch import process_batch

    report = process_batch({"Records": []}, print)
    assert report.response == {"batchItemFailures": []}
    ```

    Args:
        event: the event.
        fn: the function.
        **options: the options of `batch`, by keyword.

    Raises:
        ConfigurationError: an option is unknown or wrong, or the function cannot be called with a record, or is async.
        EventError: the event is of no known source, or of another one than `source`.
        BatchFailed: no record succeeded, and `raise_if_all_failed` is set.
    """
    processor = Processor(fn, "process_batch", **options)
    if processor.function.is_async:
        raise ConfigurationError(
            f"process_batch was given the async function {callables.name_of(fn)}; await process_batch_async(...)"
        )
    return processor.process(event, {}).report()


if TYPE_CHECKING:

    @overload
    async def process_batch_async(
        event: Any,
        fn: Callable[[T], Coroutine[Any, Any, object]],
        /,
        *,
        model: type[T],
        source: SourceName = ...,
        **options: Unpack[Options],
    ) -> BatchReport: ...
    @overload
    async def process_batch_async(
        event: Any,
        fn: Callable[[Any], Coroutine[Any, Any, object]],
        /,
        *,
        model: None = None,
        source: SourceName = ...,
        **options: Unpack[Options],
    ) -> BatchReport: ...
    @overload
    async def process_batch_async(
        event: Any,
        fn: Callable[..., Coroutine[Any, Any, object]],
        /,
        *,
        model: Any = ...,
        source: SourceName = ...,
        **options: Unpack[Options],
    ) -> BatchReport: ...


async def process_batch_async(event: Any, fn: Any, /, **options: Any) -> BatchReport:
    """Process an event with an async function for one record, as `process_batch` does with one that is not async.

    Args:
        event: the event.
        fn: the function.
        **options: the options of `batch`, by keyword.

    Raises:
        ConfigurationError: an option is unknown or wrong, or the function cannot be called with a record, or is not
            async.
        EventError: the event is of no known source, or of another one than `source`.
        BatchFailed: no record succeeded, and `raise_if_all_failed` is set.
    """
    processor = Processor(fn, "process_batch_async", **options)
    if not processor.function.is_async:
        raise ConfigurationError(
            f"process_batch_async was given {callables.name_of(fn)}, which is not async; use process_batch(...)"
        )
    return (await processor.process_async(event, {})).report()
