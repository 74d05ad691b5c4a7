"""SSM and Secrets Manager as sources, through the lean client or a boto3 client."""

from __future__ import annotations

import time

from lambda_kit._kernel import lifecycle, log
from lambda_kit.errors import AccessDenied, AwsError, ParameterAccessDenied, ParameterError
from lambda_kit.parameters import _failures as failures
from lambda_kit.parameters._query import Fetched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from lambda_kit.parameters._query import Query

_BATCH = 10  # names in a call of GetParameters, and parameters in a page by path; AWS allows no more
_PREFIXES = ("arn:", "/aws/reference/")  # the reply of GetParameters has other names for these
# The places where the role may not call GetParameters, and the secrets for which it may not call DescribeSecret.
_denied: set[Any] = set()
_watched = False


def fetch(query: Query) -> Fetched:
    """Return a parameter or a secret.

    Raises:
        ParameterError: it cannot be read.
    """
    if query.kind == "parameter":
        params = {"Name": query.selector, "WithDecryption": query.decrypt}
        return _parameter(call(query, "ssm", "GetParameter", params)["Parameter"])
    params = {"SecretId": query.name}
    if query.version_id is not None:
        params["VersionId"] = query.version_id
    if query.stage is not None:
        params["VersionStage"] = query.stage
    reply = call(query, "secretsmanager", "GetSecretValue", params)
    data = reply["SecretString"] if "SecretString" in reply else reply["SecretBinary"]
    return Fetched(data, "secretsmanager", reply.get("VersionId"))


def is_joint(query: Query) -> bool:
    """Tell whether a parameter can be fetched in one request with others."""
    plain = query.kind == "parameter" and ":" not in query.name and not query.name.startswith(_PREFIXES)
    return plain and query.place not in _denied


def fetch_joint(queries: Iterable[Query]) -> dict[Query, Fetched | ParameterError]:
    """Fetch parameters that can be fetched together, ten in a request.

    Returns:
        For each query the value, or the error that it does not exist. A query that the reply does not mention is left
        out. So are all queries of a place where the role may not call GetParameters: from then on parameters are
        fetched one by one there.

    Raises:
        ParameterError: a request failed.
    """
    groups: dict[Any, dict[str, list[Query]]] = {}
    for query in queries:
        group = groups.setdefault((query.place, query.decrypt), {})
        group.setdefault(query.selector, []).append(query)
    found: dict[Query, Fetched | ParameterError] = {}
    for (place, _), group in groups.items():
        names = list(group)
        try:
            for start in range(0, len(names), _BATCH):
                some = {name: group[name] for name in names[start : start + _BATCH]}
                found.update(_fetch_some(some))
        except ParameterAccessDenied:  # the call itself, or the use of the key of one of the parameters
            _watch_process()
            _denied.add(place)
    return found


def _fetch_some(group: dict[str, list[Query]]) -> dict[Query, Fetched | ParameterError]:
    first = next(iter(group.values()))[0]
    params = {"Names": list(group), "WithDecryption": first.decrypt}
    reply = call(first, "ssm", "GetParameters", params, names=tuple(group))
    found: dict[Query, Fetched | ParameterError] = {}
    for one in reply["Parameters"]:
        selector = str(one.get("Selector") or "").removeprefix(":")
        name = f"{one['Name']}:{selector}" if selector else one["Name"]
        for query in group.get(name, ()):
            found[query] = _parameter(one)
    for name in reply.get("InvalidParameters", ()):
        for query in group.get(name, ()):
            found[query] = failures.not_found(query, "ssm")
    return found


def fetch_below(query: Query) -> dict[str, Fetched]:
    """Return the parameters below a path, by their names relative to it.

    Raises:
        ParameterError: a request failed.
    """
    path = query.name.rstrip("/")
    params = {
        "Path": path or "/",
        "Recursive": query.recursive,
        "WithDecryption": query.decrypt,
        "MaxResults": _BATCH,
    }
    found: dict[str, Fetched] = {}
    while True:
        reply = call(query, "ssm", "GetParametersByPath", params)
        for one in reply["Parameters"]:
            found[one["Name"].removeprefix(f"{path}/")] = _parameter(one)
        if not reply.get("NextToken"):
            return found
        params["NextToken"] = reply["NextToken"]


def _parameter(reply: dict[str, Any]) -> Fetched:
    version = reply.get("Version")
    return Fetched(reply["Value"], "ssm", None if version is None else str(version))


def next_rotation(query: Query) -> float | None:
    """Return the time of a secret's next rotation in seconds since the epoch; None if it is unknown, or has passed.

    Without the permission to ask, there is one warning for each secret.
    """
    if query.name in _denied:
        return None
    try:
        reply = call(query, "secretsmanager", "DescribeSecret", {"SecretId": query.name})
    except ParameterError as error:
        if not isinstance(error.__cause__, AccessDenied):
            log.warning("the next rotation of the secret %s could not be read", query.name, exc_info=error)
            return None
        _watch_process()
        _denied.add(query.name)
        log.warning(
            "the next rotation of the secret %s does not shorten its time to live: grant the role "
            "secretsmanager:DescribeSecret, or leave out rotation=True",
            query.name,
        )
        return None
    date: float | None = reply.get("NextRotationDate")
    return date if date is not None and date > time.time() else None


def call(
    query: Query,
    service: str,
    operation: str,
    params: dict[str, Any],
    *,
    names: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Call AWS for a query.

    Args:
        query: the query.
        service: the service.
        operation: the operation.
        params: its parameters.
        names: the names in the request, if it has more than that of the query.

    Raises:
        ParameterError: it failed.
    """
    from lambda_kit.aws import connect

    try:
        return connect(service, query.client, region=query.region).call(operation, params)
    except AwsError as error:
        raise failures.translated(error, names=names or (query.name,), what=query.what, source=service) from error


def _watch_process() -> None:
    global _watched
    if not _watched:
        _watched = True
        lifecycle.on_restore(_denied.clear)
        lifecycle.on_reset(_denied.clear)
