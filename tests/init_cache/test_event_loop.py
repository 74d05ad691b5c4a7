"""The event loop that is kept: one for each thread, closed in order, and left clean by what is interrupted on it."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from lambda_kit._kernel import event_loop
from lambda_kit.errors import EventLoopRunning
from lambda_kit.testing import reset
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from concurrent.futures import ThreadPoolExecutor


async def running_loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


def test_a_thread_keeps_its_loop_and_others_have_their_own(pool: ThreadPoolExecutor) -> None:
    loop = event_loop.run(running_loop())
    assert event_loop.run(running_loop()) is loop
    assert pool.submit(lambda: event_loop.run(running_loop())).result(PATIENCE) is not loop


def test_the_loop_of_a_thread_is_closed_when_the_thread_ends() -> None:
    loops: list[asyncio.AbstractEventLoop] = []
    thread = threading.Thread(target=lambda: loops.append(event_loop.run(running_loop())))
    thread.start()
    thread.join(PATIENCE)
    assert loops[0].is_closed()


def test_a_loop_that_was_closed_by_somebody_is_replaced() -> None:
    loop = event_loop.run(running_loop())
    loop.close()
    assert event_loop.run(running_loop()) is not loop


def test_a_coroutine_cannot_be_waited_for_where_a_loop_is_running() -> None:
    async def main() -> None:
        with pytest.raises(EventLoopRunning, match="running_loop cannot be run here"):
            event_loop.run(running_loop())

    asyncio.run(main())


def test_reset_cancels_what_is_left_on_the_loop_and_closes_it(caplog: pytest.LogCaptureFixture) -> None:
    ended: list[str] = []

    async def hang() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("task")

    async def generate() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            ended.append("generator")

    async def main() -> object:
        generator = generate()
        await anext(generator)
        tasks.append(asyncio.ensure_future(hang()))
        await asyncio.sleep(0)
        return generator

    tasks: list[asyncio.Task[None]] = []
    kept = event_loop.run(main())
    loop = event_loop.kept_loop()
    reset()
    assert ended == ["task", "generator"]
    assert loop.is_closed()
    assert tasks[0].cancelled()
    assert kept is not None
    assert caplog.records == []


def test_what_an_interrupt_left_unfinished_does_not_run_in_the_next_invocation() -> None:
    ended: list[str] = []

    async def interrupt() -> None:
        raise KeyboardInterrupt

    async def main() -> None:
        other = asyncio.ensure_future(interrupt())
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("main")
            assert isinstance(other.exception(), KeyboardInterrupt)

    with pytest.raises(KeyboardInterrupt):
        event_loop.run(main())
    assert ended == ["main"]
    assert isinstance(event_loop.run(running_loop()), asyncio.AbstractEventLoop)


def test_a_result_is_passed_through_and_so_is_an_exception() -> None:
    async def fail() -> None:
        raise LookupError("not there")

    async def answer() -> int:
        return 42

    assert event_loop.run(answer()) == 42
    with pytest.raises(LookupError, match="not there"):
        event_loop.run(fail())
