"""`eager="now"`: the build starts at the declaration, on a thread, and the first call waits for the rest of it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import ConfigurationError
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from lambda_kit.init_cache import InitCache


class Slow:
    """A factory that says when it was entered, and returns when it may."""

    def __init__(self) -> None:
        self.entered, self.go_on = threading.Event(), threading.Event()
        self.threads: list[int] = []

    def __call__(self) -> str:
        self.threads.append(threading.get_ident())
        self.entered.set()
        assert self.go_on.wait(PATIENCE)
        return "built"


def test_the_build_starts_at_the_declaration_and_the_first_call_waits_for_the_rest(
    cache: InitCache, pool: ThreadPoolExecutor, steps: Any
) -> None:
    slow = Slow()
    resource: Any = cache.resource(eager="now")(slow)
    assert slow.entered.wait(PATIENCE)
    call = pool.submit(resource)
    steps.waiting(resource, 1)
    slow.go_on.set()
    assert call.result(PATIENCE) == resource() == "built"
    assert len(slow.threads) == 1
    assert threading.get_ident() not in slow.threads


def test_resources_are_built_side_by_side(cache: InitCache) -> None:
    """Each waits for the other one: built one after another they would never end."""
    meeting = threading.Barrier(3)
    resources = [cache.resource(eager="now")(lambda: meeting.wait(PATIENCE)) for _ in range(2)]
    meeting.wait(PATIENCE)
    assert {resource() for resource in resources} <= {0, 1, 2}


def test_warming_waits_for_what_is_under_way(cache: InitCache, pool: ThreadPoolExecutor, steps: Any) -> None:
    """The handler warms in the init phase: an environment that is frozen then has no request under way."""
    slow = Slow()
    resource = cache.resource(eager="now")(slow)
    assert slow.entered.wait(PATIENCE)
    warming = pool.submit(cache.warm)
    steps.waiting(resource, 1)
    slow.go_on.set()
    warming.result(PATIENCE)
    assert resource.info.builds == 1


def test_a_failure_is_logged_and_left_to_the_first_call(
    cache: InitCache, steps: Any, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    @cache.resource(eager="now")
    def resource() -> int:
        calls.append(1)
        if len(calls) == 1:
            raise NameError("TABLE")
        return len(calls)

    steps.until(lambda: caplog.records)
    assert "could not be built ahead; the first call tries again" in caplog.text
    assert resource() == 2


def test_a_thread_that_cannot_be_started_leaves_the_build_to_the_first_call(
    cache: InitCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    import _thread

    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(_thread, "start_new_thread", refuse)
        resource = cache.resource(eager="now")(lambda: "built")
    assert resource() == "built"
    slow = Slow()
    cache.resource(eager="now")(slow)  # the next one starts again
    assert slow.entered.wait(PATIENCE)
    slow.go_on.set()


def test_nothing_is_started_before_a_snapshot(
    cache: InitCache, monkeypatch: pytest.MonkeyPatch, pool: ThreadPoolExecutor
) -> None:
    """No connection may be open then. The handler warms the resource all the same."""
    from lambda_kit.init_cache import _ahead

    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "snap-start")
    resource = cache.resource(eager="now")(object)
    assert not _ahead._queue.entries
    cache.warm()
    assert resource.info.builds == 1


def test_a_coroutine_function_is_refused(cache: InitCache) -> None:
    async def session() -> None:
        raise NotImplementedError

    declare: Any = cache.resource(eager="now")
    with pytest.raises(ConfigurationError, match=r"session is a coroutine function.*pass eager=True"):
        declare(session)
    assert cache.report() == ()


def test_another_word_is_refused_with_the_closest_one(cache: InitCache) -> None:
    wrong: Any = "nwo"
    with pytest.raises(ConfigurationError, match=r"resource\(eager='nwo'\): pass True or False or 'now'"):
        cache.resource(eager=wrong)
