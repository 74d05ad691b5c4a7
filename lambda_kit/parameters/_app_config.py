"""AppConfig: its agent where it is present, else sessions with the service.

See <https://docs.aws.amazon.com/appconfig/latest/userguide/retrieving-configuration-steps.html>.
"""

from __future__ import annotations

import math
import threading
import time

from lambda_kit import _lifecycle
from lambda_kit.errors import ParameterError
from lambda_kit.parameters import _direct as direct
from lambda_kit.parameters import _failures as failures
from lambda_kit.parameters._local import LocalServer, Unavailable, encoded
from lambda_kit.parameters._query import Fetched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.parameters._query import Query

AGENT = LocalServer("agent", "the AppConfig agent", "AWS_APPCONFIG_EXTENSION_HTTP_PORT", 2772)
_SOURCE = "appconfig"
_MIN_INTERVAL = 15  # seconds; AppConfig allows no less, and no more than a day
_MAX_INTERVAL = 86_400
_DEFAULT_INTERVAL = 60.0

_sessions: dict[Any, _Session] = {}
_watched = False


def fetch_from_agent(query: Query, *, alone: bool) -> Fetched:
    """Return the configuration that the agent has.

    Raises:
        Unavailable: the agent cannot be used.
        ParameterNotFound: there is no such configuration.
    """
    application, environment, profile = map(encoded, query.name.split("/"))
    target = f"/applications/{application}/environments/{environment}/configurations/{profile}"
    answer = AGENT.ask(target, [], alone=alone)
    if answer.status == 404:
        raise failures.not_found(query, AGENT.source)
    if answer.status != 200:
        raise Unavailable(f"it answered with status {answer.status}")
    return _fetched(answer.body, AGENT.source, answer.headers.get("configuration-version"), answer.headers)


def fetch(query: Query) -> Fetched:
    """Return the configuration as the service deploys it; as it was, while the service wants no question yet.

    Raises:
        ParameterError: it cannot be read.
    """
    global _watched
    if not _watched:
        _watched = True
        for watch in (_lifecycle.on_fork, _lifecycle.on_restore, _lifecycle.on_reset):
            watch(_sessions.clear)
    ttl = query.cache["ttl"]
    interval = _DEFAULT_INTERVAL if ttl is None else min(ttl, _DEFAULT_INTERVAL)
    key = (query.name, query.place, interval)
    session = _sessions.get(key) or _sessions.setdefault(key, _Session(query, interval))
    return session.latest()


class _Session:
    """A session with AppConfig: every answer brings the token of the next question."""

    def __init__(self, query: Query, interval: float, clock: Callable[[], float] = time.time) -> None:
        self._query = query
        self._interval = min(max(math.ceil(interval), _MIN_INTERVAL), _MAX_INTERVAL)
        self._clock = clock
        self._lock = threading.Lock()  # a token is good for one question
        self._token: str | None = None
        self._asked = self._ask_from = 0.0
        self._found: Fetched | None = None

    def latest(self) -> Fetched:
        """Return the configuration."""
        with self._lock:
            now = self._clock()
            if self._found is not None and self._asked <= now < self._ask_from:
                return self._found
            if self._token is None:
                self._token = self._begin()
                reply = self._ask(self._token)
            else:
                try:
                    reply = self._ask(self._token)
                except ParameterError as error:
                    if getattr(error.__cause__, "code", "") != "BadRequestException":
                        raise
                    self._token = self._begin()  # the old one has expired
                    reply = self._ask(self._token)
            self._token = reply["NextPollConfigurationToken"]
            self._asked = now
            self._ask_from = now + float(reply.get("NextPollIntervalInSeconds") or self._interval)
            if self._found is None or reply.get("Configuration"):  # an empty answer says that nothing has changed
                headers = {"content-type": reply.get("ContentType") or ""}
                self._found = _fetched(
                    reply.get("Configuration") or b"", _SOURCE, reply.get("VersionLabel") or None, headers
                )
            return self._found

    def _begin(self) -> str:
        self._token = None
        application, environment, profile = self._query.name.split("/")
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

    def _call(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return direct.call(self._query, "appconfigdata", operation, params, source=_SOURCE)


def _fetched(body: bytes, source: str, version: str | None, headers: dict[str, str]) -> Fetched:
    kind = headers.get("content-type", "")
    try:
        return Fetched(body.decode(), source, version, kind)
    except UnicodeDecodeError:
        return Fetched(body, source, version, kind)
