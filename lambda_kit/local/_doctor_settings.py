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
SNAPSTART_PAGE = f"{_GUIDE}/snapstart.html"
SNAPSTART_STATE = f"{_GUIDE}/snapstart-best-practices.html"
QUOTAS = f"{_GUIDE}/gettingstarted-limits.html"
INIT_PAGE = f"{_GUIDE}/lambda-runtime-environment.html"
MANAGED_PAGE = f"{_GUIDE}/lambda-managed-instances-python-runtime.html"

INIT_LIMIT = 10_000.0
"""Milliseconds that the init phase of an on-demand function may take."""
_LEVELS = {"TRACE": 5, "DEBUG": 10, "INFO": 20, "WARN": 30, "WARNING": 30, "ERROR": 40, "FATAL": 50, "CRITICAL": 50}
_MOST_ENVIRONMENT = 4096  # bytes
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


def of_limits(
    config: Config, *, init_ms: float, duration_ms: float, memory_mb: int | None, python: tuple[int, int]
) -> Iterator[Finding]:
    """Yield what is close to a limit.

    Args:
        config: the configuration.
        init_ms: the longest init phase that was measured.
        duration_ms: the longest invocation.
        memory_mb: the peak of memory.
        python: the version of the function's interpreter.
    """
    if init_ms > 0.5 * INIT_LIMIT and not config.snap_start and not config.provisioned and config.processes is None:
        yield Finding(
            "limits.init",
            "error" if init_ms > INIT_LIMIT else "warning",
            f"the init phase took {init_ms / 1000:.1f} s; Lambda ends it after 10 s and starts it again, within the "
            "timeout of the function",
            "the longest of the timed runs on this machine",
            "defer imports and clients, or use SnapStart or provisioned concurrency",
            INIT_PAGE,
        )
    if duration_ms > 0.8 * config.timeout * 1000:
        yield Finding(
            "limits.timeout",
            "warning",
            f"an invocation took {duration_ms / 1000:.2f} s of the timeout of {config.timeout:g} s",
            "the longest of the timed runs on this machine",
            "raise the timeout",
        )
    if memory_mb is not None and memory_mb > 0.85 * config.memory and config.processes is None:
        yield Finding(
            "limits.memory",
            "warning",
            f"the function used {memory_mb} MB of {config.memory} MB",
            "the peak of the resident memory in the timed runs on this machine",
            "raise the memory, or defer imports",
        )
    size = sum(len(name.encode()) + len(value.encode()) for name, value in config.env.items())
    if size > _MOST_ENVIRONMENT:
        yield Finding(
            "limits.environment",
            "error",
            f"the environment variables have {size} bytes; the limit is {_MOST_ENVIRONMENT}",
            "the names and values that are configured",
            "move large values to a parameter or a file",
            QUOTAS,
        )
    if config.runtime and config.runtime.startswith("python") and config.runtime != f"python{python[0]}.{python[1]}":
        yield Finding(
            "limits.runtime",
            "info",
            f"the function was run with Python {python[0]}.{python[1]}, and its runtime is {config.runtime}",
            f"Runtime of {config.resource} in {config.template}",
            "pass --python with that version, so that times and imports are those of the runtime",
        )


def of_snap_start(
    config: Config,
    *,
    connections: Sequence[str],
    kept: Sequence[str],
    calls: Sequence[str],
    python: tuple[int, int],
) -> Iterator[Finding]:
    """Yield what SnapStart does not support, and what is stale after a restore.

    Args:
        config: the configuration.
        connections: the addresses of the TCP connections that are open at the end of the init phase.
        kept: the resources that the init phase built, and that are kept on a restore.
        calls: the calls of AWS in the init phase, `service:Operation`.
        python: the version of the function's interpreter.
    """
    if not config.snap_start:
        return
    refused = {
        f"Python {python[0]}.{python[1]}, and not 3.12 or later": python < (3, 12),
        "provisioned concurrency": config.provisioned,
        "a mounted file system": config.file_system,
        f"{config.storage} MB of ephemeral storage, and not 512": (config.storage or 0) > 512,
        "a container image": config.image,
    }
    for what, applies in refused.items():
        if applies:
            yield Finding(
                "snapstart.unsupported",
                "error",
                f"SnapStart is on, and it does not work with {what}",
                f"the configuration of the function{' in ' + config.template if config.template else ''}",
                "switch one of the two off",
                SNAPSTART_PAGE,
            )
    for found, text, advice in (
        (
            connections,
            "connections are open when the snapshot is taken, and are broken after a restore",
            "open them in a resource of the init cache, which is built anew, or in a hook after the restore",
        ),
        (
            kept,
            "resources are in the snapshot and kept after a restore",
            'use on_restore="rebuild", the default, unless they hold neither connections nor credentials nor times',
        ),
        (
            calls,
            "calls of AWS were made in the init phase: what is kept of their answers is in the snapshot, however old",
            "keep them in a resource of the init cache, which is built anew, or make them after the restore",
        ),
    ):
        if found:
            yield Finding(
                "snapstart.state",
                "warning",
                f"{text}: {', '.join(dict.fromkeys(found))}",
                "the state of the function's process at the end of the init phase",
                advice,
                SNAPSTART_STATE,
            )


def of_processes(config: Config, one: float, many: float, count: int) -> Iterator[Finding]:
    """Yield whether the processes of a Managed Instance fit into its memory.

    Args:
        config: the configuration, with the number of processes.
        one: MB that a Managed Instance with one process takes.
        many: MB that one with `count` processes takes.
        count: more than one.
    """
    assert config.processes is not None  # noqa: S101  # the caller has looked
    each = max(0.0, (many - one) / (count - 1))
    total = one + each * (config.processes - 1)
    over = total > config.memory
    yield Finding(
        "memory.processes",
        "error" if over else "warning" if total > 0.85 * config.memory else "info",
        f"{config.processes} processes take {total:.0f} MB of {config.memory} MB, {each:.1f} MB for each further one",
        f"measured: {one:.0f} MB with one process, {many:.0f} MB with {count}; the rest by the rule that each process "
        "loads the function itself",
        "raise the memory, or lower the concurrency of an environment" if total > 0.85 * config.memory else "",
        MANAGED_PAGE,
    )
