"""The errors of calls to AWS."""

from __future__ import annotations

from lambda_kit.errors._base import LambdaKitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class AwsError(LambdaKitError):
    """A call to AWS failed, also after its retries. Requests and replies are never quoted.

    Attributes:
        service: the service as boto3 names it, for example `"ssm"`.
        operation: the operation, for example `"GetParameter"`.
        code: the error code of AWS, for example `"ParameterNotFound"`; the name of the class without an answer.
        reason: the message of AWS, or the reason of the failure.
        request_id: the request id, for AWS support; None without an answer.
        status: the HTTP status; None without an answer.
        attempts: number of times that the request was sent.
    """

    def __init__(
        self,
        reason: str,
        *,
        service: str,
        operation: str,
        code: str | None = None,
        request_id: str | None = None,
        status: int | None = None,
        attempts: int = 1,
    ) -> None:
        self.service = service
        self.operation = operation
        self.code = code or type(self).__name__
        self.reason = reason
        self.request_id = request_id
        self.status = status
        self.attempts = attempts
        named = "" if self.code == type(self).__name__ else f" with {self.code}"  # a traceback begins with the class
        summary = f"{service} {operation} failed{named}: {reason}"
        details = [f"request id {request_id}"] if request_id else []
        details += [f"{attempts} attempts"] if attempts > 1 else []
        super().__init__(f"{summary} ({', '.join(details)})" if details else summary)


class AccessDenied(AwsError):
    """The role of the function lacks a permission. The reason names the action if AWS does."""


class ConditionalCheckFailed(AwsError):
    """The condition of a write to DynamoDB was not met.

    Attributes:
        item: the existing item, as DynamoDB attribute values; None if the request did not ask for it.
    """

    item: dict[str, Any] | None = None


class ConnectionGone(AwsError):
    """The client of a WebSocket API has disconnected: forget the id of its connection."""


class NoAnswer(AwsError):
    """No connection was made, no complete reply came, or the invocation had no time left to wait for one.

    Attributes:
        sent: True if AWS may have received the request and acted on it.
    """

    sent: bool = False


class NoCredentials(AwsError):
    """No credentials were found to sign the request, or they could not be fetched."""


class NotFound(AwsError):
    """The requested resource does not exist."""


class Throttled(AwsError):
    """AWS refused the request because there were too many, even after retries."""
