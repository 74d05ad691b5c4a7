from __future__ import annotations

import json
import re
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import ConfigurationError, LambdaKitError
from lambda_kit.local import Environment, _sandbox
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_an_invocation_returns_what_the_handler_returned(env: Environment) -> None:
    outcome = env.invoke({"do": "echo", "text": "ä\u2028€"})
    assert outcome.status == "success"
    assert outcome.error is None
    assert outcome.payload["event"] == {"do": "echo", "text": "ä\u2028€"}
    assert outcome.content_type == "application/json"


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}, "text", 1.5, [1, {"a": None}]])
def test_any_json_value_comes_back_as_it_was(env: Environment, value: object) -> None:
    outcome = env.invoke({"do": "whole", "value": value})
    assert outcome.status == "success"
    assert outcome.payload == value
    assert type(outcome.payload) is type(value)


def test_the_first_invocation_is_cold_and_the_second_is_warm_in_the_same_process(functions: Path) -> None:
    with Environment("app.handler", cwd=functions) as env:
        cold, warm = env.invoke({}), env.invoke({})
    assert cold.cold
    assert cold.init_ms is not None
    assert cold.init_ms > 0
    assert cold.billed_ms >= cold.init_ms + cold.duration_ms
    assert not warm.cold
    assert warm.init_ms is None
    assert warm.payload["pid"] == cold.payload["pid"]
    assert cold.max_memory_mb is not None
    assert 5 < cold.max_memory_mb < 128


def test_an_exception_of_the_handler_comes_back_as_lambda_returns_it(env: Environment) -> None:
    outcome = env.invoke({"do": "fail"})
    assert outcome.status == "error"
    assert outcome.error is not None
    assert (outcome.error.type, outcome.error.message) == ("ValueError", "bad value")
    assert 'raise ValueError("bad value")' in outcome.error.stack_trace[-1]
    assert outcome.payload["requestId"] == outcome.request_id
    assert outcome.payload["errorType"] == "ValueError"
    assert "[ERROR] ValueError: bad value\nTraceback (most recent call last):\n  File " in outcome.output


def test_of_a_chain_of_exceptions_the_last_is_reported(env: Environment) -> None:
    outcome = env.invoke({"do": "fail_chained"})
    assert outcome.error is not None
    assert outcome.error.type == "ValueError"
    assert "ZeroDivisionError" not in json.dumps(outcome.payload)


def test_bytes_come_back_as_bytes(env: Environment) -> None:
    outcome = env.invoke({"do": "give_bytes"})
    assert (outcome.payload, outcome.content_type) == (b"\x00\xff", "application/unknown")


def test_what_python_alone_takes_for_json_comes_back_as_bytes(env: Environment) -> None:
    assert env.invoke({"do": "give_nan"}).payload == b"NaN"


def test_a_result_that_is_not_json_is_a_marshalling_error(env: Environment) -> None:
    outcome = env.invoke({"do": "give_set"})
    assert outcome.status == "error"
    assert outcome.error is not None
    assert outcome.error.type == "Runtime.MarshalError"


def test_a_timeout_kills_the_function_and_the_next_invocation_is_cold(functions: Path) -> None:
    lines: list[str] = []
    with Environment("app.handler", cwd=functions, timeout=0.5, on_report=lines.append) as env:
        first = env.invoke({})
        began = time.perf_counter()
        outcome = env.invoke({"do": "sleep", "seconds": 30})
        took = time.perf_counter() - began
        third = env.invoke({})
    assert took < 5
    assert outcome.status == "timeout"
    assert outcome.duration_ms == 500
    assert outcome.output == "sleeping\n"
    assert outcome.error is not None
    assert outcome.error.type == "Sandbox.Timedout"
    assert outcome.error.message == f"RequestId: {outcome.request_id} Error: Task timed out after 0.50 seconds"
    said = [line for line in lines if "Task timed out" in line]
    assert len(said) == 1
    pattern = rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{3}}Z {outcome.request_id} Task timed out after 0\.50 seconds"
    assert re.fullmatch(pattern, said[0])
    assert third.cold
    assert third.payload["pid"] != first.payload["pid"]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"do": "exit_now", "code": 3}, "Runtime exited with error: exit status 3"),
        ({"do": "exit_now", "code": 0}, "Runtime exited without providing a reason"),
        ({"do": "exit_politely", "code": 4}, "Runtime exited with error: exit status 4"),
        ({"do": "die"}, "Runtime exited with error: signal: killed"),
    ],
    ids=["os._exit", "os._exit(0)", "sys.exit", "SIGKILL"],
)
def test_a_process_that_ends_is_a_crash_and_the_next_invocation_is_cold(
    functions: Path, event: dict[str, Any], message: str
) -> None:
    lines: list[str] = []
    with Environment("app.handler", cwd=functions, on_report=lines.append) as env:
        outcome = env.invoke(event)
        after = env.invoke({})
    assert outcome.status == "crash"
    assert outcome.error is not None
    assert outcome.error.type == "Runtime.ExitError"
    assert outcome.error.message == f"RequestId: {outcome.request_id} Error: {message}"
    assert outcome.payload == {"errorType": "Runtime.ExitError", "errorMessage": outcome.error.message}
    assert f"{outcome.error.message}\nRuntime.ExitError" in lines
    assert after.status == "success"
    assert after.cold


