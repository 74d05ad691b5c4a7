"""Many workers on one store, step by step, over whatever hypothesis thinks of: crashes, lost replies, clocks apart.

The steps are those of `Protected` itself; a driver here does them one at a time. Each rule bears some difference of
clocks:

- The token of the owner decides who completes or releases, not the time: any difference.
- The clock of the one who claims decides whether a claim has ended. A clock that is ahead takes over that much before
  the end of the lease, one that is behind that much after it. The lease of an invocation ends `LEASE_MARGIN` after it,
  so that two clocks may differ by that before one takes over from a worker that still runs. With `lease=`, they may
  differ by the time that the lease is longer than the run.
- The clock of the one who asks decides whether a result has expired: `ttl`, plus or minus the difference.
"""

from __future__ import annotations

import contextvars
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from lambda_kit.errors import TimeLimitInterrupt
from lambda_kit.idempotency import (
    AlreadyInProgress,
    Claim,
    LeaseLost,
    MemoryStore,
    PayloadMismatch,
    Record,
    StoreUnavailable,
)
from lambda_kit.idempotency import _claim as claims
from lambda_kit.idempotency._cache import Cache
from lambda_kit.idempotency._drivers import Failed
from lambda_kit.idempotency._identity import Identity
from lambda_kit.idempotency._protected import Protected
from lambda_kit.idempotency._settings import Settings
from lambda_kit.invocation import Invocation, current
from tests.effort import scaled

if TYPE_CHECKING:
    from collections.abc import Callable

LEASE, TTL, TIMEOUT = 10.0, 40.0, 8.0  # seconds
START = 1_000_000.0
BEFORE_AND_AFTER = ("crash before", "crash after", "interrupt before", "interrupt after")
REPLIES_LOST = ("lost before", "lost after", "lost after, unsaid", "lost, and asked again by the client")
STORE_FAULTS = (*REPLIES_LOST, "arrives late", "arrives twice", *BEFORE_AND_AFTER)
RUNS = ("raises", "raises after its effect", "crashes", "crashes after its effect", "declines", "is slow")
ENDS = (AlreadyInProgress, LeaseLost, PayloadMismatch, StoreUnavailable, TimeLimitInterrupt)


class Declined(Exception):
    """Is replayed."""


class Crash(BaseException):
    """Ends what is left of the steps of a worker that has crashed, after all is done."""


class Lost(ConnectionError):
    def __init__(self, *, sent: bool) -> None:
        super().__init__("no reply")
        self.sent = sent


class Clock:
    """What the layer takes for the time and for chance: the true time, as far as the clock of the worker is off."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.true = START
        self.offset = 0.0
        self.drawn = 0

    def urandom(self, size: int) -> bytes:
        self.drawn += 1  # the same in every run of one example
        return (self.drawn if size > 1 else 37 * self.drawn % 256).to_bytes(size)

    def time(self) -> float:
        return self.true + self.offset


class Watched(MemoryStore):
    """Checks of every step that it does nothing that must never be done to a record."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.claims: dict[str, tuple[int, float, Claim]] = {}  # by owner: which one it was, its true time, the claim
        self.kept = 0
        self.completed: dict[str, Record] = {}  # by owner, the last
        self.completions: list[Record] = []  # all: one that was interrupted may come again, and expires later

    def _step(self, key: str, step: Callable[[], Any]) -> tuple[Any, Record | None, Record | None]:
        before = dict(self.records)
        result = step()
        others = {one for one in before.keys() | self.records.keys() if before.get(one) != self.records.get(one)}
        assert others <= {key}, "a record of another key was changed"
        return result, before.get(key), self.records.get(key)

    def claim(self, claim: Claim, /) -> Record | None:
        refused, before, after = self._step(claim.key, lambda: super(Watched, self).claim(claim))
        if refused is not None:
            assert before == after == refused
            return before
        assert after is not None
        assert (after.owner, after.status) == (claim.owner, "INPROGRESS")
        if before is not None and before.expires > claim.now:
            assert before.status == "INPROGRESS", "a result was replaced within its life"
            assert before.owner == claim.owner or (before.leased_until or 0) <= claim.now, "a claim was taken away"
            later = (before.leased_until or 0) < claim.leased_until  # the same call asks again, and lengthens its lease
            assert before.owner != claim.owner or before == after or later, "an earlier attempt changed a claim"
        if before is None or before.owner != claim.owner:
            self.kept += 1
            self.claims[claim.owner] = self.kept, self.clock.true, claim
        return None

    def complete(self, record: Record, /) -> bool:
        kept, before, after = self._step(record.key, lambda: super(Watched, self).complete(record))
        if not kept:
            assert before == after
            assert before is None or before.owner != record.owner
            return False
        assert before is not None
        assert before.owner == record.owner, "a successor was overwritten"
        assert before.status == "INPROGRESS" or before.result == record.result, "there are two results"
        assert after == record
        self.completed[str(record.owner)] = record
        self.completions.append(record)
        return True

    def release(self, key: str, owner: str, /) -> bool:
        free, before, after = self._step(key, lambda: super(Watched, self).release(key, owner))
        if before is not None and (before.owner, before.status) == (owner, "INPROGRESS"):
            assert after is None
        else:
            assert before == after, "what is not the caller's was deleted"
        assert free == (after is None)
        return bool(free)


