"""`lambda-kit doctor`: what a function costs, why, and what its settings, its package and its role need."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambda_kit.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from lambda_kit.local._doctor_config import Config
    from lambda_kit.local._doctor_findings import Finding, Use
    from lambda_kit.local._doctor_policy import Policy
    from lambda_kit.local._doctor_report import Report
    from lambda_kit.local._doctor_runs import Function, Place, Recording, Timing
    from lambda_kit.local._outcome import Outcome

_WARM = 3  # warm invocations of each timed run


def run(options: argparse.Namespace) -> bool:
    """Carry out `lambda-kit doctor`; return False if the function failed, or for `--strict` and an error."""
    from lambda_kit.local._console import has_colours
    from lambda_kit.local._doctor_report import worst

    step = _progress()
    report = examine(options, step)
    step("")  # clears the line
    if options.json:
        sys.stdout.write(report.json())
    else:
        sys.stdout.write(report.text(colour=has_colours(sys.stdout)))
    sys.stdout.flush()
    if report.recording.failure is not None:
        return False
    return not (options.strict and worst(report.findings) == "error")


def examine(options: argparse.Namespace, step: Callable[[str], None]) -> Report:
    """Run the function, and return the report."""
    from lambda_kit.local import _doctor_package as packages
    from lambda_kit.local import _events, _handler
    from lambda_kit.local._doctor_report import Report
    from lambda_kit.local._doctor_runs import Function
    from lambda_kit.local._settings import Settings, missing, probe

    root = Path.cwd()
    _handler.check(options.handler, root)
    events = [_events.load(one) for one in options.event] or [{}]
    config = _configuration(options)
    use = _use(options, config)
    settings = _settings(options, config)
    checked = Settings.checked(options.handler, **settings, concurrency=None, cwd=None)
    version, found = probe(checked.python, checked.runtime)
    if not found:
        raise missing(checked.python, checked.runtime)
    python = tuple(int(part) for part in version.split("."))
    package = packages.measure(options.package or str(root))
    function = Function(options.handler, settings, events, packages.foreign(str(root)))
    step("running under the recorder")
    recording = function.record(_WARM)
    findings: list[Finding] = list(packages.findings(package, image=bool(config.image)))
    notes = [*map(str, recording.at_end.get("failed", [])), *_place(config, root)]
    timing, unused = None, None
    if recording.failure is None:
        timing, unused = _timed(function, options, recording, config, findings, step, (python[0], python[1]))
    else:
        findings.append(_failed(recording.failure, options, root))
    findings += _refused(recording)
    findings += _of_settings(config, recording, (python[0], python[1]))
    if config.processes is not None:
        findings += _of_processes(options, config, settings, events, step)
    policy = _policy(config, recording, findings, checked.region, checked.function_name)
    return Report(
        options.handler,
        options.runtime,
        version,
        config,
        str(root),
        use,
        timing,
        recording,
        package,
        policy,
        function.processes,
        unused,
        findings,
        notes,
    )


def _configuration(options: argparse.Namespace) -> Config:
    """Return the configuration: that of the template, and over it that of the options."""
    from lambda_kit.local._doctor_config import Config
    from lambda_kit.local._invoke import function_settings

    if options.template is None:
        for name in ("resource", "parameter"):
            if getattr(options, name):
                raise ConfigurationError(f"--{name} needs --template")
        config = Config()
    else:
        from lambda_kit.local import _doctor_template as templates

        config = templates.read(options.template, options.handler, options.resource, options.parameter)
    if options.timeout is not None:
        config.timeout = options.timeout
    if options.memory is not None:
        config.memory = options.memory
    config.env.update(function_settings(options)["env"])
    config.architecture = options.architecture or config.architecture
    config.log_format = options.log_format or config.log_format
    config.log_level = options.log_level or config.log_level
    if options.init_type is not None:
        if options.init_type not in ("on-demand", "provisioned-concurrency", "snap-start"):
            raise ConfigurationError(
                f"--init-type {options.init_type} is none of on-demand, provisioned-concurrency and snap-start; for "
                "Managed Instances pass --concurrency"
            )
        config.snap_start = options.init_type == "snap-start"
        config.provisioned = options.init_type == "provisioned-concurrency"
    if options.concurrency is not None:
        config.processes = options.concurrency
    return config


def _settings(options: argparse.Namespace, config: Config) -> dict[str, Any]:
    """Return the keyword arguments of `Environment`."""
    from lambda_kit.local._invoke import function_settings
    from lambda_kit.local._settings import LONGEST_TIMEOUT, MOST_MEMORY

    init_type = "snap-start" if config.snap_start else "provisioned-concurrency" if config.provisioned else None
    return {
        **function_settings(options),
        "timeout": min(config.timeout, LONGEST_TIMEOUT) if config.processes is not None else config.timeout,
        "memory": min(config.memory, MOST_MEMORY) if config.processes is not None else config.memory,
        "env": config.env,
        "log_format": config.log_format,
        "log_level": config.log_level,
        "init_type": init_type,
    }


def _use(options: argparse.Namespace, config: Config) -> Use:
    from lambda_kit.local import _prices
    from lambda_kit.local._doctor_findings import Use

    prices = _prices.load(options.prices)
    region = config.env.get("AWS_REGION") or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    rates = prices.rates(region or "us-east-1", config.architecture or "x86_64")
    return Use(options.invocations, options.cold_share, config.memory, rates, prices)


def _timed(
    function: Function,
    options: argparse.Namespace,
    recording: Recording,
    config: Config,
    findings: list[Finding],
    step: Callable[[str], None],
    python: tuple[int, int],
) -> tuple[Timing, tuple[Place, ...] | None]:
    """Time plain runs, measure what can be deferred, and add what follows from both."""
    from lambda_kit.local import _doctor_bytecode as bytecode
    from lambda_kit.local import _doctor_imports as imports
    from lambda_kit.local import _doctor_limits as limits
    from lambda_kit.local import _doctor_runs as runs

    plain: list[list[Outcome]] = []
    for number in range(options.rounds):
        step(f"timing plain runs, {number + 1} of {options.rounds}")
        plain.append(function.run(_WARM))
    timing = runs.timing(plain, len(function.events))
    experiment = imports.experiment(function, recording, options.rounds, step)
    findings += imports.findings(experiment, function.root)
    findings += bytecode.measure(function, recording, options.rounds, step)
    findings += imports.of_first_use(recording, timing)
    findings += imports.of_resources(recording)
    every = [one for outcomes in plain for one in outcomes]
    findings += limits.of_limits(
        config,
        init_ms=max((one.init_ms or 0.0) for one in every),
        duration_ms=max(one.duration_ms for one in every),
        memory_mb=timing.memory,
        python=python,
    )
    return timing, None if experiment.failure else experiment.unused


def _of_settings(config: Config, recording: Recording, python: tuple[int, int]) -> Iterator[Finding]:
    from lambda_kit.local import _doctor_limits as limits
    from lambda_kit.local import _doctor_settings as rules

    state = recording.at_start
    yield from rules.of_layers(config, state.get("layers", []))
    yield from rules.of_sources(config)
    yield from limits.of_snap_start(
        config,
        connections=state.get("connections", []),
        kept=[one["name"] for one in state.get("resources", []) if one["kept"] and one["builds"]],
        calls=[f"{one.service}:{one.operation}" for one in recording.calls if one.phase == "init"],
        python=python,
    )


def _of_processes(
    options: argparse.Namespace,
    config: Config,
    settings: dict[str, Any],
    events: list[Any],
    step: Callable[[str], None],
) -> Iterator[Finding]:
    from lambda_kit.local import _doctor_limits as limits
    from lambda_kit.local import _doctor_managed as managed

    assert config.processes is not None  # noqa: S101  # the caller has looked
    step("measuring a Managed Instance")
    one, many, count = managed.measure(options.handler, settings, events[0], config.processes)
    yield from limits.of_processes(config, one, many, count)


def _failed(outcome: Outcome, options: argparse.Namespace, root: Path) -> Finding:
    from lambda_kit.local import _handler
    from lambda_kit.local._doctor_findings import Finding

    assert outcome.error is not None  # noqa: S101  # it failed
    advice = _handler.advice(outcome.error, options.handler, root, options.python or sys.executable)
    if advice is not None and "--durable" in advice:
        advice = "the function is durable: lambda-kit invoke --durable runs its executions; doctor runs none"
    return Finding(
        "function.failed",
        "error",
        f"the function failed with {outcome.error.type}: {outcome.error.message}",
        f"the status {outcome.status} of the recorded run; what comes after the failure was not seen",
        advice or "give an event that it accepts, or the services that it calls; `lambda-kit invoke` shows its log",
    )


def _place(config: Config, root: Path) -> Iterator[str]:
    """Yield a note if the function was run in another folder than the one that the template deploys."""
    if config.code is None or "://" in config.code:
        return
    folder = Path(config.template).parent / config.code
    if folder.is_dir() and folder.resolve() != root.resolve():
        yield f"CodeUri of {config.resource} is {config.code}, and the function was run in {root}"


def _refused(recording: Recording) -> Iterator[Finding]:
    """Yield a finding for each answer that says that the function could not do what the event asked for."""
    from lambda_kit.local._doctor_findings import Finding
    from lambda_kit.local._doctor_imports import signs

    for number, outcome in enumerate(recording.outcomes, 1):
        status, failed = signs(outcome)
        if outcome.error is None and (failed or (isinstance(status, int) and status >= 400)):
            what = f"{failed} records failed" if failed else f"its status is {status}"
            yield Finding(
                "function.refused",
                "warning",
                f"invocation {number} was answered, and {what}: what the function does with an event that it accepts "
                "was not seen, or not all of it",
                "the answer in the recorded run",
                "give an event that it accepts",
            )
            return


def _policy(config: Config, recording: Recording, findings: list[Finding], region: str, name: str) -> Policy:
    """Return what the role needs, and add what the policies of the template lack or do not need."""
    from lambda_kit.local import _doctor_limits as limits
    from lambda_kit.local import _doctor_policy as policies

    policy = policies.of_calls(recording.calls, region, config.references)
    findings += limits.of_policies(config, list(policy.grants))
    made = f"${{{config.resource}}}" if config.resource else name  # CloudFormation makes a name where there is none
    policies.of_logs(policy, config.name or made)
    if config.tracing or any(one["layer"] == "tracer" for one in recording.at_start.get("layers", [])):
        policies.of_tracing(policy)
    for source in config.sources:
        policies.of_source(policy, source.kind, source.name)
    return policy


def _progress() -> Callable[[str], None]:
    """Return a function that shows the step on a terminal."""
    if not sys.stderr.isatty():
        return lambda _: None

    def step(text: str) -> None:
        sys.stderr.write(f"\r\033[K{text}" if text else "\r\033[K")
        sys.stderr.flush()

    return step
