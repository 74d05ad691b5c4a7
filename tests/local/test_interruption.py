"""An interruption is one, whatever error it led to on its way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import LambdaKitError
from lambda_kit.local import Environment, _cli
from lambda_kit.local._cli import main
from lambda_kit.local._invoke import Terminated, interruptions

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("interruption", "status"), [(KeyboardInterrupt(), 130), (Terminated(15), 143)])
def test_an_error_about_a_lock_that_a_signal_led_to_is_an_interruption(
    interruption: BaseException,
    status: int,
    functions: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def invoke(*_: Any, **__: Any) -> Any:
        try:
            raise interruption
        finally:
            raise RuntimeError("cannot release un-acquired lock")  # as the standard library does

    monkeypatch.chdir(functions)
    monkeypatch.setattr(Environment, "invoke", invoke)
    assert main(["invoke", "app.handler", "--repeat", "3"]) == status


@pytest.mark.parametrize("command", ["openapi", "doctor"])
def test_it_is_one_in_each_command(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def carry_out(options: Any) -> Any:
        try:
            raise KeyboardInterrupt
        finally:
            raise LambdaKitError("what was begun did not end")

    monkeypatch.setitem(_cli._COMMANDS, command, carry_out)
    assert main([command, "app:app" if command == "openapi" else "app.handler"]) == 130


def test_another_error_is_none() -> None:
    def fail() -> None:
        try:
            raise KeyError("k")
        except KeyError as error:
            raise ValueError("v") from error

    with pytest.raises(ValueError, match="v"), interruptions():
        fail()