class Worker:
    """A process, with a clock and a local cache of its own."""

    def __init__(self, store: Watched, offset: float, cache: int, lease: float | None) -> None:
        self.offset = offset
        self.cache = Cache(cache)
        self.protected = {
            (mode, payload): self._protect(store, lease, mode, payload)
            for mode in ("raise", "wait")
            for payload in (None, "amount")
        }

    def _protect(self, store: Watched, lease: float | None, mode: str, payload: str | None) -> Any:
        def charge(event: Any, context: object) -> None: ...

        options: dict[str, Any] = {
            "ttl": TTL,
            "lease": lease,
            "on_in_progress": mode,
            "replay_errors": (Declined,),
            "on_claim_error": "raise",
            "on_save_error": "raise",
            "missing_key": "raise",
            "codec": None,
            "on_replay": None,
            "log_replays": True,
            "clock": store.clock.time,
            "sleep": None,
            "random_bytes": store.clock.urandom,
        }
        identity = Identity(charge, "id", payload, "n")
        return Protected(charge, Settings(store, options), identity, self.cache)


class Bounded(Invocation):
    """An invocation by the clock of the test."""

    __slots__ = ("clock", "end")

    def __init__(self, clock: Clock) -> None:
        super().__init__(None, None)
        self.clock = clock
        self.end = clock.true + TIMEOUT

    def remaining(self) -> float:
        return self.end - self.clock.true


class Call:
    """A call on its way.

    Attributes:
        fate: how it ended; `""` while it runs.
        effect: whether its side effect was done.
        raised: whether its run raised, so that it gave the key back.
        troubled: whether any of its steps went wrong.
    """

    def __init__(self, worker: Worker, n: int, given: dict[str, Any], options: tuple[str, str | None]) -> None:
        self.worker = worker
        self.id: str = given["id"]
        self.value = {"id": self.id, "call": n}
        self.mode = options[0]
        self.context = contextvars.copy_context()
        self.invocation: Bounded | None = None
        self.protected = worker.protected[options]
        self.given = given
        self.begun: Any = None
        self.steps: Any = None
        self.request: tuple[str, Any] = ("", None)
        self.asked: Claim | None = None
        self.answer: Record | None = None  # what the store showed it then
        self.began = 0.0
        self.effect = self.raised = self.troubled = False
        self.fate = ""
        self.outcome: Any = None
        self.ran: dict[int, Any] = {}

    @property
    def owner(self) -> str:
        return str(self.begun.owner)

    def fits(self, record: Record) -> bool:
        return None in (self.begun.payload, record.payload) or self.begun.payload == record.payload


