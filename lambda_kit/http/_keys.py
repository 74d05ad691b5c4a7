"""Values of a request as keys, for layers of the kit."""

from __future__ import annotations

from lambda_kit.events._http import HttpEvent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def from_header(name: str) -> Callable[[Any], str | None]:
    """Return a function that finds a header in the event of any trigger, in any letter case; None without it.

    It is a key of `idempotent`: `layers=[idempotent(store, key=from_header("idempotency-key"))]`.

    Args:
        name: the name of the header.
    """

    def key(event: Any) -> str | None:
        return HttpEvent(event).headers.get(name)

    return key
