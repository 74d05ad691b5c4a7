"""The errors of batches."""

from __future__ import annotations

from lambda_kit.errors._base import LambdaKitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class BatchError(LambdaKitError):
    """The return value of a record function cannot be the result of a record."""


class BatchFailed(BatchError):
    """No record of a batch succeeded, and `raise_if_all_failed` is set. The first error is chained.

    It is also raised if records of Firehose were not started before the deadline: Firehose retries an invocation that
    fails, and gives up records that fail.

    Attributes:
        report: the outcome of each record, a `lambda_kit.batch.BatchReport`.
    """

    def __init__(self, message: str, *, report: Any) -> None:
        super().__init__(message)
        self.report = report
