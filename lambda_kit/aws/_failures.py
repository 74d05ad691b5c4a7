"""Which error of the kit stands for which of AWS's, the same for the lean client and for a boto3 client."""

from __future__ import annotations

from lambda_kit.aws._retries import THROTTLING_CODES
from lambda_kit.errors import AccessDenied, AwsError, ConditionalCheckFailed, NotFound, Throttled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Refusals of the credentials themselves, which others may cure.
CREDENTIALS_CODES = frozenset(
    ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "RequestExpired", "UnrecognizedClientException")
)

_CLASSES: dict[str, type[AwsError]] = {
    **dict.fromkeys(
        (
            "AccessDenied",
            "AccessDeniedException",
            "AuthorizationError",
            "AuthorizationErrorException",
            "KMS.AccessDeniedException",
            "KmsAccessDenied",
            "NotAuthorized",
            "UnauthorizedOperation",
        ),
        AccessDenied,
    ),
    **dict.fromkeys(
        (
            "AWS.SimpleQueueService.NonExistentQueue",
            "ParameterNotFound",
            "ParameterVersionNotFound",
            "QueueDoesNotExist",
            "ResourceNotFoundException",
        ),
        NotFound,
    ),
    **dict.fromkeys(THROTTLING_CODES, Throttled),
    "ConditionalCheckFailedException": ConditionalCheckFailed,
}


def error_of(
    code: str,
    reason: str,
    *,
    service: str,
    operation: str,
    status: int | None,
    request_id: str | None,
    attempts: int,
    item: dict[str, Any] | None,
) -> AwsError:
    """Return the error for what AWS said; one that is not known is a plain `AwsError`."""
    cls = _CLASSES.get(code) or (Throttled if status == 429 else AwsError)
    error = cls(
        reason or "AWS gave no reason",
        service=service,
        operation=operation,
        code=code,
        status=status,
        request_id=request_id,
        attempts=attempts,
    )
    if isinstance(error, ConditionalCheckFailed):
        error.item = item
    return error
