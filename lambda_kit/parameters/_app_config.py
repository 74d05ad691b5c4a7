"""AppConfig as a source: its agent where it is present, else the service."""

from __future__ import annotations

from lambda_kit._kernel import lifecycle
from lambda_kit.aws._app_config import AGENT, DEFAULT_INTERVAL, Session, UnknownConfiguration, ask_agent
from lambda_kit.errors import AwsError
from lambda_kit.parameters import _failures as failures
from lambda_kit.parameters._query import Fetched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.aws._app_config import Configuration
    from lambda_kit.parameters._query import Query

_SOURCE = "appconfig"

_sessions: dict[Any, Session] = {}
_watched = False


def fetch_from_agent(query: Query, *, alone: bool) -> Fetched:
    """Return the configuration that the agent has.

    Raises:
        Unavailable: the agent cannot be used.
        ParameterNotFound: the agent knows no such configuration.
    """
    try:
        found = ask_agent(_place_of(query), alone=alone)
    except UnknownConfiguration as error:
        raise failures.not_found(query, AGENT.source) from error
    return _fetched(found, AGENT.source)


def fetch(query: Query, *, fresh: bool = False) -> Fetched:
    """Return the deployed configuration; until the poll interval has passed, that of the last poll unless `fresh`.

    Raises:
        ParameterError: it cannot be read.
    """
    global _watched
    if not _watched:
        _watched = True
        for watch in (lifecycle.on_fork, lifecycle.on_restore, lifecycle.on_reset):
            watch(_sessions.clear)
    ttl = query.cache["ttl"]
    interval = DEFAULT_INTERVAL if ttl is None else min(ttl, DEFAULT_INTERVAL)
    key = (query.name, query.place, interval)
    session = _sessions.get(key)
    if session is None:

        def call(operation: str, params: dict[str, Any]) -> dict[str, Any]:
            from lambda_kit.aws import connect

            return connect("appconfigdata", query.client, region=query.region).call(operation, params)

        session = _sessions.setdefault(key, Session(_place_of(query), interval, call))
    try:
        return _fetched(session.latest(fresh=fresh), _SOURCE)
    except AwsError as error:
        raise failures.translated(error, names=(query.name,), what=query.what, source=_SOURCE) from error


def _place_of(query: Query) -> tuple[str, str, str]:
    application, environment, profile = query.name.split("/")
    return application, environment, profile


def _fetched(found: Configuration, source: str) -> Fetched:
    try:
        return Fetched(found.content.decode(), source, found.version, found.content_type)
    except UnicodeDecodeError:
        return Fetched(found.content, source, found.version, found.content_type)
