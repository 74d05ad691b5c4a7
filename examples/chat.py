"""A chat over a WebSocket API: whoever is in a room gets each message of it.

Run the request to connect here, under the runtime client that AWS ships, from this folder:

    lambda-kit invoke chat.lambda_handler --event websocket-connect
"""

from __future__ import annotations

from pydantic import BaseModel, Field

from lambda_kit import HttpApp, Logger, handler, init
from lambda_kit.errors import ConnectionGone
from lambda_kit.events import WebSocketEvent  # noqa: TC001  # annotations of routes are evaluated
from lambda_kit.http import Forbidden, connection

log = Logger(service="chat")
ROOMS = ("a", "tea")
app = HttpApp()


class Said(BaseModel):
    """A message: the API finds its route by `$request.body.action`."""

    text: str = Field(min_length=1, max_length=1000)


@init.resource
def members() -> dict[str, str]:
    """Open the table of connections and their rooms. It stands for a database."""
    return {}


@app.websocket("$connect")
def join(room: str, event: WebSocketEvent) -> None:
    """Let the client into a room."""
    if room not in ROOMS:
        raise Forbidden(f"there is no room {room}")
    members()[event.connection_id] = room


@app.websocket("say")
def say(said: Said, event: WebSocketEvent) -> dict[str, int]:
    """Send a message to all in the room, and forget those who have gone."""
    room, sent = members()[event.connection_id], 0
    for one in [one for one, other in members().items() if other == room]:
        try:
            connection(one).send({"from": event.connection_id, "text": said.text})
            sent += 1
        except ConnectionGone:
            del members()[one]
    log.info("said", room=room, sent=sent)
    return {"sent": sent}


@app.websocket("$disconnect")
def leave(event: WebSocketEvent) -> None:
    """Forget the client."""
    members().pop(event.connection_id, None)


lambda_handler = handler(log)(app)
