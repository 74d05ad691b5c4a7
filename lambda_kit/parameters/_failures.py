"""The errors of this package: which value, at which source, why, and which action to grant."""

from __future__ import annotations

from lambda_kit.errors import (
    AccessDenied,
    LambdaKitError,
    NotFound,
    ParameterAccessDenied,
    ParameterError,
    ParameterNotFound,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.errors import AwsError, ResourceBuildError
    from lambda_kit.parameters._query import Query

_ACTIONS = {
    "GetParameter": "ssm:GetParameter",
    "GetParameters": "ssm:GetParameters",
    "GetParametersByPath": "ssm:GetParametersByPath",
    "PutParameter": "ssm:PutParameter",
    "GetSecretValue": "secretsmanager:GetSecretValue",
    "DescribeSecret": "secretsmanager:DescribeSecret",
    "StartConfigurationSession": "appconfig:StartConfigurationSession",
    "GetLatestConfiguration": "appconfig:GetLatestConfiguration",
}


def failed(reason: str, query: Query, source: str) -> ParameterError:
    """Return the error for a value that could not be read."""
    return ParameterError(reason, names=(query.name,), source=source, what=query.what)


def not_found(query: Query, source: str, reason: str = "it does not exist") -> ParameterNotFound:
    """Return the error for a value that does not exist."""
    chosen = {"version": query.version, "label": query.label, "version id": query.version_id, "stage": query.stage}
    for what, value in chosen.items():
        if value is not None:
            reason = f"{reason}, or not with the {what} {value}"
    return ParameterNotFound(reason, names=(query.name,), source=source, what=query.what)


def translated(
    error: AwsError, *, names: tuple[str, ...], what: str, source: str, done: str = "read from"
) -> ParameterError:
    """Return the error of this package for an error of AWS."""
    reason = f"{error.code}: {error.reason}"
    if isinstance(error, AccessDenied):
        told = error.reason.lower()
        action = _ACTIONS[error.operation]
        if "kms" in told or "ciphertext" in told or "kms" in error.code.lower():
            action = "kms:Encrypt" if error.operation == "PutParameter" else "kms:Decrypt"
        denied = ParameterAccessDenied(
            f"the role of the function is not allowed to; grant it {action} ({reason})",
            names=names,
            source=source,
            what=what,
            done=done,
        )
        denied.action = action
        return denied
    cls = ParameterNotFound if isinstance(error, NotFound) else ParameterError
    return cls(reason, names=names, source=source, what=what, done=done)


def raise_cause(error: ResourceBuildError) -> None:
    """Raise the cause of a failed build if that is an error of the kit."""
    cause = error.__cause__
    if isinstance(cause, LambdaKitError):
        raise again(cause)


def again(error: LambdaKitError) -> LambdaKitError:
    """Return a copy of an error: callers that share an error share its traceback, and keep each other's variables."""
    from copy import copy

    own = copy(error)
    own.__cause__ = error.__cause__
    own.__suppress_context__ = True
    return own
