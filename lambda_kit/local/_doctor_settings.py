"""Settings that contradict each other: the rules of `lambda-kit doctor`. All are functions of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambda_kit.local._doctor_findings import DOCS, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lambda_kit.local._doctor_config import Config, Source

_GUIDE = f"{DOCS}lambda/latest/dg"
SQS_PAGE = f"{_GUIDE}/services-sqs-configure.html"
SQS_ERRORS = f"{_GUIDE}/services-sqs-errorhandling.html"
SQS_SCALING = f"{_GUIDE}/services-sqs-scaling.html"
WINDOW_PAGE = f"{_GUIDE}/invocation-eventsourcemapping.html"
KINESIS_ERRORS = f"{_GUIDE}/services-kinesis-batchfailurereporting.html"
DYNAMODB_ERRORS = f"{_GUIDE}/services-ddb-batchfailurereporting.html"
STREAM_PAGES = {
    "kinesis": f"{_GUIDE}/kinesis-on-failure-destination.html",
    "dynamodb": f"{_GUIDE}/services-dynamodb-errors.html",
}
API_PAGES = {
    "api": f"{DOCS}apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html",
    "http-api": f"{DOCS}apigateway/latest/developerguide/http-api-quotas.html",
}
TRACING_PAGE = f"{_GUIDE}/services-xray.html"
LEVEL_PAGE = f"{_GUIDE}/monitoring-cloudwatchlogs-log-level.html"

_LEVELS = {"TRACE": 5, "DEBUG": 10, "INFO": 20, "WARN": 30, "WARNING": 30, "ERROR": 40, "FATAL": 50, "CRITICAL": 50}
_MOST_API = {"api": 29.0, "http-api": 30.0}  # seconds
_VISIBILITY = 6  # times the timeout of the function
_FEW_RECEIVES = 5
_MOST_BATCH_AT_ONCE = 10
_BATCH_PAGES = {"sqs": SQS_ERRORS, "kinesis": KINESIS_ERRORS, "dynamodb": DYNAMODB_ERRORS}


def of_layers(config: Config, layers: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Yield what is wrong between the layers of the kit and the configuration.

    Args:
        config: the configuration.
        layers: the settings of the layers, read in the function's process.
    """
    read = "settings of the layers, read in the function's process, and the timeout of the function"
    timeout = config.timeout
    margins = {str(one["layer"]): float(one["margin"]) for one in layers if one["layer"] in ("time_limit", "batch")}
    for one in layers:
        if one["layer"] == "idempotent":
            yield from _of_idempotency(one, config, read)
    limit, batch = margins.get("time_limit"), margins.get("batch")
    if limit is not None and limit >= timeout:
        yield Finding(
            "settings.time-limit-margin",
            "error",
            f"time_limit(margin={limit:g}) is not smaller than the timeout of {timeout:g} s",
            f"{read}; the kit then logs an error in each invocation, and takes half of the time that is left",
            f"pass a margin below {timeout:g}, or raise the timeout",
        )
    if batch is not None and batch >= 0.75 * timeout:
        yield Finding(
            "settings.batch-margin",
            "warning",
            f"batch(margin={batch:g}) leaves little of the timeout of {timeout:g} s to records",
            f"{read}; the kit takes at most three quarters of the time that is left as the margin",
            "pass a smaller margin, or raise the timeout",
        )
    if limit is not None and batch is not None and limit >= batch:
        yield Finding(
            "settings.limit-before-batch",
            "warning",
            f"time_limit(margin={limit:g}) interrupts the batch before it stops by itself, {batch:g} s before the "
            "deadline",
            read,
            f"pass a margin of batch that is larger than {limit:g}",
        )
    uses_tracer = any(one["layer"] == "tracer" for one in layers)
    if uses_tracer and config.tracing is False:
        yield Finding(
            "settings.tracing-off",
            "warning",
            "a Tracer is in the pipeline, and tracing is not active: its spans are not recorded",
            f"layers read in the function's process, and Tracing of {config.resource}",
            "set Tracing: Active (TracingConfig in CloudFormation), or take the Tracer out",
            TRACING_PAGE,
        )
    yield from _of_loggers(config, layers)
    if batch is not None:
        for source in config.sources:
            if source.kind in _BATCH_PAGES and source.reports_failures is False:
                yield Finding(
                    "settings.report-missing",
                    "error",
                    f"{source.name}: batch is used without ReportBatchItemFailures; Lambda ignores the response, takes "
                    "failed records for processed, and they are lost",
                    f"layers read in the function's process, and FunctionResponseTypes of {source.name}",
                    "set FunctionResponseTypes: [ReportBatchItemFailures]",
                    _BATCH_PAGES[source.kind],
                )


