"""The page of examples names each file, and its commands run functions that succeed."""

from __future__ import annotations

import re
import shlex
import sys
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.local._events import load

if TYPE_CHECKING:
    from lambda_kit.testing import Invoke

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
ROWS = re.findall(
    r"^\| `([\w./]+)` \| .+ \| (.+) \| (.+) \|$", (ROOT / "docs/examples.md").read_text("utf-8"), re.MULTILINE
)
COMMANDS = [
    shlex.split(command.strip("`"))
    for _, _, command in ROWS
    if command.startswith("`lambda-kit invoke ") and "--durable" not in command  # test_purchases runs that one
]


def values(command: list[str], option: str) -> list[str]:
    return [value for name, value in pairwise(command) if name == option]


def test_each_example_is_on_the_page_once_and_has_a_test() -> None:
    names = [name for name, _, _ in ROWS]
    programs = [path for path in EXAMPLES.glob("*.py") if not path.name.startswith("test_")]
    folders = [f"{path.name}/" for path in EXAMPLES.iterdir() if path.is_dir() and not path.name.startswith(("_", "."))]
    assert sorted(names) == sorted([*(path.name for path in programs), *folders])
    assert [path.name for path in programs if not path.with_name(f"test_{path.name}").exists()] == []


def test_the_command_of_an_example_runs_that_example() -> None:
    runs = [(name, command.strip("`").split()[2]) for name, _, command in ROWS if "invoke" in command]
    assert len(runs) > 20
    assert [(name, handler) for name, handler in runs if f"{handler.partition('.')[0]}.py" != name] == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[2])
def test_a_command_of_the_page_succeeds(
    command: list[str],
    lambda_invoke: Invoke,
    idempotency_store: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    module, _, function = command[2].partition(".")
    monkeypatch.chdir(EXAMPLES)
    event = load(next(iter(values(command, "--event")), None))
    monkeypatch.chdir(tmp_path)  # the command writes its files here
    for name, _, value in (one.partition("=") for one in values(command, "--env")):
        monkeypatch.setenv(name, str(EXAMPLES / value) if value.endswith(".json") else value)
    monkeypatch.delitem(sys.modules, module, raising=False)  # modules read the environment when they are imported
    try:
        lambda_invoke(getattr(import_module(module), function), event).unwrap()
    finally:
        sys.modules.pop(module, None)
