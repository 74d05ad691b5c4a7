"""The errors of feature flags."""

from __future__ import annotations

from lambda_kit.errors._base import LambdaKitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class FlagError(LambdaKitError):
    """A feature flag cannot be evaluated."""


class FlagSchemaError(FlagError, ValueError):
    """The document that defines the flags is wrong.

    Attributes:
        problems: pairs of a JSON path, such as `$.cart.rules.early.conditions[0].action`, and the problem there; the
            first fifty at most.
        path: the first of these paths.
    """

    def __init__(self, problems: Iterable[tuple[str, str]]) -> None:
        self.problems = list(problems)
        self.path = self.problems[0][0]
        lines = "".join(f"\n  {path}: {problem}" for path, problem in self.problems)
        super().__init__(f"the feature flags cannot be used:{lines}")


class FlagsUnavailable(FlagError):
    """The flags could not be fetched, and no older version is cached. The cause is chained."""


class UnknownFlag(FlagError, LookupError):
    """The flag does not exist, and no default was given.

    Attributes:
        flag: the name of the flag.
    """

    def __init__(self, message: str, *, flag: str) -> None:
        super().__init__(message)
        self.flag = flag
