"""The arguments of the `lambda-kit` command."""

from __future__ import annotations

import argparse
import re
import sys
from importlib import metadata
from typing import TYPE_CHECKING, Any, NoReturn

from lambda_kit._kernel.callables import closest
from lambda_kit.local import _bench_arguments, _doctor_arguments, _flags, _openapi
from lambda_kit.local._settings import INIT_TYPES, LOG_FORMATS, LOG_LEVELS, RUNTIMES
from lambda_kit.local._values import whole_number

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = 2
"""The exit status where the command cannot be carried out as given."""

PATIENCE = 30.0
"""Seconds that a durable execution may take."""

_EPILOG = """\
exit status: 0 success, 1 the function failed, 2 the command cannot be carried out as given, 128 and the number of
the signal if one ended it: 130 for Ctrl-C, 143 for SIGTERM

examples:
  lambda-kit invoke app.handler --event order.json
  lambda-kit invoke app.handler --event '{"id": 7}'
  lambda-kit invoke app.handler --event sqs --repeat 100 --json
"""

_SERVE_EPILOG = """\
It serves until Ctrl-C ends it. Environments are started when requests need them, and anew when a Python file below the
current directory has changed.

examples:
  lambda-kit serve app.lambda_handler
  lambda-kit serve app.lambda_handler --port 8080 --environments 10 --env STAGE=dev
"""


