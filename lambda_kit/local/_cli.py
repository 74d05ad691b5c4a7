"""The `lambda-kit` command."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

from lambda_kit.errors import ConfigurationError, LambdaKitError
from lambda_kit.local import _doctor, _events, _flags, _openapi
from lambda_kit.local._arguments import USAGE, UsageError, in_options, parse
from lambda_kit.local._invoke import Terminated, interruptions, invoke_command
from lambda_kit.local._serve import serve_command

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Generator, Sequence

SUCCESS, FAILURE, SIGNALLED, INTERRUPTED, BROKEN_PIPE = 0, 1, 128, 130, 141


_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the `lambda-kit` command.

    Args:
        argv: the arguments after the program's name; those of this process by default.

    Returns:
        The exit status.
    """
    try:
        options = parse(sys.argv[1:] if argv is None else argv)
        with _signals(), interruptions():
            return _COMMANDS[options.command](options)
    except SystemExit as end:  # --help and --version
        return end.code if isinstance(end.code, int) else SUCCESS
    except (UsageError, ConfigurationError) as error:
        sys.stderr.write(f"lambda-kit: error: {in_options(str(error))}\n")
        return USAGE
    except LambdaKitError as error:
        sys.stderr.write(f"lambda-kit: error: {error}\n")
        return FAILURE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Terminated as end:
        return SIGNALLED + end.number
    except BrokenPipeError:
        with contextlib.suppress(OSError, ValueError):  # the interpreter flushes standard output once more at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE


@contextmanager
def _signals() -> Generator[None]:
    """Unwind on the signals that end a program as on SIGINT, so that all that was started is killed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def terminate(number: int, _: object) -> NoReturn:
        for name in previous:
            signal.signal(name, signal.SIG_IGN)
        raise Terminated(number)

    previous: dict[signal.Signals, Any] = {}
    for name in _ENDING:
        if signal.getsignal(name) != signal.SIG_IGN:  # nohup ignores SIGHUP
            previous[name] = signal.signal(name, terminate)
    try:
        yield
    finally:
        for name, action in previous.items():
            signal.signal(name, action)


def _events_command(options: argparse.Namespace) -> int:
    if options.name is not None:
        print(_events.sample(options.name).rstrip("\n"))
        return SUCCESS
    print(*_events.sample_names(), sep="\n")
    return SUCCESS


def _invoke_command(options: argparse.Namespace) -> int:
    return SUCCESS if invoke_command(options) else FAILURE


def _serve_command(options: argparse.Namespace) -> int:
    serve_command(options)
    return SUCCESS


def _flags_command(options: argparse.Namespace) -> int:
    run = _flags.check if options.subcommand == "check" else _flags.evaluate
    return SUCCESS if run(options) else FAILURE


def _openapi_command(options: argparse.Namespace) -> int:
    return SUCCESS if _openapi.run(options) else FAILURE


def _doctor_command(options: argparse.Namespace) -> int:
    return SUCCESS if _doctor.run(options) else FAILURE


def _bench_command(options: argparse.Namespace) -> int:
    from lambda_kit.local._bench import bench_command

    return SUCCESS if bench_command(options) else FAILURE


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "invoke": _invoke_command,
    "serve": _serve_command,
    "events": _events_command,
    "flags": _flags_command,
    "openapi": _openapi_command,
    "doctor": _doctor_command,
    "bench": _bench_command,
}
