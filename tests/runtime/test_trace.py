"""The variable with the trace header: right in `os.environ` and for children, and no leak of the C library."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.runtime import _trace

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "_X_AMZN_TRACE_ID"
SHOW = [sys.executable, "-c", f"import os; print(os.environ.get('{NAME}'))"]


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    _trace.set_header(None)
    _trace.pass_on()


def test_the_environment_shows_the_header_of_the_invocation() -> None:
    _trace.set_header(b"Root=1")
    assert (os.environ[NAME], os.getenv(NAME), os.environb[NAME.encode()]) == ("Root=1", "Root=1", b"Root=1")
    assert NAME in os.environ
    assert NAME in os.environ.copy()
    _trace.set_header(None)
    assert NAME not in os.environ
    _trace.set_header(None)


def test_a_function_may_change_or_delete_it() -> None:
    _trace.set_header(b"Root=1")
    os.environ[NAME] = "other"
    assert os.environ[NAME] == "other"
    del os.environ[NAME]
    assert NAME not in os.environ
    _trace.set_header(b"Root=2")
    assert os.environ[NAME] == "Root=2"


def test_the_c_library_is_not_asked_to_keep_each_value(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[object] = []

    def keep(*entry: object) -> None:
        kept.append(entry)

    monkeypatch.setattr(os, "putenv", keep)
    monkeypatch.setattr(os, "unsetenv", keep)
    for number in range(10):
        _trace.set_header(b"Root=%d" % number)
        _trace.set_header(None)
    assert kept == []


def test_code_may_put_a_dict_in_the_place_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {})
    _trace.set_header(b"Root=1")
    assert os.environ == {NAME: "Root=1"}
    _trace.set_header(None)
    assert os.environ == {}


def test_children_that_python_starts_see_the_header(monkeypatch: pytest.MonkeyPatch) -> None:
    start: Any = vars(subprocess.Popen)["_execute_child"]
    monkeypatch.setattr(subprocess.Popen, "_execute_child", start)
    own: Any = os
    monkeypatch.setattr(os, "system", own.system)
    monkeypatch.setattr(os, "execv", own.execv)
    monkeypatch.setattr(os, "register_at_fork", dict[str, object])
    _trace.wrap_subprocess(subprocess)
    _trace.watch_children()
    for value in (b"Root=1", b"Root=2", None):
        _trace.set_header(value)
        seen = subprocess.run(SHOW, capture_output=True, text=True, check=True).stdout.strip()
        assert seen == ("None" if value is None else value.decode())
        expected = "" if value is None else value.decode()
        assert own.system(f'[ "$_X_AMZN_TRACE_ID" = "{expected}" ]') == 0


@pytest.mark.parametrize(
    "call",
    [
        "os.execv(program, arguments)",
        "os.execl(program, *arguments)",
        "os.execvp(program, arguments)",
        "os.execlp(program, *arguments)",
    ],
)
def test_a_program_that_takes_the_place_of_the_process_sees_the_header(call: str) -> None:
    source = (
        "import os; from lambda_kit.runtime import _trace; _trace.watch_children(); _trace.set_header(b'Root=4'); "
        f"arguments = {SHOW!r}; program = arguments[0]; {call}"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "Root=4"


def test_processes_that_multiprocessing_starts_see_the_header(monkeypatch: pytest.MonkeyPatch) -> None:
    from multiprocessing import util

    start: Any = vars(util)["spawnv_passfds"]
    monkeypatch.setattr(util, "spawnv_passfds", start)
    _trace.wrap_multiprocessing(util)
    _trace.set_header(b"Root=3")
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_send_header, args=(theirs,))
    process.start()
    theirs.close()  # so that `recv` ends if the process does
    assert ours.recv() == "Root=3"
    process.join()
    ours.close()


def _send_header(end: Any) -> None:
    end.send(os.environ.get(NAME))
