"""Facts that capabilities tell, and observers that the logger, the tracer and the metrics register to hear of them.

So that no capability imports another one, and a fact costs nothing where nobody listens.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

observers: list[Callable[[str, dict[str, Any]], object]] = []


def observe(observer: Callable[[str, dict[str, Any]], object]) -> None:
    """Call `observer` with the name and the fields of every fact from now on, in the thread that tells it."""
    if observer not in observers:
        observers.append(observer)


def tell(name: str, **fields: Any) -> None:
    """Tell a fact. An observer that fails is logged, and the others still hear of it.

    Args:
        name: capability and fact: `"idempotency.claimed"`.
        **fields: what belongs to it; never a payload, a key as it was given, or a secret.
    """
    for observer in observers:
        try:
            observer(name, fields)
        except Exception:
            import logging

            logging.getLogger("lambda_kit").exception("an observer of the fact %s failed", name)
