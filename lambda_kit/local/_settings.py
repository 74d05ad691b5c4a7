"""The configuration of a function, checked, and the environment variables of its process."""

from __future__ import annotations

import importlib.util
import os
import re
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lambda_kit._kernel import extras
from lambda_kit._kernel.callables import closest
from lambda_kit.errors import ConfigurationError, MissingExtra

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INIT_TYPES = ("on-demand", "provisioned-concurrency", "snap-start", "lambda-managed-instances")
MANAGED = "lambda-managed-instances"
LOG_FORMATS = ("text", "json")
LOG_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
# Lambda's limits, in seconds and MB: for functions, and for functions on Managed Instances.
LONGEST_TIMEOUT, LONGEST_TIMEOUT_MANAGED = 1800.0, 5400.0
LEAST_MEMORY, MOST_MEMORY, MOST_MEMORY_MANAGED = 128, 10_240, 32_768
LONGEST_HANDLER = 128
INSTALL = extras.command("local")
RUNTIMES: dict[str, tuple[str, ...]] = {
    "awslambdaric": ("awslambdaric", "runtime_client"),
    "kit": ("lambda_kit", "lambda_kit.runtime"),
}
"""The runtime clients, and the modules that an interpreter needs for each."""

# Each of these variables has an option; its value from the environment would be overwritten, or be misleading.
_OWN_OPTIONS = {
    "AWS_EXECUTION_ENV": "python",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "memory",
    "AWS_LAMBDA_FUNCTION_NAME": "function_name",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "init_type",
    "AWS_LAMBDA_LOG_FORMAT": "log_format",
    "AWS_LAMBDA_LOG_LEVEL": "log_level",
    "AWS_LAMBDA_MAX_CONCURRENCY": "concurrency",
    "_HANDLER": "the handler argument",
    "_X_AMZN_TRACE_ID": "trace_id",
}
_RESERVED = {
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "_LAMBDA_TELEMETRY_LOG_FD",
    "_LAMBDA_TELEMETRY_LOG_FD_PROVIDER_SOCKET",
}


class RuntimeClientMissing(MissingExtra):
    """The chosen interpreter does not have the runtime client: `awslambdaric`, which AWS ships, or the kit's own."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The configuration of a function, as `Environment` documents it, checked."""

    handler: str
    timeout: float
    memory: int
    init_type: str
    concurrency: int | None
    env: Mapping[str, str]
    python: str
    cwd: str
    log_format: str | None
    log_level: str | None
    function_name: str
    region: str
    runtime: str
    launcher: tuple[str, ...] = ()

    @classmethod
    def checked(  # noqa: PLR0913  # each is one setting of a function
        cls,
        handler: str,
        *,
        timeout: float,
        memory: int,
        init_type: str | None,
        concurrency: int | None,
        env: Mapping[str, str] | None,
        python: str | None,
        cwd: str | os.PathLike[str] | None,
        log_format: str | None,
        log_level: str | None,
        function_name: str | None,
        runtime: str = "awslambdaric",
        launcher: Sequence[str] = (),
    ) -> Settings:
        """Return the settings, or raise `ConfigurationError` for a value that Lambda does not accept."""
        _check_handler(handler)
        _one_of("runtime", runtime, tuple(RUNTIMES))
        init_type = _init_type(init_type, concurrency)
        _check_limits(timeout, memory, managed=init_type == MANAGED)
        if function_name is not None and not _FUNCTION_NAME.fullmatch(function_name):
            raise ConfigurationError(f"function_name is {function_name!r}; it is 1 to 64 letters, digits and - _")
        env = dict(env or {})
        for name in env:
            if (option := _OWN_OPTIONS.get(name)) is not None:
                raise ConfigurationError(f"{name} cannot be set through the environment; use {option}")
            if name in _RESERVED:
                raise ConfigurationError(f"{name} cannot be set: Lambda's environment sets it")
            if not name or "=" in name or "\0" in name + env[name]:
                raise ConfigurationError(f"{name!r} cannot be the name of an environment variable with that value")
        if log_format is not None:
            log_format = log_format.lower()
            _one_of("log_format", log_format, LOG_FORMATS)
            if init_type == MANAGED and log_format == "text":
                raise ConfigurationError(
                    "log_format is text; under lambda-managed-instances logs are always JSON: leave log_format out"
                )
        if log_level is not None:
            log_level = log_level.upper()
            _one_of("log_level", log_level, LOG_LEVELS)
        root: str = os.path.abspath(str(cwd) if cwd is not None else os.curdir)  # noqa: PTH100  # keeps symbolic links
        if not os.path.isdir(root):  # noqa: PTH112
            raise ConfigurationError(f"the directory {root} does not exist")
        return cls(
            handler=handler,
            timeout=float(timeout),
            memory=memory,
            init_type=init_type,
            concurrency=concurrency,
            env=env,
            python=python or sys.executable,
            cwd=root,
            log_format="json" if init_type == MANAGED else log_format,
            log_level=log_level,
            function_name=function_name or _name_of(handler),
            region=env.get("AWS_REGION") or os.environ.get("AWS_REGION") or _default_region(env),
            runtime=runtime,
            launcher=tuple(launcher),
        )

    @property
    def arn(self) -> str:
        """The function's ARN, in the account that examples use."""
        return f"arn:aws:lambda:{self.region}:123456789012:function:{self.function_name}"

    def environment(self, runtime_api: str, python_version: str) -> dict[str, str]:
        """Return the variables of the function's process: those of this process, and over them Lambda's."""
        inherited = {k: v for k, v in os.environ.items() if k not in _RESERVED and k not in _UNSET}
        path = [self.cwd, self.env.get("PYTHONPATH") or os.environ.get("PYTHONPATH") or ""]
        result = {
            **inherited,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
            "LAMBDA_DISABLE_PREVIEW_WARN": "1",  # a warning about production, at each start on Python 3.15
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            **self.env,
            "PYTHONPATH": os.pathsep.join(filter(None, path)),
            "AWS_EXECUTION_ENV": f"AWS_Lambda_python{python_version}",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.memory),
            "AWS_LAMBDA_FUNCTION_NAME": self.function_name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_INITIALIZATION_TYPE": self.init_type,
            "AWS_LAMBDA_RUNTIME_API": runtime_api,
            "LAMBDA_TASK_ROOT": self.cwd,
            "_HANDLER": self.handler,
        }
        if self.init_type != "snap-start":
            stream = f"{time.strftime('%Y/%m/%d', time.gmtime())}/[$LATEST]{secrets.token_hex(16)}"
            result["AWS_LAMBDA_LOG_GROUP_NAME"] = f"/aws/lambda/{self.function_name}"
            result["AWS_LAMBDA_LOG_STREAM_NAME"] = stream
        if self.concurrency is not None:
            result["AWS_LAMBDA_MAX_CONCURRENCY"] = str(self.concurrency)
        if self.log_format is not None:
            result["AWS_LAMBDA_LOG_FORMAT"] = "JSON" if self.log_format == "json" else "Text"
        if self.log_level is not None:
            result["AWS_LAMBDA_LOG_LEVEL"] = self.log_level
        return result


_FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_UNSET = ("AWS_LAMBDA_MAX_CONCURRENCY", "_X_AMZN_TRACE_ID")


def _check_handler(handler: str) -> None:
    if not handler or len(handler) > LONGEST_HANDLER or not handler.isprintable() or " " in handler:
        raise ConfigurationError(
            f"the handler {handler[:LONGEST_HANDLER]!r} has {len(handler)} characters; it is 1 to {LONGEST_HANDLER} "
            "printable characters without spaces"
        )


def _check_limits(timeout: float, memory: int, *, managed: bool) -> None:
    longest, most = (LONGEST_TIMEOUT_MANAGED, MOST_MEMORY_MANAGED) if managed else (LONGEST_TIMEOUT, MOST_MEMORY)
    where = " on Managed Instances" if managed else ""
    if not 0 < timeout <= longest:
        raise ConfigurationError(
            f"timeout is {timeout:g}; it is a number of seconds above 0 and up to {longest:g}{where}"
        )
    if not LEAST_MEMORY <= memory <= most:
        raise ConfigurationError(f"memory is {memory}; it is a number of MB from {LEAST_MEMORY} to {most}{where}")


def _name_of(handler: str) -> str:
    """Return the name of a function whose name was not given: the last part of its module's name."""
    module = handler.rpartition(".")[0].replace("/", ".").rpartition(".")[2]
    return re.sub(r"[^A-Za-z0-9_-]", "-", module)[:64] or "function"


def _default_region(env: Mapping[str, str]) -> str:
    return env.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def _init_type(init_type: str | None, concurrency: int | None) -> str:
    if init_type is None:
        init_type = "on-demand" if concurrency is None else MANAGED
    _one_of("init_type", init_type, INIT_TYPES)
    if concurrency is not None:
        if init_type != MANAGED:
            raise ConfigurationError(
                f"concurrency is {concurrency} and init_type is {init_type}; only lambda-managed-instances runs more "
                "than one invocation at a time in one environment: leave one of the two out"
            )
        if concurrency < 1:
            raise ConfigurationError(f"concurrency is {concurrency}; it is a number of processes, at least 1")
    elif init_type == MANAGED:
        raise ConfigurationError(
            "init_type is lambda-managed-instances without concurrency; say how many processes serve the function "
            "(on Lambda, 16 for each virtual processor unless configured)"
        )
    return init_type


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ConfigurationError(f"{name} is {value!r}{closest(value, known)} It is one of {', '.join(known)}")


_PROBE = (
    "import sys, importlib.util as u;print('%d.%d' % sys.version_info[:2], int(all(map(u.find_spec, sys.argv[1:]))))"
)


def probe(python: str, runtime: str) -> tuple[str, bool]:
    """Return the version (`3.13`) of an interpreter, and True if it has the runtime client.

    Raises:
        ConfigurationError: it does not run.
    """
    modules = RUNTIMES[runtime]
    if python == sys.executable:
        found = all(importlib.util.find_spec(name) is not None for name in modules)
        return f"{sys.version_info.major}.{sys.version_info.minor}", found
    try:
        run = subprocess.run(  # noqa: S603  # the interpreter that the user chose
            [python, "-c", _PROBE, *modules], capture_output=True, text=True, check=True, timeout=60
        )
        version, found_word = run.stdout.split()
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise ConfigurationError(f"{python} does not run as a Python interpreter: {error}") from error
    return version, found_word == "1"


def missing(python: str, runtime: str) -> RuntimeClientMissing:
    """Return the error for an interpreter without the runtime client."""
    if runtime == "kit":
        message = "lambda_kit.runtime, the kit's runtime client; install there: pip install lambda-kit-sdk"
    else:
        message = f"awslambdaric, the runtime client; install it: {INSTALL}"
    error = RuntimeClientMissing(f"{python} cannot import {message}")
    error.extra = "local"
    return error
