"""The handler in this process, for systems on which the runtime client does not exist.

The limits that need a process of the function's own are not enforced: the timeout does not stop the function, its
memory is not limited, and a crash ends this program.
"""

from __future__ import annotations

import importlib
import io
import json
import logging
import math
import os
import sys
import time
import traceback
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any, cast

from lambda_kit.errors import ConfigurationError
from lambda_kit.local import _outcome, _platform_lines
from lambda_kit.local._outcome import FunctionError, Outcome
from lambda_kit.local._request import exchange_for

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from types import TracebackType
    from typing import Self

    from lambda_kit.local._settings import Settings

NOT_ENFORCED = "the timeout does not stop the function, its memory is not limited, and a crash ends this command"


class InProcess:
    """The function, imported here; it has the methods of `Environment`.

    Args:
        settings: the function. Only the on-demand initialization type is possible.
        on_output: called with the text that the function prints.
        on_report: called with each line of the platform.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        on_output: Callable[[str], None] | None = None,
        on_report: Callable[[str], None] | None = None,
    ) -> None:
        self._settings = settings
        self._on_output = on_output
        self._on_report = on_report
        self._function: Callable[[Any, Any], Any] | None = None
        self._saved: tuple[dict[str, str], list[str], str] | None = None

    def __enter__(self) -> Self:
        self._saved = dict(os.environ), list(sys.path), os.getcwd()  # noqa: PTH109
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        environment = self._settings.environment("", version)
        del environment["AWS_LAMBDA_RUNTIME_API"]
        os.environ.clear()
        os.environ.update(environment)
        sys.path.insert(0, self._settings.cwd)
        os.chdir(self._settings.cwd)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._saved is not None:
            os.environ.clear()
            os.environ.update(self._saved[0])
            sys.path[:] = self._saved[1]
            os.chdir(self._saved[2])

    def function(self) -> Callable[[Any, Any], Any]:
        """Import the function, and return it.

        Raises:
            ConfigurationError: it cannot be imported.
        """
        error = self._load()
        if error is not None or self._function is None:
            raise ConfigurationError("the handler was not found" if error is None else f"{error.type}: {error.message}")
        return self._function

    def invoke(
        self,
        event: object,
        *,
        trace_id: str | None = None,
        tenant_id: str | None = None,
        client_context: Mapping[str, Any] | None = None,
        request_id: str | None = None,
        asynchronous: bool = False,
    ) -> Outcome:
        """Call the handler and return the outcome; see `Environment.invoke`."""
        exchange = exchange_for(
            self._settings,
            event,
            trace_id=trace_id,
            tenant_id=tenant_id,
            client_context=client_context,
            request_id=request_id,
            asynchronous=asynchronous,
        )
        request_id = exchange.request_id
        os.environ["_X_AMZN_TRACE_ID"] = exchange.headers["Lambda-Runtime-Trace-Id"]
        output = _Tee(self._on_output)
        cold = self._function is None
        init_ms: float | None = None
        init_output = ""
        error: FunctionError | None = None
        if self._function is None:
            began = time.perf_counter()
            with self._captured(output, ""):
                error = self._load()
            init_ms = (time.perf_counter() - began) * 1000
            init_output = output.take()
        self._report(_platform_lines.start_line(request_id))
        if error is not None:
            self._report(f"[ERROR] {error.type}: {error.message}\n{''.join(error.stack_trace)}".rstrip())
            outcome = self._outcome(
                request_id, "init-error", None, error, "", init_output, init_ms or 0.0, init_ms, cold
            )
        else:
            context = InProcessContext(self._settings, request_id, tenant_id, client_context)
            outcome = self._call(json.loads(exchange.body), context, output, init_output, init_ms, cold=cold)
        if outcome.status == "timeout":
            self._report(_platform_lines.timeout_line(request_id, self._settings.timeout))
        self._report(_platform_lines.end_line(request_id))
        self._report(_platform_lines.report_line(outcome, self._settings.memory, init_in_report=True))
        return outcome

    def _load(self) -> FunctionError | None:
        module_name, _, name = self._settings.handler.rpartition(".")
        try:
            module = importlib.import_module(module_name.replace("/", "."))
        except ImportError as error:
            return FunctionError("Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}")
        except SyntaxError as error:
            return FunctionError("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}")
        except (Exception, SystemExit) as error:  # it is the function's, and its user's to read
            return _described(error)
        function = getattr(module, name, None)
        if function is None:
            return FunctionError("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'")
        self._function = function
        return None

    def _call(
        self,
        event: Any,
        context: InProcessContext,
        output: _Tee,
        init_output: str,
        init_ms: float | None,
        *,
        cold: bool,
    ) -> Outcome:
        assert self._function is not None  # noqa: S101  # it was loaded
        request_id = context.aws_request_id
        payload, error, status = None, None, "success"
        content_type = "application/json"
        began = time.perf_counter()
        try:
            with self._captured(output, request_id):
                result = self._function(event, context)
            if isinstance(result, bytes):
                payload, content_type = result, "application/unknown"
            else:
                payload = _outcome.decode(_encode(result), content_type)
        except _MarshalError as failure:
            status, error = "error", FunctionError("Runtime.MarshalError", str(failure))
        except Exception as failure:  # as the runtime client does
            status, error = "error", _described(failure)
        except SystemExit as failure:
            code = failure.code if isinstance(failure.code, int) else 0 if failure.code is None else 1
            message = f"RequestId: {request_id} Error: {_outcome.describe_exit(code)}"
            status, error = "crash", FunctionError("Runtime.ExitError", message)
        duration = (time.perf_counter() - began) * 1000
        if duration > self._settings.timeout * 1000:
            message = f"RequestId: {request_id} Error: Task timed out after {self._settings.timeout:.2f} seconds"
            status, error = "timeout", FunctionError("Sandbox.Timedout", message)
        if error is not None and status in ("error", "crash"):
            self._report(f"[ERROR] {error.type}: {error.message}\n{''.join(error.stack_trace)}".rstrip())
        return self._outcome(
            request_id, status, payload, error, output.take(), init_output, duration, init_ms, cold, content_type
        )

    def _outcome(  # noqa: PLR0913, PLR0917  # the fields of a record
        self,
        request_id: str,
        status: Any,
        payload: Any,
        error: FunctionError | None,
        output: str,
        init_output: str,
        duration: float,
        init_ms: float | None,
        cold: bool,
        content_type: str = "application/json",
    ) -> Outcome:
        if error is not None:
            payload = {"errorType": error.type, "errorMessage": error.message, "stackTrace": list(error.stack_trace)}
        billed = duration + (init_ms or 0.0 if status != "init-error" else 0.0)
        return Outcome(
            request_id=request_id,
            status=status,
            payload=payload,
            error=error,
            content_type=content_type,
            output=output,
            init_output=init_output,
            duration_ms=duration,
            billed_ms=math.ceil(billed),
            init_ms=init_ms,
            restore_ms=None,
            max_memory_mb=None,
            cold=cold,
        )

    @contextmanager
    def _captured(self, output: _Tee, request_id: str) -> Generator[None]:
        handler = logging.StreamHandler(output)
        formatter = logging.Formatter(
            f"[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t{request_id}\t%(message)s", "%Y-%m-%dT%H:%M:%S"
        )
        formatter.converter = time.gmtime
        handler.setFormatter(formatter)
        root = logging.getLogger()
        level = root.level
        if self._settings.log_level is not None:
            root.setLevel(_LEVELS.get(self._settings.log_level, self._settings.log_level))
        root.addHandler(handler)
        try:
            with redirect_stdout(output), redirect_stderr(output):
                yield
        finally:
            root.removeHandler(handler)
            root.setLevel(level)

    def _report(self, line: str) -> None:
        if self._on_report is not None:
            self._on_report(line)


class InProcessContext:
    """The context that the handler gets: the attributes of Lambda's, with a deadline that runs."""

    def __init__(
        self, settings: Settings, request_id: str, tenant_id: str | None, client_context: Mapping[str, Any] | None
    ) -> None:
        self.aws_request_id = request_id
        self.function_name = settings.function_name
        self.function_version = "$LATEST"
        self.invoked_function_arn = settings.arn
        self.memory_limit_in_mb = str(settings.memory)
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.tenant_id = tenant_id
        self.identity = _Fields(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.client_context: _Fields | None = None
        self._w3c: dict[str, str] = {}
        if client_context is not None:
            given = dict(client_context)
            w3c = given.pop("w3c", None)
            if isinstance(w3c, dict):
                fields = cast("dict[str, Any]", w3c)
                self._w3c = {k: v for k, v in fields.items() if k in _W3C and isinstance(v, str)}
            named: Mapping[str, Any] = given.get("client") or {}
            client = {name: named.get(name) for name in _CLIENT}
            self.client_context = _Fields(
                custom=given.get("custom"),
                env=given.get("env"),
                client=_Fields(**client) if "client" in given else None,
            )
        self._deadline = time.time() + settings.timeout

    def get_remaining_time_in_millis(self) -> int:
        """Return the milliseconds that are left, never less than 0."""
        return max(0, int((self._deadline - time.time()) * 1000))

    def w3c(self) -> dict[str, str]:
        """Return the W3C trace context of the client context."""
        return dict(self._w3c)

    def log(self, message: object) -> None:
        """Write to standard output."""
        sys.stdout.write(str(message))


# What Lambda calls a level that `logging` knows by another name.
_LEVELS = {"TRACE": "DEBUG", "WARN": "WARNING", "FATAL": "CRITICAL"}
_W3C = ("traceparent", "tracestate", "baggage")
_CLIENT = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")


class _Fields:
    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)


class _MarshalError(Exception):
    pass


class _Tee(io.TextIOBase):
    """Keeps what is written, and passes it on."""

    def __init__(self, on_output: Callable[[str], None] | None) -> None:
        self._parts: list[str] = []
        self._on_output = on_output

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        self._parts.append(text)
        if self._on_output is not None:
            self._on_output(text)
        return len(text)

    def take(self) -> str:
        text = "".join(self._parts)
        self._parts.clear()
        return text


def _encode(result: object) -> bytes:
    try:
        return json.dumps(result, ensure_ascii=False, default=_decimal).encode()
    except (TypeError, ValueError) as error:
        raise _MarshalError(f"Unable to marshal response: {error}") from error


def _decimal(value: object) -> Any:
    from decimal import Decimal

    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _described(error: BaseException) -> FunctionError:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename != __file__ and "importlib" not in frame.filename]
    return FunctionError(type(error).__name__, str(error), tuple(traceback.format_list(own)))
