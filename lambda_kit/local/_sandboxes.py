"""The sandbox of an environment: started where Lambda would start it, and replaced after a timeout or a crash."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Literal, NamedTuple

from lambda_kit.errors import LambdaKitError
from lambda_kit.local import _platform_lines as lines
from lambda_kit.local._init import Init, initialize, restore
from lambda_kit.local._sandbox import Sandbox

if TYPE_CHECKING:
    from lambda_kit.local._bench_cpu import Governor
    from lambda_kit.local._exchange import Exchange
    from lambda_kit.local._output import Output
    from lambda_kit.local._process import Process
    from lambda_kit.local._settings import Settings

# Lambda's limits on initialization, in seconds: for on-demand functions, for the others, and for SnapStart's restore.
INIT_LIMIT = 10.0
LONG_INIT_LIMIT = 130.0
RESTORE_LIMIT = 10.0


class Ready(NamedTuple):
    """The start of an invocation.

    Attributes:
        sandbox: runs the invocation; None if its initialization failed.
        init: the initialization, if this invocation is the first after it.
        start_reported: true if the line `START` was written already.
    """

    sandbox: Sandbox | None
    init: Init | None
    start_reported: bool


class Sandboxes:
    """The sandbox of an environment now, and those that take its place.

    Args:
        settings: the function.
        python_version: of the interpreter, `3.13`.
        output: takes the output of the function and the lines of the platform.
        grace: seconds between SIGTERM and the kill when the environment is closed; 0 for no SIGTERM.

    Attributes:
        governor: holds the processes to a share of the processors; None for no limit.
    """

    def __init__(self, settings: Settings, python_version: str, output: Output, *, grace: float = 0.0) -> None:
        self._settings = settings
        self._python_version = python_version
        self._output = output
        self._grace = grace
        self.governor: Governor | None = None
        self._lock = threading.Lock()  # one sandbox is started at a time
        self._sandbox: Sandbox | None = None
        self._init: Init | None = None  # the initialization that no invocation has seen yet
        self._closed = False

    @property
    def process(self) -> Process | None:
        """The process of the sandbox that there is now."""
        sandbox = self._sandbox
        return None if sandbox is None else sandbox.process

    @property
    def ready_processes(self) -> int:
        """The number of processes that have asked for an invocation."""
        sandbox = self._sandbox
        return 0 if sandbox is None else sandbox.ready_processes

    def start(self) -> None:
        """Start and initialize a sandbox before there is an invocation."""
        with self._lock:
            self._start_ahead()

    def close(self) -> None:
        """End the sandbox, and start none from now on."""
        self._closed = True
        self.discard(self._grace)

    def ready(self, exchange: Exchange) -> Ready:
        """Return the sandbox for an invocation; start and initialize one if there is none.

        Raises:
            LambdaKitError: the environment is closed.
        """
        with self._lock:
            return self._ready(exchange)

    def drop(self, sandbox: Sandbox) -> None:
        """End this sandbox, unless another one took its place."""
        with self._lock:
            if self._sandbox is sandbox:
                self.discard()

    def discard(self, grace: float = 0.0) -> None:
        """End the sandbox that there is, `grace` seconds after a SIGTERM if that is not 0."""
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            sandbox.close(grace)

    def _ready(self, exchange: Exchange) -> Ready:
        if self._closed:
            raise LambdaKitError("the environment is closed")
        if self._sandbox is not None and not self._sandbox.alive:
            self.discard()
        if self._sandbox is None and self._init is None:
            if self._settings.init_type != "on-demand":
                self._start_ahead()
            else:
                self._init = self._initialize(INIT_LIMIT)
                self._report(self._init)
                if self._init.timed_out:
                    return self._initialize_within(exchange)
        init, self._init = self._init, None
        if init is not None and init.error is None and self._settings.init_type == "snap-start":
            assert self._sandbox is not None  # noqa: S101  # without an error there is one
            restore(self._sandbox, init, RESTORE_LIMIT)
            init.output += self._output.take_init()
        if init is not None and init.error is not None:
            self.discard()
        self._output.end_init()
        return Ready(self._sandbox, init, start_reported=False)

    def _start_ahead(self) -> None:
        self._init = self._initialize(max(LONG_INIT_LIMIT, self._settings.timeout))
        self._report(self._init, successes=True)

    def _initialize_within(self, exchange: Exchange) -> Ready:
        """Initialize once more as part of the invocation, as Lambda does when the first try took too long."""
        self._output.report(lines.start_line(exchange.request_id))
        before, self._init = self._init, None
        init = self._initialize(self._settings.timeout)
        if before is not None:
            init.output = before.output + init.output
        init.within_invocation = True
        if init.error is not None:
            self._report(init, phase="invoke")
            self.discard()
        self._output.end_init()
        exchange.timeout = max(0.0, self._settings.timeout - init.elapsed_ms / 1000)
        return Ready(self._sandbox, init, start_reported=True)

    def _initialize(self, limit: float) -> Init:
        self._output.begin_init()
        if self._closed:
            raise LambdaKitError("the environment is closed")
        sandbox = self._sandbox = Sandbox(self._settings, self._python_version, self._output.line)
        try:
            if self.governor is not None:
                self.governor.started(sandbox.process)
            init = initialize(sandbox, limit)
            if self.governor is not None and init.error is None:
                self.governor.ready(sandbox.process)
        except BaseException:
            self.discard()
            raise
        if self._closed:
            raise LambdaKitError("the environment was closed while it was being initialized")
        if init.error is not None:
            self.discard()
        init.output = self._output.take_init()
        return init

    def _report(self, init: Init, phase: Literal["init", "invoke"] = "init", *, successes: bool = False) -> None:
        if init.timed_out:
            self._output.report(lines.init_report_line(init.elapsed_ms, phase, "timeout"))
        elif init.error is not None:
            self._output.report(lines.init_report_line(init.elapsed_ms, phase, "error", init.error.type))
        elif successes:
            self._output.report(lines.init_report_line(init.elapsed_ms, phase, "success"))
