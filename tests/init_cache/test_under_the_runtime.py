"""The cache under the runtime client that AWS ships: after a restore, and in the workers of a Managed Instance."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the runtime client has wheels for Linux alone")

FUNCTION = (
    f"PATIENCE = {PATIENCE}\n"
    """
import asyncio
import os
import pathlib
import time

from lambda_kit import handler, init, provide

log = []


def note(name):
    log.append(name)
    return f"{name} {log.count(name)}"


@init.resource(eager=True)
def eager():
    return note("eager"), os.getpid()


@init.resource(eager=True)
async def session():
    return note("session"), os.getpid(), asyncio.get_running_loop()


@init.resource(on_restore="keep", close=lambda _: note("closed"))
def kept():
    return note("kept")


@init.resource(close=lambda _: note("closed"))
def lazy():
    return note("lazy")


kept()
lazy()


@handler(provide(eager=eager, session=session, lazy=lazy, kept=kept))
async def look(event, context, *, eager, session, lazy, kept):
    return {
        "log": log,
        "values": [eager[0], session[0], lazy, kept],
        "own loop": session[2] is asyncio.get_running_loop(),
    }


@handler(provide(eager=eager, session=session))
def meet(event, context, *, eager, session):
    mine = pathlib.Path(event["directory"], str(os.getpid()))
    mine.touch()
    end = time.monotonic() + PATIENCE
    while len(list(mine.parent.iterdir())) < event["count"]:
        assert time.monotonic() < end
        time.sleep(0.005)
    return {"pid": os.getpid(), "built in": [eager[1], session[1]], "log": log}
"""
)


@pytest.fixture
def function(tmp_path: Path) -> Path:
    folder = tmp_path / "function"
    folder.mkdir()
    (folder / "cached.py").write_text(f"PATIENCE = {PATIENCE}\n{FUNCTION}")
    return folder


def test_snap_start_rebuilds_in_the_restore_phase_and_not_in_the_first_invocation(function: Path) -> None:
    from lambda_kit.local import Environment

    with Environment("cached.look", cwd=function, init_type="snap-start", memory=512, timeout=PATIENCE) as environment:
        first = environment.invoke({})
        second = environment.invoke({})
    assert first.error is None, first.error
    assert sorted(first.payload["log"][:4]) == ["eager", "kept", "lazy", "session"]  # before the snapshot
    assert sorted(first.payload["log"][4:6]) == ["eager", "session"]  # after the restore
    assert first.payload["log"][6:] == ["lazy"]  # by the invocation; and nothing was closed
    assert first.payload["values"] == ["eager 2", "session 2", "lazy 2", "kept 1"]
    assert first.payload["own loop"] is True
    assert second.payload == first.payload


def test_on_demand_builds_the_eager_ones_in_the_init_phase(function: Path) -> None:
    from lambda_kit.local import Environment

    with Environment("cached.look", cwd=function, memory=512, timeout=PATIENCE) as environment:
        first = environment.invoke({})
        second = environment.invoke({})
    assert first.error is None, first.error
    assert first.payload["values"] == ["eager 1", "session 1", "lazy 1", "kept 1"]
    assert second.payload == first.payload


def test_each_worker_of_a_managed_instance_builds_its_own_once(function: Path, tmp_path: Path) -> None:
    from lambda_kit.local import Environment

    with (
        Environment("cached.meet", cwd=function, concurrency=4, memory=512, timeout=PATIENCE) as environment,
        ThreadPoolExecutor(4) as pool,
    ):
        for round_ in ("first", "second"):
            folder = tmp_path / round_
            folder.mkdir()
            outcomes = list(pool.map(environment.invoke, [{"directory": str(folder), "count": 4}] * 4))
            assert [outcome.error for outcome in outcomes] == [None] * 4
            answers = [outcome.payload for outcome in outcomes]
            assert len({answer["pid"] for answer in answers}) == 4
            for answer in answers:
                assert answer["built in"] == [answer["pid"]] * 2
                assert sorted(answer["log"]) == ["eager", "kept", "lazy", "session"]
