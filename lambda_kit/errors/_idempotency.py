"""The errors of idempotent calls."""

from __future__ import annotations

from lambda_kit.errors._base import LambdaKitError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class IdempotencyError(LambdaKitError):
    """An idempotent call was refused, or its result was not stored.

    The message quotes the stored key, which contains a hash, and never the payload or the key of the event. Where no
    key was found, it quotes the expression, and names fields of the event.

    Attributes:
        key: the key of the stored record: the names of namespace and function, and a hash.
    """

    def __init__(self, message: str, *, key: str) -> None:
        self.key = key
        super().__init__(message)


class AlreadyInProgress(IdempotencyError):
    """Another call with the same key is running, in this process or another one.

    Attributes:
        remaining: seconds until the lease of that call ends; None if the record has no lease.
    """

    def __init__(self, *, key: str, remaining: float | None) -> None:
        self.remaining = remaining
        until = "" if remaining is None else f", for at most {remaining:.1f} s"
        super().__init__(f"another call with the key {key} is in progress{until}; try again later", key=key)


class MissingIdempotencyKey(IdempotencyError, ValueError):
    """The event has no idempotency key, or a part of the key is missing."""


class PayloadMismatch(IdempotencyError):
    """The key was used before with another payload."""


class LeaseLost(IdempotencyError):
    """The call ran longer than its lease, and another call has claimed the key meanwhile.

    The function has run. Its result was not stored, because the other call owns the record.

    Attributes:
        result: the return value of the function.
    """

    result: Any = None


class StoreUnavailable(IdempotencyError):
    """The store did not answer the claim, or could not store the result. The cause is chained.

    Attributes:
        ran: True if the function has run. Its result was not stored then.
        result: the return value of the function, if it has run.
    """

    ran: bool = False
    result: Any = None


class UnreadableRecord(IdempotencyError):
    """The record of the key, or the result in it, cannot be read.

    The function was not run. The cause is chained; the message quotes no value. A record may have been written by other
    code, with another `codec`, or before a model changed. To let the key run again, delete its record.
    """


class FailedEarlier(IdempotencyError):
    """An earlier call failed with one of `replay_errors`, and its exception cannot be rebuilt.

    The class of the exception no longer exists, or needs its constructor, as exception groups do.

    Attributes:
        error_type: the name of the class of the exception.
        reason: the message of the exception.
    """

    error_type: str = ""
    reason: str = ""


class ResultNotStored(IdempotencyError):
    """The call was completed, by this run or an earlier one, but no result is stored for a replay.

    Attributes:
        result: the return value of the function, if this run has completed the call.
    """

    result: Any = None


class ResultTooLarge(ResultNotStored):
    """The call was completed, and its result did not fit into the store, even compressed."""