class UsageError(Exception):
    """The arguments are wrong; the message says how."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message[:1].lower()}{message[1:]} (see {self.prog} --help)")


def _parsers() -> tuple[_Parser, dict[str, _Parser]]:
    parser = _Parser(prog="lambda-kit", description="Run Lambda functions on this machine.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"lambda-kit {_version()}")
    found = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    invoke = found.add_parser(
        "invoke",
        help="invoke a function as Lambda would",
        description="Invoke a function under awslambdaric, the runtime client that AWS ships, or under the kit's.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_invoke(invoke)
    serve = found.add_parser(
        "serve",
        help="answer HTTP requests as a function URL would",
        description="Answer HTTP requests on 127.0.0.1 as a function URL would.",
        epilog=_SERVE_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_serve(serve)
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
    openapi = found.add_parser(
        "openapi",
        help="write the OpenAPI document of an app, or check it",
        description="Write the OpenAPI document of an HttpApp, or check that the committed one is up to date.",
        epilog=_openapi.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _openapi.add(openapi)
    doctor = found.add_parser(
        "doctor",
        help="say what a function costs, and why",
        description="Say what a function costs and why, and what its settings, its package and its role need.",
        epilog=_doctor_arguments.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_function(doctor)
    _doctor_arguments.add(doctor)
    bench = found.add_parser(
        "bench",
        help="measure how long a function takes and what it costs",
        description="Measure how long a function takes, cold and warm, and what it costs, over memory sizes.",
        epilog=_bench_arguments.EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _add_function(bench, sizes=True)
    _bench_arguments.add(bench)
    commands = {
        "invoke": invoke,
        "serve": serve,
        "events": events,
        "flags": flags,
        "openapi": openapi,
        "doctor": doctor,
        "bench": bench,
    }
    return parser, {**commands, **_flags_parsers(flags)}


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


def _add_function(parser: _Parser, *, sizes: bool = False) -> None:
    """Add the arguments that say which function it is, and how it is configured; `sizes` allows several of memory."""
    add = parser.add_argument
    name = "the handler, found from the current directory"
    add("handler", metavar="MODULE.FUNCTION", help=name, nargs="?" if sizes else None)
    add("--timeout", type=_seconds, default=3.0, metavar="S", help="seconds an invocation may take (3)")
    if sizes:
        several = ",".join(map(str, _bench_arguments.SIZES))
        add("--memory", type=_bench_arguments.sizes, metavar="MB,MB", help=f"memory sizes of the function ({several})")
    else:
        add("--memory", type=whole_number, default=128, metavar="MB", help="memory of the function (128)")
    add("--env", action="append", default=[], metavar="KEY=VALUE", help="an environment variable; may be repeated")
    add("--env-file", metavar="FILE", help="a file of KEY=VALUE lines; --env goes over it")
    add("--python", metavar="PATH", help="the interpreter to run it with (this one)")
    add("--runtime", default="awslambdaric", metavar="CLIENT", help=f"{' or '.join(RUNTIMES)} (awslambdaric)")
    add("--function-name", metavar="NAME", help="the function's name (that of its module)")
    add(
        "--log-format", metavar="FORMAT", help=f"{' or '.join(LOG_FORMATS)}, as in the function's logging configuration"
    )
    add("--log-level", metavar="LEVEL", help=f"{', '.join(LOG_LEVELS)}, likewise")


def _add_invoke(parser: _Parser) -> None:
    _add_function(parser)
    add = parser.add_argument
    add(
        "--event",
        "-e",
        metavar="FILE|-|SAMPLE|JSON",
        help="the event: a file, - for standard input, a sample, or JSON; {} if left out",
    )
    add("--repeat", "-n", type=whole_number, default=1, metavar="N", help="how many times to invoke it (1)")
    add("--init-type", metavar="TYPE", help=f"{', '.join(INIT_TYPES)} (on-demand)")
    add(
        "--concurrency",
        type=whole_number,
        metavar="N",
        help="processes of a Managed Instance; N invocations run at a time",
    )
    add("--trace-id", metavar="HEADER", help="the X-Ray trace header (a new trace, not sampled)")
    add("--tenant-id", metavar="ID", help="the tenant, for functions with tenant isolation")
    add("--asynchronous", action="store_true", help="refuse an event over 1 MiB, the limit of asynchronous invocations")
    add("--sigterm", action="store_true", help="end the function with SIGTERM first, as Lambda does with extensions")
    add("--client-context", metavar="FILE|JSON", help="the client context")
    add("--durable", action="store_true", help="run the whole execution of a durable function, in this process")
    add(
        "--answer",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="with --durable: the answer to the callback of this name; may be repeated",
    )
    add("--real-waits", action="store_true", help="with --durable: let waits take their time")
    add("--patience", type=_seconds, default=PATIENCE, metavar="S", help="with --durable: seconds for all of it (30)")
    add(
        "--json",
        action="store_true",
        help="write one JSON document to standard output, everything else to standard error",
    )


def _add_serve(parser: _Parser) -> None:
    _add_function(parser)
    add = parser.add_argument
    add("--port", type=_port, default=3000, metavar="PORT", help="the port on 127.0.0.1; 0 for any free one (3000)")
    add(
        "--environments",
        type=whole_number,
        default=4,
        metavar="N",
        help="how many requests run at a time, each in an environment of its own; others wait (4)",
    )
    add(
        "--event-source",
        action="append",
        default=[],
        metavar="sqs=URL",
        help="deliver the messages of an SQS queue too, as an event source mapping does; may be repeated",
    )
    add("--batch-size", type=whole_number, default=10, metavar="N", help="messages in an event, at most (10)")
    add("--batch-window", type=_seconds, default=0.0, metavar="S", help="seconds for which messages are gathered (0)")
    add("--whole-batches", action="store_true", help="read no ReportBatchItemFailures: batches fail as a whole")
    add("--no-reload", action="store_true", help="keep the environments when source files change")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options that the arguments give.

    Raises:
        UsageError: an argument is unknown or wrong.
        SystemExit: for `--help`, for `--version`, and with `USAGE` where no command is given.
    """
    parser, commands = _parsers()
    path: list[str] = []
    current = parser
    for word in (one for one in arguments if not one.startswith("-")):
        inner = [one.split()[-1] for one in commands if one.split()[:-1] == path]
        if not inner:
            break
        if word not in inner:
            raise UsageError(f"unknown command {word!r}{closest(word, inner)} Commands: {', '.join(inner)}")
        path.append(word)
        current = commands[" ".join(path)]
    known = [name for action in (parser, current) for one in action._actions for name in one.option_strings]
    for argument in arguments:
        if argument == "--":
            break
        name = argument.partition("=")[0]
        if name.startswith("--") and name not in known:
            raise UsageError(f"unknown option {name}{closest(name, known)} (see {current.prog} --help)")
    options, extra = parser.parse_known_args(list(arguments))
    if extra:
        kind = "option" if extra[0].startswith("-") else "argument"
        raise UsageError(f"unknown {kind} {extra[0]} (see {current.prog} --help)")
    if options.command is None or getattr(options, "subcommand", "") is None:
        current.print_help(sys.stderr)
        raise SystemExit(USAGE)
    return options


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of a port, 0 to 65535")
    return int(text)


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds") from None


def in_options(message: str) -> str:
    """Spell the names of arguments in a message as the options that they came from."""
    message = re.sub(
        r"\b(init_type|log_format|log_level|function_name|trace_id|tenant_id|client_context|batch_size)\b",
        lambda found: f"--{found[0].replace('_', '-')}",
        message,
    )
    return re.sub(r"(^|use |without |; )(timeout|memory|concurrency|python|runtime)(?=$| is |;)", r"\1--\2", message)


def _version() -> str:
    try:
        client = f"awslambdaric {metadata.version('awslambdaric')}"
    except metadata.PackageNotFoundError:
        client = "no awslambdaric"
    from lambda_kit import __version__

    return f"{__version__} (Python {sys.version.partition(' ')[0]}, {client})"
