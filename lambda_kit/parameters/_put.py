"""`put`: write a parameter."""

from __future__ import annotations

from lambda_kit._kernel import callables
from lambda_kit.errors import AwsError, ConfigurationError
from lambda_kit.parameters import _entries as entries
from lambda_kit.parameters import _failures as failures
from lambda_kit.parameters import _sources as sources
from lambda_kit.parameters._query import ENVIRONMENT, Query, checked, source_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def put(
    name: str,
    value: str,
    /,
    *,
    secure: bool = False,
    overwrite: bool = False,
    key_id: str | None = None,
    region: str | None = None,
    client: Any = None,
) -> int:
    """Write a parameter, and drop what this process has cached of it, in the extension too.

    Other environments see the new value when their old one runs out.

    Args:
        name: the name.
        value: the value.
        secure: True writes a SecureString; False, the default, a String.
        overwrite: True writes a new version of a parameter that exists; with False, the default, that is an error.
        key_id: the KMS key of a SecureString; None, the default, for the account's own.
        region: another region than that of the function.
        client: a boto3 client of SSM to call instead.

    Returns:
        The version that was written.

    Raises:
        ParameterAccessDenied: the role may not write it.
        ParameterError: it was not written, or it is not known whether it was.
        ConfigurationError: an argument is wrong, or the source is the environment, which cannot be written to.
    """
    query = Query("get", name, checked("get", name, {"region": region, "client": client}))
    given: Any = value
    if not isinstance(given, str):
        raise ConfigurationError(f"put({name!r}): pass the value as text, such as json.dumps(...) returns")
    if key_id is not None and not secure:
        raise ConfigurationError(f"put({name!r}): key_id is for a SecureString; pass secure=True too")
    callables.check_flag(f"put({name!r}, overwrite=...)", overwrite)
    callables.check_flag(f"put({name!r}, secure=...)", secure)
    if source_of(query) == ENVIRONMENT:
        raise ConfigurationError(f"put({name!r}): the source is the environment, which cannot be written to")
    from lambda_kit.aws import connect

    params: dict[str, Any] = {"Name": name, "Value": value, "Type": "SecureString" if secure else "String"}
    params["Overwrite"] = overwrite
    if key_id is not None:
        params["KeyId"] = key_id
    try:
        version: int = connect("ssm", client, region=region).call("PutParameter", params)["Version"]
    except AwsError as error:
        raise failures.translated(error, names=(name,), what=query.what, source="ssm", done="written to") from error
    finally:  # a request whose reply was lost may have succeeded
        sources.note_change(name)
        entries.drop_values_of(name)
    return version
