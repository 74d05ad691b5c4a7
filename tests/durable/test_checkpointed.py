"""Values that must be the same in each replay: flags and parameters."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from lambda_kit import FeatureFlags, Logger, handler
from lambda_kit.durable import checkpointed
from lambda_kit.errors import ConfigurationError
from lambda_kit.flags import StaticFlags
from lambda_kit.parameters import Parameter, Secret
from lambda_kit.testing import invoke, make_context
from tests.durable_context import durable_context

sdk: Any = import_module("aws_durable_execution_sdk_python")
Duration: Any = import_module("aws_durable_execution_sdk_python.config").Duration
flags = FeatureFlags(StaticFlags({"express": {"default": True}}), record=True)


def test_a_value_is_read_once_for_an_execution_and_its_step_has_a_name() -> None:
    limits = iter(range(1, 10))
    limit = Parameter("/shop/limit")

    def next_limit() -> int:
        return next(limits)

    @handler
    def ship(event: Any, context: Any) -> Any:
        found = [
            checkpointed(context, next_limit),
            checkpointed(context, lambda: next(limits), name="second"),
            checkpointed(context, lambda: next(limits)),
            checkpointed(context, limit),
        ]
        context.wait(Duration.from_seconds(1))
        return found

    with limit.override("9"):
        result = invoke(sdk.durable_execution(ship))
    assert result.unwrap() == [1, 2, 3, "9"]
    started = [one.name for one in result.runs[0].checkpoints if (one.kind, one.action) == ("STEP", "START")]
    assert started == ["next_limit", "second", None, "/shop/limit"]


def test_a_secret_is_not_kept_in_an_execution() -> None:
    password = Secret("shop/password")

    @handler
    def ship(event: Any, context: Any) -> Any:
        with pytest.raises(ConfigurationError, match=r"shop/password.*the value is a secret") as caught:
            checkpointed(context, password, name="shop/password")
        assert "tr0ub4dor" not in str(caught.value)

    class Steps:
        """As far as `checkpointed` uses the context."""

        def step(self, fn: Any, name: str) -> Any:
            return fn(None)

    with password.override("tr0ub4dor"):
        ship({}, Steps())


@pytest.mark.parametrize(
    ("context", "read", "message"),
    [
        (make_context(), len, "not the context of a durable execution"),
        (durable_context(), 7, "7 is not callable"),
    ],
    ids=["context", "read"],
)
def test_wrong_arguments_are_errors_that_say_what_to_pass(context: Any, read: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        checkpointed(context, read)


def test_a_flag_that_a_replay_evaluates_outside_of_a_step_is_warned_of_once() -> None:
    @handler(Logger())
    def ship(event: Any, context: Any) -> bool:
        express = flags.enabled("express") and flags.enabled("express")
        context.wait(Duration.from_seconds(1))
        return express

    result = invoke(sdk.durable_execution(ship))
    assert result.unwrap() is True
    (line,) = (line for line in result.logs if line["level"] == "WARN")
    assert line["message"].startswith("the feature flag 'express' was evaluated again in the replay")


def test_a_flag_in_a_step_is_not_warned_of() -> None:
    @handler(Logger())
    def ship(event: Any, context: Any) -> bool:
        express = checkpointed(context, lambda: flags.enabled("express"), name="express")
        context.wait(Duration.from_seconds(1))
        return express

    result = invoke(sdk.durable_execution(ship))
    assert (result.unwrap(), result.logs) == (True, ())
