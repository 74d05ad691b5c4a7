"""An execution environment of a function: invocations one after the other, cold where Lambda's would be."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any, Literal

from lambda_kit.errors import ConfigurationError, LambdaKitError
from lambda_kit.local import _outcome
from lambda_kit.local._init import Init, initialize, restore
from lambda_kit.local._outcome import FunctionError, Outcome, Status
from lambda_kit.local._request import exchange_for
from lambda_kit.local._runtime_api import RESPONSE_LIMIT
from lambda_kit.local._sandbox import Sandbox
from lambda_kit.local._settings import Settings, missing, probe

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self

    from lambda_kit.local._runtime_api import Exchange
    from lambda_kit.local._sandbox import RunEnd

# Lambda's limits on initialization, in seconds: for on-demand functions, for the others, and for SnapStart's restore.
INIT_LIMIT = 10.0
LONG_INIT_LIMIT = 130.0
RESTORE_LIMIT = 10.0


class Environment:
    """One execution environment: the function under `awslambdaric`, the runtime client that AWS ships.

    The process is started by the first invocation, or on entering the context where Lambda would start it before there
    is one (every `init_type` but `on-demand`). After a timeout or a crash the next invocation starts another one. The
    process and all that it started are killed by `close`, on leaving the context, and when this program ends.

    Args:
        handler: `MODULE.FUNCTION`, as in Lambda's configuration.
        timeout: seconds that an invocation may take, up to 900.
        memory: MB that the function has, 128 to 10240; more in use kills it.
        init_type: `on-demand`, `provisioned-concurrency`, `snap-start` or `lambda-managed-instances`. By default
            `on-demand`, and `lambda-managed-instances` where `concurrency` is given.
        concurrency: how many processes serve a Managed Instance; as many threads may call `invoke` at a time.
        env: environment variables of the function, over those of this process.
        python: the interpreter to run it with; by default this one.
        cwd: the function's root: its working directory, from which it is imported. By default the current directory.
        on_output: called with the text that the function prints, as it is printed; under a Managed Instance each line
            starts with the first digits of its request's id. It may be called on any thread, on one at a time.
        on_report: called likewise with each line of the platform: `START`, `END`, `REPORT` and so on.
        log_format: `text` or `json`; by default what `AWS_LAMBDA_LOG_FORMAT` says here.
        log_level: `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR` or `FATAL`; by default what `AWS_LAMBDA_LOG_LEVEL` says.
        function_name: by default the last part of the module's name.

    Raises:
        ConfigurationError: an argument cannot be.
        RuntimeClientMissing: the interpreter has no `awslambdaric`.

    Example:
        >>> with Environment("app.handler", timeout=10) as environment:  # doctest: +SKIP
        ...     environment.invoke({"name": "Ada"}).payload
        {'message': 'Hello Ada'}
    """

    def __init__(  # noqa: PLR0913  # each is one setting of a function
        self,
        handler: str,
        *,
        timeout: float = 3.0,
        memory: int = 128,
        init_type: str | None = None,
        concurrency: int | None = None,
        env: Mapping[str, str] | None = None,
        python: str | None = None,
        cwd: str | os.PathLike[str] | None = None,
        on_output: Callable[[str], None] | None = None,
        on_report: Callable[[str], None] | None = None,
        log_format: str | None = None,
        log_level: str | None = None,
        function_name: str | None = None,
    ) -> None:
        self._settings = Settings.checked(
            handler,
            timeout=timeout,
            memory=memory,
            init_type=init_type,
            concurrency=concurrency,
            env=env,
            python=python,
            cwd=cwd,
            log_format=log_format,
            log_level=log_level,
            function_name=function_name,
        )
        self._version, found = probe(self._settings.python)
        if not found:
            raise missing(self._settings.python)
        self._on_output = on_output
        self._on_report = on_report
        self._lock = threading.Lock()  # of the sandbox: one is started at a time
        self._turn = threading.Lock()  # of an environment that runs one invocation at a time
        self._talk = threading.RLock()
        self._sandbox: Sandbox | None = None
        self._init: Init | None = None
        self._outputs: dict[str, list[str]] = {}
        self._loose: list[str] = []
        self._callback_error: BaseException | None = None
        self._closed = False

    def __enter__(self) -> Self:
        if self._settings.init_type != "on-demand":
            with self._lock:
                self._start_ahead()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Kill the process and all that it started; whoever waits in `invoke` gets a `LambdaKitError`."""
        self._closed = True
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            sandbox.close()

    def invoke(
        self,
        event: object,
        *,
        trace_id: str | None = None,
        tenant_id: str | None = None,
        client_context: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> Outcome:
        """Invoke the function and return what it came to; a failure of the function is not raised.

        Args:
            event: anything that JSON can express.
            trace_id: the X-Ray trace header; by default a new trace, not sampled.
            tenant_id: what `context.tenant_id` is, for functions with tenant isolation.
            client_context: what `context.client_context` is made of.
            request_id: by default a new one.

        Raises:
            ConfigurationError: the event is not JSON or larger than 6 MiB, or an argument cannot be.
            LambdaKitError: the environment is closed.
        """
        exchange = exchange_for(
            self._settings,
            event,
            trace_id=trace_id,
            tenant_id=tenant_id,
            client_context=client_context,
            request_id=request_id,
        )
        if self._settings.concurrency is not None:
            return self._invoke(exchange)
        with self._turn:
            return self._invoke(exchange)

    # One invocation

    def _invoke(self, exchange: Exchange) -> Outcome:
        request_id = exchange.request_id
        output: list[str] = []
        with self._talk:
            if request_id in self._outputs:
                raise ConfigurationError(f"request_id is {request_id!r}; an invocation with that id is still running")
            self._outputs[request_id] = output
        try:
            with self._lock:
                sandbox, init, announced = self._ready(exchange)
            if not announced:
                self._report(_outcome.start_line(request_id))
            end = None if sandbox is None else sandbox.run(exchange)
            if sandbox is not None and end == "exit" and exchange.handed_at is None and not sandbox.closing:
                # It ended after the invocation before, unnoticed until now: this is a cold start, and no crash.
                self._drop(sandbox)
                with self._lock:
                    sandbox, init, _ = self._ready(exchange)
                end = None if sandbox is None else sandbox.run(exchange)
            if sandbox is None or end is None:
                assert init is not None  # noqa: S101  # without a sandbox there is an error
                outcome, status_line = self._init_failure(exchange, init), None
            else:
                if end == "exit" and sandbox.closing:
                    raise LambdaKitError("the environment was closed while an invocation was running")
                outcome, status_line = self._settle(exchange, end, sandbox, init)
                if end == "memory" or (end == "timeout" and self._settings.concurrency is None) or not sandbox.alive:
                    self._drop(sandbox)
        except BaseException:
            # Whoever stopped waiting cannot leave the function running: the next invocation would get its answer.
            if self._settings.concurrency is None:
                self._discard()
            raise
        finally:
            with self._talk:
                del self._outputs[request_id]
        if status_line is not None:
            self._report(status_line)
        self._report(_outcome.end_line(request_id))
        in_report = self._settings.init_type == "on-demand"
        self._report(_outcome.report_line(outcome, self._settings.memory, init_in_report=in_report))
        self._raise_callback_error()
        return outcome

    def _settle(
        self, exchange: Exchange, end: RunEnd, sandbox: Sandbox, init: Init | None
    ) -> tuple[Outcome, str | None]:
        now = time.perf_counter()
        began = exchange.handed_at or now
        if init is not None and init.within_invocation:
            began = sandbox.started_at
        duration = ((exchange.answered_at or now) - began) * 1000
        status: Status
        content_type, line = "application/json", None
        answer = exchange.answer
        if end == "answered" and answer is not None and answer.kind == "response":
            status, error = "success", None
            content_type, payload = answer.content_type, _outcome.decode(answer.body, answer.content_type)
        elif end == "answered" and answer is not None and answer.kind == "error":
            status = "error"
            payload, error = _outcome.posted_error(answer.body, answer.error_type)
        elif end == "answered":
            status = "error"
            error = FunctionError(
                "Function.ResponseSizeTooLarge",
                f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes).",
            )
            payload = _outcome.platform_payload(error)
        elif end == "busy":
            status = "error"
            error = FunctionError(
                "TooManyRequestsException",
                f"All {self._settings.concurrency} processes were still busy after {exchange.timeout:.2f} seconds",
            )
            payload = _outcome.platform_payload(error)
        elif end == "timeout":
            status, duration = "timeout", self._settings.timeout * 1000
            error = self._platform_error(exchange, "Sandbox.Timedout", _outcome.timed_out(self._settings.timeout))
            payload, line = (
                _outcome.platform_payload(error),
                _outcome.timeout_line(exchange.request_id, self._settings.timeout),
            )
        else:
            status = "crash"
            code = -9 if end == "memory" else (sandbox.process.returncode or 0)
            error = self._platform_error(exchange, "Runtime.ExitError", _outcome.describe_exit(code))
            payload, line = _outcome.platform_payload(error), f"{error.message}\n{error.type}"
        cold = init is not None
        outcome = self._outcome(exchange, status, payload, error, content_type, duration, init, sandbox.peak, cold=cold)
        return outcome, line

    def _init_failure(self, exchange: Exchange, init: Init) -> Outcome:
        error = init.error
        assert error is not None  # noqa: S101
        status: Status = "init-error"
        message = error.message
        if error.type in ("Runtime.ExitError", "Sandbox.Timedout", "SnapStartTimeoutException"):
            status = "timeout" if error.type == "Sandbox.Timedout" and init.within_invocation else "init-error"
            error = self._platform_error(exchange, error.type, message)
            payload: Any = _outcome.platform_payload(error)
            if status == "timeout":
                self._report(_outcome.timeout_line(exchange.request_id, self._settings.timeout))
            else:
                self._report(f"{error.message}\n{error.type}")
        else:
            payload = init.payload
        return self._outcome(
            exchange, status, payload, error, "application/json", init.elapsed_ms, init, init.peak, cold=True
        )

    def _outcome(  # noqa: PLR0913  # the fields of a record
        self,
        exchange: Exchange,
        status: Status,
        payload: Any,
        error: FunctionError | None,
        content_type: str,
        duration: float,
        init: Init | None,
        peak: int | None,
        *,
        cold: bool,
    ) -> Outcome:
        init_ms = None if init is None or init.within_invocation else init.elapsed_ms
        billed = duration
        if init_ms is not None and self._settings.init_type == "on-demand" and init is not None and init.error is None:
            billed += init_ms
        with self._talk:
            output = "".join(self._outputs[exchange.request_id])
        return Outcome(
            request_id=exchange.request_id,
            status=status,
            payload=payload,
            error=error,
            content_type=content_type,
            output=output,
            init_output="" if init is None else init.output,
            duration_ms=duration,
            billed_ms=math.ceil(billed),
            init_ms=init_ms,
            restore_ms=None if init is None else init.restore_ms,
            max_memory_mb=None if peak is None else math.ceil(peak / 2**20),
            cold=cold,
        )

    def _platform_error(self, exchange: Exchange, kind: str, message: str) -> FunctionError:
        return FunctionError(kind, f"RequestId: {exchange.request_id} Error: {message}")

    # The life of the sandbox

    def _start_ahead(self) -> None:
        """Start and initialize a sandbox before there is an invocation."""
        limit = max(LONG_INIT_LIMIT, self._settings.timeout)
        self._init = self._initialize(limit)
        self._report_init(self._init, always=True)

    def _ready(self, exchange: Exchange) -> tuple[Sandbox | None, Init | None, bool]:
        """Return the sandbox, its initialization if this invocation is its first, and whether START is written."""
        if self._closed:
            raise LambdaKitError("the environment is closed")
        sandbox = self._sandbox
        if sandbox is not None and not sandbox.alive:
            self._discard()
            sandbox = None
        if sandbox is None and self._init is None:
            if self._settings.init_type != "on-demand":
                self._start_ahead()
            else:
                self._init = self._initialize(INIT_LIMIT)
                if self._init.timed_out:
                    self._report_init(self._init)
                    self._report(_outcome.start_line(exchange.request_id))
                    return (*self._again(exchange), True)
                self._report_init(self._init)
        init, self._init = self._init, None
        if init is not None and init.error is None and self._settings.init_type == "snap-start":
            assert self._sandbox is not None  # noqa: S101  # without an error there is one
            restore(self._sandbox, init, RESTORE_LIMIT)
            init.output += self._take_loose()
        if init is not None and init.error is not None:
            self._discard()
        return self._sandbox, init, False

    def _again(self, exchange: Exchange) -> tuple[Sandbox | None, Init | None]:
        """Initialize once more as part of the invocation, as Lambda does when the first try took too long."""
        self._init = None
        init = self._initialize(self._settings.timeout)
        init.within_invocation = True
        if init.error is not None:
            self._report_init(init, phase="invoke")
            self._discard()
        exchange.timeout = max(0.0, self._settings.timeout - init.elapsed_ms / 1000)
        return self._sandbox, init

    def _initialize(self, limit: float) -> Init:
        self._loose.clear()
        if self._closed:
            raise LambdaKitError("the environment is closed")
        sandbox = self._sandbox = Sandbox(self._settings, self._version, self._line)
        try:
            init = initialize(sandbox, limit)
        except BaseException:
            self._discard()
            raise
        if self._closed:
            raise LambdaKitError("the environment was closed while it was being initialized")
        if init.error is not None:
            self._discard()
        init.output = self._take_loose()
        return init

    def _report_init(self, init: Init, phase: Literal["init", "invoke"] = "init", *, always: bool = False) -> None:
        if init.timed_out:
            self._report(_outcome.init_report_line(init.elapsed_ms, phase, "timeout"))
        elif init.error is not None:
            self._report(_outcome.init_report_line(init.elapsed_ms, phase, "error", init.error.type))
        elif always:
            self._report(_outcome.init_report_line(init.elapsed_ms, phase, "success"))

    def _drop(self, sandbox: Sandbox) -> None:
        """Let go of this sandbox, unless another one took its place."""
        with self._lock:
            if self._sandbox is sandbox:
                self._discard()

    def _discard(self) -> None:
        sandbox, self._sandbox = self._sandbox, None
        if sandbox is not None:
            sandbox.close()

    # Output

    def _line(self, request_id: str | None, line: str) -> None:
        with self._talk:
            output = self._outputs.get(request_id) if request_id is not None else None
            if output is not None:
                output.append(line)
            elif self._settings.concurrency is None and self._outputs and not self._initializing():
                next(iter(self._outputs.values())).append(line)
            else:
                self._loose.append(line)
            if self._settings.concurrency is not None and request_id is not None:
                line = f"{request_id[:8]} | {line}"
            self._call(self._on_output, line)

    def _initializing(self) -> bool:
        return self._sandbox is None or self._sandbox.first

    def _take_loose(self) -> str:
        with self._talk:
            text = "".join(self._loose)
            self._loose.clear()
        return text

    def _report(self, line: str) -> None:
        with self._talk:
            self._call(self._on_report, line)

    def _call(self, callback: Callable[[str], None] | None, text: str) -> None:
        if callback is None or self._callback_error is not None:
            return
        try:
            callback(text)
        except BaseException as error:  # it belongs to the caller of invoke, not to this thread
            self._callback_error = error

    def _raise_callback_error(self) -> None:
        error, self._callback_error = self._callback_error, None
        if error is not None:
            raise error
