"""What OpenFeature's SDK is told of the flags: events, and the status of the provider."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from typing import TYPE_CHECKING, Any

import pytest
from openfeature import api
from openfeature.event import EventDetails, ProviderEvent
from openfeature.exception import ErrorCode, OpenFeatureError

from lambda_kit import FeatureFlags
from lambda_kit.errors import ResourceBuildError
from lambda_kit.flags.openfeature import Provider
from lambda_kit.init_cache._build import shared
from tests.patience import PATIENCE
from tests.stepping import PACKAGE, visit_each_step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openfeature.client import OpenFeatureClient

    from lambda_kit.flags._snapshot import Loader
    from lambda_kit.testing import FakeClock

PREMIUM = {"action": "EQUALS", "key": "tier", "value": "premium"}


@pytest.fixture(autouse=True)
def _no_providers() -> Iterator[None]:
    yield
    api.shutdown()
    api.clear_providers()
    api.clear_hooks()


def client_of(flags: FeatureFlags, **options: Any) -> OpenFeatureClient:
    api.set_provider_and_wait(Provider(flags, **options))
    return api.get_client()


class Source:
    """A source that a test changes and breaks."""

    def __init__(self) -> None:
        self.document: Any = {"a": {"default": True}, "b": {"default": True}}

    def __call__(self) -> Any:
        if isinstance(self.document, Exception):
            raise self.document
        return self.document


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
            assert self._more.wait_for(lambda: len(self.found) >= count, PATIENCE)
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


def statuses(client: OpenFeatureClient, clock: FakeClock, source: Source, *documents: Any) -> list[str]:
    """Return the status of the provider after each of the documents was fetched, or not."""
    found: list[str] = []
    for document in documents:
        source.document = document
        clock.advance(11.0)
        client.get_boolean_value("b", True)
        found.append(client.get_provider_status().name)
    return found


GOOD, OTHER, WRONG = {"b": {"default": True}}, {"b": {"default": False}}, {"b": {"default": 5}}
DOWN = ConnectionError("down")


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        ((GOOD, WRONG, GOOD, WRONG, OTHER), "READY STALE READY STALE READY"),
        ((GOOD, WRONG, DOWN, WRONG, WRONG, OTHER), "READY STALE STALE STALE STALE READY"),
        ((GOOD, DOWN, WRONG, GOOD), "READY STALE STALE READY"),
        ((GOOD, WRONG, {1: {2}}, GOOD), "READY STALE STALE READY"),
    ],
)
def test_the_status_is_stale_until_the_newest_version_is_in_force(
    clock: FakeClock, documents: Any, expected: str
) -> None:
    source = Source()
    client = client_of(FeatureFlags(source, ttl=10.0))
    assert statuses(client, clock, source, *documents) == expected.split()


def test_a_provider_that_began_without_flags_is_ready_with_the_first(clock: FakeClock) -> None:
    source = Source()
    for wrong in (WRONG, DOWN):
        source.document = wrong
        provider = Provider(FeatureFlags(source, ttl=10.0))
        with pytest.raises(OpenFeatureError):
            api.set_provider_and_wait(provider)
        assert statuses(api.get_client(), clock, source, wrong, GOOD) == ["ERROR", "READY"]


def test_when_old_flags_run_out_that_is_an_error(clock: FakeClock) -> None:
    source = Source()
    client = client_of(FeatureFlags(source, ttl=10.0, stale_if_error=15.0))
    heard = Heard()
    heard.wait(1)
    assert statuses(client, clock, source, DOWN) == ["STALE"]
    assert heard.wait(2)[1:] == ["PROVIDER_STALE"]
    assert statuses(client, clock, source, DOWN, DOWN, DOWN)[-1] == "ERROR"
    assert heard.wait(3)[2:] == ["PROVIDER_ERROR"]
    assert heard.found[2][1].error_code == ErrorCode.PROVIDER_NOT_READY
    details = client.get_boolean_details("b", False)
    assert (details.value, details.error_code) == (False, ErrorCode.PROVIDER_NOT_READY)
    clock.advance(60.0)
    assert statuses(client, clock, source, OTHER) == ["READY"]
    assert set(heard.wait(5)[3:]) == {"PROVIDER_READY", "PROVIDER_CONFIGURATION_CHANGED"}  # handled side by side


def test_a_provider_over_flags_that_are_stale_already_says_so(clock: FakeClock) -> None:
    source = Source()
    flags = FeatureFlags(source, ttl=10.0)
    flags.all()
    source.document = DOWN
    clock.advance(11.0)
    flags.all()
    client = client_of(flags)
    client.get_boolean_value("b", True)
    assert client.get_provider_status().name == "STALE"
    assert statuses(client, clock, source, GOOD) == ["READY"]


ONE = {"when_match": True, "conditions": [PREMIUM]}
TWO = {"when_match": False, "conditions": [{**PREMIUM, "key": "plan"}]}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"default": True, "boolean_type": False}, {"default": 1, "boolean_type": False}),
        ({"default": 1, "boolean_type": False}, {"default": 1.0, "boolean_type": False}),
        (
            {"default": False, "rules": {"one": ONE, "two": TWO}},
            {"default": False, "rules": {"two": TWO, "one": ONE}},
        ),
    ],
)
def test_a_flag_has_changed_where_its_type_or_the_order_of_its_rules_has(
    clock: FakeClock, before: Any, after: Any
) -> None:
    source = Source()
    source.document = {"flags": {"a": before, "b": {"default": True}}}
    client = client_of(FeatureFlags(source, ttl=10.0, envelope="flags"))
    heard = Heard()
    heard.wait(1)
    statuses(client, clock, source, {"flags": {"b": {"default": True}, "a": after}})
    assert heard.wait(2)[1:] == ["PROVIDER_CONFIGURATION_CHANGED"]
    assert heard.found[1][1].flags_changed == ["a"]


def test_all_flags_have_changed_where_a_segment_has(clock: FakeClock) -> None:
    source = Source()
    source.document = {**GOOD, "$segments": {"s": {"conditions": [PREMIUM]}}}
    client = client_of(FeatureFlags(source, ttl=10.0))
    heard = Heard()
    heard.wait(1)
    statuses(client, clock, source, {**GOOD, "$segments": {"s": {"conditions": [{**PREMIUM, "value": "basic"}]}}})
    assert heard.wait(2)[1:] == ["PROVIDER_CONFIGURATION_CHANGED"]
    assert heard.found[1][1].flags_changed == ["b"]


def test_providers_of_the_same_flags_each_hear_of_them_when_one_is_replaced(clock: FakeClock) -> None:
    source = Source()
    flags = FeatureFlags(source, ttl=10.0)
    providers = [Provider(flags) for _ in range(3)]
    for domain, provider in zip(("one", "two", "one"), providers, strict=True):
        api.set_provider_and_wait(provider, domain)
    providers[0].shutdown()  # as the registry does too, in its own time
    source.document = DOWN
    clock.advance(11.0)
    for domain in ("one", "two"):
        client = api.get_client(domain)
        client.get_boolean_value("b", True)
        assert client.get_provider_status().name == "STALE"


def test_what_happens_while_nobody_evaluates_does_not_pile_up(clock: FakeClock) -> None:
    source = Source()
    flags = FeatureFlags(source, ttl=10.0)
    provider = Provider(flags)
    api.set_provider_and_wait(provider)
    for number in range(300):
        source.document = {"b": {"default": number, "boolean_type": False}}
        clock.advance(11.0)
        assert flags.evaluate("b") == number
    assert len(provider._noticed) == 100


def test_events_are_sent_once_and_in_their_order_whoever_evaluates(clock: FakeClock) -> None:
    source = Source()
    flags = FeatureFlags(source, ttl=10.0)
    client = client_of(flags)
    heard = Heard()
    heard.wait(1)
    for round_ in range(20):
        for number in range(3):  # noticed beside the client
            source.document = DOWN if number == 1 else {"b": {"default": round_ % 2 == 0}, str(number): OTHER["b"]}
            clock.advance(11.0)
            flags.all()
        start = threading.Barrier(4)

        def ask(start: threading.Barrier = start) -> None:
            start.wait(PATIENCE)
            client.get_boolean_value("b", True)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        assert client.get_provider_status().name == "READY"
    names = heard.wait(1 + 20 * 4)
    assert sorted(names[1:]) == sorted(
        ["PROVIDER_CONFIGURATION_CHANGED", "PROVIDER_STALE", "PROVIDER_READY", "PROVIDER_CONFIGURATION_CHANGED"] * 20
    )


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
    assert done.wait(PATIENCE)
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


NEWER: dict[str, Any] = {"c": {"default": True}}


@pytest.mark.parametrize(
    ("before", "late", "newest"),
    [
        (GOOD, OTHER, GOOD),
        (GOOD, OTHER, NEWER),
        (GOOD, WRONG, GOOD),
        (GOOD, DOWN, NEWER),
        (DOWN, GOOD, WRONG),
        (DOWN, GOOD, DOWN),
    ],
)
def test_a_fetch_that_was_given_up_tells_nothing_once_another_has_ended(
    clock: FakeClock, before: Any, late: Any, newest: Any
) -> None:
    def prepare() -> tuple[Source, Loader, list[str]]:
        source = Source()
        source.document = GOOD
        flags = FeatureFlags(source, ttl=10.0)
        flags.all()
        source.document = before
        clock.advance(11.0)
        flags.all()
        source.document = late
        told: list[str] = []
        flags._loader.listeners.append(lambda what, _: told.append(what))
        return source, flags._loader, told

    def fetch(prepared: tuple[Source, Loader, list[str]]) -> None:
        with contextlib.suppress(ResourceBuildError):  # it refuses the old flags
            prepared[1].resource.refresh()

    seen: list[Any] = []

    def fetch_again(prepared: tuple[Source, Loader, list[str]]) -> None:
        source, loader, told = prepared
        state = loader.entry.state
        if shared.lock._is_owned():  # another thread would wait
            seen[:] = []
            return
        if state.pending is not None:
            state.discard(state.pending)  # as the end of an invocation does
        source.document = newest
        contextvars.Context().run(fetch, prepared)
        seen[:] = loader.trouble, len(told)

    def check(prepared: tuple[Source, Loader, list[str]], _: str) -> None:
        assert not seen or seen == [prepared[1].trouble, len(prepared[2])]

    assert visit_each_step(fetch, fetch_again, prepare=prepare, check=check, inside=(PACKAGE + "flags",), most=40)
