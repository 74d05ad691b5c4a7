from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from lambda_kit.local import Environment, _sandboxes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize(
    ("handler", "source", "error", "message"),
    [
        (
            "app.handler",
            "import nowhere_to_be_found\nnowhere_to_be_found",  # used, for lazy imports
            "Runtime.ImportModuleError",
            "No module named 'nowhere_to_be_found'",
        ),
        ("nothing.handler", "", "Runtime.ImportModuleError", "Unable to import module 'nothing'"),
        ("app.handler", "def handler(:", "Runtime.UserCodeSyntaxError", "Syntax error in module 'app'"),
        ("app.handler", "", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'app'"),
        ("app.handler", "raise KeyError('TABLE')", "KeyError", "'TABLE'"),
        ("handler", "", "Runtime.MalformedHandlerName", "Bad handler 'handler'"),
        ("app.handler", "import os; os._exit(7)", "Runtime.ExitError", "Runtime exited with error: exit status 7"),
        ("app.handler", "import sys; sys.exit(1)", "Runtime.ExitError", "Runtime exited with error: exit status 1"),
    ],
    ids=["dependency", "module", "syntax", "function", "exception", "malformed", "os._exit", "sys.exit"],
)
def test_an_error_of_initialization_is_shown_with_its_cause(
    module: Callable[[str], Path], handler: str, source: str, error: str, message: str
) -> None:
    lines: list[str] = []
    root = module(f"print('importing')\n{source}")
    with Environment(handler, cwd=root, on_report=lines.append) as env:
        outcome = env.invoke({})
        again = env.invoke({})
    assert outcome.status == again.status == "init-error"
    assert outcome.error is not None
    assert outcome.error.type == error
    assert message in outcome.error.message
    assert outcome.payload["errorType"] == error
    assert outcome.cold
    assert again.cold
    assert (
        lines[0]
        == f"INIT_REPORT Init Duration: {outcome.init_ms:.2f} ms\tPhase: init\tStatus: error\tError Type: {error}"
    )
    assert lines[1] == f"START RequestId: {outcome.request_id} Version: $LATEST"
    if error.startswith("Runtime.") and error != "Runtime.ExitError":
        assert f"[ERROR] {error}: " in outcome.init_output


def test_what_the_module_prints_while_it_is_imported_is_kept_apart(module: Callable[[str], Path]) -> None:
    root = module("print('importing')\ndef handler(event, context):\n    print('handling')\n")
    with Environment("app.handler", cwd=root) as env:
        cold, warm = env.invoke({}), env.invoke({})
    assert (cold.init_output, cold.output) == ("importing\n", "handling\n")
    assert (warm.init_output, warm.output) == ("", "handling\n")


def test_a_handler_in_a_package_is_found_by_path_and_by_dots(tmp_path: Path) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "orders.py").write_text("def handler(event, context):\n    return __name__\n")
    for handler in ("shop/orders.handler", "shop.orders.handler"):
        with Environment(handler, cwd=tmp_path) as env:
            assert env.invoke({}).payload == "shop.orders"


def test_an_initialization_that_takes_too_long_is_tried_again_within_the_invocation(
    module: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sandboxes, "INIT_LIMIT", 0.5)
    lines: list[str] = []
    flag = tmp_path / "tried"
    root = module(
        "import pathlib, time\n"
        f"flag = pathlib.Path({str(flag)!r})\n"
        "if not flag.exists():\n"
        "    flag.touch()\n"
        "    time.sleep(30)\n"
        "def handler(event, context):\n"
        "    return context.get_remaining_time_in_millis()\n"
    )
    with Environment("app.handler", cwd=root, timeout=10, on_report=lines.append) as env:
        outcome = env.invoke({})
        warm = env.invoke({})
    assert outcome.status == "success"
    assert lines[0] == "INIT_REPORT Init Duration: 500.00 ms\tPhase: init\tStatus: timeout"
    assert lines[1].startswith("START")
    assert outcome.init_ms is None
    assert outcome.payload < 10_000 - 10
    assert outcome.duration_ms > 10
    assert not warm.cold


