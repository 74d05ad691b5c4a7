"""The sources that need no server, and AppConfig's own, in a session."""

from __future__ import annotations

import json
import os
import threading
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import FeatureFlags
from lambda_kit.errors import ConfigurationError, FlagSchemaError, FlagsUnavailable, NotFound
from lambda_kit.flags import AppConfigAgent, AppConfigData, FlagFile, StaticFlags
from lambda_kit.init_cache import init
from lambda_kit.testing import FakeClock, reset
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = {"early": {"default": True}}


# A file


def write(path: Path, document: Any, *, age: float = 0.0, now: float = 1_700_000_000.0) -> None:
    """Write a file whose time of change lies so many seconds before `now`."""
    path.write_text(json.dumps(document))
    os.utime(path, (now - age, now - age))


def test_a_file_is_read_again_when_its_time_its_size_or_its_inode_has_changed(tmp_path: Path) -> None:
    path = tmp_path / "flags.json"
    clock = FakeClock(1_700_000_000.0)
    write(path, DOCUMENT, age=100.0)
    source = FlagFile(path, clock=clock)
    first = source.fetch()
    assert first.content == json.dumps(DOCUMENT).encode()
    assert source.fetch() is first
    write(path, {"early": {"default": None}}, age=50.0)  # as long as before
    second = source.fetch()
    assert second is not first
    write(path, {"longer": {"default": True}}, age=50.0)
    third = source.fetch()
    assert third is not second
    other = tmp_path / "other.json"
    write(other, {"longre": {"default": True}}, age=50.0)
    other_content = other.read_bytes()
    other.replace(path)
    assert source.fetch().content == other_content


def test_a_file_that_has_just_changed_may_change_again_within_the_same_tick(tmp_path: Path) -> None:
    path = tmp_path / "flags.json"
    clock = FakeClock(1_700_000_000.0)
    write(path, {"a": 1}, age=0.5)
    source = FlagFile(path, clock=clock)
    source.fetch()
    write(path, {"a": 2}, age=0.5)
    assert source.fetch().content == b'{"a": 2}'
    clock.advance(5.0)
    settled = source.fetch()
    assert source.fetch() is settled


def test_a_file_is_looked_at_once_a_second(clock: FakeClock, tmp_path: Path) -> None:
    path = tmp_path / "flags.json"
    write(path, DOCUMENT)
    flags = FeatureFlags(FlagFile(path))
    assert flags.enabled("early")
    write(path, {"early": {"default": False}})
    assert flags.enabled("early")
    clock.advance(1.1)
    assert not flags.enabled("early")
    path.unlink()
    clock.advance(1.1)
    assert not flags.enabled("early")


def test_a_file_that_is_not_there_is_told_with_its_name(tmp_path: Path) -> None:
    flags = FeatureFlags(FlagFile(tmp_path / "none.json"))
    with pytest.raises(FlagsUnavailable, match=r"FlagFile\('.*none.json'\) could not be fetched: FileNotFoundError"):
        flags.enabled("early")
    with pytest.raises(ConfigurationError, match="pass the path of a file"):
        FlagFile("")


def test_static_flags_do_not_show_what_they_hold() -> None:
    assert repr(StaticFlags({"a": {"default": "secret"}})) == "StaticFlags(1 flags)"


# AppConfig itself


@pytest.mark.parametrize("kind", [AppConfigAgent, AppConfigData])
@pytest.mark.parametrize("place", [("", "prod", "flags"), ("shop", "", "flags"), ("shop", "prod", "")])
def test_an_empty_name_is_refused(kind: Any, place: tuple[str, str, str]) -> None:
    with pytest.raises(ConfigurationError, match="=''"):
        kind(*place)


@pytest.mark.parametrize("interval", [14.9, 86_401, "60", None, True])
def test_an_interval_that_app_config_does_not_allow_is_refused(interval: Any) -> None:
    with pytest.raises(ConfigurationError, match="pass seconds, 15 to 86,400"):
        AppConfigData("shop", "prod", "flags", poll_interval=interval)


class Deployed:
    """A profile of AppConfig, with what deploying to it needs."""

    def __init__(self, aws: Any) -> None:
        self._client = client = aws.boto3("appconfig")
        self.application = client.create_application(Name="shop")["Id"]
        self.environment = client.create_environment(ApplicationId=self.application, Name="prod")["Id"]
        self.profile = client.create_configuration_profile(
            ApplicationId=self.application, Name="flags", LocationUri="hosted"
        )["Id"]
        self._strategy = client.create_deployment_strategy(
            Name="at once", DeploymentDurationInMinutes=0, GrowthFactor=100, ReplicateTo="NONE"
        )["Id"]

    @property
    def place(self) -> tuple[str, str, str]:
        return self.application, self.environment, self.profile

    def deploy(self, document: Any) -> None:
        version = self._client.create_hosted_configuration_version(
            ApplicationId=self.application,
            ConfigurationProfileId=self.profile,
            Content=json.dumps(document).encode(),
            ContentType="application/json",
        )["VersionNumber"]
        self._client.start_deployment(
            ApplicationId=self.application,
            EnvironmentId=self.environment,
            DeploymentStrategyId=self._strategy,
            ConfigurationProfileId=self.profile,
            ConfigurationVersion=str(version),
        )


