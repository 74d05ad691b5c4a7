"""One request on its way to the function of its route."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.events import HttpEvent

    Read = Callable[["Call"], Any]


MISSING: Any = object()
STREAM = "lambda_kit.http.stream"
"""The key under which an invocation keeps the stream that was begun."""


class Limits:
    """The limits of requests: the answer to more is 413.

    Attributes:
        body: the largest number of bytes in a body; None for what the trigger takes.
        parts: the largest number of parts, or fields, in a form.
        files: the largest number of files in a form.
        file: the largest number of bytes in a file; None for what the body may have.

    Raises:
        ConfigurationError: a limit is no number, or negative.
    """

    __slots__ = ("body", "file", "files", "parts")

    def __init__(self, body: int | None, parts: int, files: int, file: int | None) -> None:
        for name, value in (("max_body", body), ("max_parts", parts), ("max_files", files), ("max_file", file)):
            if value is not None and (type_of(value) is not int or value < 0):
                raise ConfigurationError(f"{name}={value!r}: pass a number of 0 or more")
        self.body = body
        self.parts = parts
        self.files = files
        self.file = file


class Call:
    """One request, on its way to the function of its route.

    Attributes:
        request: the request.
        context: the context of Lambda.
        values: the values of the path's parameters, in their order.
        provided: the keywords that layers have passed.
        dependencies: the dependencies of this request, once there is one; None before.
        form: the fields and files of a form, once it is read; None before.
        limits: the limits of the app.
    """

    __slots__ = ("context", "dependencies", "form", "limits", "provided", "request", "values")

    def __init__(self, request: HttpEvent, context: Any, provided: dict[str, Any], limits: Limits) -> None:
        self.request = request
        self.context = context
        self.values: list[str] = []
        self.provided = provided
        self.dependencies: Any = None
        self.form: Any = None
        self.limits = limits


def together(errors: list[ConfigurationError]) -> ConfigurationError:
    """Return errors as one, with a line for each. A dependency of several routes is named once."""
    if len(errors) == 1:
        return errors[0]
    lines = dict.fromkeys(line for one in errors for line in str(one).splitlines())
    kinds = {type_of(one): one for one in errors}
    if len(kinds) > 1:
        return ConfigurationError("\n".join(lines))
    ((kind, first),) = kinds.items()  # several files, for example, that need the same extra
    made: ConfigurationError = kind("\n".join(lines))
    vars(made).update(vars(first))
    return made


class Invalid(Exception):  # never leaves this room
    """A value that does not fit its parameter."""

    def __init__(self, problem: dict[str, str]) -> None:
        super().__init__()
        self.problem = problem


class InvalidResponse(Exception):  # never leaves this room
    """A value that a route has returned, and that cannot be sent."""
