"""An execution environment of a function: invocations one after the other, cold when Lambda's would be."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from lambda_kit.errors import LambdaKitError
from lambda_kit.local import _platform_lines as lines
from lambda_kit.local._output import Output
from lambda_kit.local._request import exchange_for
from lambda_kit.local._results import outcome_of, result_of_init, result_of_run
from lambda_kit.local._sandboxes import Sandboxes
from lambda_kit.local._settings import Settings, missing, probe

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    from lambda_kit.local._exchange import Exchange
    from lambda_kit.local._outcome import Outcome


SIGTERM_GRACE = 0.3
"""Seconds that Lambda gives a function with extensions between SIGTERM and SIGKILL."""


class Environment:
    """One execution environment: the function under a runtime client, by default the one that AWS ships.

    The first invocation starts the process. For every `init_type` but `on-demand`, Lambda starts it before there is an
    invocation; so does entering the context. After a timeout or a crash the next invocation starts another one. The
    process and all that it started are killed by `close`, on leaving the context, and when this program ends.

    Args:
        handler: `MODULE.FUNCTION`, as in Lambda's configuration.
        timeout: seconds that an invocation may take, up to 1,800, and 5,400 on Managed Instances.
        memory: MB that the function has, 128 to 10,240, and 32,768 on Managed Instances; it is killed if it uses more.
        init_type: `on-demand`, `provisioned-concurrency`, `snap-start` or `lambda-managed-instances`. By default
            `on-demand`, and `lambda-managed-instances` where `concurrency` is given.
        concurrency: the number of processes of a Managed Instance; as many threads may call `invoke` at a time.
        env: environment variables of the function, over those of this process.
        python: the interpreter to run it with; by default this one.
        cwd: the function's root: its working directory, from which it is imported. By default the current directory.
        on_output: called with the text that the function prints, as it is printed; under a Managed Instance each line
            starts with the first digits of its request's id. It may be called on any thread, on one at a time.
        on_report: called likewise with each line of the platform: `START`, `END`, `REPORT` and so on.
        log_format: `text` or `json`; by default what `AWS_LAMBDA_LOG_FORMAT` says here.
        log_level: `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR` or `FATAL`; by default what `AWS_LAMBDA_LOG_LEVEL` says.
        function_name: by default the last part of the module's name.
        runtime: the runtime client: `awslambdaric`, which AWS ships and which is the default, or `kit`, the kit's own.
        sigterm: on `close`, send SIGTERM and wait up to 0.3 seconds before the kill, as Lambda does for functions with
            extensions.
        launcher: a script of Python and its arguments, which gets the module of the runtime client and the handler as
            two more arguments, and runs the client; for tools that look into the process. By default the interpreter
            runs the client itself.

    Attributes:
        settings: the arguments, checked.

    Raises:
        ConfigurationError: an argument is wrong.
        RuntimeClientMissing: the interpreter does not have the runtime client.

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
        runtime: str = "awslambdaric",
        sigterm: bool = False,
        launcher: Sequence[str] = (),
    ) -> None:
        self.settings = Settings.checked(
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
            runtime=runtime,
            launcher=launcher,
        )
        version, found = probe(self.settings.python, runtime)
        if not found:
            raise missing(self.settings.python, runtime)
        self._output = Output(on_output, on_report, labelled=self.settings.concurrency is not None)
        self._sandboxes = Sandboxes(self.settings, version, self._output, grace=SIGTERM_GRACE if sigterm else 0.0)
        self._turn = threading.Lock()  # of an environment that runs one invocation at a time

    def __enter__(self) -> Self:
        if self.settings.init_type != "on-demand":
            self._sandboxes.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def ready_processes(self) -> int:
        """The number of processes of a Managed Instance that have asked for an invocation."""
        return self._sandboxes.ready_processes

    def close(self) -> None:
        """Kill the process and all that it started. A call of `invoke` that waits raises a `LambdaKitError`."""
        self._sandboxes.close()

    def invoke(
        self,
        event: object,
        *,
        trace_id: str | None = None,
        tenant_id: str | None = None,
        client_context: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        asynchronous: bool = False,
        on_part: Callable[[bytes, str], None] | None = None,
    ) -> Outcome:
        """Invoke the function and return the outcome; a failure of the function is not raised.

        Args:
            event: anything that JSON can express.
            trace_id: the X-Ray trace header; by default a new trace, not sampled.
            tenant_id: the value of `context.tenant_id`, for functions with tenant isolation.
            client_context: the source of `context.client_context`.
            request_id: by default a new one.
            asynchronous: refuse an event over 1 MiB, Lambda's limit for asynchronous invocations, and not over 6 MiB.
            on_part: called with each part of a streamed response as it comes, and with the media type of the
                response. The payload of the outcome is then empty. By default the payload has all parts.

        Raises:
            ConfigurationError: the event is not JSON or too large, or an argument is wrong.
            LambdaKitError: the environment is closed.
        """
        exchange = exchange_for(
            self.settings,
            event,
            trace_id=trace_id,
            tenant_id=tenant_id,
            client_context=client_context,
            request_id=request_id,
            asynchronous=asynchronous,
        )
        exchange.on_part = on_part
        outcome = self.run(exchange)
        if exchange.part_error is not None:
            raise exchange.part_error
        return outcome

    def run(self, exchange: Exchange) -> Outcome:
        """Run an invocation that is made already. `invoke` makes one and runs it."""
        if self.settings.concurrency is not None:
            return self._invoke(exchange)
        with self._turn:
            return self._invoke(exchange)

    def _invoke(self, exchange: Exchange) -> Outcome:
        request_id = exchange.request_id
        self._output.begin(request_id)
        try:
            outcome, line = self._run(exchange)
        except BaseException:
            # The next invocation would get the answer of a function that nobody waits for.
            if self.settings.concurrency is None:
                self._sandboxes.discard()
            raise
        finally:
            self._output.end(request_id)
        if line is not None:
            self._output.report(line)
        self._output.report(lines.end_line(request_id))
        on_demand = self.settings.init_type == "on-demand"
        self._output.report(lines.report_line(outcome, self.settings.memory, init_in_report=on_demand))
        self._output.raise_callback_error()
        return outcome

    def _run(self, exchange: Exchange) -> tuple[Outcome, str | None]:
        """Run an invocation; return its outcome, and what the platform writes if it was stopped."""
        sandbox, init, start_reported = self._sandboxes.ready(exchange)
        if not start_reported:
            self._output.report(lines.start_line(exchange.request_id))
        end = None if sandbox is None else sandbox.run(exchange)
        if sandbox is not None and end == "exit" and exchange.handed_at is None and not sandbox.closing:
            # The process ended after the invocation before, unnoticed until now: this is a cold start, and no crash.
            self._sandboxes.drop(sandbox)
            sandbox, init, _ = self._sandboxes.ready(exchange)
            end = None if sandbox is None else sandbox.run(exchange)
        if sandbox is None or end is None:
            assert init is not None  # noqa: S101  # without a sandbox there is an error
            result, peak = result_of_init(self.settings, exchange, init), init.peak
        elif end == "exit" and sandbox.closing:
            raise LambdaKitError("the environment was closed while an invocation was running")
        else:
            result, peak = result_of_run(self.settings, exchange, end, sandbox, init), sandbox.peak
            if end == "memory" or (end == "timeout" and self.settings.concurrency is None) or not sandbox.alive:
                self._sandboxes.drop(sandbox)
        on_demand = self.settings.init_type == "on-demand"
        output = self._output.of(exchange.request_id)
        return outcome_of(result, exchange, init, peak, output, init_is_billed=on_demand), result.line
