"""Failures that AWS reports: how they are read, and which error of the kit stands for each.

The lean client and a boto3 client raise the same errors.
"""

from __future__ import annotations

from lambda_kit.aws._operations import decode_item, read_object
from lambda_kit.aws._retries import THROTTLING_CODES
from lambda_kit.errors import AccessDenied, AwsError, ConditionalCheckFailed, ConnectionGone, NotFound, Throttled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

# AWS refuses the credentials themselves; other credentials may help.
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
    "GoneException": ConnectionGone,
}
_CLASSES_OF_STATUS = {410: ConnectionGone, 429: Throttled}


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
    """Return the error of the kit for a code of AWS: a plain `AwsError` for a code that is not known."""
    cls = _CLASSES.get(code) or _CLASSES_OF_STATUS.get(status or 0, AwsError)
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


class Failure:
    """A failure as AWS reports it.

    Attributes:
        code: AWS's code of the error; the older one where there are two, as in botocore.
        message: AWS's message.
        item: the item that DynamoDB attaches to a failed condition, else None.
    """

    __slots__ = ("code", "item", "message")

    def __init__(self, code: str, message: str, item: dict[str, Any] | None = None) -> None:
        self.code = code
        self.message = message
        self.item = item


def read_failure(service: str, status: int, headers: dict[str, str], body: bytes) -> Failure:
    """Return the failure that a reply reports; a body that cannot be read is not quoted."""
    stripped = body.strip()
    if status >= 500 and (not stripped or stripped.startswith(b"<html>")):
        return Failure(str(status), _phrase(status))
    if service == "s3":
        from lambda_kit.aws import _s3

        return Failure(*_s3.read_failure(status, headers, body))
    report: dict[str, Any]
    try:
        report = read_object(body)
    except (ValueError, RecursionError):
        report = {"message": "the reply is not in JSON"}
    code = _bare(report.get("__type", str(status)))
    legacy, _, more = headers.get("x-amzn-query-error", "").partition(";")
    if legacy and more and ";" not in more:
        code = legacy
    if service in ("appconfigdata", "apigatewaymanagementapi"):
        given = headers.get("x-amzn-errortype", report.get("code", report.get("Code")))
        code = code if given is None else _bare(given)
    item: dict[str, Any] | None = None
    try:
        if service == "dynamodb" and "Item" in report:
            decode_item(report["Item"])
            item = report["Item"]
    except Exception:  # the member is not an item of DynamoDB
        item = None
    message = report.get("message", report.get("Message", ""))
    return Failure(code, str(message or ""), item)


def _bare(code: object) -> str:
    """Return a code without the namespace before it and the link after it."""
    return str(code).partition(":")[0].rpartition("#")[2]


def _phrase(status: int) -> str:
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


_NAMED_BY = {"dynamodb": ("TableName", "table"), "sqs": ("QueueUrl", "queue"), "s3": ("Bucket", "bucket")}
_MISSING = frozenset(
    (
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    )
)


def located(service: str, code: str, message: str, params: dict[str, Any], region: str) -> str:
    """Return a message with the table, queue or bucket that does not exist, and the region: AWS names neither."""
    if code not in _MISSING or service not in _NAMED_BY:
        return message
    parameter, kind = _NAMED_BY[service]
    name = params.get(parameter)
    if isinstance(name, str):
        from lambda_kit._kernel.urls import without_credentials

        name = without_credentials(name)
    return f"{message.rstrip('.')}: the {kind} {name!r} in {region}"


def hide(message: str, params: dict[str, Any], secrets: Iterable[str]) -> str:
    """Return `message` without the values of secret parameters: AWS may repeat them in its message."""
    for name in secrets:
        value = params.get(name)
        if value and isinstance(value, str):
            if len(value) > 3:
                message = message.replace(value, "[hidden]")
            else:  # such a short text may also be part of other words
                message = message.replace(f"'{value}'", "'[hidden]'")
    return message
