"""A batch is a span, with what it was and how it went."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from lambda_kit import FeatureFlags, Metrics, Tracer
from lambda_kit.flags import StaticFlags
from lambda_kit.testing import invoke
from tests.batch import builders
from tests.batch.builders import handled, reported


@pytest.mark.parametrize("concurrency", [1, 3])
@pytest.mark.parametrize("is_async", [False, True])
def test_a_batch_is_a_span_with_its_counts_and_what_runs_for_a_record_is_within(
    concurrency: int, is_async: bool
) -> None:
    tracer = Tracer()

    def charge(record: Any) -> None:
        with tracer.span("card"):
            if record.id == "m1":
                raise ValueError

    async def charge_async(record: Any) -> None:
        await asyncio.sleep(0)
        charge(record)

    function = handled(charge_async if is_async else charge, tracer, concurrency=concurrency)
    result = invoke(function, builders.sqs(count=3))
    assert reported(result.value) == ["m1"]
    (tree,) = result.spans
    span = tree.find("batch")
    assert span.annotations == {
        "source": "sqs",
        "records": 3,
        "succeeded": 2,
        "failed": 1,
        "dead_letters": 0,
        "skipped": 0,
    }
    assert [one.name for one in span.children] == ["card"] * 3
    assert not span.fault


def test_a_flag_that_a_record_is_decided_by_is_annotated_and_counted() -> None:
    flags = FeatureFlags(StaticFlags({"express": {"default": True}}), record=True)

    def charge(record: Any) -> None:
        flags.enabled("express")

    function = handled(charge, Metrics(namespace="shop", flags=True), Tracer())
    result = invoke(function, builders.sqs(count=3))
    (tree,) = result.spans
    assert tree.find("batch").annotations["flag_express"] == "on"
    assert result.metrics["FlagEvaluations"] == [3]
    assert [(one["flag"], one["variant"]) for one in result.logs if "FlagEvaluations" in one] == [("express", "on")]
