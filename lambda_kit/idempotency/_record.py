"""The state machine: what a call does in view of the record that a store has. Pure: no store, no clock, no chance."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    Decision: TypeAlias = Literal["run", "replay", "in_progress", "mismatch"]

IN_PROGRESS = "INPROGRESS"
COMPLETED = "COMPLETED"


class Record:
    """What a store keeps under a key.

    Attributes:
        key: the key.
        status: `"INPROGRESS"` or `"COMPLETED"`.
        owner: the token of the call that claimed it; None in a record that another library has written.
        expires: from when on the record counts as absent, in whole seconds since the epoch.
        leased_until: until when a claim is the owner's, in seconds since the epoch; None if that is not known, and then
            the claim lasts until the record expires.
        payload: the hash of what must not differ between two calls with the same key; None if that is not checked.
        result: of a completed record the JSON text, or the same compressed by zlib; None if the result was not kept.
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


class Claim:
    """A call that wants to run.

    Attributes:
        key: what must run once.
        owner: a token that no other call has.
        now: the time, in seconds since the epoch, by the clock of the caller.
        leased_until: until when nobody else may claim the key.
        expires: when a record that is never completed counts as absent, in whole seconds since the epoch.
        payload: the hash of what must not differ between two calls; None if that is not checked.
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
        """Return what a store keeps if the claim succeeds."""
        return Record(
            self.key,
            IN_PROGRESS,
            owner=self.owner,
            expires=self.expires,
            leased_until=self.leased_until,
            payload=self.payload,
        )


def expiry(now: float, ttl: float) -> int:
    """Return the whole second in which something that lives `ttl` seconds from `now` on has run out."""
    return math.ceil(now + ttl)


def decide(record: Record | None, claim: Claim) -> Decision:
    """Return what the call does that made the claim.

    `"run"`: the key is free, or was claimed by this very call, whose reply was lost. A record that has expired is
    absent, whether or not the store has deleted it, and so is a claim whose lease has ended.
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


def may_complete(record: Record | None, owner: str) -> bool:
    """Tell whether the call with this token may store its result: nobody else has claimed the key meanwhile."""
    return record is not None and record.owner == owner


def may_release(record: Record | None, owner: str) -> bool:
    """Tell whether the call with this token may delete the record: it is its own, and not completed."""
    return record is not None and record.owner == owner and record.status == IN_PROGRESS
