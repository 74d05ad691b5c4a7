"""Claiming a key: the steps of a call before the function runs.

The steps are generators. They yield what has to be waited for, and get back what came of it; see `_drivers`.
"""

from __future__ import annotations

import contextlib
import functools
from contextvars import ContextVar

from lambda_kit._kernel import log
from lambda_kit._kernel.facts import tell
from lambda_kit.errors import AlreadyInProgress, AwsError, NoAnswer, PayloadMismatch, StoreUnavailable, UnreadableRecord
from lambda_kit.idempotency._record import Claim, Record, decide
from lambda_kit.invocation import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, TypeAlias

    from lambda_kit.idempotency._settings import Settings

    Steps: TypeAlias = Generator[tuple[str, Any], Any, Any]

ATTEMPTS = 4  # the most attempts at a step of the store
FIRST_PAUSE = 0.05  # seconds
LEASE_MARGIN = 1.0  # seconds that a lease lasts beyond its invocation, because clocks differ
RESERVE = 0.2  # seconds of the invocation that waiting leaves to the function
LONGEST_PAUSE = 1.0  # seconds
LONGEST_EXECUTION = 366 * 86_400.0  # seconds that a durable execution may take: a year
_LEASE_OUTSIDE = 300.0  # seconds that a lease lasts where no invocation bounds the run

running: dict[tuple[str, str], Call] = {}
"""The calls of durable executions that run in this process, by owner and key: all calls of one have the same owner."""

enclosing: ContextVar[tuple[str, ...]] = ContextVar("lambda_kit_idempotency", default=())
"""The owners of the claims within whose runs this code runs, where calls may wait."""


class Call:
    """One call that has a key.

    Attributes:
        key: the key of its record.
        payload: the hash of its payload, or None.
        owner: its random token.
        function: the name of the protected function, for messages.
        claimed: whether observers know of its claim, and not yet of the end of it.
        waited: whether it has seen another call running.
        leased_until: the end of its claim, in seconds since the epoch; 0.0 before the first attempt to claim.
        durable: whether the claim belongs to a durable execution.
        kept: the fewest seconds that its result is kept, whatever the options say.
        generation: that of the local cache when the call began.
    """

    __slots__ = (
        "claimed",
        "durable",
        "function",
        "generation",
        "kept",
        "key",
        "leased_until",
        "owner",
        "payload",
        "waited",
    )

    def __init__(
        self, key: str, payload: str | None, owner: str, function: str, *, durable: bool = False, kept: float = 0.0
    ) -> None:
        self.key = key
        self.payload = payload
        self.owner = owner
        self.function = function
        self.claimed = self.waited = False
        self.leased_until = 0.0
        self.durable = durable
        self.kept = kept
        self.generation = 0

    def tell_end(self, fact: str) -> None:
        """Tell observers once how the claim ended; do nothing if there was no claim."""
        if self.claimed:
            self.claimed = False
            tell(f"idempotency.{fact}", key=self.key)


def claim(call: Call, settings: Settings) -> Steps:
    """Claim the key of a call. The result is the completed record to replay, or None if the function has to run.

    Raises:
        AlreadyInProgress: another call is running, and the options or the time left do not allow to wait for it.
        PayloadMismatch: the record under the key has another payload.
        UnreadableRecord: the record under the key cannot be read.
        Exception: the store failed.
    """
    pause, failures = FIRST_PAUSE, 0
    while True:
        now = settings.clock()
        request = Claim(
            call.key, call.owner, now=now, lease=lease(settings, call), ttl=settings.ttl, payload=call.payload
        )
        call.leased_until = request.leased_until
        try:
            record: Record | None = yield "claim", functools.partial(settings.store.claim, request)
        except Exception as error:
            failures += 1
            tried_enough = failures == ATTEMPTS or seconds_left() - RESERVE <= pause
            if isinstance(error, UnreadableRecord) or not call.waited or tried_enough:
                raise
            yield "pause", pause
            continue
        failures = 0
        decision = decide(record, request)
        if decision == "run":
            _begin(call)
            return None
        assert record is not None  # noqa: S101  # without a record the decision is to run
        if decision == "replay":
            return record
        if decision == "mismatch":
            raise mismatch(call)
        remaining = None if record.leased_until is None else max(record.leased_until - now, 0.0)
        if record.owner in enclosing.get():
            refusal = AlreadyInProgress(key=call.key, remaining=remaining)
            refusal.add_note("The call is made inside the run that holds the key, so that it would wait for itself.")
            raise refusal
        left = seconds_left() - RESERVE
        if settings.on_in_progress == "raise" or left <= 0:
            raise AlreadyInProgress(key=call.key, remaining=remaining)
        if not call.waited:
            call.waited = True
            tell("idempotency.waited", key=call.key)
        yield "pause", min(jittered(pause, settings), left, max(remaining or pause, 0.001))
        pause = min(pause * 2, LONGEST_PAUSE)


def _begin(call: Call) -> None:
    """Note that the run begins.

    Raises:
        AlreadyInProgress: another branch of the same durable execution is running.
    """
    if call.durable and running.setdefault((call.owner, call.key), call) is not call:
        raise AlreadyInProgress(key=call.key, remaining=None)
    call.claimed = True
    tell("idempotency.claimed", key=call.key, waited=call.waited)


def handle_claim_error(call: Call, settings: Settings, error: Exception) -> Steps:
    """Decide what happens after the store failed to claim: raise, or return to let the function run unprotected.

    Raises:
        StoreUnavailable: the options ask for it, or another call was seen running and may still be.
    """
    if settings.on_claim_error == "raise" or call.waited:
        yield from _give_back(call, settings, error)
        unavailable = StoreUnavailable(
            f"the store could not be asked for the key {call.key}: {type(error).__name__}: {error}; the function "
            "was not run",
            key=call.key,
        )
        raise unavailable from error
    log.warning("the store of %s could not be asked; it runs unprotected", call.key, exc_info=error)
    tell("idempotency.unprotected", function=call.function, reason="store unavailable")


def _give_back(call: Call, settings: Settings, error: Exception) -> Steps:
    """Release a claim that may have been made although the store's reply is an error: it would block the next call."""
    if _may_have_been_made(error):
        with contextlib.suppress(Exception):
            yield "release", functools.partial(settings.store.release, call.key, call.owner)


def _may_have_been_made(error: Exception) -> bool:
    """Tell whether a step that failed with this error may have been made: not if AWS refused it or never got it."""
    if isinstance(error, NoAnswer):
        return error.sent
    return not isinstance(error, AwsError) or (error.status or 0) >= 500


def jittered(seconds: float, settings: Settings) -> float:
    """Return a random time of half to one and a half `seconds`, so that calls that wait do not ask all at once."""
    return seconds * (0.5 + settings.random_bytes(1)[0] / 255)


def lease(settings: Settings, call: Call) -> float:
    """Return the seconds that a claim made now lasts."""
    if settings.lease is not None:
        return settings.lease
    if call.durable:
        return LONGEST_EXECUTION
    left = seconds_left()
    return _LEASE_OUTSIDE if left == float("inf") else left + LEASE_MARGIN


def seconds_left() -> float:
    """Return the seconds left of the invocation; `inf` outside of one, and in a task that has outlived its own."""
    invocation = current.get(None)
    return float("inf") if invocation is None or invocation.ended else invocation.remaining()


def mismatch(call: Call) -> PayloadMismatch:
    """Return the error for a call whose payload is not that of the record under its key."""
    return PayloadMismatch(
        f"a call with the key {call.key} came with another payload than the one before it; give the call another key, "
        "or compare less of the event with payload=",
        key=call.key,
    )
