"""Lines for people: on a terminal outside of Lambda, or where they are asked for."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger, handler
from lambda_kit.errors import ConfigurationError
from lambda_kit.testing import make_context
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

ANSI = re.compile(r"\x1b\[[0-9;]*m")
CODE = """
from lambda_kit import Logger
log = Logger(service="shop", level="DEBUG")
log.debug("short", a=1)
log.warning("a longer message", text="two words", b={"c": [1]})
try:
    {}["k"]
except KeyError:
    log.exception("failed")
"""


def on_a_terminal(tmp_path: Path, **variables: str) -> str:
    (tmp_path / "app.py").write_text(CODE)
    master, slave = pty.openpty()
    env = {**os.environ, **variables}
    done = subprocess.Popen([sys.executable, "app.py"], cwd=tmp_path, stdout=slave, env=env)
    os.close(slave)
    output = b""
    try:
        while chunk := os.read(master, 65536):
            output += chunk
    except OSError:  # the other end is closed
        pass
    assert done.wait(PATIENCE) == 0
    os.close(master)
    return output.decode().replace("\r\n", "\n")


def test_on_a_terminal_lines_are_aligned_and_coloured(tmp_path: Path) -> None:
    output = on_a_terminal(tmp_path)
    assert "\x1b[33mWARN \x1b[0m" in output
    first, second, third, *trace = ANSI.sub("", output).splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} DEBUG short {36}a=1", first)
    assert re.fullmatch(r'\S+ WARN  a longer message {25}text="two words"  b=\{"c": \[1\]\}', second)
    assert re.fullmatch(r"\S+ ERROR failed", third)
    assert trace[0].endswith("app.py:7 in <module>")
    assert trace[1].strip() == '{}["k"]'
    assert trace[2].strip() == "KeyError: 'k'"


@pytest.mark.parametrize(
    ("variables", "shape"),
    [
        ({"NO_COLOR": "1"}, "plain"),
        ({"NO_COLOR": ""}, "coloured"),
        ({"LAMBDA_KIT_LOG_FORMAT": "json"}, "json"),
        ({"LAMBDA_KIT_LOG_FORMAT": "PRETTY"}, "coloured"),
        ({"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:1"}, "json"),
    ],
)
def test_variables_change_the_shape(variables: dict[str, str], shape: str, tmp_path: Path) -> None:
    output = on_a_terminal(tmp_path, **variables)
    if shape == "json":
        assert [json.loads(line)["level"] for line in output.splitlines()] == ["DEBUG", "WARN", "ERROR"]
    else:
        assert ("\x1b[" in output) == (shape == "coloured")
        assert "DEBUG" in output
        assert not output.startswith("{")


def test_where_it_is_asked_for_without_a_terminal_it_has_no_colours(
    writes: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMBDA_KIT_LOG_FORMAT", "pretty")
    Logger().info("x", a=1)
    assert re.fullmatch(r"\S+ INFO  x {40}a=1\n", writes[0])


def test_a_format_that_is_neither_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_LOG_FORMAT", "yaml")
    with pytest.raises(ConfigurationError, match="LAMBDA_KIT_LOG_FORMAT is 'yaml'; set it to json, pretty"):
        Logger()


def test_a_field_of_the_call_is_never_left_out(writes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_LOG_FORMAT", "pretty")
    log = Logger(service="shop", stage="test", buffer=10_000)

    @handler(log)
    def place(event: object, context: object) -> None:
        log.debug("waits", w=1)
        log.error("x", service="mine", requestId="mine", exception="mine", empty="", message={"a": 1}, location=2)

    place({}, make_context(request_id="r-1", tenant_id="t"))
    waited, text = writes
    assert "w=1" in waited
    assert "r-1" not in text
    shown = "stage=test tenantId=t service=mine requestId=mine exception=mine"
    for field in (*shown.split(" "), 'empty=""', 'message_={"a": 1}', "location_=2"):
        assert field in text


def test_control_characters_cannot_reach_the_terminal(writes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_LOG_FORMAT", "pretty")
    evil = "\x1b[2J\x9b2J\x07\r"
    Logger().error(evil, **{"a": evil, evil: 1, "b": [evil]}, exc_info=ValueError(evil))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", writes[0])
    assert r"\u001b[2J" in writes[0]


def test_chains_groups_and_notes_are_shown(writes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_LOG_FORMAT", "pretty")
    error: Any = ExceptionGroup("all", [ValueError("one")] + [ValueError("n")] * 11)
    error.__cause__ = KeyError("why")
    error.add_note("a note")
    Logger().error("x", exc_info=error)
    text = writes[0]
    order = [
        "KeyError: 'why'",
        "which caused",
        "ExceptionGroup: all",
        "a note",
        "| ValueError: one",
        "2 more exceptions",
    ]
    places = [text.find(part) for part in order]
    assert places == sorted(places)
    assert places[0] > 0


def test_a_line_that_was_cut_is_shown(writes: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_LOG_FORMAT", "pretty")
    Logger().info({"a": 1}, exception={"type": "x"}, text="a" * 300_000)
    assert writes[0].startswith(tuple("0123456789"))
    assert "more characters" in writes[0]
