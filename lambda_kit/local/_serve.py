"""`lambda-kit serve`: the function answers HTTP requests, and the console shows them and what the function prints."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from lambda_kit.errors import ConfigurationError
from lambda_kit.local import _handler
from lambda_kit.local._console import BOLD, DIM, NOISE, PLAIN, RED, has_colours
from lambda_kit.local._function_url import FunctionUrl
from lambda_kit.local._invoke import function_settings
from lambda_kit.local._sqs import SqsQueue

if TYPE_CHECKING:
    import argparse

    from lambda_kit.local._function_url import ServedRequest
    from lambda_kit.local._outcome import FunctionError
    from lambda_kit.local._sqs import ServedBatch

_GREEN, _YELLOW = "\033[32m", "\033[33m"
_OF_ENVIRONMENTS = ("\033[36m", "\033[35m", "\033[34m", "\033[33m", "\033[32m")


def serve_command(options: argparse.Namespace) -> None:
    """Carry out `lambda-kit serve`, until a signal ends it."""
    root = Path.cwd()
    _handler.check(options.handler, root)
    console = _Console(options.handler, root, options.python or sys.executable, many=options.environments > 1)
    url = FunctionUrl(
        options.handler,
        **function_settings(options),
        port=options.port,
        environments=options.environments,
        reload=not options.no_reload,
        on_output=console.output,
        queues=_queues(options),
        on_request=console.request,
        on_batch=console.batch,
        on_reload=console.reload,
    )
    with url:
        console.started(url.url, options.environments)
        forever = threading.Event()
        while True:
            # A signal that comes just before a thread goes to sleep does not wake it, so no sleep is for ever.
            forever.wait(0.2)


def _queues(options: argparse.Namespace) -> list[SqsQueue]:
    queues: list[SqsQueue] = []
    for source in options.event_source:
        kind, _, url = source.partition("=")
        if kind != "sqs":
            raise ConfigurationError(f"--event-source {source!r} is no sqs=URL")
        queues.append(
            SqsQueue(
                url,
                batch_size=options.batch_size,
                window=options.batch_window,
                report_failures=not options.whole_batches,
            )
        )
    return queues


class _Console:
    """Writes lines to standard output.

    Args:
        handler: the function, for advice on errors.
        root: the directory that it is imported from.
        python: the interpreter that runs it.
        many: put the number of the environment before each line of output.
    """

    def __init__(self, handler: str, root: Path, python: str, *, many: bool) -> None:
        self._handler = handler
        self._root = root
        self._python = python
        self._many = many
        self._colour = has_colours(sys.stdout)
        self._lock = threading.Lock()

    def started(self, url: str, environments: int) -> None:
        """Say where the function is."""
        count = "1 environment" if environments == 1 else f"up to {environments} environments"
        self._write(f"{self._painted(BOLD, self._handler)} on {url}, {count}; Ctrl-C ends it")

    def output(self, number: int, text: str) -> None:
        """Show text of the function."""
        if NOISE in text:
            return
        label = f"{number} | " if self._many else ""
        style = _OF_ENVIRONMENTS[(number - 1) % len(_OF_ENVIRONMENTS)]
        self._write(*(self._painted(style, f"{label}{line}") for line in text.removesuffix("\n").split("\n")))

    def reload(self, files: list[str]) -> None:
        """Say which files have changed."""
        more = f" and {len(files) - 3} more" if len(files) > 3 else ""
        self._write(self._painted(DIM, f"{', '.join(files[:3])}{more} changed: starting anew"))

    def batch(self, served: ServedBatch) -> None:
        """Show a batch of messages, with what went wrong."""
        failed = f", {served.failed} failed" if served.failed else ""
        style = _YELLOW if served.failed else _GREEN
        cold = "" if served.init_ms is None else f" (cold, {served.init_ms:.0f} ms)"
        count = "1 message" if served.messages == 1 else f"{served.messages} messages"
        first = f"sqs {served.queue} {self._painted(style, f'{count}{failed}')} {served.duration_ms:.1f} ms{cold}"
        self._write(*([first] if served.messages else []), *self._wrong(served.error, served.problem))

    def request(self, served: ServedRequest) -> None:
        """Show a request, with what went wrong."""
        status = str(served.status) if served.status else "---"
        style = _GREEN if "2" <= status[0] < "4" else _YELLOW if status[0] == "4" else RED
        cold = "" if served.init_ms is None else f" (cold, {served.init_ms:.0f} ms)"
        lines = [
            f"{served.method} {served.target} {self._painted(style, status)} {served.duration_ms:.1f} ms{cold}",
        ]
        self._write(*lines, *self._wrong(served.error, served.problem))

    def _wrong(self, error: FunctionError | None, problem: str | None) -> list[str]:
        lines: list[str] = []
        if error is not None:
            text = f"{error.type}: {error.message}" if error.message else error.type
            lines.append(self._painted(RED, f"  {text}"))
            advice = _handler.advice(error, self._handler, self._root, self._python)
            if advice is not None:
                lines.append(f"  {advice}")
        if problem is not None:
            lines.append(self._painted(RED, f"  {problem}"))
        return lines

    def _painted(self, style: str, text: str) -> str:
        return f"{style}{text}{PLAIN}" if self._colour else text

    def _write(self, *lines: str) -> None:
        encoding = sys.stdout.encoding or "utf-8"
        text = "".join(f"{line}\n" for line in lines)
        with self._lock:
            sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
            sys.stdout.flush()
