"""Flags through the client of OpenFeature's own SDK."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
from openfeature import api
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode, OpenFeatureError, ProviderNotReadyError

from lambda_kit import FeatureFlags
from lambda_kit.errors import ConfigurationError
from lambda_kit.flags import AppConfigAgent, StaticFlags
from lambda_kit.flags.openfeature import Provider
from tests.flags.conftest import StubSource
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openfeature.client import OpenFeatureClient

    from lambda_kit.testing import FakeAppConfigAgent, FakeClock

PREMIUM = {"action": "EQUALS", "key": "tier", "value": "premium"}
DOCUMENT: dict[str, Any] = {
    "on": {"default": False, "rules": {"premium": {"when_match": True, "conditions": [PREMIUM]}}},
    "text": {"default": "a", "boolean_type": False},
    "whole": {"default": 7, "boolean_type": False},
    "number": {"default": 2.5, "boolean_type": False},
    "object": {"default": {"a": [1]}, "boolean_type": False},
    "list": {"default": [1, 2], "boolean_type": False},
    "nothing": {"default": None, "boolean_type": False},
    "native": {"enabled": True, "limit": 5},
    "off": {"enabled": False},
    "split": {
        "default": "none",
        "boolean_type": False,
        "rules": {"all": {"variants": [{"name": "blue", "weight": 1, "value": "b"}], "by": "targetingKey"}},
    },
}


@pytest.fixture(autouse=True)
def _no_providers() -> Iterator[None]:
    yield
    api.shutdown()
    api.clear_providers()
    api.clear_hooks()


def client_of(flags: FeatureFlags, **options: Any) -> OpenFeatureClient:
    api.set_provider_and_wait(Provider(flags, **options))
    return api.get_client()


@pytest.fixture
def client() -> OpenFeatureClient:
    return client_of(FeatureFlags(StaticFlags(DOCUMENT)))


def test_values_of_all_types(client: OpenFeatureClient) -> None:
    premium = EvaluationContext(attributes={"tier": "premium"})
    assert client.get_boolean_value("on", False, premium) is True
    assert client.get_boolean_value("on", True) is False
    assert client.get_string_value("text", "x") == "a"
    assert client.get_integer_value("whole", 0) == 7
    assert client.get_float_value("number", 0.0) == 2.5
    assert (client.get_float_value("whole", 0.0), type(client.get_float_value("whole", 0.0))) == (7.0, float)
    assert client.get_object_value("object", {}) == {"a": [1]}
    assert client.get_object_value("list", []) == [1, 2]


def test_flags_of_app_config_s_own_are_booleans_and_objects(client: OpenFeatureClient) -> None:
    assert client.get_boolean_value("native", False) is True
    assert client.get_object_value("native", {}) == {"enabled": True, "limit": 5}
    details = client.get_boolean_details("off", True)
    assert (details.value, details.reason) == (False, "DISABLED")


def test_an_object_is_the_callers_own(client: OpenFeatureClient) -> None:
    found: Any = client.get_object_value("object", {})
    found["a"].append(2)
    assert client.get_object_value("object", {}) == {"a": [1]}


def test_reason_variant_and_rule_are_told(client: OpenFeatureClient) -> None:
    premium = EvaluationContext(attributes={"tier": "premium"})
    details = client.get_boolean_details("on", False, premium)
    assert (details.reason, details.variant, details.flag_metadata) == ("TARGETING_MATCH", "on", {"rule": "premium"})
    details = client.get_boolean_details("on", False)
    assert (details.reason, details.variant, details.flag_metadata) == ("DEFAULT", "off", {})
    text = client.get_string_details("text", "x")
    assert (text.reason, text.variant) == ("STATIC", "default")
    split = client.get_string_details("split", "x", EvaluationContext(targeting_key="u-1"))
    assert (split.value, split.reason, split.variant) == ("b", "SPLIT", "blue")


def test_the_targeting_key_is_found_under_its_name_and_another() -> None:
    rule = {"when_match": True, "conditions": [{"action": "EQUALS", "key": "customer", "value": "c-1"}]}
    client = client_of(
        FeatureFlags(StaticFlags({**DOCUMENT, "mine": {"default": False, "rules": {"r": rule}}})),
        targeting_key="customer",
    )
    context = EvaluationContext(targeting_key="c-1")
    assert client.get_boolean_value("mine", False, context) is True
    assert client.get_string_value("split", "x", context) == "b"
    assert client.get_boolean_value("mine", False, EvaluationContext(attributes={"customer": "c-1"})) is True


@pytest.mark.parametrize(
    ("ask", "name", "default"),
    [
        ("boolean", "text", True),
        ("boolean", "whole", True),
        ("string", "whole", "x"),
        ("integer", "on", 1),
        ("integer", "number", 1),
        ("integer", "text", 1),
        ("float", "on", 1.5),
        ("float", "text", 1.5),
        ("object", "text", {"x": 1}),
        ("object", "nothing", {"x": 1}),
        ("string", "nothing", "x"),
    ],
)
def test_another_type_than_was_asked_for_is_the_default(
    client: OpenFeatureClient, ask: str, name: str, default: Any
) -> None:
    details = getattr(client, f"get_{ask}_details")(name, default)
    assert (details.value, details.error_code) == (default, ErrorCode.TYPE_MISMATCH)
    assert f"the feature flag '{name}' is a" in str(details.error_message)


def test_a_flag_that_does_not_exist_is_the_default(client: OpenFeatureClient) -> None:
    details = client.get_string_details("tetx", "x")
    assert (details.value, details.error_code) == ("x", ErrorCode.FLAG_NOT_FOUND)
    assert "did you mean 'text'?" in str(details.error_message)


def failing() -> Any:
    raise ConnectionError("down")


def test_without_flags_the_provider_does_not_become_ready() -> None:
    with pytest.raises(OpenFeatureError):
        client_of(FeatureFlags(failing))
    details = api.get_client().get_boolean_details("on", True)
    assert (details.value, details.error_code) == (True, ErrorCode.PROVIDER_NOT_READY)


def test_a_first_version_that_is_wrong_is_a_parse_error() -> None:
    with pytest.raises(OpenFeatureError) as info:
        client_of(FeatureFlags(StaticFlags({"on": {"default": 5}})))
    assert info.value.error_code == ErrorCode.PARSE_ERROR
    details = api.get_client().get_boolean_details("on", True)
    assert (details.value, details.error_code) == (True, ErrorCode.PARSE_ERROR)


# Async, threads


def test_coroutines_are_answered_and_a_fetch_does_not_block_the_loop(clock: FakeClock) -> None:
    blocked: list[bool] = []

    def fetch() -> Any:
        blocked.append(threading.current_thread() is threading.main_thread())
        return DOCUMENT

    client = client_of(FeatureFlags(fetch, ttl=10.0))
    premium = EvaluationContext(attributes={"tier": "premium"})

    async def ask() -> list[Any]:
        clock.advance(11.0)
        return [
            await client.get_boolean_value_async("on", False, premium),
            await client.get_string_value_async("text", "x"),
            await client.get_integer_value_async("whole", 0),
            await client.get_float_value_async("number", 0.0),
            await client.get_object_value_async("list", []),
        ]

    assert asyncio.run(ask()) == [True, "a", 7, 2.5, [1, 2]]
    assert blocked == [True, False]


def test_variants_are_asked_for_beside_the_loop(agent: FakeAppConfigAgent, clock: FakeClock) -> None:
    threads: list[str] = []

    def banner(context: Any) -> Any:
        return {"enabled": context.get("tier") == "premium", "_variant": "v"}

    agent.put("shop/prod/features", {"banner": banner, "plain": {"enabled": True}})
    source = AppConfigAgent("shop", "prod", "features")
    fetch_flag = source.fetch_flag

    def watched(name: str, context: Any) -> Any:
        threads.append(threading.current_thread().name)
        return fetch_flag(name, context)

    source.fetch_flag = watched  # type: ignore[method-assign]
    client = client_of(FeatureFlags(source))
    premium = EvaluationContext(attributes={"tier": "premium"})

    async def ask() -> list[bool]:
        return [
            await client.get_boolean_value_async("plain", False, premium),
            await client.get_boolean_value_async("banner", False, premium),
        ]

    assert asyncio.run(ask()) == [True, True]
    assert len(threads) == 1
    assert threads[0] != threading.main_thread().name


def test_threads_share_a_provider(client: OpenFeatureClient) -> None:
    found: list[bool] = []

    def ask(tier: str) -> None:
        context = EvaluationContext(attributes={"tier": tier})
        found.extend(client.get_boolean_value("on", False, context) is (tier == "premium") for _ in range(200))

    threads = [threading.Thread(target=ask, args=(tier,)) for tier in ("premium", "basic") * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert found == [True] * 1_200


# What is refused


def test_what_is_no_feature_flags_is_refused() -> None:
    wrong: Any = StaticFlags({})
    with pytest.raises(ConfigurationError, match="pass a FeatureFlags"):
        Provider(wrong)
    for name in ("", 5):
        given: Any = name
        with pytest.raises(ConfigurationError, match="pass the name of a key"):
            Provider(FeatureFlags(StaticFlags({})), targeting_key=given)


def test_without_the_sdk_the_import_says_what_to_install() -> None:
    code = """
