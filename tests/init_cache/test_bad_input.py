"""What cannot be right is refused where it is written, with the value and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from lambda_kit.init_cache import InitCache


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"ttl": 0}, ["ttl=0", "above 0"]),
        ({"ttl": -1.5}, ["ttl=-1.5"]),
        ({"ttl": True}, ["ttl=True"]),
        ({"ttl": "300"}, ["ttl='300'"]),
        ({"ttl": float("nan")}, ["ttl=nan"]),
        ({"ttl": float("inf")}, ["ttl=inf", "None for the life"]),
        ({"ttl": 1, "stale_if_error": -1}, ["stale_if_error=-1", "0 or more"]),
        ({"ttl": 1, "stale_if_error": "1"}, ["stale_if_error='1'"]),
        ({"ttl": 1, "stale_if_error": None}, ["stale_if_error=None"]),
        ({"ttl": 1, "stale_if_error": float("inf")}, ["stale_if_error=inf"]),
        ({"stale_if_error": 10.0}, ["stale_if_error=10.0", "without a time to live", "ttl=..."]),
        ({"refresh": "background"}, ["refresh='background'", "without a time to live", "ttl=..."]),
        ({"ttl": 1, "refresh": "backgruond"}, ["'backgruond'", "did you mean 'background'"]),
        ({"ttl": 1, "refresh": None}, ["refresh=None", "'block' or 'background'"]),
        ({"eager": "yes"}, ["eager='yes'", "True or False"]),
        ({"eager": 1}, ["eager=1", "True or False"]),
        ({"on_restore": "drop"}, ["on_restore='drop'", "'rebuild' or 'keep'"]),
        ({"on_restore": "kep"}, ["did you mean 'keep'"]),
        ({"close": "close"}, ["close='close'", "a function that takes the value"]),
        ({"tttl": 5}, ["no option 'tttl'", "did you mean 'ttl'"]),
        ({"stale": 5}, ["no option 'stale'"]),
    ],
)
def test_an_option_out_of_its_range_is_refused(cache: InitCache, options: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        cache.resource(**options)
    for word in words:
        assert word in str(caught.value)
    assert cache.report() == ()


@pytest.mark.parametrize("factory", [1, "client", object()])
def test_what_is_not_callable_is_refused(cache: InitCache, factory: Any) -> None:
    with pytest.raises(ConfigurationError, match="not callable"):
        cache.resource(factory)
    with pytest.raises(ConfigurationError, match="not callable"):
        cache.resource(ttl=5)(factory)


def test_none_given_for_a_factory_is_refused(cache: InitCache) -> None:
    declare: Any = cache.resource(ttl=5)
    with pytest.raises(ConfigurationError, match="None, which is not callable"):
        declare(None)


def test_a_factory_with_arguments_is_refused(cache: InitCache) -> None:
    def table(name: str, *, region: str = "eu-west-1") -> str:
        return name + region

    declare: Any = cache.resource
    with pytest.raises(ConfigurationError, match=r"table\(name, \*, region\) takes arguments"):
        declare(table)


def test_a_factory_with_keywords_that_must_be_given_is_refused(cache: InitCache) -> None:
    def table(*, name: str) -> str:
        return name

    declare: Any = cache.resource
    with pytest.raises(ConfigurationError, match="takes arguments"):
        declare(table)


def test_a_factory_whose_arguments_have_defaults_is_fine(cache: InitCache) -> None:
    def table(name: str = "orders", *names: str, region: str = "eu-west-1", **more: str) -> str:
        return name + region

    declare: Any = cache.resource
    assert declare(table)() == "orderseu-west-1"


def test_a_generator_function_is_refused(cache: InitCache) -> None:
    def connection() -> Any:
        yield 1

    async def connection_async() -> Any:
        yield 1

    for factory in (connection, connection_async):
        with pytest.raises(ConfigurationError, match=r"generator function.*close="):
            cache.resource(factory)
