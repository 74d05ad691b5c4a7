"""The processor time of a call to AWS, against boto3 and against the same bytes on a bare socket."""

from __future__ import annotations

import os
import socket
from importlib import import_module
from typing import Any

from benchmarks._calls import calls_of
from benchmarks._model import Case, Figure, Row, Topic
from benchmarks._service import NAME, VALUE, Service
from benchmarks._worker import Loop

_services: list[Service] = []  # one for a process that measures
_PARAMS = {"Name": NAME, "WithDecryption": True}


def service() -> Service:
    """Return the service that this process measures against, with the environment that leads to it."""
    if not _services:
        _services.append(Service())
        os.environ.update(_services[0].environ())
    return _services[0]


def kit() -> Loop:
    """Call an operation through the kit's client."""
    from lambda_kit.aws import connect

    service()
    client = connect("ssm")
    assert client.call("GetParameter", _PARAMS)["Parameter"]["Value"] == VALUE
    return Loop('call("GetParameter", params)', {"call": client.call, "params": _PARAMS})


def peer() -> Loop:
    """Call it through boto3."""
    service()
    client: Any = import_module("boto3").client("ssm")
    assert client.get_parameter(**_PARAMS)["Parameter"]["Value"] == VALUE
    return Loop("call(**params)", {"call": client.get_parameter, "params": _PARAMS})


def extension() -> Loop:
    """Get a parameter through the extension, past the cache of the kit."""
    from lambda_kit import handler, parameters

    os.environ["PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"] = str(service().port)
    os.environ["LAMBDA_KIT_PARAMETERS_SOURCE"] = "extension"

    @handler
    def handle(event: object, context: object) -> None:
        for _ in range(10):
            parameters.get(NAME, fresh=True)

    handle({}, None)
    return Loop("handle(event, None)", {"handle": handle, "event": {}}, calls=10)


def floor() -> Loop:
    """Send the bytes of such a request, and receive those of the answer."""
    connection = socket.create_connection(("127.0.0.1", service().port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = (
        f"GET /systemsmanager/parameters/get?name={NAME.replace('/', '%2F')}&withDecryption=true HTTP/1.1\r\n"
        "host: localhost\r\nx-aws-parameters-secrets-token: token\r\n\r\n"
    ).encode()
    names = {"send": connection.sendall, "receive": connection.recv, "request": request}
    return Loop("send(request); receive(65536)", names)


def kit_authorities() -> Loop:
    """Prepare the first TLS connection to a host of AWS."""
    from lambda_kit.aws import _authorities as authorities

    os.environ.pop("AWS_CA_BUNDLE", None)  # a file of which all would be loaded

    def prepare() -> None:
        authorities._contexts.clear()
        authorities.context_for(b"ssm.eu-west-1.amazonaws.com")

    return Loop("prepare(); prepare()", {"prepare": prepare}, calls=2)


def peer_authorities() -> Loop:
    """Prepare it as boto3's HTTP client does, with the file of authorities that it brings."""
    session: Any = import_module("botocore.httpsession")

    def prepare() -> None:
        session.create_urllib3_context().load_verify_locations(session.get_cert_path(True))

    return Loop("prepare(); prepare()", {"prepare": prepare}, calls=2)


TOPIC = Topic(
    name="aws",
    about="What a call to AWS costs in processor time. The goal: at most 1/8 of boto3.",
    cases=(
        Case("kit", "kit", "kit"),
        Case("peer", "peer", "peer"),
        Case("floor", "kit", "floor"),
        Case("extension", "kit", "extension"),
        Case("kit authorities", "kit", "kit_authorities"),
        Case("peer authorities", "peer", "peer_authorities"),
    ),
    rows=(
        Row("GetParameter, client", Figure("kit"), Figure("peer"), "boto3", goal=1 / 8),
        Row("GetParameter, client", Figure("kit"), Figure("floor"), "a bare socket"),
        Row("authorities for a first TLS connection", Figure("kit authorities"), Figure("peer authorities"), "boto3"),
        Row("a parameter through the extension", Figure("extension"), Figure("floor"), "a bare socket"),
    ),
    open=calls_of("benchmarks.aws"),
    rounds=(20, 5),
)