def test_a_process_that_ended_between_two_invocations_is_replaced_whether_that_was_noticed_or_not(
    module: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = module(
        "import os, threading\n"
        "def handler(event, context):\n"
        "    threading.Timer(0.1, os._exit, [9]).start()\n"
        "    return os.getpid()\n"
    )
    with Environment("app.handler", cwd=root) as env:
        first = env.invoke({})
        time.sleep(0.5)
        second = env.invoke({})
        time.sleep(0.5)
        monkeypatch.setattr(_sandbox.Sandbox, "alive", True)
        third = env.invoke({})
    assert [outcome.status for outcome in (first, second, third)] == ["success"] * 3
    assert [outcome.cold for outcome in (first, second, third)] == [True] * 3
    assert len({outcome.payload for outcome in (first, second, third)}) == 3


def test_a_response_over_the_limit_is_refused_as_lambda_refuses_it(functions: Path) -> None:
    with Environment("app.handler", cwd=functions, memory=512) as env:
        fits = env.invoke({"do": "give_much", "size": 6 * 1024 * 1024 + 98})
        large = env.invoke({"do": "give_much", "size": 6 * 1024 * 1024 + 99})
        after = env.invoke({})
    assert fits.status == "success"
    assert large.status == "error"
    assert large.error is not None
    assert large.error.type == "Function.ResponseSizeTooLarge"
    assert "413" in large.output
    assert after.cold


def test_an_event_over_the_limit_is_refused_before_anything_starts(functions: Path) -> None:
    with Environment("app.handler", cwd=functions) as env, pytest.raises(ConfigurationError, match="6 MiB"):
        env.invoke("x" * (6 * 1024 * 1024))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"event": {1, 2}}, "the event, a set, cannot be encoded as JSON"),
        ({"event": float("nan")}, "cannot be encoded as JSON"),
        ({"event": {}, "tenant_id": "a\nb"}, "tenant_id is"),
        ({"event": {}, "trace_id": "Root=1\r\nX: 1"}, "trace_id is"),
        ({"event": {}, "request_id": "a b"}, "request_id is"),
        ({"event": {}, "client_context": {"a": {1}}}, "client_context cannot be encoded"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_name(
    env: Environment, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message):
        env.invoke(**arguments)


def test_the_context_says_what_was_asked_for(functions: Path) -> None:
    with Environment("app.handler", cwd=functions, timeout=60, memory=512, function_name="orders") as env:
        outcome = env.invoke(
            {"do": "describe"},
            request_id="request-1",
            tenant_id="acme corp",
            client_context={"custom": {"a": "ä"}, "env": {"b": 2}, "w3c": {"traceparent": "00-1"}},
        )
    context = outcome.payload
    assert outcome.request_id == context["request_id"] == "request-1"
    assert context["function_name"] == "orders"
    assert context["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:orders"
    assert context["memory"] == "512"
    assert 50_000 < context["remaining"] <= 60_000
    assert context["tenant_id"] == "acme corp"
    assert context["client"] == {"custom": {"a": "ä"}, "env": {"b": 2}}
    assert context["w3c"] == {"traceparent": "00-1"}
    assert context["cwd"] == str(functions)


def test_the_process_has_the_variables_that_lambda_sets(functions: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    names = [
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_LEVEL",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_XRAY_CONTEXT_MISSING",
        "LAMBDA_DISABLE_PREVIEW_WARN",
        "LAMBDA_TASK_ROOT",
        "TZ",
        "_HANDLER",
        "STAGE",
    ]
    with Environment("app.handler", cwd=functions, env={"STAGE": "test"}, log_level="debug") as env:
        outcome = env.invoke({"do": "describe", "env": names})
    got = outcome.payload["env"]
    assert re.fullmatch(r"AWS_Lambda_python3\.\d+", got.pop("AWS_EXECUTION_ENV"))
    assert got == {
        "AWS_LAMBDA_FUNCTION_NAME": "app",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/app",
        "AWS_LAMBDA_LOG_LEVEL": "DEBUG",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "LAMBDA_DISABLE_PREVIEW_WARN": "1",
        "LAMBDA_TASK_ROOT": str(functions),
        "TZ": ":UTC",
        "_HANDLER": "app.handler",
        "STAGE": "test",
    }
    assert outcome.payload["level"] == 10


def test_each_invocation_has_a_trace_of_its_own_unless_one_is_given(env: Environment) -> None:
    event = {"do": "describe", "env": ["_X_AMZN_TRACE_ID"]}
    traces = [env.invoke(event).payload["env"]["_X_AMZN_TRACE_ID"] for _ in range(2)]
    pattern = r"Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0"
    assert all(re.fullmatch(pattern, trace) for trace in traces)
    assert traces[0] != traces[1]
    given = "Root=1-00000000-000000000000000000000000;Sampled=1"
    assert env.invoke(event, trace_id=given).payload["env"]["_X_AMZN_TRACE_ID"] == given


def test_output_of_every_kind_comes_in_order_and_before_the_report(functions: Path) -> None:
    lines: list[str] = []
    with Environment("app.handler", cwd=functions, on_output=lines.append, on_report=lines.append) as env:
        outcome = env.invoke({"do": "talk"})
        empty = env.invoke({})
    assert outcome.output == "first\nsecond\nthird\nno newline"
    assert empty.output == ""
    start, *said, end, report = lines[: lines.index(f"START RequestId: {empty.request_id} Version: $LATEST")]
    assert start == f"START RequestId: {outcome.request_id} Version: $LATEST"
    assert said == ["first\n", "second\n", "third\n", "no newline"]
    assert end == f"END RequestId: {outcome.request_id}"
    assert re.fullmatch(
        rf"REPORT RequestId: {outcome.request_id}\tDuration: \d+\.\d\d ms\tBilled Duration: \d+ ms\t"
        r"Memory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: \d+\.\d\d ms",
        report,
    )


def test_output_is_passed_on_while_the_function_runs(functions: Path) -> None:
    heard = threading.Event()
    with Environment("app.handler", cwd=functions, timeout=PATIENCE, on_output=lambda _: heard.set()) as env:
        caller = threading.Thread(target=lambda: _quietly(env))
        caller.start()
        assert heard.wait(PATIENCE)
        assert caller.is_alive()
        env.close()
        caller.join(PATIENCE)
        assert not caller.is_alive()


def _quietly(env: Environment) -> None:
    with pytest.raises(LambdaKitError, match="closed while an invocation was running"):
        env.invoke({"do": "sleep", "seconds": 60})


def test_an_exception_of_a_callback_reaches_the_caller(functions: Path) -> None:
    def refuse(text: str) -> None:
        raise OSError(f"no room for {text!r}")

    with (
        Environment("app.handler", cwd=functions, on_output=refuse) as env,
        pytest.raises(OSError, match="no room for 'first"),
    ):
        env.invoke({"do": "talk"})


def test_logging_is_text_or_json_as_configured(functions: Path) -> None:
    with Environment("app.handler", cwd=functions, log_format="text") as env:
        text = env.invoke({"do": "log"})
    assert re.fullmatch(rf"\[WARNING\]\t[\d:TZ.-]+\t{text.request_id}\tcareful\n", text.output)
    with Environment("app.handler", cwd=functions, log_format="json") as env:
        structured = env.invoke({"do": "log"})
        failed = env.invoke({"do": "fail"})
    record = json.loads(structured.output)
    assert (record["level"], record["message"], record["requestId"]) == ("WARNING", "careful", structured.request_id)
    assert json.loads(failed.output)["errorType"] == "ValueError"


@pytest.mark.parametrize("seconds", [5, 0], ids=["while it runs", "at its end"])
def test_more_memory_than_the_function_has_kills_it(functions: Path, seconds: int) -> None:
    with Environment("app.handler", cwd=functions, timeout=PATIENCE) as env:
        began = time.perf_counter()
        outcome = env.invoke({"do": "fill", "mb": 160, "seconds": seconds})
        took = time.perf_counter() - began
        after = env.invoke({})
    assert outcome.status == "crash"
    assert outcome.error is not None
    assert outcome.error.message.endswith("Runtime exited with error: signal: killed")
    assert outcome.max_memory_mb is not None
    assert outcome.max_memory_mb > 128
    assert took < 5
    assert after.cold


def test_memory_of_processes_that_the_function_started_counts(module: Callable[[str], Path]) -> None:
    root = module(
        "import subprocess, sys\n"
        "def handler(event, context):\n"
        "    subprocess.run([sys.executable, '-c', 'import time; x = b\"x\" * (200 << 20); time.sleep(20)'])\n"
    )
    with Environment("app.handler", cwd=root, timeout=PATIENCE) as env:
        assert env.invoke({}).status == "crash"


def test_closing_leaves_no_process_even_where_one_left_the_group(
    functions: Path, mark: str, processes: Callable[[int], list[int]]
) -> None:
    name, _, value = mark.partition("=")
    with Environment("app.handler", cwd=functions, env={name: value}) as env:
        outcome = env.invoke({"do": "spawn", "leave_group": True, "seconds": 0})
        assert outcome.payload == "spawned"
        assert len(processes(3)) == 3
    assert processes(0) == []


def test_a_closed_environment_says_so(functions: Path) -> None:
    env = Environment("app.handler", cwd=functions)
    env.close()
    with pytest.raises(LambdaKitError, match="closed"):
        env.invoke({})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"timeout": 0}, "timeout is 0"),
        ({"timeout": 1801}, "timeout is 1801; it is a number of seconds above 0 and up to 1800$"),
        ({"timeout": 5401, "concurrency": 2}, "timeout is 5401; .* up to 5400 on Managed Instances"),
        ({"memory": 32769, "concurrency": 2}, "memory is 32769; .* from 128 to 32768 on Managed Instances"),
        ({"function_name": "shop orders"}, "function_name is 'shop orders'"),
        ({"timeout": float("nan")}, "timeout is nan"),
        ({"memory": 127}, "memory is 127"),
        ({"memory": 10241}, "memory is 10241"),
        ({"init_type": "snapstart"}, "did you mean 'snap-start'"),
        ({"init_type": "snap-start", "concurrency": 2}, "concurrency is 2 and init_type is snap-start"),
        ({"init_type": "lambda-managed-instances"}, "without concurrency"),
        ({"concurrency": 0}, "concurrency is 0"),
        ({"concurrency": 2, "log_format": "text"}, "always JSON"),
        ({"log_format": "xml"}, "log_format is 'xml'"),
        ({"log_level": "WARNING"}, "did you mean 'WARN'"),
        ({"env": {"AWS_LAMBDA_FUNCTION_NAME": "x"}}, "use function_name"),
        ({"env": {"LAMBDA_TASK_ROOT": "x"}}, "Lambda's environment sets it"),
        ({"env": {"A=B": "x"}}, "cannot be the name"),
        ({"cwd": "/nowhere/at/all"}, "does not exist"),
        ({"python": "/nowhere/python"}, "does not run as a Python interpreter"),
    ],
)
def test_settings_that_cannot_be_are_refused_with_their_name(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Environment("app.handler", **arguments)


def test_a_traceback_that_is_logged_and_the_next_print_are_on_lines_of_their_own(module: Callable[[str], Path]) -> None:
    root = module(
        "import logging\n"
        "def handler(event, context):\n"
        "    print('before')\n"
        "    try:\n"
        "        1 / 0\n"
        "    except ZeroDivisionError:\n"
        "        logging.exception('it failed')\n"
        "    print('after')\n"
    )
    with Environment("app.handler", cwd=root) as env:
        lines = env.invoke({}).output.splitlines()
    assert lines[0] == "before"
    assert lines[-2:] == ["ZeroDivisionError: division by zero", "after"]


def test_output_between_two_invocations_belongs_to_the_later_one(module: Callable[[str], Path]) -> None:
    heard = threading.Event()
    root = module(
        "import threading\n"
        "go = threading.Event()\n"
        "def speak():\n"
        "    go.wait()\n"
        "    print('between', flush=True)\n"
        "threading.Thread(target=speak, daemon=True).start()\n"
        "def handler(event, context):\n"
        "    threading.Timer(event, go.set).start()\n"
        "    print('handled')\n"
    )

    def listen(text: str) -> None:
        if text == "between\n":
            heard.set()

    with Environment("app.handler", cwd=root, timeout=PATIENCE, on_output=listen) as env:
        first = env.invoke(0.3)
        assert heard.wait(PATIENCE)
        second = env.invoke(0.0)
    assert (first.output, second.output) == ("handled\n", "between\nhandled\n")
