"""The local cache of results: what it forgets, and when."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit._kernel import lifecycle
from lambda_kit.idempotency import Record, _cache
from lambda_kit.idempotency._cache import Cache

if TYPE_CHECKING:
    from collections.abc import Callable


def filled() -> Cache:
    cache = Cache(8)
    for key in "ab":
        cache.put(Record(key, "COMPLETED", owner="o", expires=10.0, result="1"), cache.generation)
    return cache


def kept(cache: Cache) -> list[str]:
    return [key for key in "ab" if cache.get(key, 1.0) is not None]


def test_a_record_that_has_expired_is_forgotten_for_good() -> None:
    cache = filled()
    assert cache.get("a", 9.9) is not None
    assert cache.get("a", 10.0) is None
    assert kept(cache) == ["b"]


def test_a_cache_holds_its_number_of_records_and_a_mebibyte_of_results() -> None:
    def put(cache: Cache, key: str, length: int) -> list[str]:
        cache.put(Record(key, "COMPLETED", owner="o", expires=10.0, result="x" * length), cache.generation)
        return kept(cache)

    assert put(Cache(0), "a", 1) == []
    one = Cache(1)
    assert [put(one, "a", 1), put(one, "b", 1)] == [["a"], ["b"]]
    most = 1024 * 1024
    assert put(Cache(8), "a", most) == ["a"]
    assert put(Cache(8), "a", most + 1) == []
    cache = Cache(8)
    assert [put(cache, "a", most // 2 + 1) for _ in range(3)] == [["a"]] * 3
    assert put(cache, "b", most // 2 + 1) == ["b"]


def test_one_key_is_forgotten_and_the_others_stay() -> None:
    cache = filled()
    cache.forget("a")
    cache.forget("a")
    assert kept(cache) == ["b"]


def test_a_record_that_another_thread_drops_while_it_is_read_is_not_kept_again() -> None:
    class Dropped(dict[str, Record]):
        """Records that another thread drops between the look and the lock."""

        def get(self, key: str, default: Any = None) -> Any:
            return self.pop(key, default)

    cache = filled()
    cache._records = Dropped(cache._records)
    assert cache.get("a", 1.0) is not None
    assert list(cache._records) == ["b"]


def test_a_record_that_another_thread_replaces_while_it_is_read_stays_replaced() -> None:
    newer = Record("a", "COMPLETED", owner="o", expires=20.0, result="2")

    class Replaced(dict[str, Record]):
        """Records of which another thread replaces one between the look and the lock."""

        def get(self, key: str, default: Any = None) -> Any:
            found = super().get(key, default)
            self[key] = newer
            return found

    cache = filled()
    cache._records = Replaced(cache._records)
    assert cache.get("a", 1.0) is not None
    assert cache._records["a"] is newer


def test_a_cache_whose_change_was_interrupted_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = filled()

    def interrupt(self: Cache, key: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Cache, "_drop", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cache.forget("a")
    assert kept(cache) == []
    monkeypatch.undo()
    cache = filled()
    monkeypatch.setattr(Cache, "_drop", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cache.put(Record("c", "COMPLETED", owner="o", expires=10.0), cache.generation)
    assert kept(cache) == []


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
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
    no_caches: set[Any] = set()
    monkeypatch.setattr(_cache, "_caches", no_caches)
    monkeypatch.setattr(_cache, "_watched", False)
    cache = Cache(8)
    cache.put(Record("a", "COMPLETED", owner="o", expires=10.0), cache.generation)
    assert registered == [_cache.clear_all]


def forget_another(cache: Cache) -> None:
    cache.forget("other")


@pytest.mark.parametrize("forget", [forget_another, Cache.clear])
def test_a_record_of_a_call_that_began_before_records_were_forgotten_is_not_kept(
    forget: Callable[[Cache], None],
) -> None:
    cache = Cache(4)
    began = cache.generation
    forget(cache)
    cache.put(Record("a", "COMPLETED", owner="o", expires=10.0), began)
    assert cache.get("a", 0.0) is None
    cache.put(Record("a", "COMPLETED", owner="o", expires=10.0), cache.generation)
    assert cache.get("a", 0.0) is not None
