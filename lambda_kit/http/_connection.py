"""Connections of WebSocket APIs, by which a function sends messages to clients.

<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html>
"""

from __future__ import annotations

import os

from lambda_kit._kernel import type_of
from lambda_kit.errors import ConfigurationError, ConnectionGone
from lambda_kit.events._websocket import WebSocketEvent
from lambda_kit.invocation import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Peer(Protocol):
        """The client in a test: it stands for the service."""

        def receive(self, data: bytes) -> None: ...
        def close_by_server(self) -> None: ...


_VARIABLE = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"
_SERVICE = "apigatewaymanagementapi"
TEST_DOMAIN = "test.execute-api.invalid"
test_peers: dict[str, Peer] = {}
"""The clients of tests, by the ids of their connections. They get what is sent to `TEST_DOMAIN`."""


class Connection:
    """A connection of a WebSocket API. `connection(id)` makes one, and a parameter of this type gets that of the event.

    Each method is one request, which blocks: in a coroutine, call it with `asyncio.to_thread`. Without `client` the
    requests go through the kit's own client, with retries, within the time that the invocation has left. The role of
    the function needs `execute-api:ManageConnections`.

    Attributes:
        id: the id of the connection.
        endpoint: the URL of the API with its stage.
    """

    __slots__ = ("_client", "endpoint", "id")

    def __init__(self, id: str, endpoint: str, client: Any = None) -> None:  # noqa: A002  # its name
        self.id = id
        self.endpoint = endpoint
        self._client = client

    def __repr__(self) -> str:
        return f"<Connection {self.id}>"

    def send(self, value: Any) -> None:
        """Send a message: text and bytes as they are, any other value as JSON. A message has 128 kB at most.

        Raises:
            ConnectionGone: the client has disconnected.
            AwsError: the message was not sent.
            TypeError, ValueError: the value has no JSON.
        """
        kind = type_of(value)
        if kind is bytes:
            data: bytes = value
        elif kind is str:
            data = value.encode()
        else:
            from lambda_kit.http._json import json_of

            data = json_of(value).encode()
        peer = self._peer()
        if peer is None:
            self._call("PostToConnection", {"ConnectionId": self.id, "Data": data})
        else:
            peer.receive(data)

    def close(self) -> None:
        """Close the connection.

        Raises:
            ConnectionGone: the client has disconnected.
            AwsError: it was not closed.
        """
        peer = self._peer()
        if peer is None:
            self._call("DeleteConnection", {"ConnectionId": self.id})
        else:
            peer.close_by_server()

    def info(self) -> dict[str, Any]:
        """Return what API Gateway knows of the connection: `ConnectedAt`, `LastActiveAt` and `Identity`.

        Times are seconds since the epoch.

        Raises:
            ConnectionGone: the client has disconnected.
            AwsError: it failed.
        """
        if self._peer() is not None:
            return {"Identity": {"SourceIp": "192.0.2.1", "UserAgent": "test"}}
        return self._call("GetConnection", {"ConnectionId": self.id})

    def _peer(self) -> Peer | None:
        if TEST_DOMAIN not in self.endpoint:
            return None
        found = test_peers.get(self.id)
        if found is None:
            raise ConnectionGone("the client of the test has disconnected", service=_SERVICE, operation="", status=410)
        return found

    def _call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        from lambda_kit.aws import connect

        return connect(_SERVICE, self._client, endpoint=None if self._client else self.endpoint).call(operation, params)


def connection(id: str, endpoint: str | None = None, *, client: Any = None) -> Connection:  # noqa: A002  # its name
    """Return a connection of a WebSocket API.

    ```python
    from lambda_kit.http import connection

    there = connection(
        "L0SM9cOFvHcCIhw=", "https://abc123.execute-api.eu-west-1.amazonaws.com/prod"
    )
    assert there.id == "L0SM9cOFvHcCIhw="
    ```

    Args:
        id: the id of the connection, `connection_id` of a `WebSocketEvent`.
        endpoint: the URL of the API with its stage; default: `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`, else that of
            the WebSocket event which is handled.
        client: a boto3 client of `apigatewaymanagementapi`, which is used in place of the kit's own; default: none.

    Raises:
        ConfigurationError: there is no endpoint.
    """
    if not id:
        raise ConfigurationError("connection(''): pass the id of a connection")
    if endpoint is None:
        endpoint = os.environ.get(_VARIABLE)
    if endpoint is None and client is None:
        invocation = current.get(None)
        event: Any = None if invocation is None else invocation.event
        if type_of(event) is not dict or type_of(event.get("requestContext")) is not dict:
            raise ConfigurationError(
                f"connection({id!r}) has no endpoint: pass the URL of the API with its stage, or set {_VARIABLE}; only "
                "where a WebSocket event is handled there is a default"
            )
        endpoint = _endpoint_of(event)
    return Connection(id, (endpoint or "").rstrip("/"), client)


def connection_of(event: dict[str, Any]) -> Connection:
    """Return the connection of a WebSocket event."""
    endpoint = os.environ.get(_VARIABLE) or _endpoint_of(event)
    return Connection(WebSocketEvent(event).connection_id, endpoint.rstrip("/"))


def _endpoint_of(event: dict[str, Any]) -> str:
    """Return the URL of an event's API. The path below a custom domain is unknown, so that the API's own is taken."""
    view = WebSocketEvent(event)
    domain, api, region = view.domain_name or "", view.api_id, os.environ.get("AWS_REGION")
    if ".execute-api." in domain or not api or not region:
        return view.callback_url
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{api}.execute-api.{region}.{suffix}/{view.stage}"
