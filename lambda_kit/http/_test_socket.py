"""The client of a WebSocket API, for tests: it calls a handler with the events that API Gateway sends."""

from __future__ import annotations

import json
import secrets
import time

from lambda_kit._kernel import type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.http._connection import TEST_DOMAIN, test_peers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Self


_closed: list[TestSocket] | None = None  # closed by the running function; None while no function runs


class SocketAnswer:
    """The answer of a function to an event of a WebSocket API.

    Attributes:
        status: the status.
        headers: the headers by their names in lower case.
        text: the body. A client gets it if its route has a route response.
        raw: what the function returned.
    """

    __slots__ = ("headers", "raw", "status", "text")

    def __init__(self, raw: dict[str, Any]) -> None:
        self.raw = raw
        self.status: int = raw["statusCode"]
        self.headers: dict[str, str] = {name.lower(): value for name, value in raw.get("headers", {}).items()}
        self.text: str = raw.get("body") or ""

    def json(self) -> Any:
        """Return the value of the JSON in the body."""
        return json.loads(self.text)

    def __repr__(self) -> str:
        return f"<SocketAnswer {self.status}>"


class TestSocket:
    """A client of a WebSocket API. `app.test_client().websocket()` makes one.

    ```python
    from lambda_kit import HttpApp
    from lambda_kit.http import Connection

    app = HttpApp()


    @app.websocket("hello")
    def hello(message: dict, connection: Connection):
        connection.send({"text": f"Hello, {message['name']}"})


    with app.test_client().websocket() as socket:
        assert socket.send({"action": "hello", "name": "Ada"}).status == 200
        assert socket.received == ['{"text":"Hello, Ada"}']
    ```

    Attributes:
        id: the id of the connection.
        connected: the answer to the request to connect; None before.
        received: the messages that functions have sent to this client, as text, or as bytes if they are not UTF-8.
        is_open: True between the request to connect, if it was accepted, and the end of the connection.
    """

    __test__ = False  # pytest collects classes of this name otherwise
    __slots__ = ("_authorizer", "_context", "_handler", "_headers", "_query", "connected", "id", "is_open", "received")

    def __init__(
        self,
        handler: Callable[[Any, Any], Any],
        context: Any,
        query: list[tuple[str, str]],
        headers: list[tuple[str, Any]],
        authorizer: dict[str, Any],
    ) -> None:
        self._handler = handler
        self._context = context
        self._query = _lists(query)
        self._headers = _lists([("Host", TEST_DOMAIN), *headers])
        self._authorizer = authorizer
        self.id = f"{secrets.token_urlsafe(8)}="
        self.connected: SocketAnswer | None = None
        self.received: list[str | bytes] = []
        self.is_open = False

    def __enter__(self) -> Self:
        more: dict[str, Any] = {"headers": {name: values[-1] for name, values in self._headers.items()}}
        more["multiValueHeaders"] = self._headers
        if self._query:
            more["queryStringParameters"] = {name: values[-1] for name, values in self._query.items()}
            more["multiValueQueryStringParameters"] = self._query
        self.connected = self._call("CONNECT", "$connect", more)
        self.is_open = 200 <= self.connected.status < 300
        if self.is_open:
            test_peers[self.id] = self
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_open:
            self._disconnect(1000, "")

    def send(self, message: Any, route: str | None = None) -> SocketAnswer:
        """Send a message, and return what the function answers.

        Args:
            message: text and bytes are sent as they are, any other value as JSON.
            route: the route key; default: the text `action` of the message, as of the route selection expression
                `$request.body.action`, else `"$default"`.

        Raises:
            ConfigurationError: the connection is not open.
        """
        if not self.is_open:
            raise ConfigurationError("the connection is not open: use `with`, and look at .connected")
        if type_of(message) is bytes:
            from base64 import b64encode

            more = {"body": b64encode(message).decode(), "isBase64Encoded": True}
        else:
            more = {"body": message if type_of(message) is str else json.dumps(message), "isBase64Encoded": False}
        if route is None:
            action = message.get("action") if type_of(message) is dict else None
            route = str(action) if type_of(action) is str else "$default"
        return self._call("MESSAGE", route, more)

    def receive(self, data: bytes) -> None:
        """Take a message that a function sends."""
        try:
            self.received.append(data.decode())
        except UnicodeDecodeError:
            self.received.append(data)

    def close_by_server(self) -> None:
        """End the connection, as `connection(...).close()` does. The event comes when the function has returned."""
        self._end()
        if _closed is None:
            self._disconnect(1005, "Client-side close frame status not set")
        else:
            _closed.append(self)

    def _end(self) -> None:
        self.is_open = False
        test_peers.pop(self.id, None)

    def _disconnect(self, code: int, reason: str) -> None:
        self._end()
        context = {"disconnectStatusCode": code, "disconnectReason": reason}
        self._call("DISCONNECT", "$disconnect", {"isBase64Encoded": False}, **context)

    def _call(self, kind: str, route: str, more: dict[str, Any], **context: Any) -> SocketAnswer:
        global _closed
        event = self._event(kind, route, more, context)
        if _closed is not None:
            return SocketAnswer(self._handler(event, self._context))
        closed: list[TestSocket] = []
        _closed = closed
        try:
            return SocketAnswer(self._handler(event, self._context))
        finally:
            _closed = None
            for one in closed:
                one._disconnect(1005, "Client-side close frame status not set")

    def _event(self, kind: str, route: str, more: dict[str, Any], context: dict[str, Any]) -> dict[str, Any]:
        now = int(time.time() * 1000)
        message = {"messageId": f"{secrets.token_urlsafe(8)}="} if kind == "MESSAGE" else {}
        authorizer = {"authorizer": self._authorizer} if self._authorizer else {}
        return {
            **more,
            "requestContext": {
                "routeKey": route,
                "eventType": kind,
                "extendedRequestId": "test",
                "requestTimeEpoch": now,
                "connectedAt": now,
                "messageDirection": "IN",
                "stage": "test",
                "requestId": secrets.token_urlsafe(8),
                "domainName": TEST_DOMAIN,
                "connectionId": self.id,
                "apiId": "test",
                "identity": {"sourceIp": "192.0.2.1", "userAgent": "test"},
                **message,
                **authorizer,
                **context,
            },
        }


def _lists(pairs: list[tuple[str, Any]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(str(value))
    return found
