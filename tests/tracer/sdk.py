"""The X-Ray SDK as it is in Lambda, and boto3 as its patch leaves it, each for a while."""

from __future__ import annotations

import contextlib
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

import lambda_kit.testing
from lambda_kit.testing import FakeXRayDaemon
from tests.aws.servers import Server, reply
from tests.services import REGION

if TYPE_CHECKING:
    from collections.abc import Generator

    from lambda_kit.testing import SpanNode

xray_recorder: Any = import_module("aws_xray_sdk.core").xray_recorder
launcher: Any = import_module("aws_xray_sdk.core.lambda_launcher")
emitters: Any = import_module("aws_xray_sdk.core.emitters.udp_emitter")
sdk_patch: Any = import_module("aws_xray_sdk.ext.botocore.patch").patch
boto3: Any = import_module("boto3")
botocore_client: Any = import_module("botocore.client")
botocore_endpoint: Any = import_module("botocore.endpoint")

KEY = {"id": {"S": "o-1"}}
FOUND = reply(b'{"Item": {"id": {"S": "o-1"}}}', x_amzn_RequestId="r-1")


def sdk_stack() -> list[Any]:
    """Return what is open in this thread, or task, as the SDK keeps it."""
    entities: list[Any] | None = getattr(xray_recorder.context._local, "entities", None)
    return entities or []


@contextlib.contextmanager
def recording(port: int, context: Any = None) -> Generator[Any]:
    """Let the SDK's recorder send to a port of this machine, by default with the context that it has in Lambda."""
    names = ("context", "emitter", "streaming_threshold")
    before = [getattr(xray_recorder, name) for name in names]
    emitter = emitters.UDPEmitter(f"127.0.0.1:{port}")
    for name, value in zip(names, (context or launcher.LambdaContext(), emitter, 0), strict=True):
        setattr(xray_recorder, name, value)
    try:
        yield xray_recorder
    finally:
        for name, value in zip(names, before, strict=True):
            setattr(xray_recorder, name, value)
        emitter._socket.close()


@contextlib.contextmanager
def lambda_with_sdk() -> Generator[tuple[FakeXRayDaemon, Any]]:
    """An environment with a daemon, and the SDK's recorder, as a test has them that makes many."""
    lambda_kit.testing.reset()
    with FakeXRayDaemon() as daemon, pytest.MonkeyPatch.context() as patch, recording(daemon.port) as recorder:
        for name, value in daemon.environ.items():
            patch.setenv(name, value)
        yield daemon, recorder


@contextlib.contextmanager
def patched_dynamodb(*script: Any) -> Generator[tuple[Any, Server]]:
    """A client of boto3 that the SDK records, and the server that it calls."""
    server = Server(*script or (FOUND,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "example")
        patch.setattr(botocore_client.BaseClient, "_make_api_call", botocore_client.BaseClient._make_api_call)
        patch.setattr(botocore_endpoint.Endpoint, "prepare_request", botocore_endpoint.Endpoint.prepare_request)
        patch.setattr(botocore_client, "_xray_enabled", True, raising=False)
        del botocore_client._xray_enabled
        sdk_patch()
        client = boto3.client("dynamodb", endpoint_url=server.url, region_name=REGION)
        try:
            yield client, server
        finally:
            client.close()
            server.stop()


def parents(daemon: FakeXRayDaemon) -> dict[str, str | None]:
    """Return by its name the name of what each span is under; None for the function's own segment."""
    found: dict[str, str | None] = {}
    waiting: list[tuple[SpanNode | None, SpanNode]] = [(None, node) for node in daemon.tree()]
    while waiting:
        parent, node = waiting.pop()
        found[node.name] = None if parent is None else parent.name
        waiting += [(node, child) for child in node.children]
    return found
