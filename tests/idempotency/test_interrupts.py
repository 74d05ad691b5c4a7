"""An interrupt at any step of a call leaves no key stuck, loses no result, and lets nothing run a second time."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

import pytest

from lambda_kit import handler
from lambda_kit.errors import StoreUnavailable
from lambda_kit.idempotency import Claim, DynamoDBStore, MemoryStore, Record, RedisStore, SQLiteStore, idempotent
from lambda_kit.testing import make_context
from tests.idempotency.redises import fake_redis
from tests.idempotency.stores import FaultyStore
from tests.idempotency.test_stores import TABLE, make_table
from tests.patience import PATIENCE
from tests.stepping import PACKAGE, Outcome, interrupt_each_step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lambda_kit.idempotency import Store

ROOM = PACKAGE + "idempotency" + os.sep


class Trial:
    """A protected function on a store, and the number of its runs that have returned."""

    numbers = iter(range(1_000_000))

    def __init__(self, store: Store, *, fails: bool, **options: Any) -> None:
        self.id = next(self.numbers)
        self.fails = fails
        self.charged = 0
        trial = self

        def charge(event: Any, context: object) -> str:
            if trial.fails:
                raise ValueError("declined")
            trial.charged += 1
            return "done"

        self.protected = idempotent(store, key="id", namespace="trial", **options)(charge)

    def call(self) -> Any:
        return self.protected({"id": self.id}, None)

    def call_once(self) -> Any:
        with suppress(ValueError):
            return self.call()

    def check(self, outcome: Outcome) -> None:
        """Call again. The key is free if nothing was charged, and replays the result if something was."""
        if outcome.error is None and not self.fails:
            assert outcome.value == "done"
        self.fails = False
        before = self.charged
        assert self.call() == "done"
        assert self.charged == 1, "it was charged twice" if before else "it was not charged"


@pytest.fixture(params=["memory", "sqlite", "redis", "dynamodb"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
    elif request.param == "sqlite":
        made = SQLiteStore(tmp_path / "records.db")
        yield made
        made.close()
    elif request.param == "redis":
        yield RedisStore(fake_redis())
    else:
        make_table(request.getfixturevalue("aws"))
        yield DynamoDBStore(TABLE)


@pytest.mark.parametrize("fails", [False, True], ids=["returns", "raises"])
def test_at_any_step_of_a_call(store: Store, fails: bool) -> None:
    count = interrupt_each_step(
        Trial.call_once,
        prepare=lambda: Trial(store, fails=fails, cache=0),
        check=Trial.check,
        inside=(ROOM,),
    )
    assert count > 20


class WithinInvocation(Trial):
    """A trial whose calls are made within an invocation, so that the time of each step is bounded."""

    def call(self) -> Any:
        return handler(self.protected)({"id": self.id}, make_context(timeout=PATIENCE))


@pytest.mark.parametrize("fails", [False, True], ids=["returns", "raises"])
def test_at_any_step_of_a_call_within_an_invocation(store: Store, fails: bool) -> None:
    count = interrupt_each_step(
        WithinInvocation.call_once,
        prepare=lambda: WithinInvocation(store, fails=fails, cache=0),
        check=WithinInvocation.check,
        inside=(ROOM,),
    )
    assert count > 20


@pytest.mark.parametrize("fails", [False, True], ids=["returns", "raises"])
def test_at_any_step_of_a_call_with_a_local_cache(fails: bool) -> None:
    store = MemoryStore()
    assert interrupt_each_step(
        Trial.call_once, prepare=lambda: Trial(store, fails=fails, on_in_progress="wait"), check=Trial.check
    )


def test_at_any_step_of_a_replay() -> None:
    store = MemoryStore()

    def prepare() -> Trial:
        trial = Trial(store, fails=False, cache=0)
        trial.call()
        return trial

    assert interrupt_each_step(Trial.call, prepare=prepare, check=Trial.check)


def completed(claim: Claim) -> Record:
    return Record(claim.key, "COMPLETED", owner=claim.owner, expires=2e9, result='"done"')


@pytest.mark.parametrize("steps", ["deliveries", "bytecodes"])
@pytest.mark.parametrize("step", ["claim", "complete", "release"])
def test_at_any_bytecode_of_a_step_of_the_sqlite_store_neither_it_nor_another_process_finds_the_file_locked(
    tmp_path: Path, step: str, steps: Literal["deliveries", "bytecodes"]
) -> None:
    store, other = (SQLiteStore(tmp_path / "records.db", timeout=0.0) for _ in range(2))
    keys = iter(range(1_000_000))

    def prepare() -> Claim:
        claim = Claim(f"key {next(keys)}", "owner", now=1e9, lease=60.0, ttl=60.0, payload=None)
        if step != "claim":
            store.claim(claim)
        return claim

    calls: dict[str, Callable[[Claim], object]] = {
        "claim": store.claim,
        "complete": lambda claim: store.complete(completed(claim)),
        "release": lambda claim: store.release(claim.key, claim.owner),
    }

    def check(claim: Claim, _: Outcome) -> None:
        another = Claim(f"{claim.key} of another", "other", now=1e9, lease=60.0, ttl=60.0, payload=None)
        assert other.claim(another) is None
        calls[step](claim)

    assert interrupt_each_step(calls[step], prepare=prepare, check=check, steps=steps, inside=(ROOM,)) > 5
    store.close()
    other.close()


@pytest.mark.parametrize("times", [1, 2], ids=["once", "twice"])
@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_while_the_result_cannot_be_stored_goes_on_and_the_failure_is_logged(
    stop: type[BaseException], times: int, caplog: pytest.LogCaptureFixture
) -> None:
    store = FaultyStore()
    store.failing["complete"] = ["before"] * 100
    stops = [stop() for _ in range(times)]

    def sleep(seconds: float) -> None:
        if stops:
            raise stops.pop()

    @idempotent(store, key="id", sleep=sleep)
    def charge(id: int) -> str:
        return "done"

    with pytest.raises(stop) as caught:
        charge(1)
    assert caught.value.__cause__ is None
    told = "its result could not be stored" if times == 1 else "its result was not stored"
    assert told in caplog.text


def test_a_cancellation_while_the_result_cannot_be_stored_goes_on_and_the_failure_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    import asyncio

    store = FaultyStore()
    store.failing["complete"] = ["before"] * 100

    async def main() -> None:
        paused = asyncio.Event()

        async def sleep(seconds: float) -> None:
            paused.set()
            await asyncio.sleep(0)

        @idempotent(store, key="id", sleep=sleep)
        async def charge(id: int) -> str:
            return "done"

        task = asyncio.create_task(charge(1))
        await paused.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert "the function has run, and its result could not be stored" in caplog.text


def test_a_store_that_fails_without_an_interrupt_is_still_an_error() -> None:
    store = FaultyStore()
    store.failing["complete"] = ["before"] * 100

    @idempotent(store, key="id", sleep=lambda seconds: None)
    def charge(id: int) -> str:
        return "done"

    with pytest.raises(StoreUnavailable):
        charge(1)
