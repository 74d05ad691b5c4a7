"""`batch`, `process_batch` and `process_batch_async`: from a function for one record to an event with many."""

from __future__ import annotations

import functools

from lambda_kit._kernel import callables
from lambda_kit.batch._engine import Batch
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
    Fn_co = TypeVar("Fn_co", covariant=True)

    SourceName: TypeAlias = Literal["auto", "sqs", "kinesis", "dynamodb", "kafka", "firehose", "s3_batch"]

    class Options(TypedDict, total=False):
        """What all of them take beside the source and the model."""

        concurrency: int
        order: Literal["auto", "none", "group", "all"]
        margin: float
        permanent: tuple[type[Exception], ...]
        dead_letter: AnySink | None
        idempotency: Callable[[Callable[..., Any]], Callable[..., Any]] | None
        backoff: Backoff | None
        raise_if_all_failed: bool

    class AllOptions(Options, total=False):
        """What `process_batch` takes beside the model."""

        source: SourceName

    class BatchHandler(Protocol[Fn_co]):
        """A handler of batches, to be put under `@handler`.

        Attributes:
            record_function: the function for one record as it was given, for unit tests.
        """

        __name__: str
        __qualname__: str

        @property
        def record_function(self) -> Fn_co: ...

        def __call__(self, event: Any, context: Any, /) -> dict[str, Any]:
            """Process the event, and return the response for its service."""
            ...

    class AsyncBatchHandler(Protocol[Fn_co]):
        """A handler of batches over an async function, to be put under `@handler`, which awaits it."""

        __name__: str
        __qualname__: str

        @property
        def record_function(self) -> Fn_co: ...

        def __call__(self, event: Any, context: Any, /) -> Coroutine[Any, Any, dict[str, Any]]:
            """Process the event, and return the response for its service."""
            ...

    class Decorate(Protocol[T]):
        """What `batch(...)` returns: the decorator of a function that takes a record first."""

        @overload
        def __call__(  # type: ignore[overload-overlap]  # pyright: ignore[reportOverlappingOverload]  # also some R
            self, fn: Callable[Concatenate[T, P], Coroutine[Any, Any, R]], /
        ) -> AsyncBatchHandler[Callable[Concatenate[T, P], Coroutine[Any, Any, R]]]: ...
        @overload
        def __call__(self, fn: Callable[Concatenate[T, P], R], /) -> BatchHandler[Callable[Concatenate[T, P], R]]: ...


if TYPE_CHECKING:

    @overload
    def batch(  # type: ignore[overload-overlap]  # a coroutine is also some result
        fn: Callable[Concatenate[T, P], Coroutine[Any, Any, R]], /
    ) -> AsyncBatchHandler[Callable[Concatenate[T, P], Coroutine[Any, Any, R]]]: ...
    @overload
    def batch(fn: Callable[Concatenate[T, P], R], /) -> BatchHandler[Callable[Concatenate[T, P], R]]: ...
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
    """Make a function for one record a handler of events with many: `@batch`, or `@batch(...)`, under `@handler`.

    The function succeeds for a record if it returns, whatever that is. What raises, what cannot be read, and what was
    not begun in time is reported, so that the service sends it again. For Firehose the function returns the new data.

    ```python
    from lambda_kit import handler
    from lambda_kit.batch import batch


    @handler
    @batch(source="sqs")
    def charge(record):
        print(record.json["order"])
    ```

    Args:
        fn: the function, without parentheses.
        **options: `source`: `"sqs"`, `"kinesis"`, `"dynamodb"`, `"kafka"`, `"firehose"` or `"s3_batch"`, and an event
            of another one is an error; `"auto"`, the default, goes by the event. `model`: what the record becomes, a
            pydantic model or another type that pydantic validates; a record that does not fit fails alone.
            `concurrency`: how many records run at a time, 1 by default: in threads, or in tasks if the function is
            async. `order`: what a failure stops. `"none"`: nothing. `"group"`: what follows in its FIFO group, shard's
            partition key, or Kafka partition. `"all"`: everything that is not begun. `"auto"`: `"none"` for SQS,
            Firehose and S3, `"group"` for FIFO queues and Kafka, `"all"` for streams. But for `"none"`, records of one
            group never run at the same time. `margin`: seconds before the deadline when no further record is begun,
            1.0 by default; what runs then has that time, less a fifth of a second. `permanent`: exceptions that no
            retry will mend; such a record goes to `dead_letter`, a sink, and is acknowledged once it is there.
            `idempotency`: `idempotent(...)`; its key is looked for in the record as it came, or in the model.
            `backoff`: `Backoff(...)`, for SQS. `raise_if_all_failed`: whether to raise `BatchFailed` where no record
            succeeded.

    Raises:
        ConfigurationError: an option is unknown or wrong, or the function cannot be called with a record.
        EventError: when running, the event is of no source that is known, or of another one than was asked for.
        BatchFailed: when running, see `raise_if_all_failed`.
    """

    def decorate(fn: Any, /) -> Any:
        settings = Batch(fn, "batch", **options)
        if settings.function.is_async:

            async def process_async(event: Any, _context: Any, /, **keywords: Any) -> dict[str, Any]:
                return (await settings.run_async(event, keywords)).response

            return _named(process_async, fn)

        def process(event: Any, context: Any, /, **keywords: Any) -> dict[str, Any]:
            if context is not None and current.get(None) is None:  # without @handler: the deadline counts all the same
                answer: dict[str, Any] = opening(functools.partial(process, **keywords))(event, context)
                return answer
            return settings.run(event, keywords).response

        return _named(process, fn)

    return decorate if fn is None else decorate(fn)


def _named(process: Any, fn: Any) -> Any:
    functools.update_wrapper(process, fn)
    del process.__wrapped__  # it takes a record, and not an event
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
    """Process an event with a function for one record, and return what became of each: a report with the response.

    ```python
    from lambda_kit.batch import process_batch

    report = process_batch({"Records": []}, print)
    assert report.response == {"batchItemFailures": []}
    ```

    Args:
        event: the event.
        fn: the function.
        **options: as for `batch`.

    Raises:
        ConfigurationError: an option is unknown or wrong, or the function cannot be called with a record, or is async.
        EventError: the event is of no source that is known, or of another one than was asked for.
        BatchFailed: no record succeeded, and `raise_if_all_failed` is set.
    """
    settings = Batch(fn, "process_batch", **options)
    if settings.function.is_async:
        raise ConfigurationError(
            f"process_batch was given the async function {callables.name_of(fn)}; await process_batch_async(...)"
        )
    return settings.run(event, {}).report()


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
    """Do what `process_batch` does, with an async function.

    Args:
        event: the event.
        fn: the function.
        **options: as for `batch`.

    Raises:
        ConfigurationError: an option is unknown or wrong, or the function cannot be called with a record, or is not
            async.
        EventError: the event is of no source that is known, or of another one than was asked for.
        BatchFailed: no record succeeded, and `raise_if_all_failed` is set.
    """
    settings = Batch(fn, "process_batch_async", **options)
    if not settings.function.is_async:
        raise ConfigurationError(
            f"process_batch_async was given {callables.name_of(fn)}, which is not async; use process_batch(...)"
        )
    return (await settings.run_async(event, {})).report()
