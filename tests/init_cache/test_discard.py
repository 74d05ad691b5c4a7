"""Resources that are taken out of a cache again."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler
from lambda_kit.errors import ConfigurationError
from lambda_kit.init_cache import InitCache, _closing
from lambda_kit.init_cache._build import shared
from lambda_kit.testing import invoke
from tests.init_cache.conftest import entry_of
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_kit.testing import FakeClock


def declare(cache: InitCache, closed: list[str]) -> Any:
    def factory() -> str:
        return "value"

    return cache.resource(close=closed.append, eager=True)(factory)


def test_it_is_neither_reported_nor_warmed_nor_reset(cache: InitCache) -> None:
    closed: list[str] = []
    resource = declare(cache, closed)
    kept = declare(cache, closed)
    cache.discard(resource)
    assert [one._entry for one in cache.report()] == [kept.info._entry]
    cache.warm()
    assert resource.info.builds == 0
    cache.reset()
    assert closed == ["value"]


def test_its_value_is_closed_at_the_end_of_the_invocation(cache: InitCache) -> None:
    closed: list[str] = []
    resource = declare(cache, closed)
    resource()

    @handler
    def handle(event: object, context: object) -> None:
        cache.discard(resource)
        assert closed == []

    invoke(handle).unwrap()
    assert closed == ["value"]


def test_what_is_no_resource_of_the_cache_is_told(cache: InitCache) -> None:
    resource = declare(cache, [])
    wrong: Any = print
    for one in (wrong, declare(InitCache(), [])):
        with pytest.raises(ConfigurationError, match="pass a resource of this cache"):
            cache.discard(one)
    cache.discard(resource)
    with pytest.raises(ConfigurationError):
        cache.discard(resource)


def test_a_reset_beside_the_end_of_an_invocation_closes_each_value_once(
    cache: InitCache, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[object] = []
    others: list[threading.Thread] = []

    class Retired(list[Any]):
        """Values that an ending invocation closes while a reset goes through them; with a lock it waits."""

        passes = 0

        def __iter__(self) -> Iterator[Any]:
            Retired.passes += 1
            for one in [*super().__iter__()]:
                yield one
                if Retired.passes == 2 and not others:  # as the list without those of the resource is made
                    others.append(threading.Thread(target=_closing._close_retired))
                    others[0].start()
                    others[0].join(0.05)

    @cache.resource(ttl=1, close=closed.append)
    def replaced() -> object:
        return object()

    @cache.resource(ttl=1, close=closed.append)
    def emptied() -> object:
        return object()

    emptied()
    first = replaced()
    clock.advance(2)
    replaced()
    monkeypatch.setattr(shared, "retired", Retired(shared.retired))
    entry_of(emptied).state.empty()
    others[0].join(PATIENCE)
    _closing._close_retired()
    assert [one for one in closed if one is first] == [first]
