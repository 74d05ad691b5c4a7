"""The output of a function: kept for each invocation, and passed on as it comes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from lambda_kit.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable


class Output:
    """The output of all sandboxes of one environment.

    Args:
        on_output: called with each piece of text that the function prints; on any thread, on one at a time.
        on_report: called likewise with each line of the platform.
        labelled: put the first digits of the request's id before each line, for invocations that run side by side.
    """

    def __init__(
        self, on_output: Callable[[str], None] | None, on_report: Callable[[str], None] | None, *, labelled: bool
    ) -> None:
        self._on_output = on_output
        self._on_report = on_report
        self._labelled = labelled
        self._lock = threading.RLock()
        self._by_request: dict[str, list[str]] = {}
        self._init: list[str] = []
        self._between: list[str] = []
        self._initializing = False
        self._callback_error: BaseException | None = None

    def begin_init(self) -> None:
        """Keep what comes from now on as output of an initialization."""
        self._initializing = True

    def take_init(self) -> str:
        """Return the output of the initialization."""
        with self._lock:
            text = "".join(self._init)
            self._init.clear()
        return text

    def begin(self, request_id: str) -> None:
        """Keep output of an invocation; it begins with what was printed since the invocation before.

        Raises:
            ConfigurationError: an invocation with that id is running.
        """
        with self._lock:
            if request_id in self._by_request:
                raise ConfigurationError(f"request_id is {request_id!r}; an invocation with that id is still running")
            self._by_request[request_id] = self._between
            self._between = []

    def end_init(self) -> None:
        """Keep what comes from now on as output of the invocation that runs."""
        with self._lock:
            self._initializing = False
            running = next(iter(self._by_request.values()), self._between)
            running += self._init
            self._init.clear()

    def of(self, request_id: str) -> str:
        """Return the output of a running invocation so far."""
        with self._lock:
            return "".join(self._by_request[request_id])

    def end(self, request_id: str) -> None:
        """Forget the output of an invocation."""
        with self._lock:
            del self._by_request[request_id]

    def line(self, request_id: str | None, line: str) -> None:
        """Take a line of the function; `request_id` is None where its invocation is not known."""
        with self._lock:
            kept = self._by_request.get(request_id) if request_id is not None else None
            if kept is None and self._initializing:
                kept = self._init
            elif kept is None and not self._labelled:
                kept = next(iter(self._by_request.values()), self._between)
            if kept is not None:
                kept.append(line)
            if self._labelled and request_id is not None:
                line = f"{request_id[:8]} | {line}"
            self._call(self._on_output, line)

    def report(self, line: str) -> None:
        """Pass on a line of the platform."""
        with self._lock:
            self._call(self._on_report, line)

    def raise_callback_error(self) -> None:
        """Raise what a callback has raised, once."""
        error, self._callback_error = self._callback_error, None
        if error is not None:
            raise error

    def _call(self, callback: Callable[[str], None] | None, text: str) -> None:
        if callback is None or self._callback_error is not None:
            return
        try:
            callback(text)
        except BaseException as error:  # it belongs to the caller of invoke, not to this thread
            self._callback_error = error