@pytest.fixture
def session_clock(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """A clock for the cache and for the sessions."""
    import functools

    from lambda_kit.aws import _app_config

    monkeypatch.setattr(_app_config, "Session", functools.partial(_app_config.Session, clock=clock))
    return clock


@pytest.mark.parametrize("with_boto3", [False, True])
def test_a_new_deployment_is_picked_up_after_the_interval(aws: Any, session_clock: FakeClock, with_boto3: bool) -> None:
    deployed = Deployed(aws)
    deployed.deploy(DOCUMENT)
    client = aws.boto3("appconfigdata") if with_boto3 else None
    flags = FeatureFlags(AppConfigData(*deployed.place, client=client, poll_interval=30.0))
    assert flags.enabled("early")
    deployed.deploy({"early": {"default": False}})
    assert flags.enabled("early")
    session_clock.advance(90.0)
    assert not flags.enabled("early")
    session_clock.advance(90.0)
    assert not flags.enabled("early")  # an empty answer: nothing has changed


def test_a_reset_begins_a_session_of_its_own(aws: Any, faults: Any) -> None:
    deployed = Deployed(aws)
    deployed.deploy(DOCUMENT)
    source = AppConfigData(*deployed.place)
    faults.clear()
    source.fetch()
    source.fetch()
    assert faults.requests() == 2  # the beginning, and one question: the service wants no other for a while
    reset()
    source.fetch()
    assert faults.requests() == 4


def test_what_app_config_refuses_is_told(aws: Any, faults: Any) -> None:
    flags = FeatureFlags(AppConfigData("none", "none", "none"))
    with pytest.raises(FlagsUnavailable, match=r"AppConfigData\('none', 'none', 'none'\) could not be fetched") as info:
        flags.enabled("early")
    assert isinstance(info.value.__cause__, NotFound)
    faults.add(error={"code": "AccessDeniedException", "status": 403})
    other = FeatureFlags(AppConfigData("other", "none", "none"))
    with pytest.raises(FlagsUnavailable, match="grant the role of the function appconfig:StartConfigurationSession"):
        other.enabled("early")


@pytest.mark.parametrize("wrong", [[], [["early", {"default": False}]], (), "text", 5, None, {"early"}], ids=repr)
def test_a_source_that_returns_no_object_is_refused_and_the_old_flags_stay(
    clock: FakeClock, caplog: pytest.LogCaptureFixture, wrong: Any
) -> None:
    answers: list[Any] = [{"early": {"default": True}}]
    flags = FeatureFlags(lambda: answers[-1], ttl=10.0)
    assert flags.enabled("early")
    answers.append(wrong)
    clock.advance(11)
    assert flags.enabled("early")
    assert "the version before stays in force" in caplog.text
    with pytest.raises(FlagSchemaError, match=r"\$: (must be an object|is not valid JSON)"):
        FeatureFlags(lambda: wrong).enabled("early")


def test_numbers_of_dynamodb_and_mappings_that_are_no_dict_are_taken() -> None:
    """A function may read the document from an item of DynamoDB, whose numbers are decimals."""
    rule = {"when_match": Decimal(5), "rollout": MappingProxyType({"percentage": Decimal("99.5"), "by": "user"})}
    document = {"limit": {"default": Decimal("2.5"), "boolean_type": False, "rules": {"some": rule}}}
    flags = FeatureFlags(lambda: MappingProxyType(document))
    assert flags.evaluate("limit") == 2.5
    assert {flags.evaluate("limit", user=i) for i in range(100)} == {5}
    assert type(flags.evaluate("limit", user=1)) is int


@pytest.mark.parametrize("eager", [True, "now"])
def test_flags_are_fetched_ahead(eager: Any) -> None:
    fetched = threading.Event()

    def fetch() -> dict[str, Any]:
        fetched.set()
        return DOCUMENT

    flags = FeatureFlags(fetch, eager=eager)
    if eager is True:
        init.warm()
    assert fetched.wait(PATIENCE)
    fetched.clear()
    assert flags.enabled("early")
    assert not fetched.is_set()


@pytest.mark.parametrize("eager", [True, "now"])
def test_the_agent_is_not_asked_before_the_first_invocation(eager: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"AppConfigAgent is an extension.*use AppConfigData"):
        FeatureFlags(AppConfigAgent("shop", "prod", "features"), eager=eager)