def _of_idempotency(layer: Mapping[str, Any], config: Config, read: str) -> Iterator[Finding]:
    lease, ttl, timeout = layer["lease"], float(layer["ttl"]), config.timeout
    if lease is not None and float(lease) < timeout:
        yield Finding(
            "settings.lease-too-short",
            "error",
            f"idempotent(lease={lease:g}) is shorter than the timeout of {timeout:g} s: a second worker may start "
            "while the first one runs",
            read,
            f"leave the lease out, which takes the remaining time, or pass more than {timeout:g}",
        )
    elif lease is not None and float(lease) > timeout + 60:
        yield Finding(
            "settings.lease-too-long",
            "info",
            f"idempotent(lease={lease:g}): if a worker dies, its key stays taken for up to {lease:g} s, though the "
            f"function runs for {timeout:g} s at most",
            read,
            "leave the lease out, which takes the remaining time",
        )
    for source in config.sources:
        if source.kind == "sqs" and source.visibility is not None and source.receives:
            last = source.visibility * source.receives
            if ttl < last:
                yield Finding(
                    "settings.ttl-too-short",
                    "warning",
                    f"idempotent(ttl={ttl:g}): a message of {source.name} may come back {last} s later, when the "
                    "result is forgotten",
                    f"{source.receives} receives by {source.visibility} s of visibility, and the ttl read in the "
                    "function's process",
                    f"pass a ttl above {last}",
                    SQS_ERRORS,
                )


