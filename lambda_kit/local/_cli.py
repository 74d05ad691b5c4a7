"""The `lambda-kit` command."""

from __future__ import annotations

import argparse
import contextlib
import os
import queue
import re
import signal
import sys
import threading
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from lambda_kit._kernel.callables import closest
from lambda_kit.errors import ConfigurationError, LambdaKitError
from lambda_kit.local import _events, _flags, _handler, _in_process
from lambda_kit.local._console import Console, record, summarize
from lambda_kit.local._environment import Environment
from lambda_kit.local._settings import INIT_TYPES, INSTALL, LOG_FORMATS, LOG_LEVELS, RuntimeClientMissing, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from lambda_kit.local._outcome import Outcome

SUCCESS, FAILURE, USAGE, INTERRUPTED, BROKEN_PIPE, TERMINATED = 0, 1, 2, 130, 141, 143

_EPILOG = """\
exit status: 0 success, 1 the function failed, 2 the command cannot be carried out as given, 130 interrupted,
143 terminated

examples:
  lambda-kit invoke app.handler --event order.json
  echo '{"id": 7}' | lambda-kit invoke app.handler --event -
  lambda-kit invoke app.handler --event sqs --repeat 100 --json
"""


class _UsageError(Exception):
    pass


class _Terminated(BaseException):
    pass


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise _UsageError(f"{message[:1].lower()}{message[1:]} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the `lambda-kit` command.

    Args:
        argv: the arguments after the program's name; those of this process by default.

    Returns:
        The exit status.
    """
    parser, commands = _parsers()
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        options = _parse(parser, commands, arguments)
        with _signals():
            return _COMMANDS[options.command](options)
    except SystemExit as end:  # --help and --version
        return end.code if isinstance(end.code, int) else SUCCESS
    except (_UsageError, ConfigurationError) as error:
        sys.stderr.write(f"lambda-kit: error: {_in_options(str(error))}\n")
        return USAGE
    except LambdaKitError as error:
        sys.stderr.write(f"lambda-kit: error: {error}\n")
        return FAILURE
    except KeyboardInterrupt:
        return INTERRUPTED
    except _Terminated:
        return TERMINATED
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):  # the interpreter flushes standard output once more at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


@contextmanager
def _signals() -> Generator[None]:
    """Unwind on SIGTERM as on SIGINT, so that what was started is killed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(*_: object) -> NoReturn:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise _Terminated

    previous = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


# Arguments


def _parsers() -> tuple[_Parser, dict[str, _Parser]]:
    parser = _Parser(prog="lambda-kit", description="Run Lambda functions on this machine.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"lambda-kit {_version()}")
    found = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    invoke = found.add_parser(
        "invoke",
        help="invoke a function as Lambda would",
        description="Invoke a function under awslambdaric, the runtime client that AWS ships.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_invoke(invoke)
    events = found.add_parser(
        "events",
        help="list the sample events, or print one",
        description="List the sample events, or print one of them.",
        allow_abbrev=False,
    )
    events.add_argument("name", nargs="?", metavar="NAME", help="the sample to print")
    flags = found.add_parser(
        "flags",
        help="check feature flags, or evaluate one",
        description="Check a document of feature flags, or evaluate one of them.",
        allow_abbrev=False,
    )
    return parser, {"invoke": invoke, "events": events, "flags": flags, **_flags_parsers(flags)}


def _flags_parsers(flags: _Parser) -> dict[str, _Parser]:
    parsers = flags.add_subparsers(dest="subcommand", metavar="COMMAND", parser_class=_Parser)
    common: dict[str, Any] = {"formatter_class": argparse.RawDescriptionHelpFormatter, "allow_abbrev": False}
    check = parsers.add_parser(
        "check",
        help="tell what is wrong with a document of flags",
        description="Tell what is wrong with a document of flags: all of it, with JSON paths.",
        epilog=_flags.CHECK_EPILOG,
        **common,
    )
    _flags.add_check(check)
    evaluate = parsers.add_parser(
        "eval",
        help="tell what a flag is for a context, and why",
        description="Tell what a flag is for a context, and why.",
        epilog=_flags.EVAL_EPILOG,
        **common,
    )
    _flags.add_eval(evaluate)
    return {"flags check": check, "flags eval": evaluate}


def _add_invoke(parser: _Parser) -> None:
    add = parser.add_argument
    add("handler", metavar="MODULE.FUNCTION", help="the handler, found from the current directory")
    add(
        "--event",
        "-e",
        metavar="FILE|-|SAMPLE",
        help="the event: a file, - for standard input, or a sample; {} if left out",
    )
    add("--repeat", "-n", type=_whole, default=1, metavar="N", help="how many times to invoke it (1)")
    add("--timeout", type=_seconds, default=3.0, metavar="S", help="seconds an invocation may take, up to 900 (3)")
    add("--memory", type=_whole, default=128, metavar="MB", help="memory of the function, 128 to 10240 (128)")
    add("--init-type", metavar="TYPE", help=f"{', '.join(INIT_TYPES)} (on-demand)")
    add("--concurrency", type=_whole, metavar="N", help="processes of a Managed Instance; N invocations run at a time")
    add("--env", action="append", default=[], metavar="KEY=VALUE", help="an environment variable; may be repeated")
    add("--python", metavar="PATH", help="the interpreter to run it with (this one)")
    add("--function-name", metavar="NAME", help="the function's name (that of its module)")
    add(
        "--log-format", metavar="FORMAT", help=f"{' or '.join(LOG_FORMATS)}, as in the function's logging configuration"
    )
    add("--log-level", metavar="LEVEL", help=f"{', '.join(LOG_LEVELS)}, likewise")
    add("--trace-id", metavar="HEADER", help="the X-Ray trace header (a new trace, not sampled)")
    add("--tenant-id", metavar="ID", help="the tenant, for functions with tenant isolation")
    add("--client-context", metavar="FILE|JSON", help="the client context")
    add(
        "--json",
        action="store_true",
        help="write one JSON document to standard output, everything else to standard error",
    )


def _parse(parser: _Parser, commands: dict[str, _Parser], arguments: list[str]) -> argparse.Namespace:
    path: list[str] = []
    current = parser
    for word in (one for one in arguments if not one.startswith("-")):
        inner = [one.split()[-1] for one in commands if one.split()[:-1] == path]
        if not inner:
            break
        if word not in inner:
            raise _UsageError(f"unknown command {word!r}{closest(word, inner)} Commands: {', '.join(inner)}")
        path.append(word)
        current = commands[" ".join(path)]
    known = [name for action in (parser, current) for one in action._actions for name in one.option_strings]
    for argument in arguments:
        if argument == "--":
            break
        name = argument.partition("=")[0]
        if name.startswith("--") and name not in known:
            raise _UsageError(f"unknown option {name}{closest(name, known)} (see {current.prog} --help)")
    options, extra = parser.parse_known_args(arguments)
    if extra:
        kind = "option" if extra[0].startswith("-") else "argument"
        raise _UsageError(f"unknown {kind} {extra[0]} (see {current.prog} --help)")
    if options.command is None or getattr(options, "subcommand", "") is None:
        current.print_help(sys.stderr)
        raise SystemExit(USAGE)
    return options


def _whole(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is less than 1")
    return value


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from None


def _in_options(message: str) -> str:
    """Spell the names of arguments in a message as the options that they came from."""
    message = re.sub(
        r"\b(init_type|log_format|log_level|function_name|trace_id|tenant_id|client_context)\b",
        lambda found: f"--{found[0].replace('_', '-')}",
        message,
    )
    return re.sub(r"(^|use |without |; )(timeout|memory|concurrency|python)(?=$| is |;)", r"\1--\2", message)


def _version() -> str:
    try:
        client = f"awslambdaric {metadata.version('awslambdaric')}"
    except metadata.PackageNotFoundError:
        client = "no awslambdaric"
    from lambda_kit._version import __version__

    return f"{__version__} (Python {sys.version.partition(' ')[0]}, {client})"


# Commands


def _events_command(options: argparse.Namespace) -> int:
    if options.name is not None:
        print(_events.sample(options.name).rstrip("\n"))
        return SUCCESS
    print(*_events.sample_names(), sep="\n")
    return SUCCESS


def _invoke_command(options: argparse.Namespace) -> int:
    root = Path.cwd()
    _handler.check(options.handler, root)
    event = _events.load(options.event)
    given = options.client_context
    context = None if given is None else _events.load_object(given, "--client-context")
    console = Console(options.repeat, json_only=options.json)
    environment = _environment(options, console)

    def invoke(_: int) -> Outcome:
        return environment.invoke(event, trace_id=options.trace_id, tenant_id=options.tenant_id, client_context=context)

    def done(outcome: Outcome) -> None:
        outcomes.append(outcome)
        advice = None
        if outcome.error is not None and outcome.status == "init-error":
            advice = _handler.advice(outcome.error, options.handler, root, options.python or sys.executable)
        console.done(outcome, len(outcomes), advice, labelled=options.concurrency is not None)

    outcomes: list[Outcome] = []
    try:
        with environment:
            if options.concurrency is None:
                for number in range(options.repeat):
                    done(invoke(number))
            else:
                _side_by_side(invoke, done, options, environment)
    except (KeyboardInterrupt, _Terminated):
        console.summary(outcomes, stopped="interrupted")
        raise
    if options.json:
        console.document(
            {
                "handler": options.handler,
                "runtime": "awslambdaric" if isinstance(environment, Environment) else "in-process",
                "outcomes": [record(outcome) for outcome in outcomes],
                "summary": summarize(outcomes),
            }
        )
    console.summary(outcomes)
    return SUCCESS if all(outcome.error is None for outcome in outcomes) else FAILURE


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
            environment.close()  # those that wait for it stop waiting
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
    settings: dict[str, Any] = {
        "timeout": options.timeout,
        "memory": options.memory,
        "init_type": options.init_type,
        "concurrency": options.concurrency,
        "env": _variables(options.env),
        "python": options.python,
        "log_format": options.log_format,
        "log_level": options.log_level,
        "function_name": options.function_name,
    }
    try:
        return Environment(options.handler, **settings, on_output=console.output, on_report=console.report)
    except RuntimeClientMissing:
        if options.python is not None:
            raise
    checked = Settings.checked(options.handler, **settings, cwd=None)
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


def _variables(entries: list[str]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for entry in entries:
        name, equals, value = entry.partition("=")
        if not equals or not name:
            raise ConfigurationError(f"--env {entry!r} is not KEY=VALUE")
        variables[name] = value
    return variables


def _flags_command(options: argparse.Namespace) -> int:
    run = _flags.check if options.subcommand == "check" else _flags.evaluate
    return SUCCESS if run(options) else FAILURE


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "invoke": _invoke_command,
    "events": _events_command,
    "flags": _flags_command,
}
