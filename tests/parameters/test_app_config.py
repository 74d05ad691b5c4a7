"""Configurations of AppConfig: sessions with the service, and the agent."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import parameters
from lambda_kit.aws._app_config import Session
from lambda_kit.errors import ParameterAccessDenied, ParameterError, ParameterNotFound
from lambda_kit.invocation import Invocation, current
from lambda_kit.parameters import _app_config
from lambda_kit.testing import FakeAppConfigAgent, FakeClock, make_context

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = ("shop", "prod", "limits")


@pytest.fixture
def invocation() -> Iterator[None]:
    token = current.set(Invocation({}, make_context()))
    yield
    current.reset(token)


@pytest.fixture
def polls(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """A clock for the cache and for the sessions."""
    make = functools.partial(Session, clock=clock)
    monkeypatch.setattr(_app_config, "Session", make)
    return clock


def test_a_configuration_is_read_in_a_session_that_goes_on(store: Any, polls: FakeClock) -> None:
    store.configurations["shop/prod/limits"] = b'{"max": 1}'
    assert parameters.app_config(*NAME, transform="json") == {"max": 1}
    polls.advance(61)
    assert parameters.app_config(*NAME, transform="json") == {"max": 1}
    store.configurations["shop/prod/limits"] = b'{"max": 2}'
    polls.advance(61)
    assert parameters.app_config(*NAME, transform="json") == {"max": 2}
    assert store.counts() == {"StartConfigurationSession": 1, "GetLatestConfiguration": 3}


def test_the_service_is_asked_no_more_often_than_it_wants(store: Any, polls: FakeClock) -> None:
    store.configurations["shop/prod/limits"] = b"one"
    assert parameters.app_config(*NAME, ttl=20.0) == "one"
    store.configurations["shop/prod/limits"] = b"two"
    polls.advance(30)
    assert parameters.app_config(*NAME, ttl=20.0) == "one"
    polls.advance(40)
    assert parameters.app_config(*NAME, ttl=20.0) == "two"
    ((_, params),) = [call for call in store.calls if call[0] == "StartConfigurationSession"]
    assert params["RequiredMinimumPollIntervalInSeconds"] == 20


def test_fresh_is_fresh_within_the_poll_interval(store: Any, polls: FakeClock) -> None:
    store.configurations["shop/prod/limits"] = b"one"
    assert parameters.app_config(*NAME) == "one"
    store.configurations["shop/prod/limits"] = b"two"
    assert parameters.app_config(*NAME) == "one"
    assert parameters.app_config(*NAME, fresh=True) == "two"
    assert parameters.app_config(*NAME) == "two"
    polls.advance(61)
    store.configurations["shop/prod/limits"] = b"three"
    assert parameters.app_config(*NAME) == "three"
    assert store.counts() == {"StartConfigurationSession": 2, "GetLatestConfiguration": 3}


def test_fresh_goes_past_the_agent(store: Any, agent: FakeAppConfigAgent, invocation: None) -> None:
    agent.put("shop/prod/limits", "one")
    store.configurations["shop/prod/limits"] = b"two"
    assert parameters.app_config(*NAME) == "one"
    assert parameters.app_config(*NAME, fresh=True) == "two"
    assert parameters.app_config(*NAME, fresh=True, source="extension") == "one"


def test_two_transforms_share_a_session(store: Any) -> None:
    store.configurations["shop/prod/limits"] = b"[1]"
    assert parameters.app_config(*NAME) == "[1]"
    assert parameters.app_config(*NAME, transform="auto") == [1]
    assert store.counts() == {"StartConfigurationSession": 1, "GetLatestConfiguration": 1}


def test_a_token_that_has_expired_begins_a_new_session(store: Any, polls: FakeClock) -> None:
    store.configurations["shop/prod/limits"] = b"one"
    parameters.app_config(*NAME)
    store.tokens.clear()
    store.configurations["shop/prod/limits"] = b"two"
    polls.advance(61)
    assert parameters.app_config(*NAME) == "two"
    assert store.counts() == {"StartConfigurationSession": 2, "GetLatestConfiguration": 3}


def test_an_outage_leaves_the_old_configuration(store: Any, polls: FakeClock) -> None:
    store.configurations["shop/prod/limits"] = b"one"
    parameters.app_config(*NAME)
    store.refusals["GetLatestConfiguration"] = (500, "InternalServerException", "down")
    polls.advance(61)
    assert parameters.app_config(*NAME) == "one"


def test_an_empty_configuration_is_empty(store: Any) -> None:
    store.configurations["shop/prod/limits"] = b""
    store.content_type = "text/plain"
    assert parameters.app_config(*NAME) == ""


def test_a_configuration_that_is_no_text_needs_a_transform(store: Any) -> None:
    store.configurations["shop/prod/limits"] = b"\xff\x00"
    assert parameters.app_config(*NAME, transform="binary") == b"\xff\x00"
    with pytest.raises(ParameterError, match="its value is binary"):
        parameters.app_config(*NAME)


def test_what_does_not_exist_and_what_is_denied_is_told(store: Any) -> None:
    with pytest.raises(ParameterNotFound, match="the app configuration shop/prod/limits could not be read"):
        parameters.app_config(*NAME)
    store.configurations["shop/prod/limits"] = b"one"
    store.refusals["GetLatestConfiguration"] = (403, "AccessDeniedException", "no")
    with pytest.raises(ParameterAccessDenied, match="grant it appconfig:GetLatestConfiguration"):
        parameters.app_config(*NAME)


def test_the_agent_is_asked_first(store: Any, agent: FakeAppConfigAgent, invocation: None) -> None:
    agent.put("a b/prod/limits", "[1]")
    assert parameters.app_config("a b", "prod", "limits", transform="json") == [1]
    assert [request.configuration for request in agent.requests] == ["a b/prod/limits"]
    assert store.calls == []


def test_auto_goes_by_the_content_type_of_the_agent(agent: FakeAppConfigAgent, invocation: None) -> None:
    agent.put("shop/prod/limits", {"checkout": {"enabled": True}})
    assert parameters.app_config(*NAME, transform="auto") == {"checkout": {"enabled": True}}


def test_a_configuration_that_the_agent_does_not_know_does_not_exist(
    agent: FakeAppConfigAgent, invocation: None
) -> None:
    with pytest.raises(ParameterNotFound) as info:
        parameters.app_config(*NAME)
    assert info.value.source == "agent"


def test_without_the_agent_the_service_is_asked(store: Any, agent: FakeAppConfigAgent, invocation: None) -> None:
    store.configurations["shop/prod/limits"] = b"one"
    agent.fail("shop/prod/limits", 502, "bad gateway")
    assert parameters.app_config(*NAME) == "one"
    assert store.counts() == {"StartConfigurationSession": 1, "GetLatestConfiguration": 1}