def _of_loggers(config: Config, layers: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    platform = config.log_level or config.env.get("AWS_LAMBDA_LOG_LEVEL")
    if platform is None or (config.log_format or "").lower() != "json":
        return
    least = _LEVELS.get(platform.upper(), 0)
    told: set[str] = set()
    for one in layers:
        if one["layer"] != "logger" or int(one["threshold"]) >= least:
            continue
        what = "buffer" if one["buffer"] else "sample_rate" if one["sample_rate"] else "level"
        if what not in told:
            told.add(what)
            yield Finding(
                "settings.log-level",
                "warning",
                f"Lambda drops the lines that Logger({what}=...) writes below {platform}",
                "the settings of the logger, read in the function's process, and the application log level",
                f"set the application log level to DEBUG, and give the logger the level {platform}",
                LEVEL_PAGE,
            )


def of_sources(config: Config) -> Iterator[Finding]:
    """Yield what is wrong between event sources and the function."""
    for source in config.sources:
        where = f"{source.name} in {config.template}"
        if source.kind == "sqs":
            yield from _of_queue(source, config, where)
        elif source.kind in ("kinesis", "dynamodb"):
            if source.retries in (None, -1):
                yield Finding(
                    "settings.stream-retries",
                    "warning",
                    f"{source.name}: a batch that fails is tried again until its records expire, and stops its shard",
                    f"MaximumRetryAttempts of {where}: {'not set' if source.retries is None else source.retries}",
                    "set MaximumRetryAttempts and an OnFailure destination",
                    STREAM_PAGES[source.kind],
                )
            elif not source.destination:
                yield Finding(
                    "settings.stream-destination",
                    "warning",
                    f"{source.name}: what fails {source.retries} times is dropped",
                    f"MaximumRetryAttempts and DestinationConfig of {where}",
                    "set an OnFailure destination",
                    STREAM_PAGES[source.kind],
                )
        elif config.timeout > _MOST_API[source.kind]:
            yield Finding(
                "settings.api-timeout",
                "warning",
                f"{source.name}: API Gateway answers after {_MOST_API[source.kind]:g} s, and the function may run for "
                f"{config.timeout:g} s",
                f"the timeout, and the quota of the integration timeout; {where}",
                f"set the timeout to at most {_MOST_API[source.kind]:g}, or raise the quota of a regional REST API",
                API_PAGES[source.kind],
            )


def _of_queue(source: Source, config: Config, where: str) -> Iterator[Finding]:
    size, window = source.batch_size or 10, source.window or 0
    if source.visibility is not None:
        wanted = _VISIBILITY * config.timeout + window
        if source.visibility < config.timeout:
            yield Finding(
                "settings.visibility-below-timeout",
                "error",
                f"{source.name}: the visibility timeout of {source.visibility} s is less than the timeout of "
                f"{config.timeout:g} s; Lambda refuses the mapping",
                f"VisibilityTimeout and Timeout; {where}",
                f"set VisibilityTimeout to {wanted:g}",
                SQS_PAGE,
            )
        elif source.visibility < wanted:
            yield Finding(
                "settings.visibility-short",
                "warning",
                f"{source.name}: the visibility timeout of {source.visibility} s is less than {wanted:g} s, six times "
                f"the timeout{' and the batching window' if window else ''}",
                f"VisibilityTimeout, Timeout and MaximumBatchingWindowInSeconds; {where}",
                f"set VisibilityTimeout to {wanted:g}",
                SQS_PAGE,
            )
    if source.fifo and (size > _MOST_BATCH_AT_ONCE or window):
        yield Finding(
            "settings.fifo-batch",
            "error",
            f"{source.name}: a FIFO queue takes batches of up to 10 and no batching window; the mapping has {size} and "
            f"{window} s",
            f"BatchSize and MaximumBatchingWindowInSeconds; {where}",
            "set BatchSize to at most 10, and no window",
            SQS_PAGE,
        )
    elif size > _MOST_BATCH_AT_ONCE and not window:
        yield Finding(
            "settings.batch-window",
            "error",
            f"{source.name}: a batch size of {size} needs a batching window of at least 1 s",
            f"BatchSize and MaximumBatchingWindowInSeconds; {where}",
            "set MaximumBatchingWindowInSeconds to 1 or more, or BatchSize to at most 10",
            SQS_PAGE,
        )
    if source.receives == 0:
        yield Finding(
            "settings.no-dead-letter",
            "warning",
            f"{source.name} has no dead-letter queue: a message that always fails comes back until it expires",
            f"RedrivePolicy; {where}",
            "set a RedrivePolicy with a maxReceiveCount of at least 5",
            SQS_PAGE,
        )
    elif source.receives is not None and source.receives < _FEW_RECEIVES:
        yield Finding(
            "settings.few-receives",
            "info",
            f"{source.name}: maxReceiveCount is {source.receives}; AWS advises at least 5, because throttled "
            "invocations count",
            f"RedrivePolicy; {where}",
            "set maxReceiveCount to at least 5",
            SQS_PAGE,
        )
    if source.concurrency is not None and config.reserved is not None and source.concurrency > config.reserved:
        yield Finding(
            "settings.concurrency",
            "warning",
            f"{source.name}: the maximum concurrency of {source.concurrency} is more than the reserved concurrency of "
            f"{config.reserved}, so that invocations are throttled and messages go to the dead-letter queue",
            f"ScalingConfig and ReservedConcurrentExecutions; {where}",
            f"reserve at least {source.concurrency}",
            SQS_SCALING,
        )
