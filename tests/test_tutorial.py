"""The tutorial works to the letter: its files are written, and its commands run and print what the page shows."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import lambda_kit
from lambda_kit.local import FunctionUrl
from tests.effort import skip_in_the_middle

skip_in_the_middle()


PAGE = Path(__file__).parent.parent / "docs" / "tutorial.md"
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
HERE = ("lambda-kit invoke", "python -m pytest")  # commands that this test runs; the others install, serve or deploy


def shown(text: str) -> re.Pattern[str]:
    """Return a pattern for an output as the page shows it, where … stands for anything."""
    return re.compile(r"[\s\S]*?".join(re.escape(part) for part in text.strip().split("…")))


def run(command: str, folder: Path) -> str:
    """Run a command of the page with this interpreter, and return what it prints."""
    words = shlex.split(command)
    module = ["lambda_kit"] if words[0] == "lambda-kit" else ["pytest", "-p", "no:randomly", "-p", "no:cacheprovider"]
    arguments = words[1:] if words[0] == "lambda-kit" else words[3:]
    done = subprocess.run(
        [sys.executable, "-m", *module, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(lambda_kit.__file__).parent.parent), "COLUMNS": "120"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="the runtime client of AWS runs on Linux")
def test_each_file_and_each_command_of_the_tutorial(tmp_path: Path) -> None:
    commands = 0
    for language, name, text in BLOCK.findall(PAGE.read_text()):
        if name:
            (tmp_path / name).write_text(text)
        elif language == "console":
            for command, output in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", text, re.MULTILINE):
                if not command.startswith(HERE):
                    continue
                printed = run(command, tmp_path)
                assert shown(output).search(printed), f"{command} printed\n{printed}\nand not\n{output}"
                commands += 1
    assert commands == 6
    statuses: list[int] = []
    package = str(Path(lambda_kit.__file__).parent.parent)
    with FunctionUrl("api.lambda_handler", cwd=tmp_path, env={"PYTHONPATH": package}) as served:
        for command, output in re.findall(r"^\$ (curl .*)\n(.*)\n", PAGE.read_text(), re.MULTILINE):
            words = shlex.split(command.replace("http://127.0.0.1:3000", served.url))
            answer = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
            assert shown(output).fullmatch(answer), f"{command} printed {answer}"
            statuses.append(json.loads(answer).get("status", 201))
    assert statuses == [201, 201, 422]