def test_an_initialization_that_never_ends_times_out_as_the_invocation_does(
    module: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sandboxes, "INIT_LIMIT", 0.2)
    lines: list[str] = []
    root = module("import time\ntime.sleep(60)")
    with Environment("app.handler", cwd=root, timeout=0.4, on_report=lines.append) as env:
        outcome = env.invoke({})
    assert outcome.status == "timeout"
    assert outcome.duration_ms == 400
    assert [line.split("\t")[1:] for line in lines if line.startswith("INIT_REPORT")] == [
        ["Phase: init", "Status: timeout"],
        ["Phase: invoke", "Status: timeout"],
    ]
    assert sum("Task timed out after 0.40 seconds" in line for line in lines) == 1


def test_provisioned_concurrency_initializes_before_the_first_invocation(module: Callable[[str], Path]) -> None:
    lines: list[str] = []
    root = module(
        "import os\nprint('importing')\ndef handler(event, context):\n"
        "    return os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']\n"
    )
    with Environment(
        "app.handler", cwd=root, init_type="provisioned-concurrency", on_output=lines.append, on_report=lines.append
    ) as env:
        before = list(lines)
        outcome = env.invoke({})
    assert before[0] == "importing\n"
    assert re.fullmatch(r"INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: success", before[1])
    assert outcome.payload == "provisioned-concurrency"
    assert outcome.cold
    assert outcome.init_ms is not None
    assert outcome.billed_ms < outcome.init_ms
    assert "Init Duration" not in lines[-1]


def test_snap_start_runs_the_hooks_around_the_snapshot(functions: Path) -> None:
    lines: list[str] = []
    with Environment("snap.handler", cwd=functions, init_type="snap-start", on_report=lines.append) as env:
        assert re.fullmatch(r"INIT_REPORT Init Duration: \d+\.\d\d ms\tPhase: init\tStatus: success", lines[0])
        outcome, warm = env.invoke({}), env.invoke({})
    assert outcome.payload == {"happened": ["imported", "before", "after"], "stream": None}
    assert outcome.restore_ms is not None
    assert outcome.restore_ms > 0
    assert warm.restore_ms is None
    report = next(line for line in lines if line.startswith(f"REPORT RequestId: {outcome.request_id}"))
    assert re.search(r"\tRestore Duration: \d+\.\d\d ms\tBilled Restore Duration: \d+ ms", report)
    assert "Init Duration" not in report
    assert "Restore Duration" not in lines[-1]


@pytest.mark.parametrize(
    ("hook", "kind", "message"),
    [
        ("before", "Runtime.BeforeSnapshotError", "RuntimeError: no snapshot"),
        ("after", "Runtime.AfterRestoreError", "RuntimeError: no restore"),
    ],
)
def test_a_snap_start_hook_that_fails_fails_the_invocation(functions: Path, hook: str, kind: str, message: str) -> None:
    with Environment("snap.handler", cwd=functions, init_type="snap-start", env={"FAIL": hook}) as env:
        outcome = env.invoke({})
        again = env.invoke({})
    assert outcome.status == again.status == "init-error"
    assert outcome.error is not None
    assert (outcome.error.type, outcome.error.message) == (kind, message)


def test_a_restore_that_takes_too_long_fails_the_invocation(
    module: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_sandboxes, "RESTORE_LIMIT", 0.3)
    root = module(
        "import time\n"
        "from snapshot_restore_py import register_after_restore\n"
        "register_after_restore(time.sleep, 60)\n"
        "def handler(event, context): ...\n"
    )
    with Environment("app.handler", cwd=root, init_type="snap-start") as env:
        outcome = env.invoke({})
    assert outcome.status == "init-error"
    assert outcome.error is not None
    assert outcome.error.type == "SnapStartTimeoutException"
