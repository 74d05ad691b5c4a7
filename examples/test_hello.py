"""The first function and its first test: the answer, the line in the log, and the plain function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hello import greet, greeting

if TYPE_CHECKING:
    from lambda_kit.testing import Invoke


def test_it_greets_by_name_and_logs_no_name(lambda_invoke: Invoke) -> None:
    result = lambda_invoke(greet, {"name": "Ada"})
    assert result.unwrap() == {"message": "Hello Ada"}
    assert result.logs.one(message="greeting", known=True)["service"] == "hello"
    assert "Ada" not in result.output


def test_without_a_name_it_greets_the_world(lambda_invoke: Invoke) -> None:
    assert lambda_invoke(greet, {}).unwrap() == {"message": "Hello world"}
    assert greeting("  ") == "Hello world"
