"""The operations of WebSocket connections, whose ids are in the paths.

<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html>
"""

from __future__ import annotations

from lambda_kit.aws._operations import Operation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _OfConnection(Operation):
    """An operation on a connection."""

    __slots__ = ()

    def route(self, params: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Return the path and the headers of a request with `params`."""
        from urllib.parse import quote

        return f"/@connections/{quote(params['ConnectionId'], safe='-._~')}", self.headers

    def request(self, params: dict[str, Any]) -> tuple[str, bytes]:
        """Return the query and the body that carry `params`."""
        return "", params.get("Data", b"")

    def reply(self, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        """Return the reply of a success; its names begin with capitals, as those of boto3."""
        if self.name != "GetConnection":
            return {}
        from datetime import datetime

        found = super().reply(headers, body)
        reply: dict[str, Any] = {}
        for name in ("connectedAt", "lastActiveAt"):
            if name in found:
                reply[name[0].upper() + name[1:]] = datetime.fromisoformat(found[name]).timestamp()
        if "identity" in found:
            reply["Identity"] = {name[0].upper() + name[1:]: value for name, value in found["identity"].items()}
        return reply


OPERATIONS: dict[str, Operation] = {
    "PostToConnection": _OfConnection("PostToConnection"),
    "DeleteConnection": _OfConnection("DeleteConnection", method="DELETE"),
    "GetConnection": _OfConnection("GetConnection", method="GET"),
}
