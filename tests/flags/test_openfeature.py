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
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode, OpenFeatureError

from lambda_kit import FeatureFlags
from lambda_kit.errors import ConfigurationError
from lambda_kit.flags import StaticFlags
from lambda_kit.flags.openfeature import Provider
from lambda_kit.init_cache import init
from lambda_kit.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openfeature.client import OpenFeatureClient

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
    assert client.get_string_details("text", "x").reason == "STATIC"
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


# Events


class Source:
    """A source that a test changes and breaks."""

    def __init__(self) -> None:
        self.document: Any = {"a": {"default": True}, "b": {"default": True}}

    def __call__(self) -> Any:
        if isinstance(self.document, Exception):
            raise self.document
        return self.document


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock(1_000_000.0)
    monkeypatch.setattr(init, "_clock", clock)
    return clock


class Heard:
    """The events that were sent."""

    def __init__(self) -> None:
        self.found: list[tuple[ProviderEvent, EventDetails]] = []
        self._more = threading.Condition()
        for event in ProviderEvent:
            api.add_handler(event, self._listener(event))

    def _listener(self, event: ProviderEvent) -> Any:
        def listen(details: EventDetails) -> None:
            with self._more:
                self.found.append((event, details))
                self._more.notify_all()

        return listen

    def wait(self, count: int) -> list[str]:
        """Return the names of the events, once there are so many."""
        with self._more:
            assert self._more.wait_for(lambda: len(self.found) >= count, 10)
        return [event.name for event, _ in self.found]


def test_events_tell_what_happens_to_the_flags(clock: FakeClock) -> None:
    source = Source()
    client = client_of(FeatureFlags(source, ttl=10.0))
    heard = Heard()
    heard.wait(1)  # whoever listens is told that it is ready
    heard.found.clear()
    source.document = {"b": {"default": False}, "c": {"default": True}}
    clock.advance(11.0)
    assert client.get_boolean_value("b", True) is False
    assert heard.wait(1) == ["PROVIDER_CONFIGURATION_CHANGED"]
    assert heard.found[0][1].flags_changed == ["a", "b", "c"]
    assert heard.found[0][1].provider_name == "lambda_kit"
    source.document = ConnectionError("down")
    clock.advance(11.0)
    for _ in range(3):
        assert client.get_boolean_value("c", False) is True
        clock.advance(11.0)
    assert heard.wait(2)[1:] == ["PROVIDER_STALE"]
    assert "down" in str(heard.found[1][1].message)
    source.document = {"b": {"default": False}, "c": {"default": True}}
    clock.advance(60.0)
    client.get_boolean_value("c", False)
    assert heard.wait(3)[2:] == ["PROVIDER_READY"]
    source.document = {"b": {"default": 5}}
    for _ in range(3):
        clock.advance(11.0)
        assert client.get_boolean_value("c", False) is True
    assert heard.wait(4)[3:] == ["PROVIDER_STALE"]
    assert "$.b.default" in str(heard.found[3][1].message)


def test_who_handles_an_event_may_evaluate_flags(clock: FakeClock) -> None:
    source = Source()
    client = client_of(FeatureFlags(source, ttl=10.0))
    seen: list[bool] = []
    done = threading.Event()

    def evaluate(details: EventDetails) -> None:
        seen.append(client.get_boolean_value("b", True))
        done.set()

    api.add_handler(ProviderEvent.PROVIDER_CONFIGURATION_CHANGED, evaluate)
    source.document = {"b": {"default": False}}
    clock.advance(11.0)
    client.get_boolean_value("b", True)
    assert done.wait(10)
    assert seen == [False]


def test_after_the_shutdown_nothing_is_sent(clock: FakeClock) -> None:
    source = Source()
    flags = FeatureFlags(source, ttl=10.0)
    provider = Provider(flags)
    api.set_provider_and_wait(provider)
    provider.shutdown()
    source.document = {"b": {"default": False}}
    clock.advance(11.0)
    assert flags.enabled("b") is False
    assert not provider._noticed


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


def test_threads_share_a_provider(client: OpenFeatureClient) -> None:
    found: list[bool] = []

    def ask(tier: str) -> None:
        context = EvaluationContext(attributes={"tier": tier})
        found.extend(client.get_boolean_value("on", False, context) is (tier == "premium") for _ in range(200))

    threads = [threading.Thread(target=ask, args=(tier,)) for tier in ("premium", "basic") * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
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
    code = "import sys; sys.modules['openfeature'] = None; import lambda_kit.flags.openfeature"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install lambda-kit-sdk[openfeature]" in done.stderr


def test_the_flags_alone_do_not_load_it() -> None:
    code = "import sys, lambda_kit.flags; from lambda_kit import FeatureFlags; print('openfeature' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
