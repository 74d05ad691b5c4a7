"""What other capabilities do shows in the trace, where a tracer has a span open, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_kit import Tracer, handler
from lambda_kit._kernel import facts
from lambda_kit.testing import invoke


def test_an_operation_is_a_span_within_the_one_that_is_open() -> None:
    tracer = Tracer()

    @handler(tracer)
    def place(event: object, context: object) -> None:
        with facts.operation("orders place") as step, tracer.span("inner"):
            step.annotate(count=2)
            step.metadata(names=["a"])

    (tree,) = invoke(place).spans
    assert tree.names() == ("place", ("orders place", "inner"))
    step = tree.find("orders place")
    assert (step.annotations, step.metadata) == ({"count": 2}, {"default": {"names": ["a"]}})


def test_an_operation_that_fails_is_a_span_that_fails() -> None:
    @handler(Tracer())
    def place(event: object, context: object) -> None:
        with pytest.raises(LookupError), facts.operation("orders place"):
            raise LookupError("no such order")

    (tree,) = invoke(place).spans
    assert tree.find("orders place").fault
    assert not tree.fault


def test_without_an_open_span_an_operation_is_not_watched() -> None:
    tracer = Tracer()
    seen: list[Any] = []

    @handler
    def place(event: object, context: object) -> None:
        seen.append(facts.operation("orders place"))
        with tracer.span("order"):
            pass

    assert [span.name for span in invoke(place).spans] == ["order"]
    assert seen == [facts.UNOBSERVED]


@pytest.mark.parametrize(
    ("fact", "fields", "annotations"),
    [
        ("idempotency.claimed", {"key": "k"}, {"idempotency": "claimed"}),
        ("idempotency.replayed", {"key": "k"}, {"idempotency": "replayed"}),
        ("flags.evaluated", {"flag": "new-cart", "variant": "blue", "reason": "SPLIT"}, {"flag_new_cart": "blue"}),
        ("orders.placed", {"id": 1}, {}),
    ],
)
def test_a_fact_annotates_the_innermost_span(fact: str, fields: dict[str, Any], annotations: dict[str, str]) -> None:
    tracer = Tracer()

    @handler(tracer)
    def place(event: object, context: object) -> None:
        with tracer.span("order"):
            facts.tell(fact, **fields)

    (tree,) = invoke(place).spans
    assert tree.find("order").annotations == annotations
    assert set(tree.annotations) == {"ColdStart"}


def test_a_fact_outside_of_spans_goes_by() -> None:
    @handler
    def place(event: object, context: object) -> str:
        facts.tell("idempotency.claimed", key="k")
        return "done"

    Tracer()
    assert invoke(place).unwrap() == "done"
