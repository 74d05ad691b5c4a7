"""`lambda-kit invoke --durable`: a whole durable execution, with AWS's testing package in place of the service."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lambda_kit._kernel.durable import is_durable_function
from lambda_kit.errors import ConfigurationError, ExecutionFailed
from lambda_kit.local._execution import Execution
from lambda_kit.local._in_process import InProcess
from lambda_kit.local._lines import Lines
from lambda_kit.local._settings import Settings
from lambda_kit.local._values import pairs

if TYPE_CHECKING:
    import argparse

    from lambda_kit.local._execution import Run

_WITHOUT = {  # options that need a process of the function's own, or another invocation, and their usual values
    "asynchronous": False,
    "client_context": None,
    "concurrency": None,
    "init_type": None,
    "python": None,
    "repeat": 1,
    "runtime": "awslambdaric",
    "sigterm": False,
    "tenant_id": None,
    "timeout": 3.0,
    "trace_id": None,
}


def execute(options: argparse.Namespace, settings: dict[str, Any], event: Any) -> bool:
    """Run the execution, and show each run with its output and its checkpoints; return whether it succeeded.

    Args:
        options: those of the command.
        settings: arguments of `Settings.checked`.
        event: the input of the execution.
    """
    for name, usual in _WITHOUT.items():
        if getattr(options, name) != usual:
            raise ConfigurationError(
                f"--{name.replace('_', '-')} does not go with --durable, which runs the handler in this process, as "
                "often as its execution needs"
            )
    with InProcess(Settings.checked(options.handler, **settings, cwd=None)) as process:
        handler = process.function()
        if not is_durable_function(handler):
            raise ConfigurationError(f"--durable: {options.handler} is not under @durable_execution of AWS's SDK")
        lines = Lines()
        execution = Execution(
            handler,
            lines,
            answers=pairs("--answer", options.answer, "NAME=VALUE"),
            skip_waits=not options.real_waits,
            patience=options.patience,
        )
        value, error = None, None
        with contextlib.redirect_stdout(lines):
            try:
                value = execution.run({} if event is None else event)
            except ExecutionFailed as failure:
                error = failure
    if options.json:
        document = _document(options.handler, execution.runs, value, error)
        sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(_text(execution.runs, value, error))
    return error is None


def _text(runs: list[Run], value: Any, error: ExecutionFailed | None) -> str:
    lines: list[str] = []
    for number, run in enumerate(runs, 1):
        lines.append(f"run {number}{' (replay)' if number > 1 else ''}")
        lines += [f"  {line}" for line in run.output.splitlines()]
        lines += [f"  * {one.kind} {one.action} {one.name or ''}".rstrip() for one in run.checkpoints]
        lines.append(f"  = {run.status}")
    shown = json.dumps(value, indent=2, ensure_ascii=False) if error is None else f"{error.error_type}: {error.reason}"
    return "\n".join([*lines, "", shown, ""])


def _document(handler: str, runs: list[Run], value: Any, error: ExecutionFailed | None) -> dict[str, Any]:
    return {
        "handler": handler,
        "runtime": "durable",
        "status": "success" if error is None else "error",
        "payload": value,
        "error": None if error is None else {"type": error.error_type, "message": error.reason},
        "runs": [
            {"status": run.status, "output": run.output, "checkpoints": [asdict(one) for one in run.checkpoints]}
            for run in runs
        ],
    }
