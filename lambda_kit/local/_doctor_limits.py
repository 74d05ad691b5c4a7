"""Limits, SnapStart, processes and policies: the other rules of `lambda-kit doctor`. All are functions of values."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from lambda_kit.local._doctor_findings import DOCS, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lambda_kit.local._doctor_config import Config

_GUIDE = f"{DOCS}lambda/latest/dg"
SNAPSTART_PAGE = f"{_GUIDE}/snapstart.html"
SNAPSTART_STATE = f"{_GUIDE}/snapstart-best-practices.html"
QUOTAS = f"{_GUIDE}/gettingstarted-limits.html"
INIT_PAGE = f"{_GUIDE}/lambda-runtime-environment.html"
POLICY_PAGE = f"{_GUIDE}/lambda-intro-execution-role.html"
MANAGED_PAGE = f"{_GUIDE}/lambda-managed-instances-python-runtime.html"

INIT_LIMIT = 10_000.0
"""Milliseconds that the init phase of an on-demand function may take."""
_MOST_ENVIRONMENT = 4096  # bytes


def of_policies(config: Config, needed: Sequence[str]) -> Iterator[Finding]:
    """Yield the actions that the function's policies do not allow, and those that no event needed.

    Args:
        config: the configuration.
        needed: the actions that the calls of AWS needed, without those that SAM adds by itself.
    """
    if config.allowed is None:
        return
    where = f"the policies of {config.resource} in {config.template}, and the calls of AWS that were seen"
    missing = [one for one in needed if not any(_allows(pattern, one) for pattern in config.allowed)]
    if missing:
        yield Finding(
            "policy.missing",
            "error",
            f"the function called what its policies do not allow: {', '.join(sorted(missing))}",
            where,
            "add these actions; the report has the policy",
            POLICY_PAGE,
        )
    unused = [pattern for pattern in config.allowed if not any(_allows(pattern, one) for one in needed)]
    if unused:
        yield Finding(
            "policy.unused",
            "info",
            f"the policies allow what no event needed: {', '.join(sorted(set(unused)))}",
            where,
            "give an event for each path of the function; what is left over can go",
            POLICY_PAGE,
        )


def _allows(pattern: str, action: str) -> bool:
    return fnmatchcase(action.lower(), pattern.lower().replace("[", "[[]"))


def of_limits(
    config: Config, *, init_ms: float, duration_ms: float, memory_mb: int | None, python: tuple[int, int]
) -> Iterator[Finding]:
    """Yield what is close to a limit.

    Args:
        config: the configuration.
        init_ms: the longest init phase that was measured.
        duration_ms: the longest invocation.
        memory_mb: the peak of memory.
        python: the version of the function's interpreter.
    """
    if init_ms > 0.5 * INIT_LIMIT and not config.snap_start and not config.provisioned and config.processes is None:
        yield Finding(
            "limits.init",
            "error" if init_ms > INIT_LIMIT else "warning",
            f"the init phase took {init_ms / 1000:.1f} s; Lambda ends it after 10 s and starts it again, within the "
            "timeout of the function",
            "the longest of the timed runs on this machine",
            "defer imports and clients, or use SnapStart or provisioned concurrency",
            INIT_PAGE,
        )
    if duration_ms > 0.8 * config.timeout * 1000:
        yield Finding(
            "limits.timeout",
            "warning",
            f"an invocation took {duration_ms / 1000:.2f} s of the timeout of {config.timeout:g} s",
            "the longest of the timed runs on this machine",
            "raise the timeout",
        )
    if memory_mb is not None and memory_mb > 0.85 * config.memory and config.processes is None:
        yield Finding(
            "limits.memory",
            "warning",
            f"the function used {memory_mb} MB of {config.memory} MB",
            "the peak of the resident memory in the timed runs on this machine",
            "raise the memory, or defer imports",
        )
    size = sum(len(name.encode()) + len(value.encode()) for name, value in config.env.items())
    if size > _MOST_ENVIRONMENT:
        yield Finding(
            "limits.environment",
            "error",
            f"the environment variables have {size} bytes; the limit is {_MOST_ENVIRONMENT}",
            "the names and values that are configured",
            "move large values to a parameter or a file",
            QUOTAS,
        )
    if config.runtime and config.runtime.startswith("python") and config.runtime != f"python{python[0]}.{python[1]}":
        yield Finding(
            "limits.runtime",
            "info",
            f"the function was run with Python {python[0]}.{python[1]}, and its runtime is {config.runtime}",
            f"Runtime of {config.resource} in {config.template}",
            "pass --python with that version, so that times and imports are those of the runtime",
        )


def of_snap_start(
    config: Config,
    *,
    connections: Sequence[str],
    kept: Sequence[str],
    calls: Sequence[str],
    python: tuple[int, int],
) -> Iterator[Finding]:
    """Yield what SnapStart does not support, and what is stale after a restore.

    Args:
        config: the configuration.
        connections: the addresses of the TCP connections that are open at the end of the init phase.
        kept: the resources that the init phase built, and that are kept on a restore.
        calls: the calls of AWS in the init phase, `service:Operation`.
        python: the version of the function's interpreter.
    """
    if not config.snap_start:
        return
    refused = {
        f"Python {python[0]}.{python[1]}, and not 3.12 or later": python < (3, 12),
        "provisioned concurrency": config.provisioned,
        "a mounted file system": config.file_system,
        f"{config.storage} MB of ephemeral storage, and not 512": (config.storage or 0) > 512,
        "a container image": config.image,
    }
    for what, applies in refused.items():
        if applies:
            yield Finding(
                "snapstart.unsupported",
                "error",
                f"SnapStart is on, and it does not work with {what}",
                f"the configuration of the function{' in ' + config.template if config.template else ''}",
                "switch one of the two off",
                SNAPSTART_PAGE,
            )
    for found, text, advice in (
        (
            connections,
            "connections are open when the snapshot is taken, and are broken after a restore",
            "open them in a resource of the init cache, which is built anew, or in a hook after the restore",
        ),
        (
            kept,
            "resources are in the snapshot and kept after a restore",
            'use on_restore="rebuild", the default, unless they hold neither connections nor credentials nor times',
        ),
        (
            calls,
            "calls of AWS were made in the init phase: what is kept of their answers is in the snapshot, however old",
            "keep them in a resource of the init cache, which is built anew, or make them after the restore",
        ),
    ):
        if found:
            yield Finding(
                "snapstart.state",
                "warning",
                f"{text}: {', '.join(dict.fromkeys(found))}",
                "the state of the function's process at the end of the init phase",
                advice,
                SNAPSTART_STATE,
            )


def of_processes(config: Config, one: float, many: float, count: int) -> Iterator[Finding]:
    """Yield whether the processes of a Managed Instance fit into its memory.

    Args:
        config: the configuration, with the number of processes.
        one: MB that a Managed Instance with one process takes.
        many: MB that one with `count` processes takes.
        count: more than one.
    """
    assert config.processes is not None  # noqa: S101  # the caller has looked
    each = max(0.0, (many - one) / (count - 1))
    total = one + each * (config.processes - 1)
    over = total > config.memory
    yield Finding(
        "memory.processes",
        "error" if over else "warning" if total > 0.85 * config.memory else "info",
        f"{config.processes} processes take {total:.0f} MB of {config.memory} MB, {each:.1f} MB for each further one",
        f"measured: {one:.0f} MB with one process, {many:.0f} MB with {count}; the rest by the rule that each process "
        "loads the function itself",
        "raise the memory, or lower the concurrency of an environment" if total > 0.85 * config.memory else "",
        MANAGED_PAGE,
    )
