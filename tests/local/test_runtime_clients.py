"""The same function under each runtime client."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from lambda_kit.errors import ConfigurationError
from lambda_kit.local import Environment, RuntimeClientMissing, _settings, main
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOURCE = """
import sys

def handler(event, context):
    print("called", event)
    if event == "fail":
        raise ValueError("bad value")
    return [sys.argv[0].split("/")[-2], event, context.function_name]
"""


@pytest.mark.parametrize(("runtime", "package"), [("awslambdaric", "awslambdaric"), ("kit", "runtime")])
def test_a_function_runs_under_the_client_that_is_named(
    module: Callable[[str], Path], runtime: str, package: str
) -> None:
    with Environment("app.handler", cwd=module(SOURCE), timeout=PATIENCE, runtime=runtime) as environment:
        cold, warm, failed = (environment.invoke(event) for event in ("a", "b", "fail"))
    assert (cold.payload, cold.cold, cold.output) == ([package, "a", "app"], True, "called a\n")
    assert (warm.payload, warm.cold) == ([package, "b", "app"], False)
    assert failed.error is not None
    assert (failed.status, failed.error.type, failed.error.message) == ("error", "ValueError", "bad value")


def test_the_command_takes_the_client_of_the_kit(
    module: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(module(SOURCE))
    assert main(["invoke", "app.handler", "--event", "[1]", "--runtime", "kit", "--json"]) == 0
    out, _ = capsys.readouterr()
    assert '"runtime": "kit"' in out


def test_a_client_that_does_not_exist_is_refused(
    functions: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ConfigurationError, match="runtime is 'kid'; did you mean 'kit'"):
        Environment("app.handler", cwd=functions, runtime="kid")
    monkeypatch.chdir(functions)
    assert main(["serve", "app.handler", "--runtime", "kid"]) == 2
    assert "--runtime is 'kid'; did you mean 'kit'" in capsys.readouterr()[1]


@pytest.mark.parametrize(
    ("runtime", "message"),
    [("awslambdaric", "cannot import awslambdaric"), ("kit", "cannot import lambda_kit.runtime")],
)
@pytest.mark.parametrize("python", [None, sys.executable + "x"], ids=["this", "another"])
def test_an_interpreter_without_the_client_is_refused(
    functions: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runtime: str, message: str, python: str | None
) -> None:
    monkeypatch.setitem(_settings.RUNTIMES, runtime, ("nowhere_at_all",))
    if python is not None:
        python = str(tmp_path / "python")
        (tmp_path / "python").symlink_to(sys.executable)
    with pytest.raises(RuntimeClientMissing, match=message):
        Environment("app.handler", cwd=functions, runtime=runtime, python=python)


STREAMS = """
from lambda_kit import handler
from lambda_kit.pipeline import Stream

@handler
def prelude(event, context):
    parts = ("one\\n", "two\\n") if event == "text" else (b"\\xff",)
    return Stream(parts, {"statusCode": 201})

@handler
def bare(event, context):
    yield "one\\n"
    yield "two\\n"
"""


@pytest.mark.parametrize(
    ("name", "event", "shown"),
    [
        ("prelude", "text", '{"statusCode": 201}\n\none\ntwo\n'),
        (
            "prelude",
            "bytes",
            '{"statusCode": 201}\n\n1 bytes of application/vnd.awslambda.http-integration-response: ff',
        ),
        ("bare", "text", "\none\ntwo\n"),
    ],
    ids=["http", "http-of-bytes", "text"],
)
def test_the_command_shows_a_streamed_response_as_text(
    module: Callable[[str], Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    event: str,
    shown: str,
) -> None:
    monkeypatch.chdir(module(STREAMS))
    assert main(["invoke", f"app.{name}", "--event", f'"{event}"', "--runtime", "kit"]) == 0
    assert shown in capsys.readouterr()[0]
