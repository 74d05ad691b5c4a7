"""The state machine: from a claim and the record in the store to a decision. No store, no clock, no random numbers."""

from __future__ import annotations

import math

from lambda_kit.errors import UnreadableRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    Decision: TypeAlias = Literal["run", "replay", "in_progress", "mismatch"]

IN_PROGRESS = "INPROGRESS"
COMPLETED = "COMPLETED"


class Record:
    """The record that a store keeps under a key.

    Attributes:
        key: the key.
        status: `"INPROGRESS"` or `"COMPLETED"`.
        owner: the token of the call that claimed it; None in a record that another library has written.
        expires: the time at which the record begins to count as absent, in whole seconds since the epoch.
        leased_until: the end of a claim, in seconds since the epoch; None if it is not known. The claim then lasts
            until the record expires.
        payload: the hash of what two calls with the same key must share; None if payloads are not compared.
        result: the result of a completed record: JSON text, or that text compressed by zlib; None if there is none.
    """

    __slots__ = ("expires", "key", "leased_until", "owner", "payload", "result", "status")

    def __init__(
        self,
        key: str,
        status: str,
        *,
        owner: str | None,
        expires: float,
        leased_until: float | None = None,
        payload: str | None = None,
        result: str | bytes | None = None,
    ) -> None:
        self.key = key
        self.status = status
        self.owner = owner
        self.expires = expires
        self.leased_until = leased_until
        self.payload = payload
        self.result = result

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Record):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"<Record {self.status} of {self.owner or 'another library'}, expires {self.expires}>"


def record_of(
    key: str, *, status: Any, owner: Any, expires: Any, leased_until: Any, payload: Any, result: Any
) -> Record:
    """Return the record that a store has read, after a check of its values: other code may have written them.

    Raises:
        UnreadableRecord: a value is not what it has to be.
    """
    try:
        until = None if leased_until is None else float(leased_until)
        end = float(expires)
    except (TypeError, ValueError) as error:
        raise unreadable(key) from error
    texts = all(value is None or isinstance(value, str) for value in (owner, payload))
    if not (texts and isinstance(status, str) and isinstance(result, str | bytes | None)) or math.isnan(end):
        raise unreadable(key)
    if until is not None and math.isnan(until):
        raise unreadable(key)
    return Record(key, status, owner=owner, expires=end, leased_until=until, payload=payload, result=result)


def unreadable(key: str) -> UnreadableRecord:
    """Return the error for a record that cannot be read."""
    return UnreadableRecord(
        f"the record under the key {key} cannot be read; the function was not run. Was it written by other code?",
        key=key,
    )


class Claim:
    """The request of a call to run.

    Attributes:
        key: the key that runs once.
        owner: a token that no other call has.
        now: the time by the clock of the caller, in seconds since the epoch.
        leased_until: the time before which no other call may claim the key, in seconds since the epoch.
        expires: the time at which a record that is never completed begins to count as absent, in whole seconds since
            the epoch.
        payload: the hash of what two calls with the same key must share; None if payloads are not compared.
    """

    __slots__ = ("expires", "key", "leased_until", "now", "owner", "payload")

    def __init__(self, key: str, owner: str, *, now: float, lease: float, ttl: float, payload: str | None) -> None:
        self.key = key
        self.owner = owner
        self.now = now
        self.leased_until = now + lease
        self.expires = expiry(now, max(lease, ttl))
        self.payload = payload

    def record(self) -> Record:
        """Return the record that a store keeps if the claim succeeds."""
        return Record(
            self.key,
            IN_PROGRESS,
            owner=self.owner,
            expires=self.expires,
            leased_until=self.leased_until,
            payload=self.payload,
        )


def expiry(now: float, ttl: float) -> int:
    """Return the first whole second that is at least `ttl` seconds after `now`."""
    return math.ceil(now + ttl)


def decide(record: Record | None, claim: Claim) -> Decision:
    """Return what the call that made the claim does, given the record that is there.

    - `"run"`: the key is free. A record that has expired counts as absent, whether or not the store has deleted it, and
      so does a claim whose lease has ended. A claim of this very call, whose reply was lost, is its own.
    - `"replay"`: the record is completed.
    - `"in_progress"`: another call has claimed the key.
    - `"mismatch"`: the record has another payload.
    """
    if record is None or record.expires <= claim.now:
        return "run"
    completed = record.status == COMPLETED
    if record.owner is not None and record.owner == claim.owner:
        return "replay" if completed else "run"
    if not completed and record.leased_until is not None and record.leased_until <= claim.now:
        return "run"
    if claim.payload and record.payload and claim.payload != record.payload:
        return "mismatch"
    return "replay" if completed else "in_progress"


def renews(record: Record | None, claim: Claim) -> bool:
    """Tell whether a claim lengthens the lease of its own call, as each run of a durable execution does.

    A claim that is repeated, because its reply was lost, has the same lease; one that arrives late has a shorter one.
    """
    return record is not None and may_release(record, claim.owner) and (record.leased_until or 0) < claim.leased_until


def may_complete(record: Record | None, owner: str) -> bool:
    """Tell whether the call with this token may store its result: no other call has claimed the key meanwhile."""
    return record is not None and record.owner == owner


def may_release(record: Record | None, owner: str) -> bool:
    """Tell whether the call with this token may delete the record: it is its own, and not completed."""
    return record is not None and record.owner == owner and record.status == IN_PROGRESS
