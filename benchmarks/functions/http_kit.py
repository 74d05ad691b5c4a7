"""An app of the kit. The name of the handler says which: see `http_events`."""

from __future__ import annotations

from benchmarks.functions.http_events import routes_of, told
from lambda_kit import HttpApp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _get(order_id: str) -> dict[str, str]:
    return {"id": order_id}


def app_of(what: str) -> Callable[[Any, Any], Any]:
    """Return the app of a benchmark."""
    app = HttpApp()
    for number in range(routes_of(what)):
        app.get(f"/resource-{number}/{{order_id}}")(_get)
    if what == "post":
        from benchmarks.functions import http_models

        def place(body: Any) -> Any:
            return http_models.Order(id=1, customer=body.customer, lines=body.lines)

        place.__annotations__.update({"body": http_models.NewOrder, "return": http_models.Order})
        app.post("/orders")(place)
    return app


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return told(app_of(name))
