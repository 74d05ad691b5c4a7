"""Running a durable execution to its end, in this process, with AWS's testing package."""

from __future__ import annotations

import contextlib
import json
import threading
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from lambda_kit.errors import ConfigurationError, ExecutionFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lambda_kit.local._lines import Lines

_TESTING = "aws_durable_execution_sdk_python_testing"
_LONGEST = 366 * 86_400  # seconds that an execution may take, by the clock that skips waits


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One change of an operation that a run has sent to the service.

    Attributes:
        kind: of the operation, as AWS names it: `STEP`, `WAIT`, `CALLBACK`, `CONTEXT`, `CHAINED_INVOKE`, `EXECUTION`.
        action: `START`, `SUCCEED`, `FAIL`, `RETRY` or `CANCEL`.
        name: of the operation; None if it has none.
    """

    kind: str
    action: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the handler in a durable execution.

    Attributes:
        status: `"SUCCEEDED"`, `"FAILED"`, `"PENDING"` for a suspension, or `"RETRY"` for an error after which Lambda
            tries the run again.
        checkpoints: what it has sent, in order.
        logs: the entries of `Result.logs` that it has written.
        output: what it has printed to standard output.
    """

    status: str
    checkpoints: tuple[Checkpoint, ...]
    logs: tuple[dict[str, Any], ...]
    output: str


class Execution:
    """A durable execution under AWS's testing package.

    Args:
        handler: the function under `durable_execution`.
        lines: the standard output while it runs.
        answers: the answers to callbacks, by their names; an exception is a failure.
        skip_waits: whether waits end at once.
        patience: seconds that the execution may take by the clock of this machine.

    Attributes:
        runs: those that have ended.
    """

    def __init__(
        self,
        handler: Callable[[Any, Any], Any],
        lines: Lines,
        *,
        answers: Mapping[str, Any],
        skip_waits: bool,
        patience: float,
    ) -> None:
        self.runs: list[Run] = []
        self._handler = handler
        self._lines = lines
        self._answers = dict(answers)
        self._skip_waits = skip_waits
        self._patience = patience
        self._waiting: list[tuple[str, str]] = []  # callbacks that wait for an answer: id and name
        self._threads: list[threading.Thread] = []
        self._checkpoints: list[Checkpoint] = []
        self._runner: Any = None

    def run(self, event: Any) -> Any:
        """Run it to its end, and return its result.

        Raises:
            ConfigurationError: the testing package is not installed, or a callback has no answer.
            ExecutionFailed: the execution has failed.
        """
        try:
            runner_class: Any = import_module(_TESTING).DurableFunctionTestRunner
        except ImportError as error:
            from lambda_kit._kernel import extras

            raise extras.missing("invoke() of a durable handler", _TESTING.replace("_", "-"), "durable") from error
        runner = self._runner = runner_class(
            handler=self._run_once, poll_interval=0.01, execution_timeout=_LONGEST, skip_time=self._skip_waits
        )
        try:
            arn = runner.run_async(input=json.dumps(event))
            try:
                result = runner.wait_for_result(arn, timeout=self._patience)
            except TimeoutError as error:
                raise ConfigurationError(self._why()) from error
        finally:
            for thread in self._threads:
                thread.join()
            runner.close()
            loop = getattr(getattr(runner, "_scheduler", None), "_loop", None)  # the package leaves it open
            if loop is not None and not loop.is_running():
                loop.close()
        if result.error is not None or result.status.value != "SUCCEEDED":
            raise _failed(result)
        return json.loads(result.result) if result.result else None

    def _why(self) -> str:
        names = sorted({name for _, name in self._waiting})
        if names:
            return (
                f"the execution waits for the callback {', '.join(names)}, which has no answer; pass "
                f"answers={{{names[0]!r}: ...}} to invoke(), or --answer {names[0]}=VALUE to lambda-kit"
            )
        return f"the execution did not end within {self._patience:g} s; pass a longer patience= to invoke()"

    def _run_once(self, event: Any, context: Any) -> Any:
        checkpoints: list[Checkpoint] = []
        self._checkpoints = checkpoints
        lines, status = self._lines, "RETRY"
        logged, printed = len(lines.logs), len(lines.getvalue())
        client = _Recording(event.service_client, self._note)
        try:
            answer = self._handler(replace(event, service_client=client), context)
            status = answer["Status"]
            return answer
        finally:
            output = lines.getvalue()[printed:]
            self.runs.append(Run(status, tuple(checkpoints), tuple(lines.logs[logged:]), output))
            self._answer()

    def _note(self, updates: Any, output: Any) -> None:
        """Note what a run sends, and the callbacks that it has made."""
        for one in updates:
            self._checkpoints.append(Checkpoint(one.operation_type.value, one.action.value, one.name))
        for one in output.new_execution_state.operations:
            details = getattr(one, "callback_details", None)
            if details is not None and details.callback_id and one.status.value == "STARTED":
                name = (one.name or "").removesuffix(" create callback id")  # as `wait_for_callback` names it
                if (details.callback_id, name) not in self._waiting:
                    self._waiting.append((details.callback_id, name))

    def _answer(self) -> None:
        """Answer the callbacks, in a thread: a run does not wait for it."""
        for callback, name in tuple(self._waiting):
            if name in self._answers:
                self._waiting.remove((callback, name))
                thread = threading.Thread(target=self._send, args=(callback, self._answers[name]))
                self._threads.append(thread)
                thread.start()

    def _send(self, callback: str, answer: Any) -> None:
        with contextlib.suppress(Exception):  # the execution has ended meanwhile
            if isinstance(answer, Exception):
                error: Any = import_module("aws_durable_execution_sdk_python.lambda_service").ErrorObject
                self._runner.send_callback_failure(callback, error.from_exception(answer))
            else:
                text = answer if isinstance(answer, str) else json.dumps(answer)
                self._runner.send_callback_success(callback, text.encode())


class _Recording:
    """A client of the service which notes what goes through it."""

    def __init__(self, client: Any, note: Callable[[Any, Any], None]) -> None:
        self._client = client
        self._note = note

    def checkpoint(self, *args: Any, **kwargs: Any) -> Any:
        output = self._client.checkpoint(*args, **kwargs)
        self._note(kwargs.get("updates") or args[2], output)
        return output

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


def _failed(result: Any) -> ExecutionFailed:
    kind = getattr(result.error, "type", None) or result.status.value
    reason = getattr(result.error, "message", None) or ""
    failure = ExecutionFailed(f"the durable execution has failed with {kind}: {reason}")
    failure.error_type, failure.reason = kind, reason
    return failure
