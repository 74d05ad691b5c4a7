"""Resources that are taken out of a cache again."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_kit import handler
from lambda_kit.errors import ConfigurationError
from lambda_kit.init_cache import InitCache
from lambda_kit.testing import invoke


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
