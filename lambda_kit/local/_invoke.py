"""`lambda-kit invoke`: the function is invoked, one time or many, and the console shows what comes of it."""

from __future__ import annotations

import queue
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lambda_kit.errors import ConfigurationError
from lambda_kit.local import _events, _handler, _in_process
from lambda_kit.local._arguments import PATIENCE
from lambda_kit.local._console import Console, record, summarize
from lambda_kit.local._environment import Environment
from lambda_kit.local._settings import INSTALL, RuntimeClientMissing, Settings
from lambda_kit.local._values import pairs

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator

    from lambda_kit.local._outcome import Outcome


class Terminated(BaseException):
    """The command got a signal that ends it.

    Attributes:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def interruptions() -> Generator[None]:
    """Raise the interruption that led to an error, instead of that error.

    Where a signal strikes in the wait for a lock, CPython may raise a `RuntimeError` about that lock.
    """
    try:
        yield
    except BaseException as error:
        behind: BaseException | None = error
        while behind is not None and not isinstance(behind, KeyboardInterrupt | Terminated):
            behind = behind.__context__
        if behind is None or behind is error:
            raise
        raise behind from None


def invoke_command(options: argparse.Namespace) -> bool:
    """Carry out `lambda-kit invoke`; return whether all invocations succeeded."""
    root = Path.cwd()
    _handler.check(options.handler, root)
    event = _events.load(options.event)
    if options.durable:
        from lambda_kit.local import _durable

        return _durable.execute(options, {**function_settings(options), "init_type": None, "concurrency": None}, event)
    if (unused := _durable_option(options)) is not None:
        raise ConfigurationError(f"{unused} needs --durable")
    given = options.client_context
    context = None if given is None else _events.load_object(given, "--client-context")
    console = Console(options.repeat, json_only=options.json)
    environment = _environment(options, console)

    def invoke(_: int) -> Outcome:
        return environment.invoke(
            event,
            trace_id=options.trace_id,
            tenant_id=options.tenant_id,
            client_context=context,
            asynchronous=options.asynchronous,
        )

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        if outcome.error is not None:
            advice = _handler.advice(outcome.error, options.handler, root, options.python or sys.executable)
        else:
            advice = _handler.advice_on_response(outcome.payload, outcome.content_type)
        console.done(outcome, len(outcomes), advice, labelled=options.concurrency is not None)

    outcomes: list[Outcome] = []
    try:
        with interruptions(), environment:
            if options.concurrency is None:
                for number in range(options.repeat):
                    done(invoke(number))
            else:
                _side_by_side(invoke, done, options, environment)
    except (KeyboardInterrupt, Terminated):
        console.summary(outcomes, stopped="interrupted")
        raise
    if options.json:
        console.document(
            {
                "handler": options.handler,
                "runtime": options.runtime if isinstance(environment, Environment) else "in-process",
                "outcomes": [record(outcome) for outcome in outcomes],
                "summary": summarize(outcomes),
            }
        )
    console.summary(outcomes)
    return all(outcome.error is None for outcome in outcomes)


def _side_by_side(  # noqa: C901  # two short functions in one
    invoke: Callable[[int], Outcome],
    done: Callable[[Outcome], None],
    options: argparse.Namespace,
    environment: Environment | _in_process.InProcess,
) -> None:
    """Keep as many invocations going as there are processes."""
    numbers = iter(range(options.repeat))
    turn = threading.Lock()
    results: queue.SimpleQueue[Outcome | BaseException] = queue.SimpleQueue()

    def work() -> None:
        while True:
            with turn:
                number = next(numbers, None)
            if number is None:
                return
            try:
                results.put(invoke(number))
            except BaseException as error:  # the main thread raises it
                results.put(error)
                return

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(options.concurrency, options.repeat))]
    try:
        for thread in threads:
            thread.start()
        for _ in range(options.repeat):
            result = _next(results)
            if isinstance(result, BaseException):
                raise result
            done(result)
    except BaseException:
        if isinstance(environment, Environment):
            environment.close()  # calls that wait for it stop waiting
        raise
    for thread in threads:
        thread.join()


def _next(results: queue.SimpleQueue[Outcome | BaseException]) -> Outcome | BaseException:
    # A signal that comes just before a thread goes to sleep does not wake it, so no sleep is for ever.
    while True:
        try:
            return results.get(timeout=0.2)
        except queue.Empty:
            continue


def _environment(options: argparse.Namespace, console: Console) -> Environment | _in_process.InProcess:
    settings = {
        **function_settings(options),
        "init_type": options.init_type,
        "concurrency": options.concurrency,
    }
    try:
        return Environment(
            options.handler,
            **settings,
            sigterm=options.sigterm,
            on_output=console.output,
            on_report=console.report,
        )
    except RuntimeClientMissing:
        if options.python is not None or options.runtime != "awslambdaric":
            raise
    checked = Settings.checked(options.handler, **settings, cwd=None)
    if options.sigterm:
        raise ConfigurationError(f"--sigterm needs a process of the function's own: {INSTALL}")
    for name, value, usual in (
        ("--init-type", checked.init_type, "on-demand"),
        ("--log-format", checked.log_format or "text", "text"),
    ):
        if value != usual:
            raise ConfigurationError(
                f"{name} {value} needs awslambdaric, which {sys.executable} cannot import; install it: {INSTALL}"
            )
    sys.stderr.write(
        f"lambda-kit: awslambdaric is not installed for {sys.executable}, so the handler runs in this process:\n"
        f"  {_in_process.NOT_ENFORCED}.\n"
        f"  To run it as Lambda does: {INSTALL} (on Linux; there is no wheel for macOS and Windows)\n"
    )
    return _in_process.InProcess(checked, on_output=console.output, on_report=console.report)


def _durable_option(options: argparse.Namespace) -> str | None:
    """Return an option that was given, and counts only for durable functions."""
    given = {"--answer": options.answer, "--real-waits": options.real_waits, "--patience": options.patience != PATIENCE}
    return next((name for name, value in given.items() if value), None)


def function_settings(options: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments of `Environment` that the commands have in common."""
    return {
        "timeout": options.timeout,
        "memory": options.memory,
        "env": {
            **({} if options.env_file is None else _variables_of_file(options.env_file)),
            **pairs("--env", options.env),
        },
        "python": options.python,
        "log_format": options.log_format,
        "log_level": options.log_level,
        "function_name": options.function_name,
        "runtime": options.runtime,
    }


def _variables_of_file(name: str) -> dict[str, str]:
    """Read lines of `KEY=VALUE`; a line may be empty, begin with `#` or with `export`, and its value be quoted."""
    variables: dict[str, str] = {}
    for number, line in enumerate(_events.text_of(name, "the file of --env-file").splitlines(), 1):
        entry = line.strip()
        if not entry or entry.startswith("#"):
            continue
        key, equals, value = entry.removeprefix("export ").partition("=")
        if not equals or not key.strip():
            raise ConfigurationError(f"--env-file {name}, line {number}: {entry!r} is not KEY=VALUE")
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        variables[key.strip()] = value
    return variables
