"""AppConfig: its agent on this machine, and sessions with the service.

See <https://docs.aws.amazon.com/appconfig/latest/userguide/retrieving-configuration-steps.html> and
<https://docs.aws.amazon.com/appconfig/latest/userguide/appconfig-integration-OpenAPI.html>.
"""

from __future__ import annotations

import math
from threading import TIMEOUT_MAX

from lambda_kit._kernel import lifecycle, wall_clock
from lambda_kit.aws._local_server import LocalServer, Unavailable, encoded, time_left
from lambda_kit.errors import AwsError, NoAnswer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

AGENT = LocalServer("agent", "the AppConfig agent", "AWS_APPCONFIG_EXTENSION_HTTP_PORT", 2772)
_MIN_INTERVAL = 15  # seconds; AppConfig allows no less, and no more than a day
_MAX_INTERVAL = 86_400
DEFAULT_INTERVAL = 60.0


class Configuration:
    """A deployed configuration.

    Attributes:
        content: its bytes.
        version: its version or label; None if it has none.
        content_type: its content type; `""` if it is not known.
    """

    __slots__ = ("content", "content_type", "version")

    def __init__(self, content: bytes, version: str | None, content_type: str) -> None:
        self.content = content
        self.version = version
        self.content_type = content_type


_SHOWN = 300  # bytes of an error of the agent


class UnknownConfiguration(Exception):
    """The agent does not know the configuration or the flag. The message is the agent's own."""


def ask_agent(
    place: tuple[str, str, str],
    *,
    alone: bool,
    flag: str | None = None,
    context: Iterable[tuple[str, str]] = (),
) -> Configuration:
    """Return the configuration that the agent has.

    Args:
        place: application, environment and profile.
        alone: True if no other source is allowed.
        flag: the name of one flag of a feature flag profile; None, the default, for the whole configuration.
        context: keys and values by which the agent evaluates flags with variants.

    Raises:
        Unavailable: the agent cannot be used.
        UnknownConfiguration: the agent does not know it.
    """
    application, environment, profile = map(encoded, place)
    target = f"/applications/{application}/environments/{environment}/configurations/{profile}"
    if flag is not None:
        target = f"{target}?flag={encoded(flag)}"
    answer = AGENT.ask(target, [("Context", f"{key}={value}") for key, value in context], alone=alone)
    if answer.status != 200:
        said = " ".join(answer.body[:_SHOWN].decode("utf-8", "replace").split())
        if answer.status == 404:
            raise UnknownConfiguration(said or "not found")
        raise Unavailable(f"it answered with status {answer.status}{said and ': '}{said}")
    headers = answer.headers
    return Configuration(answer.body, headers.get("configuration-version"), headers.get("content-type", ""))


class Session:
    """A session with AppConfig: every reply has the token of the next poll. Threads share it.

    Args:
        place: application, environment and profile.
        interval: the least seconds between two polls; AppConfig may ask for more.
        call: calls an operation of AppConfig Data.
        clock: returns the time in seconds since the epoch.
    """

    def __init__(
        self,
        place: tuple[str, str, str],
        interval: float,
        call: Callable[[str, dict[str, Any]], dict[str, Any]],
        clock: Callable[[], float] = wall_clock,
    ) -> None:
        self._place = place
        self._interval = min(max(math.ceil(interval), _MIN_INTERVAL), _MAX_INTERVAL)
        self._call = call
        self._clock = clock
        self._lock: Any = lifecycle.make_lock()  # a token is good for one poll
        self._token: str | None = None
        self._asked = self._ask_from = 0.0
        self._found: Configuration | None = None

    def latest(self, *, fresh: bool = False) -> Configuration:
        """Return the deployed configuration; until the poll interval has passed, that of the last poll.

        Args:
            fresh: True begins a new session, which may be polled at once. False by default.

        Raises:
            AwsError: it cannot be read.
        """
        lock = self._lock
        try:
            if not lock.acquire(timeout=min(max(time_left(), 0.0), TIMEOUT_MAX)):
                raise NoAnswer(
                    "another thread is still polling, and there is no time left to wait",
                    service="appconfigdata",
                    operation="GetLatestConfiguration",
                    attempts=0,
                )
            found = self._poll(fresh=fresh)
            lock.release()
            return found
        finally:  # for an error, and for an interrupt anywhere above, also between the lock and the block of a `with`
            if lock._is_owned():
                lock.release()

    def _poll(self, *, fresh: bool) -> Configuration:
        now = self._clock()
        if not fresh and self._found is not None and self._asked <= now < self._ask_from:
            return self._found
        self._ask_from = 0.0  # after a refusal, or no answer, the next call asks again
        if fresh or self._token is None:
            self._token = self._begin()
            reply = self._ask(self._token)
        else:
            try:
                reply = self._ask(self._token)
            except AwsError as error:
                if error.code != "BadRequestException":
                    raise
                self._token = self._begin()  # the old one has expired
                reply = self._ask(self._token)
        # The content before the token: after an interrupt between them, the used token begins a new session.
        if self._found is None or reply.get("Configuration"):  # an empty answer means that nothing has changed
            self._found = Configuration(
                reply.get("Configuration") or b"", reply.get("VersionLabel") or None, reply.get("ContentType") or ""
            )
        self._token = reply["NextPollConfigurationToken"]
        self._ask_from = now + float(reply.get("NextPollIntervalInSeconds") or self._interval)
        self._asked = now
        return self._found

    def _begin(self) -> str:
        self._token = None
        application, environment, profile = self._place
        params = {
            "ApplicationIdentifier": application,
            "EnvironmentIdentifier": environment,
            "ConfigurationProfileIdentifier": profile,
            "RequiredMinimumPollIntervalInSeconds": self._interval,
        }
        token: str = self._call("StartConfigurationSession", params)["InitialConfigurationToken"]
        return token

    def _ask(self, token: str) -> dict[str, Any]:
        return self._call("GetLatestConfiguration", {"ConfigurationToken": token})
