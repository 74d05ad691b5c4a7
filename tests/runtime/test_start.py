"""The start of the client: what it loads, what it refuses, and the script that Lambda runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conditions import budget_of_eager_imports
from tests.runtime.differential import PROJECT, Client

SCRIPT = PROJECT / "scripts" / "lambda-kit-runtime"
PROBE = (
    "import sys\nloaded = sorted(sys.modules)\ndef handler(event, context):\n    return [loaded, sorted(sys.modules)]\n"
)
OWN = {"_connection", "_context", "_function", "_json", "_loop", "_output", "_state", "_trace"}
HEAVY = {
    "json",
    "re",
    "socket",
    "selectors",
    "logging",
    "http",
    "typing",
    "traceback",
    "simplejson",
    "subprocess",
    "enum",
}


@budget_of_eager_imports
def test_the_client_loads_its_own_modules_and_nothing_heavy(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(PROBE)
    bare = "import sys, runpy\nprint(*sys.modules)\n"
    before = subprocess.run([sys.executable, "-c", bare], capture_output=True, text=True, check=True).stdout.split()
    with Client("kit", "app.handler", root=tmp_path) as client:
        loaded, later = eval(client.invoke(b"1").requests[0][-1])
    assert {name.rpartition(".")[2] for name in loaded if name.startswith("lambda_kit.runtime.")} - {"__main__"} == OWN
    assert HEAVY & set(loaded) - set(before) == set()
    assert set(later) == set(loaded)


@pytest.mark.parametrize(
    ("arguments", "address", "expected"),
    [
        ([], "127.0.0.1:1", "no handler was named"),
        (["app.handler"], "", "AWS_LAMBDA_RUNTIME_API is not set"),
        (["app.handler"], "nowhere", "it has to be host:port"),
        (["app.handler"], "127.0.0.1:1", "the Runtime API at 127.0.0.1:1 cannot be reached: ConnectionRefusedError"),
    ],
)
def test_a_start_that_cannot_work_says_why_in_one_line(
    arguments: list[str], address: str, expected: str, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context): pass\n")
    env = {"AWS_LAMBDA_RUNTIME_API": address, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(PROJECT)])}
    command = [sys.executable, "-m", "lambda_kit.runtime", *arguments]
    run = subprocess.run(command, check=False, env=env, cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 1
    assert expected in run.stderr
    assert run.stderr.count("\n") == 1


@pytest.mark.parametrize("place", ["layer", "function"])
def test_the_script_runs_the_function_with_the_interpreter_that_lambda_names(place: str, tmp_path: Path) -> None:
    function, layer = tmp_path / "task", tmp_path / "opt" / "python"
    for folder in (function, layer):
        folder.mkdir(parents=True)
    (function / "app.py").write_text("import sys\ndef handler(event, context): return [sys.executable, sys.path[0]]\n")
    packages = layer if place == "layer" else function
    (packages / "bin").mkdir()
    (packages / "lambda_kit").symlink_to(PROJECT / "lambda_kit")
    script = packages / "bin" / "lambda-kit-runtime"
    script.write_bytes(SCRIPT.read_bytes())
    script.chmod(0o755)
    command = [str(script), sys.executable, "/var/runtime/bootstrap.py"]
    env = {"LAMBDA_TASK_ROOT": str(function), "_HANDLER": "app.handler", "PYTHONPATH": ""}
    with Client(command, env=env, root=function) as client:
        seen = client.invoke(b"1")
    assert eval(seen.requests[0][-1]) == [sys.executable, str(function)]


def test_the_script_is_executable_and_is_installed() -> None:
    assert os.access(SCRIPT, os.X_OK)
    assert (Path(sys.executable).parent / "lambda-kit-runtime").exists() or PROJECT not in Path(sys.executable).parents
