"""Greet: the smallest function there is, with one line in its log.

echo '{"name": "Ada"}' | lambda-kit invoke hello.greet --event -
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, handler

if TYPE_CHECKING:
    from lambda_kit.invocation import LambdaContext

log = Logger(service="hello")


def greeting(name: str) -> str:
    """Return the greeting. It knows nothing of Lambda, so that a test calls it as it is."""
    return f"Hello {name.strip() or 'world'}"


@handler(log)
def greet(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Greet the one whose name is in the event."""
    name: str = event.get("name", "")
    log.info("greeting", known=bool(name))
    return {"message": greeting(name)}