import sys
sys.modules["openfeature"] = None
from lambda_kit.errors import ConfigurationError
try:
    import lambda_kit.flags.openfeature
except ConfigurationError as error:
    print(isinstance(error, ImportError), error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.startswith("True lambda_kit.flags.openfeature needs openfeature-sdk")
    assert said.endswith('pip install "lambda-kit-sdk[openfeature]"\n')


def test_the_flags_alone_do_not_load_it() -> None:
    code = "import sys, lambda_kit.flags; from lambda_kit import FeatureFlags; print('openfeature' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_flag_of_any_type_has_a_variant() -> None:
    """Where variants have no names, the rule stands for the variant, or the word default."""
    rule = {"when_match": 5, "conditions": [{"action": "EQUALS", "key": "tier", "value": "premium"}]}
    document = {**DOCUMENT, "limit": {"default": 1, "boolean_type": False, "rules": {"more": rule}}}
    client = client_of(FeatureFlags(StaticFlags(document)))
    premium = EvaluationContext(attributes={"tier": "premium"})
    assert client.get_integer_details("limit", 0, premium).variant == "more"
    assert client.get_integer_details("limit", 0).variant == "default"
    assert client.get_object_details("list", []).variant == "default"
    assert client.get_object_details("native", {}).variant == "on"


def test_metadata_of_a_flag_is_passed_on_beside_the_rule() -> None:
    metadata = {"owner": "shop", "ticket": 7, "share": 0.5, "temporary": True, "links": ["a"], "nothing": None}
    rule = {"when_match": True, "rollout": {"percentage": 100, "by": "targetingKey"}}
    document = {
        "f": {"default": False, "metadata": metadata, "rules": {"all": rule}},
        "g": {"default": True, "metadata": 1},
    }
    client = client_of(FeatureFlags(StaticFlags(document)))
    told = {"owner": "shop", "ticket": 7, "share": 0.5, "temporary": True}
    assert client.get_boolean_details("f", False).flag_metadata == told
    details = client.get_boolean_details("f", False, EvaluationContext(targeting_key="u-1"))
    assert details.flag_metadata == {**told, "rule": "all"}
    assert client.get_boolean_details("g", False).flag_metadata == {}


@pytest.mark.parametrize("number", [10**400, 2**53 + 1, -(2**63) - 1])
def test_a_number_that_no_float_holds_is_a_type_mismatch(number: int) -> None:
    client = client_of(FeatureFlags(StaticFlags({"n": {"default": number, "boolean_type": False}})))
    details = client.get_float_details("n", 1.5)
    assert (details.value, details.error_code) == (1.5, ErrorCode.TYPE_MISMATCH)
    assert client.get_integer_value("n", 0) == number


def test_nothing_is_resolved_after_a_shutdown_until_it_is_initialised_again() -> None:
    flags = FeatureFlags(StaticFlags({"f": {"default": True}}))
    provider = Provider(flags)
    provider.initialize(EvaluationContext())
    assert provider.resolve_boolean_details("f", False).value is True
    provider.shutdown()
    with pytest.raises(ProviderNotReadyError, match="shut down"):
        provider.resolve_boolean_details("f", False)
    with pytest.raises(ProviderNotReadyError):
        asyncio.run(provider.resolve_boolean_details_async("f", False))
    assert flags.enabled("f")
    provider.initialize(EvaluationContext())
    assert provider.resolve_boolean_details("f", False).value is True


def test_the_reason_is_stale_while_old_flags_are_in_force(clock: FakeClock) -> None:
    source = StubSource({"f": {"default": True}})
    client = client_of(FeatureFlags(source, ttl=10.0))
    assert client.get_boolean_details("f", False).reason == "STATIC"
    source.error = OSError("down")
    clock.advance(11)
    details = client.get_boolean_details("f", False)
    assert (details.value, details.reason) == (True, "STALE")
    source.error = None
    clock.advance(60)
    assert client.get_boolean_details("f", False).reason == "STATIC"
