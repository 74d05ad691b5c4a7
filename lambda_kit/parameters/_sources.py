"""The choice of the source that a query goes to."""

from __future__ import annotations

import time

from lambda_kit._kernel import lifecycle
from lambda_kit.aws._local_server import Unavailable
from lambda_kit.parameters._query import ENVIRONMENT, source_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_kit.aws._local_server import LocalServer
    from lambda_kit.parameters._query import Fetched, Query

_EXTENSION_KEEPS = 300.0  # seconds; it allows no longer time to live
_MAX_CHANGED = 1_000
# The parameters that this process has written, and the times of that by the wall clock and the monotonic clock. The
# extension may still have the old value.
_changed: dict[str, tuple[float, float]] = {}
_watched = False


def fetch(query: Query, *, bypass_caches: bool = False) -> Fetched:
    """Return a value from the source that the call or the environment names, or that is present.

    Args:
        query: the query; not one of a path.
        bypass_caches: True takes no value from the cache of the extension or the agent, unless no other source is
            allowed.

    Raises:
        ParameterError: it cannot be read.
    """
    source = source_of(query)
    if source == ENVIRONMENT:
        from lambda_kit.parameters import _environment

        return _environment.fetch(query)
    if query.kind == "app_config":
        from lambda_kit.aws._app_config import AGENT
        from lambda_kit.parameters import _app_config

        if bypass_caches and source in ("auto", "aws"):
            return _app_config.fetch(query, fresh=True)
        return _through(AGENT, source, query, _app_config.fetch_from_agent, _app_config.fetch)
    from lambda_kit.parameters import _direct as direct

    if source == "aws" or (source == "auto" and (bypass_caches or _was_changed(query))):
        return direct.fetch(query)
    from lambda_kit.parameters import _extension

    return _through(_extension.SERVER, source, query, _extension.fetch, direct.fetch)


def _through(
    server: LocalServer,
    source: str,
    query: Query,
    locally: Callable[..., Fetched],
    directly: Callable[[Query], Fetched],
) -> Fetched:
    if source == "aws":
        return directly(query)
    if source == "auto":
        found: Fetched | None = server.try_first(lambda: locally(query, alone=False))
        return directly(query) if found is None else found
    try:
        return locally(query, alone=True)
    except Unavailable as error:
        from lambda_kit.parameters import _failures as failures

        raise failures.failed(str(error), query, server.source) from error


def fetch_below(query: Query) -> dict[str, Fetched]:
    """Return the parameters below a path; AWS is called, because the extension cannot list parameters.

    Raises:
        ParameterError: they cannot be read.
    """
    source = source_of(query)
    if source == ENVIRONMENT:
        from lambda_kit.parameters import _environment

        return _environment.fetch_below(query)
    if source == "extension":
        from lambda_kit.parameters import _failures as failures

        raise failures.failed("it cannot list parameters by path, and no other source is allowed", query, "extension")
    from lambda_kit.parameters import _direct as direct

    return direct.fetch_below(query)


def is_remote(query: Query) -> bool:
    """Tell whether a value is fetched by a request, which takes time."""
    return source_of(query) != ENVIRONMENT


def is_joint(query: Query, *, bypass_caches: bool = False) -> bool:
    """Tell whether a value is fetched in one request with others; the extension returns them one by one."""
    source = source_of(query)
    if source == "auto":
        from lambda_kit.parameters import _extension

        source = "extension" if not bypass_caches and _extension.SERVER.is_present() else "aws"
    if source != "aws":
        return False
    from lambda_kit.parameters import _direct as direct

    return direct.is_joint(query)


def note_change(name: str) -> None:
    """Note that this process has written a parameter."""
    global _watched
    if not _watched:
        _watched = True
        lifecycle.on_reset(_changed.clear)
    if len(_changed) >= _MAX_CHANGED:
        _changed.clear()
    _changed[name] = time.time(), time.monotonic()


def _was_changed(query: Query) -> bool:
    """Tell whether the extension may still have the old value; the clock that it counts by is not documented."""
    written = _changed.get(query.name)
    if written is None:
        return False
    wall, monotonic = written
    return min(abs(time.time() - wall), time.monotonic() - monotonic) < _EXTENSION_KEEPS
