"""The same with Powertools; names that begin with `validated_` turn its validation on."""

# The peer is not in the environment of the type checkers.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUnknownMemberType=false
from __future__ import annotations

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from benchmarks.functions.http_events import routes_of, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def _get(order_id: str) -> dict[str, str]:
    return {"id": order_id}


def app_of(what: str) -> Callable[[Any, Any], Any]:
    """Return the app of a benchmark."""
    validated = what.startswith("validated_")
    what = what.removeprefix("validated_")
    app: Any = APIGatewayHttpResolver(enable_validation=validated)
    for number in range(routes_of(what)):
        app.get(f"/resource-{number}/<order_id>")(_get)
    if what == "post":
        from benchmarks.functions import http_models

        def place(body: Any) -> Any:
            return http_models.Order(id=1, customer=body.customer, lines=body.lines)

        place.__annotations__.update({"body": http_models.NewOrder, "return": http_models.Order})
        app.post("/orders")(place)
    found: Callable[[Any, Any], Any] = app.resolve
    return found


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return told(app_of(name))
