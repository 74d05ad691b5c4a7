"""The local cache of results: what it forgets, and when."""

from __future__ import annotations

import os

import pytest

from lambda_kit._kernel import lifecycle
from lambda_kit.idempotency import Record, _cache
from lambda_kit.idempotency._cache import Cache


def filled() -> Cache:
    cache = Cache(8)
    for key in "ab":
        cache.put(Record(key, "COMPLETED", owner="o", expires=10.0, result="1"))
    return cache


def kept(cache: Cache) -> list[str]:
    return [key for key in "ab" if cache.get(key, 1.0) is not None]


def test_one_key_is_forgotten_and_the_others_stay() -> None:
    cache = filled()
    cache.forget("a")
    cache.forget("a")
    assert kept(cache) == ["b"]


def test_a_cache_whose_change_was_interrupted_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = filled()

    def interrupt(self: Cache, key: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Cache, "_drop", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cache.forget("a")
    assert kept(cache) == []


def test_all_is_forgotten_after_a_reset_and_in_a_process_that_was_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = filled()
    child = os.fork()
    if not child:
        os._exit(len(kept(cache)))
    assert os.waitpid(child, 0)[1] == 0
    assert kept(cache) == ["a", "b"]
    lifecycle.reset()
    assert kept(cache) == []
    registered: list[object] = []
    monkeypatch.setattr(lifecycle, "on_fork", registered.append)
    _cache._watch_process()
    assert registered == []
