"""The errors of events and records, and of answers to triggers."""

from __future__ import annotations

from lambda_kit.errors._base import LambdaKitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any


class EventError(LambdaKitError, ValueError):
    """An event or a record is malformed: it lacks a field of its source, or its content cannot be decoded."""


class ParseError(EventError):
    """An event or a record does not fit a model. Neither message nor attributes hold values of it.

    Attributes:
        problems: pairs of a path, such as `detail.lines.0.amount`, and the problem there. The path starts at the event
            or the record that was parsed.
        errors: the same as pydantic lists them: dicts with `type`, `loc` and `msg`.
    """

    def __init__(
        self, message: str, *, problems: Iterable[tuple[str, str]], errors: Iterable[dict[str, Any]] = ()
    ) -> None:
        super().__init__(message)
        self.problems = list(problems)
        self.errors = list(errors)


class InvalidRecord(ParseError):
    """A record does not fit the model of its batch. Its paths start at the body or the data of the record."""


class InvalidResult(ParseError):
    """The response of a handler does not fit the JSON Schema that `validated` has for it."""


class AnswerError(LambdaKitError, ValueError):
    """An answer to a trigger cannot be built, because the trigger would refuse it or misread it."""


class AnswerNotSent(LambdaKitError):
    """The answer of a custom resource could not be delivered to CloudFormation."""


class RotationRefused(LambdaKitError):
    """A secret cannot be rotated: rotation is not enabled, or the version is unknown or not `AWSPENDING`."""


class NotAuthorized(LambdaKitError):
    """An authorizer of API Gateway refused the caller. API Gateway reads the message, and answers 401."""


class ResponseTooLarge(LambdaKitError):
    """A stream had to be collected, because it cannot be sent part by part, and is over Lambda's limit of 6 MB."""
