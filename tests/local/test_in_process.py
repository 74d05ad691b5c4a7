from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

HIDDEN = "import sys; sys.modules['awslambdaric'] = None; from lambda_kit.local import main; sys.exit(main())"


def run(functions: Path, *arguments: str, event: object = None) -> tuple[int, str, str]:
    """Run the command where the runtime client cannot be imported."""
    done = subprocess.run(
        [sys.executable, "-c", HIDDEN, "invoke", *arguments, "--event", "-"],
        cwd=functions,
        input=json.dumps(event or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_the_handler_runs_and_the_command_says_what_is_not_enforced(functions: Path) -> None:
    status, out, err = run(functions, "app.handler", event={"do": "talk"})
    assert status == 0
    assert "awslambdaric is not installed for" in err
    assert "the timeout does not stop the function, its memory is not limited" in err
    assert 'pip install "lambda-kit-sdk[local]"' in err
    start, *said = out.splitlines()
    assert start.startswith("START RequestId: ")
    assert said[:2] == ["first", "second"]
    assert said[-1] == "null"
    assert "Init Duration" in out


def test_the_second_invocation_is_warm(functions: Path) -> None:
    _, out, _ = run(functions, "app.handler", "--repeat", "2", "--json")
    document = json.loads(out)
    assert document["runtime"] == "in-process"
    assert [outcome["cold"] for outcome in document["outcomes"]] == [True, False]
    assert document["outcomes"][0]["payload"]["pid"] == document["outcomes"][1]["payload"]["pid"]


def test_the_context_and_the_environment_are_those_of_the_runtime_client(functions: Path) -> None:
    _, out, _ = run(
        *(functions, "app.handler", "--json", "--timeout", "20", "--memory", "256", "--tenant-id", "acme"),
        *("--env", "STAGE=test", "--trace-id", "Root=1-2-3", "--log-level", "WARN", "--function-name", "orders"),
        *("--client-context", '{"custom": {"a": 1}, "w3c": {"traceparent": "00-1", "other": "x"}}'),
        event={"do": "describe", "env": ["STAGE", "_X_AMZN_TRACE_ID", "AWS_LAMBDA_FUNCTION_NAME", "_HANDLER"]},
    )
    (outcome,) = json.loads(out)["outcomes"]
    payload = outcome["payload"]
    assert 15_000 < payload.pop("remaining") <= 20_000
    assert payload == {
        "request_id": outcome["request_id"],
        "function_name": "orders",
        "arn": "arn:aws:lambda:us-east-1:123456789012:function:orders",
        "memory": "256",
        "tenant_id": "acme",
        "client": {"custom": {"a": 1}, "env": None},
        "w3c": {"traceparent": "00-1"},
        "env": {
            "STAGE": "test",
            "_X_AMZN_TRACE_ID": "Root=1-2-3",
            "AWS_LAMBDA_FUNCTION_NAME": "orders",
            "_HANDLER": "app.handler",
        },
        "cwd": str(functions),
        "level": 30,
    }


@pytest.mark.parametrize(
    ("event", "status", "error"),
    [
        ({"do": "fail"}, "error", "ValueError"),
        ({"do": "give_set"}, "error", "Runtime.MarshalError"),
        ({"do": "exit_politely", "code": 4}, "crash", "Runtime.ExitError"),
        ({"do": "sleep", "seconds": 0.4}, "timeout", "Sandbox.Timedout"),
    ],
)
def test_failures_have_the_names_that_the_platform_gives_them(
    functions: Path, event: object, status: str, error: str
) -> None:
    code, out, _ = run(functions, "app.handler", "--timeout", "0.3", "--json", event=event)
    (outcome,) = json.loads(out)["outcomes"]
    assert code == 1
    assert (outcome["status"], outcome["error"]["type"]) == (status, error)


@pytest.mark.parametrize(
    ("handler", "error", "advice"),
    [
        ("app.handlr", "Runtime.HandlerNotFound", "did you mean app.handler?"),
        ("apq.handler", "Runtime.ImportModuleError", "did you mean app.handler?"),
    ],
)
def test_an_error_of_initialization_is_shown_with_the_way_out(
    functions: Path, handler: str, error: str, advice: str
) -> None:
    status, out, _ = run(functions, handler)
    assert status == 1
    assert f"{error}: " in out
    assert advice in out


@pytest.mark.parametrize(
    "arguments",
    [["--init-type", "snap-start"], ["--concurrency", "2"], ["--log-format", "json"]],
)
def test_what_needs_the_runtime_client_is_refused(functions: Path, arguments: list[str]) -> None:
    status, _, err = run(functions, "app.handler", *arguments)
    assert status == 2
    assert "needs awslambdaric" in err
    assert 'pip install "lambda-kit-sdk[local]"' in err


def test_logging_is_shown_with_the_request(functions: Path) -> None:
    _, out, _ = run(functions, "app.handler", "--json", event={"do": "log"})
    (outcome,) = json.loads(out)["outcomes"]
    assert outcome["output"].startswith("[WARNING]\t")
    assert f"\t{outcome['request_id']}\tcareful\n" in outcome["output"]
