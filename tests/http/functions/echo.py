"""An app under the runtime client: it returns what it was sent, one request after another or many at once."""

from __future__ import annotations

import sys
from typing import Annotated, Any

BEFORE = set(sys.modules)

from lambda_kit import HttpApp, Logger, handler  # noqa: E402  # behind what counts the modules
from lambda_kit.http import EventStream, Header, Response, ServerEvent  # noqa: E402  # as above

log = Logger(service="echo")
app = HttpApp()


@app.get("/echo/{text}")
def echo(text: str, number: int = 0) -> Any:
    return {"text": text, "number": number}


@app.get("/bytes")
def some_bytes() -> Response:
    response = Response(b"\xff\x00")
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


@app.get("/text")
def some_text() -> Any:
    return "grün \U0001f343"


@app.get("/broken")
def broken() -> None:
    raise KeyError("secret")


@app.get("/events")
def events(last_event_id: Annotated[int, Header()] = 0) -> Any:
    return EventStream(ServerEvent({"n": number}, id=str(number)) for number in range(last_event_id + 1, 4))


@app.get("/parts")
def parts() -> Any:
    yield "gr\xfcn "
    yield b"\xff"


@app.get("/cut")
def cut() -> Any:
    yield "a"
    raise KeyError("secret")


@app.get("/modules")
def modules() -> Any:
    return sorted({"pydantic", "asyncio", "inspect", "typing_extensions"} & (set(sys.modules) - BEFORE))


lambda_handler = handler(log)(app)
