"""Events of WebSocket APIs."""

from __future__ import annotations

import json

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._fields import Event, headers, mapping, optional, optional_whole, text, time
from lambda_kit.events._view import once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class WebSocketEvent(Event):
    """A client of a WebSocket API connects, sends a message, or disconnects.

    See: <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "websocket"
    _label = ("requestContext", "connectionId")

    event_type = text("requestContext", "eventType")
    """The kind of event: `"CONNECT"`, `"MESSAGE"` or `"DISCONNECT"`."""
    connection_id = text("requestContext", "connectionId")
    """The id of the connection, by which the function sends messages to the client."""
    route_key = text("requestContext", "routeKey")
    """The key of the route, such as `"$connect"`."""
    message_id = optional("requestContext", "messageId")
    """The id of the message; None when the client connects or disconnects."""
    request_id = optional("requestContext", "requestId")
    """The id of the request."""
    api_id = optional("requestContext", "apiId")
    """The id of the API."""
    domain_name = optional("requestContext", "domainName")
    """The domain of the API."""
    stage = optional("requestContext", "stage")
    """The stage."""
    source_ip = optional("requestContext", "identity", "sourceIp")
    """The address of the client."""
    user_agent = optional("requestContext", "identity", "userAgent")
    """The user agent of the client."""
    connected_at = time("requestContext", "connectedAt", per_second=1000)
    """The time at which the client connected."""
    requested_at = time("requestContext", "requestTimeEpoch", per_second=1000)
    """The time of the event."""
    authorizer = mapping("requestContext", "authorizer")
    """The context that the authorizer returned; empty without one."""
    stage_variables = mapping("stageVariables")
    """The variables of the stage; empty without any."""
    disconnect_code = optional_whole("requestContext", "disconnectStatusCode")
    """The status code with which the connection was closed, such as 1000."""
    disconnect_reason = optional("requestContext", "disconnectReason")
    """The reason with which the connection was closed."""
    headers = headers("headers", lists="multiValueHeaders")
    """The headers of the request to connect, whose names are found in any letter case; empty for messages."""
    query_parameters = mapping("queryStringParameters")
    """The parameters of the query, one value each; for the request to connect only."""
    query_lists = mapping("multiValueQueryStringParameters")
    """The parameters of the query, a list of values each; for the request to connect only."""

    @property
    def is_connect(self) -> bool:
        """True if the client connects; an answer with another status than 200 refuses it."""
        return self._optional("requestContext", "eventType") == "CONNECT"

    @property
    def is_disconnect(self) -> bool:
        """True if the client has disconnected."""
        return self._optional("requestContext", "eventType") == "DISCONNECT"

    @property
    def callback_url(self) -> str:
        """The URL of the API by which the function sends messages to connections."""
        return f"https://{self._text('requestContext', 'domainName')}/{self._text('requestContext', 'stage')}"

    @once
    def data(self) -> bytes:
        """The message, as bytes; empty when the client connects or disconnects. It is decoded once.

        Raises:
            EventError: the message is not valid base64.
        """
        found = self._optional("body")
        if found is None:
            return b""
        if self._find("isBase64Encoded") is not True:
            return found.encode("utf-8", "surrogatepass")
        from binascii import a2b_base64

        try:
            return a2b_base64(found, strict_mode=True)
        except ValueError:  # the base class of binascii.Error
            raise EventError("the body of the WebSocketEvent is not valid base64") from None

    @property
    def body(self) -> str:
        """The message, as text.

        Raises:
            EventError: the message is not UTF-8.
        """
        try:
            return self.data.decode("utf-8")
        except UnicodeDecodeError:
            pass  # raised below, without a context: the error of the decoder holds the data
        raise EventError("the body of the WebSocketEvent is not text in UTF-8; read .data for the bytes")

    @once
    def json(self) -> Any:
        """The value of the JSON in the message; decoded once.

        Raises:
            EventError: the message is not JSON.
        """
        try:
            return json.loads(self.body)
        except EventError:
            raise
        except (ValueError, RecursionError):
            pass
        raise EventError(f"the body of the {type_of(self).__name__} is not JSON")
