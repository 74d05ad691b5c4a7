"""Contexts and clocks for tests."""

from __future__ import annotations

import time
from typing import Any

import pytest

from lambda_kit.errors import ConfigurationError
from lambda_kit.testing import FakeClock, make_context


def test_a_context_has_what_the_runtime_gives() -> None:
    context = make_context(
        request_id="r-1", function_name="shop", memory_mb=256, region="eu-west-1", w3c={"traceparent": "t"}
    )
    assert context.aws_request_id == "r-1"
    assert context.invoked_function_arn == "arn:aws:lambda:eu-west-1:123456789012:function:shop"
    assert (context.memory_limit_in_mb, context.function_version) == ("256", "$LATEST")
    assert context.w3c() == {"traceparent": "t"}
    assert (context.tenant_id, context.client_context, context.identity.cognito_identity_id) == (None, None, None)


def test_a_context_has_the_attributes_of_the_runtimes_own() -> None:
    lambda_context: Any = pytest.importorskip("awslambdaric.lambda_context")
    real = lambda_context.LambdaContext("r-1", None, None, int(time.time() * 1000) + 1000, "arn", None)
    public = {name for name in dir(real) if not name.startswith("_")}
    assert public <= set(dir(make_context()))


def test_the_deadline_of_a_context_runs_on_its_clock() -> None:
    clock = FakeClock()
    context = make_context(timeout=3.0, clock=clock)
    clock.advance(1.0)
    assert context.get_remaining_time_in_millis() == 2000
    clock.advance(5.0)
    assert context.get_remaining_time_in_millis() == 0
    real = make_context(timeout=3.0)
    assert 0 < real.get_remaining_time_in_millis() <= 3000


@pytest.mark.parametrize("timeout", [-1, float("nan"), True])
def test_a_timeout_that_is_no_number_of_seconds_is_refused(timeout: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"make_context\(timeout="):
        make_context(timeout=timeout)
