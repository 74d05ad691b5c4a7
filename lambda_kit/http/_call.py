"""One request on its way to the function of its route."""

from __future__ import annotations

from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.events import HttpEvent

    Read = Callable[["Call"], Any]

MISSING: Any = object()


class Call:
    """One request, on its way to the function of its route.

    Attributes:
        request: the request.
        context: the context of Lambda.
        values: the values of the path's parameters, in their order.
        provided: the keywords that layers have passed.
        dependencies: the dependencies of this request, once there is one; None before.
        max_body: the largest number of bytes in a body; None for no limit.
    """

    __slots__ = ("context", "dependencies", "form", "max_body", "provided", "request", "values")

    def __init__(self, request: HttpEvent, context: Any, provided: dict[str, Any], max_body: int | None) -> None:
        self.request = request
        self.context = context
        self.values: list[str] = []
        self.provided = provided
        self.dependencies: Any = None
        self.form: Any = None
        self.max_body = max_body


def together(errors: list[ConfigurationError]) -> ConfigurationError:
    """Return errors as one, with a line for each. A dependency of several routes is named once."""
    if len(errors) == 1:
        return errors[0]
    lines = dict.fromkeys(line for one in errors for line in str(one).splitlines())
    return ConfigurationError("\n".join(lines))


class Invalid(Exception):  # never leaves this room
    """A value that does not fit its parameter."""

    def __init__(self, problem: dict[str, str]) -> None:
        super().__init__()
        self.problem = problem
