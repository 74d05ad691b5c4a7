"""The environment variables of the kit: one table, and the functions that read it.

A variable of the kit is read first, then the matching variable of Powertools, so that a migrating function keeps its
settings. An empty variable counts as unset. `docs/environment.md` shows the table; a test holds the two equal.
"""

from __future__ import annotations

import os

from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

# The name; the matching name of Powertools, or ""; the values; the default; the setting.
VARIABLES: dict[str, tuple[str, str, str, str]] = {
    "LAMBDA_KIT_SERVICE": (
        "POWERTOOLS_SERVICE_NAME",
        "text",
        "none",
        "`service` of `Logger`, `Tracer` and `Metrics`",
    ),
    "LAMBDA_KIT_LOG_LEVEL": (
        "POWERTOOLS_LOG_LEVEL",
        "a level",
        "`INFO`",
        "`level` of `Logger`; `AWS_LAMBDA_LOG_LEVEL` has precedence",
    ),
    "LAMBDA_KIT_LOG_FORMAT": (
        "",
        "`json`, `pretty`",
        "`pretty` on a terminal outside Lambda, else `json`",
        "the form of log lines",
    ),
    "LAMBDA_KIT_LOGGER_LOG_EVENT": (
        "POWERTOOLS_LOGGER_LOG_EVENT",
        "true or false",
        "`false`",
        "`log_event` of `Logger`",
    ),
    "LAMBDA_KIT_LOGGER_SAMPLE_RATE": (
        "POWERTOOLS_LOGGER_SAMPLE_RATE",
        "0 to 1",
        "0",
        "`sample_rate` of `Logger`",
    ),
    "LAMBDA_KIT_TRACER": (
        "",
        "`auto`, `xray`, `xray-sdk`, `otel`, `none`",
        "`auto`",
        "`backend` of `Tracer`",
    ),
    "LAMBDA_KIT_TRACE_DISABLED": (
        "POWERTOOLS_TRACE_DISABLED",
        "true or false",
        "`false`",
        "switches the automatic choice of a backend to `none`",
    ),
    "LAMBDA_KIT_TRACER_CAPTURE_RESPONSE": (
        "POWERTOOLS_TRACER_CAPTURE_RESPONSE",
        "true or false",
        "`false`",
        "`capture_response` of `Tracer`",
    ),
    "LAMBDA_KIT_TRACER_CAPTURE_ERROR": (
        "POWERTOOLS_TRACER_CAPTURE_ERROR",
        "true or false",
        "`true`",
        "`capture_error` of `Tracer`",
    ),
    "LAMBDA_KIT_METRICS_NAMESPACE": (
        "POWERTOOLS_METRICS_NAMESPACE",
        "text",
        "none",
        "`namespace` of `Metrics`",
    ),
    "LAMBDA_KIT_METRICS_DISABLED": (
        "POWERTOOLS_METRICS_DISABLED",
        "true or false",
        "`false`",
        "writes no metrics",
    ),
    "LAMBDA_KIT_IDEMPOTENCY_DISABLED": (
        "POWERTOOLS_IDEMPOTENCY_DISABLED",
        "true, false or `force`",
        "`false`",
        "runs each call, without a store; for tests: on Lambda only `force` does it",
    ),
    "LAMBDA_KIT_PARAMETERS_SOURCE": (
        "",
        "`auto`, `extension`, `aws`, `environment`",
        "`auto`",
        "`source` of parameters and secrets",
    ),
    "LAMBDA_KIT_PARAMETERS_FILE": (
        "",
        "a path",
        "none",
        "a JSON file with values, for the source `environment`",
    ),
    "LAMBDA_KIT_PARAMETERS_MAX_AGE": (
        "POWERTOOLS_PARAMETERS_MAX_AGE",
        "seconds",
        "300",
        "`ttl` of parameters, secrets and configurations",
    ),
    "LAMBDA_KIT_PARAMETERS_SSM_DECRYPT": (
        "POWERTOOLS_PARAMETERS_SSM_DECRYPT",
        "true or false",
        "`true`",
        "`decrypt` of parameters",
    ),
    "LAMBDA_KIT_STREAMING": (
        "",
        "true or false",
        "`true`",
        "sends streams part by part where the client can; if false, each is answered as a whole",
    ),
    "LAMBDA_KIT_RUNTIME_ENCODING": (
        "",
        "`plain`, `rich`",
        "`plain`",
        "which types of results `lambda_kit.runtime` encodes",
    ),
    "LAMBDA_KIT_MAX_EXPANSION": (
        "",
        "bytes",
        "25165824",
        "the largest text that `parse_base64_gzip` returns, and the largest log data that views unpack",
    ),
}
_TRUE = frozenset(("1", "y", "yes", "t", "true", "on"))
_FALSE = frozenset(("0", "n", "no", "f", "false", "off"))


def find(name: str) -> tuple[str, str] | None:
    """Return the name and the value of the variable that is set: that of the kit, else that of Powertools.

    Args:
        name: a name in `VARIABLES`.
    """
    peer = VARIABLES[name][0]
    if value := os.environ.get(name):
        return name, value
    if peer and (value := os.environ.get(peer)):
        return peer, value
    return None


def text(name: str) -> str | None:
    """Return the value of a variable; None if it is unset."""
    found = find(name)
    return None if found is None else found[1]


def choice(name: str, values: Sequence[str]) -> str | None:
    """Return the value of a variable, in lower case; None if it is unset.

    Raises:
        ConfigurationError: the value is not one of `values`.
    """
    found = find(name)
    if found is None:
        return None
    variable, value = found
    if value.lower() in values:
        return value.lower()
    from lambda_kit._kernel.callables import closest

    raise ConfigurationError(
        f"the environment variable {variable} is {value!r}; set it to {', '.join(values)}{closest(value, values)}"
    )


def flag(name: str) -> bool | None:
    """Return the value of a variable that is true or false; None if it is unset.

    Raises:
        ConfigurationError: the value is neither.
    """
    found = find(name)
    if found is None:
        return None
    variable, value = found
    result = truth(value)
    if result is not None:
        return result
    raise ConfigurationError(f"the environment variable {variable} is {value!r}; set it to true or false")


def truth(text: str) -> bool | None:
    """Return the boolean that a text such as `"true"`, `"0"` or `"On"` means; None if it means none."""
    lower = text.strip().lower()
    return True if lower in _TRUE else False if lower in _FALSE else None


def number(name: str, *, least: float = 0.0, most: float = float("inf")) -> float | None:
    """Return the value of a variable that is a number; None if it is unset.

    Raises:
        ConfigurationError: the value is no number from `least` to `most`.
    """
    found = find(name)
    if found is None:
        return None
    variable, value = found
    try:
        result = float(value)
    except ValueError:
        result = float("nan")
    if least <= result <= most and result != float("inf"):
        return result
    limits = f"of {least:g} or more" if most == float("inf") else f"from {least:g} to {most:g}"
    raise ConfigurationError(f"the environment variable {variable} is {value!r}; set it to a number {limits}")
