"""The source for local work and tests: variables, and a JSON file."""

from __future__ import annotations

import json
import os

from lambda_kit._kernel import environment, type_of
from lambda_kit.parameters import _failures as failures
from lambda_kit.parameters._query import ENVIRONMENT, Fetched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.parameters._query import Query

FILE = "LAMBDA_KIT_PARAMETERS_FILE"
_PREFIXES = {
    "parameter": "LAMBDA_KIT_PARAMETER_",
    "path": "LAMBDA_KIT_PARAMETER_",
    "secret": "LAMBDA_KIT_SECRET_",
    "app_config": "LAMBDA_KIT_CONFIGURATION_",
}
_SECTIONS = {"parameter": "parameters", "path": "parameters", "secret": "secrets", "app_config": "configurations"}


def variable_of(kind: str, name: str) -> str:
    """Return the variable that stands for a name: `LAMBDA_KIT_PARAMETER_APP_DB_HOST` for `/app/db-host`."""
    letters = "".join(one if one.isascii() and one.isalnum() else "_" for one in name.upper())
    return _PREFIXES[kind] + letters.strip("_")


def fetch(query: Query) -> Fetched:
    """Return the value of the variable, else the value of the name in the file.

    Raises:
        ParameterNotFound: neither exists.
        ParameterError: the file cannot be read.
    """
    name = query.selector.removesuffix(":AWSCURRENT")
    variable = variable_of(query.kind, name)
    value = os.environ.get(variable)
    if value is None:
        value = _section(query).get(name)
    if value is None:
        file = environment.text(FILE)
        where = f"and the file {file} has no {name!r}" if file else f"and {FILE} names no file"
        raise failures.not_found(query, ENVIRONMENT, f"{variable} is not set, {where}")
    return Fetched(_text(value), ENVIRONMENT)


def fetch_below(query: Query) -> dict[str, Fetched]:
    """Return the parameters of the file below a path; a variable replaces the value of its name.

    Raises:
        ParameterError: there is no file, or it cannot be read.
    """
    if not environment.text(FILE):
        raise failures.failed(f"a path needs a file; set {FILE} to its name", query, ENVIRONMENT)
    path = query.name.rstrip("/") + "/"
    found: dict[str, Fetched] = {}
    for name, value in _section(query).items():
        rest = name.removeprefix(path)
        if rest != name and (query.recursive or "/" not in rest):
            found[rest] = Fetched(os.environ.get(variable_of("path", name)) or _text(value), ENVIRONMENT)
    return found


def _section(query: Query) -> dict[str, Any]:
    file = environment.text(FILE)
    if not file:
        return {}
    try:
        with open(file, encoding="utf-8") as stream:  # noqa: PTH123  # pathlib costs more than this package
            content: Any = json.load(stream)
    except (OSError, ValueError) as error:
        what = error.strerror if isinstance(error, OSError) else "it is not JSON"
        raise failures.failed(
            f"the file {file}, which {FILE} names, cannot be read: {what}", query, ENVIRONMENT
        ) from None
    section = _SECTIONS[query.kind]
    found: Any = content.get(section, {}) if type_of(content) is dict else None
    if type_of(found) is not dict:
        raise failures.failed(
            f'the file {file}, which {FILE} names, holds no object such as {{"{section}": {{"name": "value"}}}}',
            query,
            ENVIRONMENT,
        )
    parameters: dict[str, Any] = found
    return parameters


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