class Machine(RuleBasedStateMachine):
    """Workers that may run beyond their lease, and whose clocks differ by seconds."""

    clock: Clock
    lease: float | None = LEASE
    offsets: tuple[float, ...] = (0.0, 2.5, -3.0)

    def __init__(self) -> None:
        super().__init__()
        self.clock.begin()
        self.store = Watched(self.clock)
        self.workers = [self.worker(offset, 2 * (i % 2)) for i, offset in enumerate(self.offsets)]
        self.calls: list[Call] = []
        self.running: list[Call] = []
        self.late: list[Callable[[], Any]] = []
        self.down = False
        self.ids: dict[str, str] = {}  # by the key of the record

    def worker(self, offset: float, cache: int) -> Worker:
        return Worker(self.store, offset, cache, self.lease)

    def in_progress(self) -> bool:
        return any(record.status == "INPROGRESS" for record in self.store.records.values())

    # What the test does

    @rule(
        worker=st.integers(0, 2),
        id_=st.sampled_from("aab"),
        amount=st.sampled_from([1, 1, 1, 2]),
        mode=st.sampled_from(["raise", "wait"]),
        payload=st.sampled_from([None, "amount", "amount"]),
        steps=st.sampled_from([0, 1, 1, 1, 2]),
    )
    def call(self, worker: int, id_: str, amount: int, mode: str, payload: str | None, steps: int) -> None:
        call = self.begin(self.workers[worker], id_, amount, mode, payload)
        self.go_on_with(call, steps)

    def begin(self, worker: Worker, id_: str, amount: int, mode: str, payload: str | None) -> Call:
        call = Call(worker, len(self.calls), {"id": id_, "amount": amount}, (mode, payload))
        self.calls.append(call)
        call.began = self.clock.true
        if self.lease is None:
            call.invocation = Bounded(self.clock)
            call.context.run(current.set, call.invocation)
        self.clock.offset = call.worker.offset
        try:
            call.begun, cached = call.context.run(call.protected.begin, (call.given, None), {})
            if cached is not None:
                assert cached.expires > self.clock.time()
                call.answer = cached
                self.replayed(call, call.context.run(call.protected.replay, call.begun, cached, cached=True))
                return call
        except (Declined, PayloadMismatch) as error:
            self.ended(call, error)
            return call
        assert self.ids.setdefault(call.begun.key, call.id) == call.id
        call.steps = call.protected.flow(call.begun, call.ran)
        self.running.append(call)
        self.resume(call)
        return call

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 5), times=st.sampled_from([1, 1, 2, 12]))
    def go_on(self, which: int, times: int) -> None:
        self.go_on_with(self.running[which % len(self.running)], times)

    def go_on_with(self, call: Call, times: int) -> None:
        for _ in range(times):
            if not call.fate:
                self.step(call)

    @precondition(lambda self: self.running)
    @rule(which=st.integers(0, 5), fault=st.sampled_from(STORE_FAULTS), run=st.sampled_from(RUNS))
    def go_wrong(self, which: int, fault: str, run: str) -> None:
        call = self.running[which % len(self.running)]
        self.step(call, run if call.request[0] == "run" else fault)

    @rule(seconds=st.sampled_from([0.05, 0.5, 1.0, 3.0, 6.0, 11.0, 45.0]))
    def pass_time(self, seconds: float) -> None:
        self.clock.true += seconds
        for call in list(self.running):
            if call.invocation is not None and call.invocation.remaining() <= 0:
                self.crash(call)  # Lambda ends it

    @precondition(lambda self: self.store.records)
    @rule(which=st.integers(0, 1), seconds=st.sampled_from([-2.6, -1.9, -0.5, -0.05, 0.05, 2.6, 3.1]))
    def pass_time_until_an_end(self, which: int, seconds: float) -> None:
        records = list(self.store.records.values())
        record = records[which % len(records)]
        self.pass_time(max((record.leased_until or record.expires) + seconds - self.clock.true, 0.0))

    @rule(down=st.sampled_from([False, False, True]))
    def store_is(self, down: bool) -> None:
        self.down = down

    @precondition(lambda self: self.late)
    @rule(which=st.integers(0, 5))
    def arrive(self, which: int) -> None:
        self.late.pop(which % len(self.late))()

    @precondition(lambda self: self.in_progress())
    @rule(id_=st.sampled_from("ab"), offset=st.integers(0, 2), mode=st.sampled_from(["raise", "wait"]))
    def settle(self, id_: str, offset: int, mode: str) -> None:
        """Whatever has happened, the key is free, or its result is there, when the lease has ended by all clocks."""
        self.down = False
        slack = max(self.offsets) - min(self.offsets)
        bound = (self.lease or TIMEOUT + claims.LEASE_MARGIN) + slack
        if mode == "raise" or self.lease is None:
            self.pass_time(bound)
        began = self.clock.true
        call = self.begin(self.worker(self.offsets[offset], 0), id_, 1, mode, None)
        while not call.fate:
            self.step(call)
        assert call.fate in ("returned", "replayed", "declined"), f"stuck: {call.fate}"
        assert self.clock.true - began <= bound + 1.5 * claims.LONGEST_PAUSE

    def teardown(self) -> None:
        for call in self.calls:
            while call.steps is not None and call.steps.gi_frame is not None:
                try:
                    call.context.run(call.steps.throw, Crash())
                except BaseException as error:
                    if not isinstance(error, Crash):
                        raise

    # One step of one call

    def step(self, call: Call, fault: str = "") -> None:
        kind, given = call.request
        if kind == "run":
            self.run(call, fault)
            return
        if kind == "release":
            assert not call.effect or call.raised, "a key is given back whose run is done"
        if fault or self.down:
            call.troubled = True
        if kind == "pause" and fault not in BEFORE_AND_AFTER:
            self.pass_time(given)
            if not call.fate:
                self.resume(call)
            return
        if kind != "pause" and self.down and not fault:
            fault = "lost before"
        if kind != "pause" and fault in ("arrives late", "arrives twice"):
            self.late.append(given)
        answer: Any = None
        if kind != "pause" and fault not in ("lost before", "arrives late", "crash before", "interrupt before"):
            answer = given()
            if "again" in fault:
                answer = given()
            if kind == "claim":
                call.asked, call.answer = given.args[0], answer
        if fault.startswith("crash"):
            self.crash(call)
        elif fault.startswith("interrupt"):
            self.resume(call, error=TimeLimitInterrupt())
        elif (fault in REPLIES_LOST and "again" not in fault) or fault == "arrives late":
            self.resume(call, error=Lost(sent=fault in ("lost after", "arrives late")))
        else:
            self.resume(call, answer)
        if fault:
            event(f"{kind}: {fault}")

    def run(self, call: Call, how: str) -> None:
        assert call.owner in self.store.claims, "it runs, and has claimed nothing"
        if how == "is slow":
            self.pass_time(12.0)
            if call.fate:
                return
        if how not in ("raises", "crashes"):
            call.effect = True
            if "raises" not in how:
                self.check_effects(call)
        if how.startswith("crashes"):
            self.crash(call)
        elif how.startswith("raises"):
            call.outcome = Failed(OSError("down"))
            call.raised = True
            self.return_from_run(call)
        else:
            declined = Declined(call.id, call.value["call"])
            call.outcome = Failed(declined) if how == "declines" else call.value
            self.return_from_run(call)
        if how:
            event(f"run: {how}")

    def return_from_run(self, call: Call) -> None:
        call.ran[0] = call.outcome
        self.resume(call)

    def crash(self, call: Call) -> None:
        call.fate = "crashed"
        self.running.remove(call)
        call.worker.cache.clear()

    def resume(self, call: Call, answer: Any = None, error: BaseException | None = None) -> None:
        self.clock.offset = call.worker.offset
        try:
            if error is None:
                call.request = call.context.run(call.steps.send, answer)
            else:
                call.request = call.context.run(call.steps.throw, error)
            if call.request[0] == "pause":
                left = call.invocation.remaining() if call.invocation else LEASE
                assert 0 < call.request[1] <= left, "a pause beyond the end of the invocation"
        except StopIteration as end:
            self.running.remove(call)
            if call.outcome is None:
                self.replayed(call, end.value)
            else:
                self.returned(call, end.value)
        except (Declined, *ENDS) as raised:
            self.running.remove(call)
            self.ended(call, raised)

    # What has to hold when a call ends, and when its side effect is done

    def returned(self, call: Call, value: Any) -> None:
        assert value is call.outcome
        failed = value.error if type(value) is Failed else None
        there = self.store.records.get(call.begun.key)
        has_key = there is not None and there.owner == call.owner
        if failed is None:
            assert call.owner in self.store.completed, "a result was returned, and not stored"
        elif isinstance(failed, Declined):
            assert call.owner in self.store.completed or call.troubled or not has_key
        else:
            assert call.troubled or not has_key, "the key was not given back"
        call.fate = "returned" if failed is None else "declined" if isinstance(failed, Declined) else "raised"
        event(f"end: {call.fate}")

    def replayed(self, call: Call, value: Any) -> None:
        assert call.answer is not None
        assert call.answer in self.store.completions
        assert call.answer.key == call.begun.key
        assert call.fits(call.answer)
        assert value == json.loads(str(call.answer.result))
        assert value["id"] == call.id, "a result of another key"
        call.fate = "replayed"
        event("end: replayed")

    def ended(self, call: Call, error: BaseException) -> None:
        answer, now = call.answer, call.asked.now if call.asked else call.worker.offset + call.began
        match error:
            case Declined():
                assert answer is not None
                assert answer in self.store.completions
                assert error.args == tuple(json.loads(str(answer.result))["value"]["args"])
                assert error.args[0] == call.id
                call.fate = "declined"
            case AlreadyInProgress():
                assert answer is not None
                assert (answer.status, answer.owner != call.owner) == ("INPROGRESS", True)
                assert (answer.leased_until or 0) > now, "stuck beyond the lease"
                assert call.fits(answer)
                assert call.mode == "raise" or (call.invocation and call.invocation.remaining() <= claims.RESERVE)
                call.fate = "refused"
            case PayloadMismatch():
                assert answer is not None
                assert answer.expires > now
                assert not call.fits(answer)
                call.fate = "mismatch"
            case LeaseLost():
                there = self.store.records.get(call.begun.key)
                assert there is None or there.owner != call.owner
                assert error.result == call.value
                call.fate = "lost its lease"
            case StoreUnavailable():
                assert error.ran == call.effect
                assert error.result == (call.value if call.effect else None)
                call.fate = "save failed" if call.effect else "not claimed"
            case _:
                call.fate = "interrupted"
        event(f"end: {call.fate}")

    def check_effects(self, call: Call) -> None:
        """Of two side effects of one key, the second one followed the end of the first one's result, or of its lease.

        By some clock: that of the second one, or of one that claimed in between, and gave the key back.
        """
        for other in self.calls:
            if other is call or other.id != call.id or not other.effect or other.raised:
                continue
            first, second = sorted((call, other), key=lambda one: self.store.claims[one.owner][0])
            now = self.store.claims[second.owner][1] + max(self.offsets)
            result = self.store.completed.get(first.owner)
            if result is not None:
                assert now >= result.expires, "it ran twice within the life of the result"
                event("twice: the result had expired")
                continue
            assert now >= self.store.claims[first.owner][2].leased_until, "it ran twice within a lease"
            assert first.fate != "returned"
            assert first.fate or self.lease, "a worker was taken for dead within its invocation"
            event(f"twice: {first.fate or 'still ran when its lease ended'}")


class WithinInvocation(Machine):
    """Workers that Lambda ends when their invocation does, and whose clocks differ by less than the margin."""

    lease = None
    offsets = (0.0, 0.9 * claims.LEASE_MARGIN, 0.4 * claims.LEASE_MARGIN)


@pytest.mark.parametrize("machine", [Machine, WithinInvocation])
def test_whatever_goes_wrong_a_key_has_one_result_and_is_not_stuck(machine: type[Machine]) -> None:
    machine.clock = Clock()
    run_state_machine_as_test(machine, settings=settings(max_examples=scaled(300), stateful_step_count=50))
