from __future__ import annotations

import base64
import json
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.local import main
from tests.effort import skip_in_the_middle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

skip_in_the_middle()

REQUEST = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@pytest.fixture
def run(
    functions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run the command in the functions' directory; `event` is written to a file and named by `--event`."""
    monkeypatch.chdir(functions)

    def run(*arguments: str, event: object = None, cwd: Path | None = None) -> tuple[int, str, str]:
        if cwd is not None:
            monkeypatch.chdir(cwd)
        more: list[str] = []
        if event is not None:
            (tmp_path / "event.json").write_text(json.dumps(event))
            more = ["--event", str(tmp_path / "event.json")]
        status = main([*arguments, *more])
        out, err = capsys.readouterr()
        return status, out, err

    return run


def test_a_success_shows_the_log_and_the_result(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = run("invoke", "app.handler", event={"do": "talk"})
    assert (status, err) == (0, "")
    assert re.fullmatch(
        rf"START RequestId: ({REQUEST}) Version: \$LATEST\nfirst\nsecond\nthird\nno newline\nEND RequestId: \1\n"
        r"REPORT RequestId: \1\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\t"
        r"Max Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\n\nnull\n",
        out,
    )


def test_a_result_is_pretty_printed(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = run("invoke", "app.handler", event={"do": "whole", "value": {"a": [1, "ä"]}})
    assert status == 0
    assert out.endswith('\n\n{\n  "a": [\n    1,\n    "ä"\n  ]\n}\n')


def test_a_binary_result_is_shown_as_hexadecimal(run: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = run("invoke", "app.handler", event={"do": "give_bytes"})
    assert out.endswith("\n2 bytes of application/unknown: 00 ff\n")


def test_a_function_error_is_shown_with_its_trace_and_fails_the_command(
    run: Callable[..., tuple[int, str, str]],
) -> None:
    status, out, _ = run("invoke", "app.handler", event={"do": "fail"})
    assert status == 1
    assert "[ERROR] ValueError: bad value\nTraceback (most recent call last):\n  File " in out
    assert out.endswith("\n\nValueError: bad value\n")


def test_a_timeout_fails_the_command(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = run("invoke", "app.handler", "--timeout", "0.3", event={"do": "sleep", "seconds": 60})
    assert status == 1
    assert re.search(rf"Z {REQUEST} Task timed out after 0\.30 seconds\nEND ", out)
    assert "\tStatus: timeout\n" in out


def test_a_crash_fails_the_command(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = run("invoke", "app.handler", event={"do": "exit_now", "code": 3})
    assert status == 1
    assert re.search(
        rf"RequestId: {REQUEST} Error: Runtime exited with error: exit status 3\nRuntime.ExitError\nEND", out
    )


@pytest.mark.parametrize(
    ("handler", "source", "lines"),
    [
        (
            "app.handlr",
            "def handler(event, context): ...",
            ["HandlerNotFound", "app has no 'handlr'; did you mean app.handler?"],
        ),
        ("app.handler", "def other(a): ...", ["HandlerNotFound", "did you mean app.other?"]),
        ("app.handler", "", ["HandlerNotFound", "define handler(event, context) in "]),
        ("apq.handler", "", ["ImportModuleError", "there is no module 'apq' in ", "; did you mean app.handler?"]),
        ("zzzz.handler", "", ["ImportModuleError", "run the command in the directory that holds it"]),
        (
            "app.handler",
            "import nowhere.at.all\nnowhere",  # used, for lazy imports
            ["ImportModuleError", "the function imports 'nowhere', which is not installed"],
        ),
        ("app.handler", "raise KeyError('TABLE')", ["KeyError: 'TABLE'", "line 1, in <module>"]),
        ("app.handler", "def handler(:", ["UserCodeSyntaxError", "def handler(:"]),
    ],
)
def test_an_error_of_initialization_is_shown_with_the_way_out(
    run: Callable[..., tuple[int, str, str]],
    module: Callable[[str], Path],
    handler: str,
    source: str,
    lines: list[str],
) -> None:
    status, out, _ = run("invoke", handler, cwd=module(source))
    assert status == 1
    for line in lines:
        assert line in out
    assert "LAMBDA_WARNING" not in out


def test_a_few_repetitions_are_shown_one_by_one_and_then_summed_up(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = run("invoke", "app.handler", "--repeat", "3", event={"do": "whole", "value": 7})
    assert (status, err) == (0, "")
    assert out.count("START") == out.count("END") == out.count("REPORT") == out.count("\n7\n") == 3
    assert "\n3 invocations: 3 succeeded, 0 failed, 1 cold\n" in out
    assert re.search(r"\nduration( +[\d.]+ ms){4}\ninit( +[\d.]+ ms){4}\nmemory +\d+ MB\n$", out)


def test_many_repetitions_are_summed_up_with_the_first_failure_of_each_kind(
    run: Callable[..., tuple[int, str, str]], module: Callable[[str], Path]
) -> None:
    root = module(
        "count = 0\n"
        "def handler(event, context):\n"
        "    global count\n"
        "    count += 1\n"
        "    print('number', count)\n"
        "    if count % 3 == 0:\n"
        "        raise ValueError(f'number {count}')\n"
    )
    status, out, _ = run("invoke", "app.handler", "--repeat", "9", cwd=root)
    assert status == 1
    assert "START" not in out
    assert "number 1" not in out
    assert out.count("ValueError: number 3\n") == 2
    assert "invocation 3 of 9 is the first to fail with ValueError:\nnumber 3\n[ERROR] ValueError: number 3\n" in out
    assert "number 6" not in out
    assert "\n9 invocations: 6 succeeded, 3 failed (3 ValueError), 1 cold\n" in out


def test_the_json_document_is_all_there_is_on_standard_output(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = run("invoke", "app.handler", "--repeat", "2", "--json", event={"do": "talk"})
    assert status == 0
    document = json.loads(out)
    assert set(document) == {"handler", "runtime", "outcomes", "summary"}
    assert (document["handler"], document["runtime"]) == ("app.handler", "awslambdaric")
    cold, warm = document["outcomes"]
    assert set(cold) == {
        "request_id",
        "status",
        "cold",
        "payload",
        "payload_is_base64",
        "content_type",
        "error",
        "output",
        "init_output",
        "duration_ms",
        "billed_ms",
        "init_ms",
        "restore_ms",
        "max_memory_mb",
    }
    assert (cold["status"], cold["cold"], cold["error"], cold["payload"]) == ("success", True, None, None)
    assert cold["output"] == "first\nsecond\nthird\nno newline"
    assert (warm["cold"], warm["init_ms"]) == (False, None)
    summary = document["summary"]
    assert set(summary) == {
        "invocations",
        "succeeded",
        "failed",
        "cold_starts",
        "errors",
        "duration_ms",
        "init_ms",
        "restore_ms",
        "max_memory_mb",
    }
    assert (summary["invocations"], summary["succeeded"], summary["failed"], summary["cold_starts"]) == (2, 2, 0, 1)
    assert set(summary["duration_ms"]) == {"min", "median", "p95", "max"}
    assert "START RequestId" in err
    assert "first\nsecond\n" in err


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"do": "fail"}, {"status": "error", "error": "ValueError"}),
        ({"do": "give_nan"}, {"payload": base64.b64encode(b"NaN").decode(), "payload_is_base64": True}),
        ({"do": "give_bytes"}, {"payload": "AP8=", "payload_is_base64": True}),
    ],
)
def test_every_outcome_can_be_read_from_the_json_document(
    run: Callable[..., tuple[int, str, str]], event: object, expected: dict[str, Any]
) -> None:
    _, out, _ = run("invoke", "app.handler", "--json", event=event)
    (outcome,) = json.loads(out, parse_constant=pytest.fail)["outcomes"]
    if "error" in expected:
        assert outcome["error"].pop("stack_trace")
        assert outcome["error"] == {"type": expected.pop("error"), "message": "bad value"}
    assert {name: outcome[name] for name in expected} == expected


def test_options_reach_the_function(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    context = tmp_path / "context.json"
    context.write_text('{"custom": {"a": 1}}')
    status, out, _ = run(
        *("invoke", "app.handler", "--json", "--timeout", "20", "--memory", "256", "--function-name", "orders"),
        *("--env", "A=1=2", "--env", "B=", "--tenant-id", "acme", "--trace-id", "Root=1-2-3"),
        *("--client-context", str(context), "--log-level", "debug"),
        event={"do": "describe", "env": ["A", "B", "_X_AMZN_TRACE_ID", "AWS_LAMBDA_LOG_LEVEL"]},
    )
    assert status == 0
    payload = json.loads(out)["outcomes"][0]["payload"]
    assert payload["env"] == {"A": "1=2", "B": "", "_X_AMZN_TRACE_ID": "Root=1-2-3", "AWS_LAMBDA_LOG_LEVEL": "DEBUG"}
    assert (payload["memory"], payload["function_name"], payload["tenant_id"]) == ("256", "orders", "acme")
    assert payload["client"] == {"custom": {"a": 1}, "env": None}
    assert 15_000 < payload["remaining"] <= 20_000


def test_the_client_context_may_stand_on_the_command_line(run: Callable[..., tuple[int, str, str]]) -> None:
    arguments = ["--client-context", '{"env": {"b": 2}}']
    _, out, _ = run("invoke", "app.handler", "--json", *arguments, event={"do": "describe"})
    assert json.loads(out)["outcomes"][0]["payload"]["client"] == {"custom": None, "env": {"b": 2}}


def test_the_log_format_is_passed_on(run: Callable[..., tuple[int, str, str]]) -> None:
    _, out, _ = run("invoke", "app.handler", "--log-format", "json", event={"do": "log"})
    assert json.loads(out.splitlines()[1])["message"] == "careful"


def test_the_interpreter_can_be_chosen(run: Callable[..., tuple[int, str, str]], tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nCHOSEN=yes exec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    _, out, _ = run(
        "invoke", "app.handler", "--json", "--python", str(python), event={"do": "describe", "env": ["CHOSEN"]}
    )
    assert json.loads(out)["outcomes"][0]["payload"]["env"] == {"CHOSEN": "yes"}


def test_an_interpreter_without_the_runtime_client_is_refused(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "$@"\n')
    python.chmod(0o755)
    status, _, err = run("invoke", "app.handler", "--python", str(python))
    assert status == 2
    assert f"{python} cannot import awslambdaric" in err
    assert 'pip install "lambda-kit-sdk[local]"' in err


@pytest.mark.parametrize("init_type", ["provisioned-concurrency", "snap-start"])
def test_initialization_before_the_invocation_is_reported_on_its_own(
    run: Callable[..., tuple[int, str, str]], init_type: str
) -> None:
    status, out, _ = run("invoke", "snap.handler", "--init-type", init_type)
    assert status == 0
    assert re.match(r"INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: success\nSTART ", out)
    assert ("\tRestore Duration: " in out) == (init_type == "snap-start")


def test_a_managed_instance_serves_invocations_side_by_side(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    meeting = tmp_path / "meeting"
    meeting.mkdir()
    status, out, _ = run(
        *("invoke", "app.handler", "--concurrency", "4", "--repeat", "4", "--memory", "512", "--timeout", "30"),
        event={"do": "meet", "directory": str(meeting), "count": 4},
    )
    assert status == 0
    assert len(re.findall(r"^[0-9a-f]{8} \| worker \d+$", out, re.MULTILINE)) == 4
    assert len(re.findall(r"^[0-9a-f]{8} \| => \d+$", out, re.MULTILINE)) == 4
    assert "\n4 invocations: 4 succeeded, 0 failed, 1 cold\n" in out


def test_progress_is_shown_on_a_terminal_and_cleared(functions: Path, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"do": "sleep", "seconds": 0.05}')
    ours, theirs = pty.openpty()
    run = subprocess.run(
        [sys.executable, "-m", "lambda_kit.local", "invoke", "app.handler", "--repeat", "10", "--event", str(event)],
        cwd=functions,
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert re.search(r"\r\x1b\[K\d+ of 10 invocations, 0 failed, 1 cold, \d+ s to go", shown)
    assert shown.endswith("\r\x1b[K")
    assert b"\x1b" not in run.stdout


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colour_is_for_terminals_and_can_be_refused(functions: Path, no_color: str, *, coloured: bool) -> None:
    ours, theirs = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "lambda_kit.local", "invoke", "app.handler"],
        cwd=functions,
        env={**os.environ, "NO_COLOR": no_color, "TERM": "xterm"},
        stdout=theirs,
        check=True,
    )
    os.close(theirs)
    shown = os.read(ours, 1 << 16)
    os.close(ours)
    assert b"REPORT" in shown
    assert (b"\x1b[" in shown) == coloured


def test_a_reader_that_stops_reading_is_no_error(functions: Path) -> None:
    run = subprocess.run(
        f'"{sys.executable}" -m lambda_kit.local invoke app.handler --repeat 3 | head -n 1',
        shell=True,
        cwd=functions,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith("START")
    assert run.stderr == ""


def test_the_events_are_listed_and_printed(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = run("events")
    assert status == 0
    assert "sqs" in out.splitlines()
    assert out.splitlines() == sorted(out.splitlines())
    status, out, _ = run("events", "sqs")
    assert status == 0
    assert "Records" in json.loads(out)


def test_help_and_version_are_successes(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = run("--version")
    assert status == 0
    assert re.fullmatch(r"lambda-kit \d+\.\d+\.\d+ \(Python 3\.\d+\.\S+, awslambdaric 4\.\d+\.\d+\)\n", out)
    status, out, _ = run("invoke", "--help")
    assert status == 0
    assert "--concurrency" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["invok"], "unknown command 'invok'; did you mean 'invoke'?"),
        (["invoke", "app.handler", "--tiemout", "3"], "unknown option --tiemout; did you mean '--timeout'?"),
        (["invoke", "--tiemout=3", "app.handler"], "unknown option --tiemout; did you mean '--timeout'?"),
        (["invoke", "app.handler", "--time", "3"], "unknown option --time"),
        (["invoke", "app.handler", "-x"], "unknown option -x"),
        (["invoke", "app.handler", "more"], "unknown argument more"),
        (["invoke"], "the following arguments are required: MODULE.FUNCTION"),
        (["invoke", ".."], "the handler '..' lies outside the function's root"),
        (["invoke", "../app.handler"], "the handler '../app.handler' lies outside the function's root"),
        (["invoke", "..."], "the handler '...' is not MODULE.FUNCTION"),
        (["invoke", "app\0.handler"], "printable characters without spaces"),
        (["invoke", f"{'a' * 300}.handler"], "has 308 characters; it is 1 to 128 printable characters"),
        (["invoke", "app.handler", "--event", "a\0b"], "is neither a file nor a sample"),
        (["invoke", "app.handler", "--event", "a" * 300], "is neither a file nor a sample"),
        (["invoke", "app.handler", "--event", "[" * 200_000], "--event is nested too deep"),
        (["invoke", "app.handler", "--event", '{"a": 1'], "--event is not JSON"),
        (["invoke", "app.handler", "--event", f"[{'1' * 5_000}]"], "--event has a number that Python does not read"),
        (["invoke", "app.handler", "--client-context", "a" * 300], "is neither a file nor a JSON object"),
        (["invoke", "app.handler", "--client-context", "a\0b"], "is neither a file nor a JSON object"),
        (["invoke", "app.handler", "--env-file", "a" * 300], "the file of --env-file"),
        (["invoke", "app.handler", "--asynchronous", "--event", f'"{"a" * 1_048_575}"'], "(1 MiB, asynchronous)"),
        (["invoke", "app.handler", "--repeat", "0"], "argument --repeat/-n: '0' is not a whole number of at least 1"),
        (["invoke", "app.handler", "--repeat", "x"], "argument --repeat/-n: 'x' is not a whole number of at least 1"),
        (["invoke", "app.handler", "--timeout", "x"], "argument --timeout: 'x' is not a number of seconds"),
        (["invoke", "app.handler", "--timeout", "1801"], "--timeout is 1801; it is a number of seconds above 0"),
        (["invoke", "app.handler", "--memory", "64"], "--memory is 64; it is a number of MB from 128 to 10240"),
        (
            ["invoke", "app.handler", "--init-type", "snapstart"],
            "--init-type is 'snapstart'; did you mean 'snap-start'?",
        ),
        (
            ["invoke", "app.handler", "--init-type", "on-demand", "--concurrency", "2"],
            "--concurrency is 2 and --init-type is on-demand; only lambda-managed-instances",
        ),
        (
            ["invoke", "app.handler", "--init-type", "lambda-managed-instances"],
            "--init-type is lambda-managed-instances without --concurrency; say how many processes",
        ),
        (["invoke", "app.handler", "--concurrency", "2", "--log-format", "text"], "leave --log-format out"),
        (["invoke", "app.handler", "--env", "A"], "--env 'A' is not KEY=VALUE"),
        (["invoke", "app.handler", "--env", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=1"], "use --memory"),
        (["invoke", "app.handler", "--event", "no.json"], "the event 'no.json' is neither a file nor a sample"),
        (["invoke", "app.handler", "--client-context", "no.json"], "'no.json' is neither a file nor a JSON object"),
        (["invoke", "app.handler", "--client-context", "{"], "--client-context is not JSON"),
        (["invoke", "app.handler", "--tenant-id", "ä"], "--tenant-id is 'ä'"),
        (["invoke", "app.handler", "--trace-id", "a\nb"], "--trace-id is"),
        (["invoke", "app.py"], "the handler 'app.py' is not MODULE.FUNCTION"),
        (["invoke", "app.py"], "did you mean 'app.handler'?"),
        (["invoke", "app:handler"], "did you mean 'app.handler'?"),
        (["invoke", "app.py:echo"], "did you mean 'app.echo'?"),
        (["invoke", "app.py.echo"], "did you mean 'app.echo'?"),
        (["invoke", "./app.handler"], "did you mean 'app.handler'?"),
        (["invoke", "app"], "did you mean 'app.handler'?"),
        (["invoke", "/srv/shop/app.handler"], "cd /srv/shop and name it 'app.handler'"),
        (["invoke", "../app.handler"], "lies outside the function's root"),
        (["events", "sqss"], "there is no sample event 'sqss'; did you mean 'sqs'? `lambda-kit events` lists them"),
    ],
)
def test_a_command_that_cannot_be_carried_out_says_what_is_wrong_and_the_way_out(
    run: Callable[..., tuple[int, str, str]], arguments: list[str], message: str
) -> None:
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("lambda-kit: error: ")
    assert message in err


def test_no_command_shows_the_help(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, err = run()
    assert (status, out) == (2, "")
    assert "usage: lambda-kit" in err


def test_an_event_may_stand_on_the_command_line(run: Callable[..., tuple[int, str, str]]) -> None:
    status, out, _ = run("invoke", "app.handler", "--event", '{"do": "whole", "value": ["ä"]}')
    assert status == 0
    assert out.endswith('\n[\n  "ä"\n]\n')


@pytest.mark.parametrize("event", ["7", "-1.5e3", "true", "null", ' "text"', "[1]"])
def test_an_event_on_the_command_line_may_be_any_json_value(module: Callable[[str], Path], event: str) -> None:
    root = module("def handler(event, context): return [event]\n")
    command = [sys.executable, "-m", "lambda_kit.local", "invoke", "app.handler", "--json", f"--event={event}"]
    done = subprocess.run(command, cwd=root, capture_output=True, check=True)
    assert json.loads(done.stdout)["outcomes"][0]["payload"] == [json.loads(event)]


@pytest.mark.parametrize("option", ["--event", "--client-context"])
def test_an_argument_that_is_not_utf_8_is_refused(functions: Path, option: str) -> None:
    command: list[str | bytes] = [sys.executable, "-m", "lambda_kit.local", "invoke", "app.handler", option]
    command.append(b'{"a": "\xe4"}')
    done = subprocess.run(command, cwd=functions, capture_output=True, check=False)
    assert (done.returncode, done.stderr.decode().strip()) == (
        2,
        f"lambda-kit: error: {option} is not UTF-8 at character 7",
    )


def test_standard_input_is_utf_8_whatever_the_locale_is(functions: Path) -> None:
    command = [sys.executable, "-X", "utf8=0", "-m", "lambda_kit.local", "invoke", "app.handler", "--event", "-"]
    done = subprocess.run(
        command,
        cwd=functions,
        input=b'{"a": "\xe4"}',
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"standard input is not UTF-8" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [["--timeout", "1800"], ["--timeout", "5400", "--memory", "32768", "--concurrency", "1"]],
    ids=["on-demand", "managed"],
)
def test_the_longest_timeout_and_the_most_memory_are_accepted(
    run: Callable[..., tuple[int, str, str]], arguments: list[str]
) -> None:
    status, out, err = run("invoke", "app.handler", *arguments)
    assert (status, err) == (0, "")
    assert f"\tMemory Size: {32_768 if '--memory' in arguments else 128} MB" in out


@pytest.mark.parametrize("option", ["--event", "--client-context", "--env-file"])
def test_a_file_that_is_not_utf_8_is_refused(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path, option: str
) -> None:
    (tmp_path / "latin.txt").write_bytes(b'{"a": "\xe4"}')
    status, _, err = run("invoke", "app.handler", option, str(tmp_path / "latin.txt"))
    assert status == 2
    assert re.search(r"^lambda-kit: error: .* cannot be read: 'utf-8' codec can't decode byte 0xe4", err)


def test_variables_of_a_file_reach_the_function_and_those_of_the_command_line_go_over_them(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    (tmp_path / "dev.env").write_text("# for development\n\nexport STAGE=dev\nNAME = 'Ada L.'\nURL=http://x/?a=b\n")
    event = {"do": "describe", "env": ["STAGE", "NAME", "URL"]}
    status, out, _ = run(
        "invoke", "app.handler", "--env-file", str(tmp_path / "dev.env"), "--env", "STAGE=test", "--json", event=event
    )
    assert status == 0
    found = json.loads(out)["outcomes"][0]["payload"]["env"]
    assert found == {"STAGE": "test", "NAME": "Ada L.", "URL": "http://x/?a=b"}


def test_a_line_of_a_file_of_variables_that_is_none_is_told(
    run: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    (tmp_path / "dev.env").write_text("STAGE=dev\nNAME\n")
    status, _, err = run("invoke", "app.handler", "--env-file", str(tmp_path / "dev.env"))
    assert status == 2
    assert "dev.env, line 2: 'NAME' is not KEY=VALUE" in err


MIXED = """
from lambda_kit import handler as kit_handler
async def inner(): return 1
@kit_handler
def handler(event, context): return inner()
"""


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        ("def handler(event, context): return [float('nan')]", "the response has NaN, which is not JSON"),
        ("def handler(event, context): return {'NaN': -float('inf')}", "the response has -Infinity, which is not JSON"),
        (
            "async def handler(event, context): return 1",
            "app.handler is an async function, which the runtime client does not await; put @handler of lambda_kit on",
        ),
        (MIXED, "app.handler returned a coroutine, which nothing awaits: declare the handler with async def"),
        (MIXED.replace("@kit_handler\n", ""), "app.handler returned a coroutine, which nothing awaits"),
    ],
    ids=["NaN", "infinity", "async", "a coroutine of another function", "and without the kit"],
)
def test_a_hint_is_given_on_a_response_that_cannot_be_read(
    run: Callable[..., tuple[int, str, str]], module: Callable[[str], Path], source: str, hint: str
) -> None:
    _, out, _ = run("invoke", "app.handler", cwd=module(source))
    assert hint in out.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments", [["--json"], ["--repeat", "6"], ["--concurrency", "1"]], ids=["json", "many", "managed"]
)
def test_a_hint_on_a_response_is_given_once_in_every_way_of_showing(
    run: Callable[..., tuple[int, str, str]], module: Callable[[str], Path], arguments: list[str]
) -> None:
    root = module("def handler(event, context): return float('nan')")
    _, out, err = run("invoke", "app.handler", *arguments, cwd=root)
    assert (err if "--json" in arguments else out).count("the response has NaN, which is not JSON") == 1


@pytest.mark.parametrize("sigterm", [[], ["--sigterm"]], ids=["killed", "terminated"])
def test_a_function_gets_sigterm_at_the_end_if_it_is_asked_for(
    run: Callable[..., tuple[int, str, str]], module: Callable[[str], Path], tmp_path: Path, sigterm: list[str]
) -> None:
    root = module(
        "import pathlib, signal, sys\n"
        "def end(*_):\n"
        "    print('goodbye')\n"
        f"    pathlib.Path({str(tmp_path / 'ended')!r}).touch()\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "def handler(event, context): pass\n"
    )
    _, out, _ = run("invoke", "app.handler", *sigterm, cwd=root)
    heard = bool(sigterm) and sys.version_info >= (3, 12)  # before 3.12 the runtime client waits in C, past signals
    assert (tmp_path / "ended").exists() is heard
    assert ("goodbye" in out) is heard


def test_an_event_is_counted_in_the_bytes_that_its_sender_needs(run: Callable[..., tuple[int, str, str]]) -> None:
    text = "ж" * (3 * 1024 * 1024 - 100)  # 6 MiB as UTF-8, and 18 MiB as escapes
    status, out, _ = run("invoke", "app.handler", event={"do": "length", "value": text})
    assert (status, out.splitlines()[-1]) == (0, str(len(text)))
