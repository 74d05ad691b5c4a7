"""The errors of this package: which value, at which source, why, and which action to grant."""

from __future__ import annotations

import os

from lambda_kit.aws._failures import CREDENTIALS_CODES
from lambda_kit.aws._local_server import Unavailable
from lambda_kit.errors import (
    AccessDenied,
    AwsError,
    LambdaKitError,
    NoAnswer,
    NoCredentials,
    NotFound,
    ParameterAccessDenied,
    ParameterError,
    ParameterNotFound,
    Throttled,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
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
# The variables by which Lambda gives a function the credentials of its role.
_ROLE = ("AWS_ACCESS_KEY_ID", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")


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
    if isinstance(error, NoCredentials) and done == "read from" and _has_no_role():
        reason = f"{reason}; to run without AWS, set LAMBDA_KIT_PARAMETERS_SOURCE=environment"
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


def _has_no_role() -> bool:
    """Tell whether this process is none of Lambda's. There the environment or the container's endpoint has a role.

    A local run sets the other variables of Lambda too.
    """
    return not any(name in os.environ for name in _ROLE)


def is_outage(error: Exception) -> bool:
    """Tell whether a source failed to answer, so that an old value may be used.

    An answer that there is no such value, that the role may not read it, that it cannot be decrypted, or a value that
    does not fit its transform is no outage.
    """
    cause = error.__cause__ if isinstance(error, ParameterError) else None
    if isinstance(cause, Unavailable | NoAnswer | NoCredentials | Throttled):
        return True
    if not isinstance(cause, AwsError):
        return False
    return cause.status is None or not 400 <= cause.status < 500 or cause.code in CREDENTIALS_CODES


def own_copy(error: Exception) -> LambdaKitError | None:
    """Return a copy of an error of the kit; None for any other exception.

    Callers that share an error share its traceback, and keep each other's variables alive.
    """
    if not isinstance(error, LambdaKitError):
        return None
    from copy import copy

    own = copy(error)
    own.__cause__ = error.__cause__
    own.__suppress_context__ = True
    return own
