"""An app that a client on the network speaks to."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from lambda_kit import HttpApp, handler
from lambda_kit.events import HttpEvent  # noqa: TC001  # annotations of routes are evaluated
from lambda_kit.http import Cookie, Cors, EventStream, NotFound, Query, Response

if TYPE_CHECKING:
    from collections.abc import Iterator

ORIGIN = os.environ.get("ORIGIN", "https://shop.example")
app = HttpApp(
    cors=Cors(origins=[ORIGIN], credentials=True, headers=["x-own", "content-type"], expose=["x-seen"]),
    compress=True,
    etag=True,
)


@app.get("/echo/{text}")
def echo(text: str, tag: Annotated[list[str], Query()] = []) -> Any:  # noqa: B006  # a default that nobody changes
    return {"text": text, "tags": tag}


@app.post("/mirror/{number}")
def mirror(number: int, name: str, request: HttpEvent) -> Any:
    context = request.raw["requestContext"]
    return [number, name, request.headers.get("x-number"), request.body, context["requestId"], os.getpid()]


@app.put("/bytes")
def some_bytes(request: HttpEvent) -> Response:
    return Response(request.data, media_type="image/png")


@app.get("/cookies")
def cookies(a: Annotated[str, Cookie()], b: Annotated[str, Cookie()] = "none") -> Response:
    response = Response(f"{a} {b}")
    response.set_cookie("seen", "1", secure=False)
    response.set_cookie("theme", "dark", secure=False)
    return response


@app.post("/login")
def login() -> Response:
    response = Response("welcome")
    response.set_cookie("a", "1", secure=False)
    return response


@app.get("/large")
def large() -> Any:
    return {"text": "abc" * 2000}


@app.get("/tagged")
def tagged() -> Response:
    return Response("tagged", headers={"ETag": '"v1"', "X-Seen": "yes"})


@app.delete("/orders/{order_id}", status=204)
def delete(order_id: int) -> None:
    if order_id != 7:
        raise NotFound("there is no such order")


@app.get("/events")
def events(steps: str) -> EventStream:
    """Send three events; the next one when a file says that the one before has been read."""

    def found() -> Iterator[str]:
        for number in range(3):
            yield str(number)
            while not Path(steps, str(number)).exists():
                time.sleep(0.005)

    return EventStream(found())


@app.get("/breaks")
def breaks() -> Response:
    def parts() -> Iterator[str]:
        yield "half"
        raise KeyError("secret")

    return Response(parts())


@app.get("/broken")
def broken() -> Any:
    raise KeyError("secret")


lambda_handler = handler()(app)
