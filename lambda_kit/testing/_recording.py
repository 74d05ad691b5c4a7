"""Recording everything that code of the kit does: log entries, spans and metrics, without a daemon or a file."""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import sys
import time

from lambda_kit._kernel import lifecycle
from lambda_kit.errors import ConfigurationError
from lambda_kit.local._lines import Lines
from lambda_kit.testing._logs import Logs
from lambda_kit.testing._metric_values import MetricValues
from lambda_kit.testing._spans import SWITCHES, Spans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from types import TracebackType
    from typing import Any, Self, TextIO, TypeVar

    from lambda_kit.invocation import Invocation
    from lambda_kit.testing._xray_tree import SpanNode

    Q = TypeVar("Q", Logs, MetricValues, Spans)
_open: list[Recording] = []  # running recordings; the last one is the innermost
_latest: Recording | None = None  # the recording that ended last, for functions that are given none


class Recording:
    """The log entries, spans and metrics of a part of a test: a context manager, made by `recorded()`.

    A recording inside another one, such as that of `invoke`, is part of the outer one too.

    Attributes:
        note: what each message of a failed assertion says in the end: that the last handler has raised.
    """

    def __init__(self, stream: Lines | None = None, *, prints: bool = False) -> None:
        self._stream = stream
        self._prints = prints
        self._lines: list[dict[str, Any]] = [] if stream is None else stream.logs
        self._documents: list[bytes] = []
        self.note = ""
        self._spans = _SpanRecorder(self._documents)
        self._handler = _LogHandler(self)
        self._parts = contextlib.ExitStack()

    @property
    def logs(self) -> Logs:
        """The log entries so far: JSON lines on standard output, and records of `logging`, in order."""
        return noted(Logs(self._lines), self.note)

    @property
    def spans(self) -> Spans:
        """The outermost spans so far; their `children` are the others."""
        return noted(Spans(_trees(self._documents)), self.note)

    @property
    def metrics(self) -> MetricValues:
        """The values of metrics so far, by name."""
        return noted(MetricValues(self._lines), self.note)

    def __enter__(self) -> Self:
        if self._stream is not None:
            self._parts.enter_context(contextlib.redirect_stdout(self._stream))
        elif self._prints:
            self._parts.enter_context(self.standard_output())
        logging.getLogger().addHandler(self._handler)
        self._spans.install()
        _open.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        global _latest
        _open.remove(self)
        self._spans.remove()
        logging.getLogger().removeHandler(self._handler)
        self._parts.close()
        if self._stream is not None:
            self._stream.end()
        if _open:
            _open[-1]._lines += self._lines
            _open[-1]._documents += self._documents
            _open[-1].note = self.note
        else:
            if _latest is None:
                lifecycle.on_reset(_forget)
            _latest = self

    @contextlib.contextmanager
    def standard_output(self) -> Generator[None]:
        """Return a context manager that keeps the JSON lines of standard output, and prints everything as before."""
        tee = _Tee(sys.stdout, self._lines)
        with contextlib.redirect_stdout(tee):
            try:
                yield
            finally:
                tee.end()


class _Tee(Lines):
    def __init__(self, before: TextIO, logs: list[dict[str, Any]]) -> None:
        super().__init__()
        self.logs = logs
        self._before = before

    def write(self, text: str, /) -> int:
        super().write(text)
        return self._before.write(text)

    def flush(self) -> None:
        self._before.flush()


class _LogHandler(logging.Handler):
    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self._recording = recording

    def emit(self, record: logging.LogRecord) -> None:
        # An inner one keeps it, or a line on standard output. There is none while a recording opens or ends.
        if _open[-1:] != [self._recording] or _writes(record):
            return
        entry = {"level": record.levelname, "logger": record.name, "message": record.getMessage()}
        if record.exc_info and record.exc_info[1] is not None:
            entry["exception"] = f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
        self._recording._lines.append(entry)


def _writes(record: logging.LogRecord) -> bool:
    """Tell whether a `Logger` writes a record of `logging` as a line."""
    bridges: Any = sys.modules.get("lambda_kit._kernel.records")
    if bridges is None:
        return False
    return not bridges.is_foreign(record) or any(
        isinstance(handler, bridges.Bridge) for handler in logging.getLogger().handlers
    )


class _SpanRecorder:
    """Makes X-Ray tracers record as in a sampled invocation, and keeps the documents.

    It does nothing if the environment configures a backend, or if no tracer was made.
    """

    def __init__(self, documents: list[bytes]) -> None:
        self._documents = documents
        self._replaced: dict[str, Any] = {}

    def install(self) -> None:
        """Take the place of the backends."""
        tracer = sys.modules.get("lambda_kit.tracer._tracer")
        if tracer is None or any(os.environ.get(name) for name in SWITCHES):
            return
        from lambda_kit.tracer._header import Root, root_of_environment
        from lambda_kit.tracer._xray import XRay

        class Trace(Root):
            __slots__ = ()

            def is_in_environment(self) -> bool:
                return True

        trace = Trace(f"1-{int(time.time()):08x}-{os.urandom(12).hex()}", os.urandom(8).hex(), sampled=True)

        def root(invocation: Invocation | None) -> Root:
            return root_of_environment(invocation) or trace

        recorder = XRay(self._documents.append, lambda: None, root, root)
        backends: dict[str, Any] = tracer._backends
        self._replaced = {name: backends.get(name) for name in ("auto", "xray")}
        backends.update(dict.fromkeys(self._replaced, recorder))

    def remove(self) -> None:
        """Put the backends back."""
        if not self._replaced:
            return
        backends: dict[str, Any] = sys.modules["lambda_kit.tracer._tracer"]._backends
        for name, backend in self._replaced.items():
            if backend is None:
                backends.pop(name, None)
            else:
                backends[name] = backend
        self._replaced = {}


def noted(seen: Q, note: str) -> Q:
    """Let the messages of failed assertions end with a note."""
    seen._note = note
    return seen


def _trees(documents: Iterable[bytes]) -> list[SpanNode]:
    from lambda_kit.testing import _xray_tree

    numbered = list(enumerate(json.loads(text) for text in documents))
    return _xray_tree.build_trees(numbered, {}, complete=False)[0]


def recorded(*, prints: bool = True) -> Recording:
    """Return a context manager that records log entries, spans and metrics while its block runs.

    For code that is called without `invoke`. What is printed still appears.

    Args:
        prints: whether the lines of standard output are recorded, which are those of `Logger` and `Metrics` too;
            default True. If False, `standard_output()` of the recording does it.

    Example:
        ```python
        log = Logger(service="shop")

        with recorded() as seen:
            log.info("placed", order_id="o-1")
        assert seen.logs.one(order_id="o-1")["message"] == "placed"
        ```
    """
    importlib.import_module("lambda_kit.tracer._tracer")  # spans of tracers that the block makes are recorded too
    return Recording(prints=prints)


def latest() -> Recording:
    """Return the recording that a function such as `assert_metric` is about: the innermost open one, else the last.

    Raises:
        ConfigurationError: nothing was recorded.
    """
    recording = _open[-1] if _open else _latest
    if recording is None:
        raise ConfigurationError(
            "nothing was recorded: call invoke(handler, event) first, or write `with recorded():` around the code, or "
            "use one of the fixtures lambda_logs, lambda_spans and lambda_metrics"
        )
    return recording


def _forget() -> None:
    global _latest
    _latest = None


def after_reset() -> None:
    """Record the spans of the open recordings again, after a reset of the kit has dropped all backends."""
    for recording in _open:
        recording._spans.install()
