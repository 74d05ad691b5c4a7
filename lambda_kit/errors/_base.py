"""The base class of all errors, and the error of declarations, which every room may raise."""

from __future__ import annotations

from lambda_kit import hide_credentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class LambdaKitError(Exception):
    """The base class of all errors of the kit: `except LambdaKitError` catches them and nothing else.

    URLs in a message are shown without user and password.
    """

    __module__ = "lambda_kit.errors"  # as it is imported, in tracebacks and in what is stored

    def __init_subclass__(cls) -> None:
        if cls.__module__.startswith("lambda_kit.errors."):
            cls.__module__ = "lambda_kit.errors"

    def __init__(self, *args: object) -> None:
        if args and isinstance(args[0], str) and "@" in args[0]:
            args = (hide_credentials(args[0]), *args[1:])
        super().__init__(*args)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the message and the attributes, for any signature of the class."""
        return _revive, (type(self), self.args, vars(self))


def _revive(cls: type[LambdaKitError], args: tuple[Any, ...], attributes: dict[str, Any]) -> LambdaKitError:
    error = cls.__new__(cls, *args)
    vars(error).update(attributes)
    return error


class ConfigurationError(LambdaKitError, ValueError):
    """An argument, an option or a declaration is wrong. It is raised at the declaration, not at the first use."""
