"""The same with Powertools: a middleware and a cached parameter, from a provider that needs no network."""

# The peer is not in the environment of the type checkers.
# pyright: reportMissingImports=false, reportUnknownVariableType=false, reportUntypedBaseClass=false
from __future__ import annotations

from aws_lambda_powertools.middleware_factory import lambda_handler_decorator
from aws_lambda_powertools.utilities.parameters import BaseProvider

from benchmarks.functions.usage import initialized, usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Provider(BaseProvider):  # type: ignore[misc]
    def _get(self, name: str, **options: Any) -> Any:
        return {"name": "orders"}

    def _get_multiple(self, path: str, **options: Any) -> Any:
        return {}


_parameters: Any = _Provider()


def _announce(handler: Any, event: Any, context: Any) -> Any:
    return handler(event, context)


def _handle(event: object, context: object) -> dict[str, float]:
    assert _parameters.get("/shop/table", max_age=300)["name"] == "orders"
    return usage()


handle: Any = lambda_handler_decorator(_announce)(_handle)


initialized()
