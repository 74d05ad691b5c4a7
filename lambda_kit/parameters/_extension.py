"""The AWS Parameters and Secrets extension, over its HTTP API on this machine.

See <https://docs.aws.amazon.com/systems-manager/latest/userguide/ps-integration-lambda-extensions.html>.
"""

from __future__ import annotations

import json

from lambda_kit._kernel import type_of
from lambda_kit.aws._local_server import LocalServer, Unavailable, encoded
from lambda_kit.errors import AwsError, NoCredentials
from lambda_kit.parameters import _failures as failures
from lambda_kit.parameters._query import Fetched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.aws._http import Response
    from lambda_kit.parameters._query import Query

SERVER = LocalServer(
    "extension", "the Parameters and Secrets extension", "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT", 2773
)
_OPERATIONS = {"parameter": ("ssm", "GetParameter"), "secret": ("secretsmanager", "GetSecretValue")}


def fetch(query: Query, *, alone: bool) -> Fetched:
    """Return a parameter or a secret from the extension, or from its cache.

    Args:
        query: the query.
        alone: True if no other source is allowed.

    Raises:
        Unavailable: the extension cannot be used.
        ParameterError: the service behind it refused.
    """
    answer = SERVER.ask(_target(query), [("x-aws-parameters-secrets-token", _token())], alone=alone)
    if answer.status == 200:
        try:
            return _read(query, json.loads(answer.body))
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            pass  # raised outside: the error of the decoder holds the reply
        raise Unavailable("its answer cannot be read")
    error = _error_of(query, answer)
    if error is None:
        raise Unavailable(f"it answered with status {answer.status}")
    raise failures.translated(error, names=(query.name,), what=query.what, source=SERVER.source) from error


def _target(query: Query) -> str:
    if query.kind == "parameter":
        target = f"/systemsmanager/parameters/get?name={encoded(query.name)}"
        if query.version is not None:
            target += f"&version={query.version}"
        if query.label is not None:
            target += f"&label={encoded(query.label)}"
        return f"{target}&withDecryption={'true' if query.decrypt else 'false'}"
    target = f"/secretsmanager/get?secretId={encoded(query.name)}"
    if query.version_id is not None:
        target += f"&versionId={encoded(query.version_id)}"
    if query.stage is not None:
        target += f"&versionStage={encoded(query.stage)}"
    return target


def _token() -> str:
    """Return the session token, which shows the extension that the function itself asks."""
    from lambda_kit.aws._credentials import default_chain

    try:
        token: str | None = default_chain().get().token
    except NoCredentials as error:
        raise Unavailable(str(error)) from error
    if not token:
        raise Unavailable("the credentials have no session token, which it requires")
    return token


def _read(query: Query, reply: dict[str, Any]) -> Fetched:
    if query.kind == "parameter":
        found = reply["Parameter"]
        version = found.get("Version")
        return Fetched(_text(found["Value"]), SERVER.source, None if version is None else str(version))
    if (text := reply.get("SecretString")) is not None:
        return Fetched(_text(text), SERVER.source, reply.get("VersionId"))
    import binascii

    return Fetched(binascii.a2b_base64(reply["SecretBinary"]), SERVER.source, reply.get("VersionId"))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _error_of(query: Query, answer: Response) -> AwsError | None:
    """Return the error of the service behind the extension; None if the extension itself failed."""
    from lambda_kit.aws._failures import CREDENTIALS_CODES, error_of

    try:
        known: Any = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    if type_of(known) is not dict or not 400 <= answer.status < 500:
        return None
    code = next((str(known[key]) for key in ("__type", "code", "Code") if known.get(key)), "").rpartition("#")[2]
    if not code or code in CREDENTIALS_CODES:
        return None
    service, operation = _OPERATIONS[query.kind]
    return error_of(
        code,
        str(known.get("message") or known.get("Message") or ""),
        service=service,
        operation=operation,
        status=answer.status,
        request_id=None,
        attempts=1,
        item=None,
    )
