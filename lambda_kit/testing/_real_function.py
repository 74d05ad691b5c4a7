"""A function under the real runtime client, with results that are read like those of `invoke`."""

from __future__ import annotations

import contextlib
import os
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError
from lambda_kit.local import Environment
from lambda_kit.testing._logs import Logs
from lambda_kit.testing._metric_values import MetricValues
from lambda_kit.testing._recording import noted
from lambda_kit.testing._result_assertions import ResultAssertions
from lambda_kit.testing._spans import Spans

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType
    from typing import Self, Unpack

    from lambda_kit.local import FunctionError, Outcome


class FunctionOptions(TypedDict, total=False):
    """The options of a function; `lambda_kit.local.Environment` describes them."""

    timeout: float
    memory: int
    init_type: str | None
    concurrency: int | None
    env: Mapping[str, str] | None
    python: str | None
    cwd: str | os.PathLike[str] | None
    log_format: str | None
    log_level: str | None
    function_name: str | None
    runtime: str
    sigterm: bool


@dataclass(frozen=True, slots=True)
class RealResult(ResultAssertions):
    """The result of one invocation under the runtime client.

    Attributes:
        value: what a caller of the function gets: decoded JSON, or bytes if the response is not JSON. After a failure
            it is the payload of the error.
        error: the error in the words of the runtime client or of the platform, with `type` and `message`; None if the
            function succeeded.
        output: the text that the function printed and logged, while it was imported too.
        logs: the lines of the output that are JSON objects. A tuple that can be searched.
        spans: the outermost spans of this invocation, if the function is `traced`. A tuple that can be searched.
        metrics: the values of each metric that was written, by name.
        cold: whether this was the first invocation of its process.
        duration: from the event to the answer, in seconds.
        outcome: everything that the platform knows: status, billed and init durations, memory.
    """

    value: Any
    error: FunctionError | None
    output: str
    logs: Logs
    spans: Spans
    metrics: MetricValues
    cold: bool
    duration: float
    outcome: Outcome

    def unwrap(self) -> Any:
        """Return the value.

        Raises:
            AssertionError: the function failed. The message has the error, its frames and the output.
        """
        __tracebackhide__ = True
        if self.error is None:
            return self.value
        frames = "\n".join(line.rstrip("\n") for line in self.error.stack_trace)
        raise AssertionError(
            "\n".join(filter(None, [f"the function failed: {self.error.type}: {self.error.message}", frames]))
            + f"\noutput:\n{self.output}".rstrip()
        )


