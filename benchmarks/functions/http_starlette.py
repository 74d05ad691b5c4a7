"""The same with Starlette behind Mangum. It validates nothing itself, so the route does."""

# The peer is not in the environment of the type checkers.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
from __future__ import annotations

from mangum import Mangum
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from benchmarks.functions.http_events import routes_of, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


async def _get(request: Any) -> Any:
    return JSONResponse({"id": request.path_params["order_id"]})


def app_of(what: str) -> Callable[[Any, Any], Any]:
    """Return the app of a benchmark."""
    routes: list[Any] = [Route(f"/resource-{number}/{{order_id}}", _get) for number in range(routes_of(what))]
    if what == "post":
        from benchmarks.functions import http_models

        async def place(request: Any) -> Any:
            new = http_models.NewOrder.model_validate_json(await request.body())
            order = http_models.Order(id=1, customer=new.customer, lines=new.lines)
            return Response(order.model_dump_json(), media_type="application/json")

        routes.append(Route("/orders", place, methods=["POST"]))
    found: Callable[[Any, Any], Any] = Mangum(Starlette(routes=routes), lifespan="off")
    return found


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return told(app_of(name))
