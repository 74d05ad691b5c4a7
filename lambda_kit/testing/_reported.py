"""`invoke` for the fixture `lambda_invoke`: the report of a failing test shows the output of its invocations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from lambda_kit._kernel import callables
from lambda_kit.testing._invoke import Result, invoke

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

R = TypeVar("R")


class Invoke(Protocol):
    """The type of the fixture `lambda_invoke`: it takes and returns what `invoke` does."""

    def __call__(
        self,
        handler: Callable[[Any, Any], R],
        event: Any = None,
        *,
        context: Any = None,
        cold: bool = False,
        answers: Mapping[str, Any] | None = None,
        skip_waits: bool = True,
        patience: float = 30.0,
    ) -> Result[R]:
        """Run a handler once, with all its layers, and return its result."""
        ...


def reported_invoke(add_section: Callable[[str, str, str], object]) -> Invoke:
    """Return `invoke` with a function that gets the output of each invocation: phase, title and text."""
    count = 0

    def reported(handler: Callable[[Any, Any], R], event: Any = None, **options: Any) -> Result[R]:
        nonlocal count
        count += 1
        result = invoke(handler, event, **options)
        if result.output:
            add_section("call", f"output of invocation {count}, of {callables.name_of(handler)}", result.output)
        return result

    return reported
