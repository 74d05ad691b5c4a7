"""The errors of parameters, secrets, configurations and settings."""

from __future__ import annotations

from lambda_kit.errors._base import LambdaKitError

_SOURCES = {"agent": "the AppConfig agent", "environment": "the environment", "extension": "the extension"}


class ParameterError(LambdaKitError):
    """A parameter, a secret or a configuration could not be read or written. Values are never quoted.

    If an `AwsError` is the reason, it is the `__cause__`.

    Attributes:
        names: the names that were requested; in most cases one.
        source: `"ssm"`, `"secretsmanager"`, `"appconfig"`, `"extension"`, `"agent"` (the AppConfig agent) or
            `"environment"`.
        reason: the reason as text.
    """

    def __init__(self, reason: str, *, names: tuple[str, ...], source: str, what: str, done: str = "read from") -> None:
        self.names = names
        self.source = source
        self.reason = reason
        where = _SOURCES.get(source, source)
        super().__init__(f"{what} {', '.join(names)} could not be {done} {where}: {reason}")


class ParameterAccessDenied(ParameterError):
    """The role of the function may not read or write the parameter or secret.

    Attributes:
        action: the IAM action that the role needs, for example `"ssm:GetParameter"`.
    """

    action: str = ""


class ParameterNotFound(ParameterError):
    """The parameter or secret does not exist, or not in the requested version, label or stage."""


class TransformError(ParameterError):
    """A value does not fit the requested transform. Message and traceback do not contain the value.

    Attributes:
        transform: the name of the transform: `"json"`, or the name of the function or model.
    """

    transform: str = ""


class SettingsError(LambdaKitError, ValueError):
    """Fields of a `Settings` class are missing or invalid. The message names all of them and quotes no value.

    Attributes:
        problems: for each such field, its source and the problem.
    """

    def __init__(self, model: str, problems: dict[str, str]) -> None:
        self.problems = problems
        lines = "".join(f"\n  {field}: {problem}" for field, problem in problems.items())
        super().__init__(f"{model} could not be loaded:{lines}")