class RealFunction:
    """A function in a process of its own, under the real runtime client. Use it as a context manager.

    Args:
        handler: `"MODULE.FUNCTION"`, as in Lambda's configuration, or the function itself: one that stands in a module.
        traced: whether invocations are sampled and their spans are collected; default False.
        **options: those of `lambda_kit.local.Environment`: `timeout`, `memory`, `env`, `init_type`, `runtime` and so
            on. The process finds all modules that this one finds.

    Raises:
        ConfigurationError: the function cannot be imported by a name, or an option is wrong.
        RuntimeClientMissing: the runtime client is not installed.
    """

    def __init__(
        self,
        handler: str | Callable[[Any, Any], Any],
        *,
        traced: bool = False,
        **options: Unpack[FunctionOptions],
    ) -> None:
        cwd = options.get("cwd")
        if not isinstance(handler, str):
            handler, root = _place_of(handler)
            cwd = root if cwd is None else cwd
        env = dict(options.get("env") or {})
        self._daemon: Any = None
        self._parts = contextlib.ExitStack()
        if traced:
            from lambda_kit.testing._xray import FakeXRayDaemon

            self._daemon = self._parts.enter_context(FakeXRayDaemon())
            env["AWS_XRAY_DAEMON_ADDRESS"] = self._daemon.environ["AWS_XRAY_DAEMON_ADDRESS"]
        if options.get("python") in (None, sys.executable):
            env["PYTHONPATH"] = os.pathsep.join(filter(None, [env.get("PYTHONPATH"), *_own_path()]))
        self._handler = handler
        self._options: FunctionOptions = {**options, "cwd": cwd, "env": env}
        try:
            self._environment = Environment(handler, **self._options)
        except BaseException:
            self._parts.close()
            raise

    def invoke(
        self,
        event: Any = None,
        *,
        cold: bool = False,
        tenant_id: str | None = None,
        client_context: Mapping[str, Any] | None = None,
        request_id: str | None = None,
    ) -> RealResult:
        """Invoke the function and return its result; a failure is part of the result.

        Args:
            event: anything that JSON can express; default `{}`.
            cold: True ends the process first, so that the function is imported anew; default False. The first
                invocation is cold in any case.
            tenant_id: the value of `context.tenant_id`; default None.
            client_context: the source of `context.client_context`; default None.
            request_id: the request id; default: a new one.
        """
        if cold:
            self._environment.close()
            self._environment = Environment(self._handler, **self._options)
        outcome = self._environment.invoke(
            {} if event is None else event,
            trace_id=None if self._daemon is None else self._daemon.next_invocation(),
            tenant_id=tenant_id,
            client_context=client_context,
            request_id=request_id,
        )
        spans = () if self._daemon is None else self._daemon.tree(self._daemon.trace_id)
        output = outcome.init_output + outcome.output
        error = outcome.error
        note = "" if error is None else f"\nthe function failed: {error.type}: {error.message}"
        logs = Logs.parse(output)
        return RealResult(
            value=outcome.payload,
            error=error,
            output=output,
            logs=noted(logs, note),
            spans=noted(Spans(spans), note if self._daemon is not None else f"{note}\npass traced=True for spans"),
            metrics=noted(MetricValues(logs), note),
            cold=outcome.cold,
            duration=outcome.duration_ms / 1000,
            outcome=outcome,
        )

    def close(self) -> None:
        """End the process."""
        self._environment.close()
        self._parts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class StartFunction(Protocol):
    """The type of the fixture `lambda_runtime`: it starts a `RealFunction` that ends with the test."""

    def __call__(
        self,
        handler: str | Callable[[Any, Any], Any],
        *,
        traced: bool = False,
        **options: Unpack[FunctionOptions],
    ) -> RealFunction:
        """Start a function under the runtime client; the arguments are those of `RealFunction`."""
        ...


def _place_of(handler: Callable[[Any, Any], Any]) -> tuple[str, str]:
    """Return the name by which the runtime client finds a function, and the folder from which it imports it."""
    module, name = _name_of(handler)
    file = getattr(sys.modules[module], "__file__", None)
    if file is None or not Path(file).is_file():
        raise ConfigurationError(f'{module}.{name} stands in no file that could be imported; pass "MODULE.FUNCTION"')
    path = Path(file).resolve()
    place = path.parent if path.name == "__init__.py" else path.with_suffix("")
    parts = module.split(".")
    if list(place.parts[-len(parts) :]) == parts:
        return f"{module}.{name}", str(place.parents[len(parts) - 1])
    return f"{place.name}.{name}", str(place.parent)


def _name_of(handler: Callable[[Any, Any], Any]) -> tuple[str, str]:
    """Return the module in which a function has a name, and the name; a layered application has none of its own."""
    module, name = str(getattr(handler, "__module__", "")), getattr(handler, "__qualname__", "")
    if getattr(sys.modules.get(module), name, None) is handler:
        return module, name
    for module, loaded in list(sys.modules.items()):
        for name, value in list(getattr(loaded, "__dict__", {}).items()):
            if value is handler and getattr(loaded, "__file__", None):
                return module, name
    raise ConfigurationError(
        f"{callables.name_of(handler)} is not a function of a module, which the runtime client could import; pass "
        '"MODULE.FUNCTION"'
    )


def _own_path() -> list[str]:
    """Return the folders from which this process imports, without those that each interpreter has."""
    known = {os.path.realpath(path) for path in sysconfig.get_paths().values()}
    return [path for path in sys.path if path and Path(path).is_dir() and os.path.realpath(path) not in known]
