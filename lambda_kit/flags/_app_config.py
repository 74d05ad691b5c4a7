"""Flags from AppConfig: through its agent on this machine, or from the service itself."""

from __future__ import annotations

from lambda_kit._kernel import callables
from lambda_kit.errors import AccessDenied, AwsError, ConfigurationError, FlagsUnavailable
from lambda_kit.flags._sources import Fetched
from lambda_kit.init_cache import init

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from lambda_kit.aws._app_config import Configuration, Session
    from lambda_kit.init_cache import Resource

_MIN_INTERVAL, _MAX_INTERVAL = 15.0, 86_400.0  # seconds between two requests that AppConfig allows


class AppConfigAgent:
    """Flags from AppConfig's agent: the Lambda extension, on port 2772 or `AWS_APPCONFIG_EXTENSION_HTTP_PORT`.

    The agent polls AppConfig, and evaluates flags with variants for the context of a request
    (<https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-integration-retrieving-feature-flags.html>). The
    connection is kept open. An answer may take three seconds, or half of the invocation's remaining time if that is
    less; an agent that is not ready is asked again within that time.

    Args:
        application: name or id of the application.
        environment: name or id of the environment.
        profile: name or id of the configuration profile: of type feature flags, or freeform JSON.

    Raises:
        ConfigurationError: one of them is empty.
    """

    ttl: float | None = 30.0

    def __init__(self, application: str, environment: str, profile: str) -> None:
        self._place = _checked("AppConfigAgent", application, environment, profile)

    def fetch(self) -> Fetched:
        """Return the flags. Those with variants have the values for an empty context.

        Raises:
            FlagsUnavailable: the agent does not answer, or does not know the configuration.
        """
        return self._ask(None, ())

    def fetch_flag(self, name: str, context: Iterable[tuple[str, str]]) -> Fetched:
        """Return one flag with its value for a context.

        Raises:
            FlagsUnavailable: the agent does not answer, or does not know the flag.
        """
        return self._ask(name, context)

    def _ask(self, flag: str | None, context: Iterable[tuple[str, str]]) -> Fetched:
        from lambda_kit.aws._app_config import AGENT, UnknownConfiguration, ask_agent
        from lambda_kit.aws._local_server import Unavailable

        try:
            return _fetched(ask_agent(self._place, alone=False, flag=flag, context=context))
        except Unavailable as error:
            raise FlagsUnavailable(f"{AGENT.title} could not be used ({error})") from error
        except UnknownConfiguration as error:
            what = "configuration" if flag is None else f"flag {flag!r} in the configuration"
            place = "/".join(self._place)
            raise FlagsUnavailable(f"{AGENT.title} knows no {what} {place} (it answered: {error})") from error

    def __repr__(self) -> str:
        return f"AppConfigAgent{self._place!r}"


class AppConfigData:
    """Flags from the AppConfig service, in a session: for functions without the agent.

    AppConfig decides when it may be asked again; an empty answer means that nothing has changed. It does not evaluate
    flags with variants: they need `AppConfigAgent`. The role needs `appconfig:StartConfigurationSession` and
    `appconfig:GetLatestConfiguration`.

    Args:
        application: name or id of the application.
        environment: name or id of the environment.
        profile: name or id of the configuration profile.
        region: the region; None, the default, for that of the function.
        client: a boto3 client of `appconfigdata`, then used for every call; None, the default, for the kit's own.
        poll_interval: seconds between two requests at least, from 15 to 86,400; 60 by default.

    Raises:
        ConfigurationError: a name is empty, or the interval out of its range.
    """

    def __init__(
        self,
        application: str,
        environment: str,
        profile: str,
        *,
        region: str | None = None,
        client: Any = None,
        poll_interval: float = 60.0,
    ) -> None:
        place = self._place = _checked("AppConfigData", application, environment, profile)
        if not callables.is_number(poll_interval) or not _MIN_INTERVAL <= poll_interval <= _MAX_INTERVAL:
            raise ConfigurationError(f"AppConfigData(poll_interval={poll_interval!r}): pass seconds, 15 to 86,400")
        self.ttl: float | None = poll_interval

        def session() -> Session:
            from lambda_kit.aws import connect
            from lambda_kit.aws._app_config import Session

            def call(operation: str, params: dict[str, Any]) -> dict[str, Any]:
                return connect("appconfigdata", client, region=region).call(operation, params)

            return Session(place, poll_interval, call)

        session.__module__, session.__qualname__ = "", f"session of {self!r}"
        # A token is good for one request: a forked process and a restored environment begin sessions of their own.
        self._session: Resource[Session] = init.resource(session)

    def fetch(self) -> Fetched:
        """Return the flags of the deployed version.

        Raises:
            FlagsUnavailable: they cannot be read.
        """
        try:
            return _fetched(self._session().latest())
        except AccessDenied as error:
            raise FlagsUnavailable(
                "access was denied; grant the role of the function appconfig:StartConfigurationSession and "
                f"appconfig:GetLatestConfiguration ({error.reason})"
            ) from error
        except AwsError as error:
            raise FlagsUnavailable(str(error)) from error

    def __repr__(self) -> str:
        return f"AppConfigData{self._place!r}"


def _checked(where: str, application: str, environment: str, profile: str) -> tuple[str, str, str]:
    for name, value in (("application", application), ("environment", environment), ("profile", profile)):
        if not value:
            raise ConfigurationError(f"{where}({name}={value!r}): pass its name or its id")
    return application, environment, profile


def _fetched(found: Configuration) -> Fetched:
    return Fetched(found.content, found.version)
