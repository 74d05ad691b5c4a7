"""The configuration of a function, as far as `lambda-kit doctor` knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

SourceKind = Literal["sqs", "kinesis", "dynamodb", "api", "http-api"]


@dataclass(slots=True)
class Source:
    """An event source of a function. None stands for what the template does not tell.

    Attributes:
        kind: of the source; `api` is a REST API, `http-api` an HTTP API.
        name: the logical id of the queue, the stream or the event.
        batch_size: records in an event.
        window: seconds for which records are gathered.
        reports_failures: whether `ReportBatchItemFailures` is on.
        visibility: seconds of the queue's visibility timeout.
        fifo: whether the queue is FIFO.
        receives: the `maxReceiveCount` of the queue's redrive policy; 0 if it has none.
        retries: the retry attempts of a stream; -1 for no limit.
        destination: whether failed batches of a stream go somewhere.
        concurrency: the maximum concurrency of a queue's mapping.
    """

    kind: SourceKind
    name: str
    batch_size: int | None = None
    window: int | None = None
    reports_failures: bool | None = None
    visibility: int | None = None
    fifo: bool | None = None
    receives: int | None = None
    retries: int | None = None
    destination: bool | None = None
    concurrency: int | None = None


@dataclass(slots=True)
class Config:
    """The configuration of a function. None stands for what is not known.

    Attributes:
        timeout: seconds.
        memory: MB.
        env: environment variables.
        architecture: `x86_64` or `arm64`.
        template: the template that it is from; empty without one.
        resource: the logical id of the function in the template.
        tracing: whether tracing is active.
        log_format: `json` or `text`.
        log_level: of the application, as Lambda spells it.
        snap_start: whether SnapStart is on.
        provisioned: whether provisioned concurrency is configured.
        reserved: the reserved concurrency.
        runtime: `python3.13`.
        image: whether it is deployed as a container image.
        storage: MB of ephemeral storage.
        file_system: whether a file system is mounted.
        processes: the processes of a Managed Instance; None if it is none.
        sources: the event sources.
        code: the folder of the code in the template.
        name: of the function; None if CloudFormation makes one.
        placeholders: the variables whose values only a deployment knows, with what the function ran with instead.
        references: the logical ids of resources among these.
        allowed: the actions that the statements of the function's policies allow, `s3:Get*`; None if there are policies
            that the template does not spell out.
        notes: what could not be read, for the report.
    """

    timeout: float = 3.0
    memory: int = 128
    env: dict[str, str] = field(default_factory=dict[str, str])
    architecture: Literal["x86_64", "arm64"] | None = None
    template: str = ""
    resource: str = ""
    tracing: bool | None = None
    log_format: str | None = None
    log_level: str | None = None
    snap_start: bool | None = None
    provisioned: bool | None = None
    reserved: int | None = None
    runtime: str | None = None
    image: bool | None = None
    storage: int | None = None
    file_system: bool | None = None
    processes: int | None = None
    sources: list[Source] = field(default_factory=list["Source"])
    code: str | None = None
    name: str | None = None
    placeholders: dict[str, str] = field(default_factory=dict[str, str])
    references: list[str] = field(default_factory=list[str])
    allowed: list[str] | None = None
    notes: list[str] = field(default_factory=list[str])
