"""Work and facts of other capabilities show in the trace, where a tracer has a span open, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_kit import FeatureFlags, Tracer, handler, idempotent
from lambda_kit.errors import FlagsUnavailable
from lambda_kit.flags import Fetched, StaticFlags
from lambda_kit.idempotency import MemoryStore
from lambda_kit.testing import invoke


class Down:
    """A source of flags that is out of reach."""

    def fetch(self) -> Fetched:
        raise OSError("no answer")


def test_an_operation_is_a_span_within_the_one_that_is_open() -> None:
    tracer = Tracer()

    class Traced:
        def fetch(self) -> Fetched:
            with tracer.span("inner"):
                return Fetched({})

    flags = FeatureFlags(Traced())

    @handler(tracer)
    def place(event: object, context: object) -> None:
        flags.all()

    (tree,) = invoke(place).spans
    assert tree.names() == ("place", ("feature flags", "inner"))


def test_an_operation_that_fails_is_a_span_that_fails() -> None:
    flags = FeatureFlags(Down())

    @handler(Tracer())
    def place(event: object, context: object) -> None:
        with pytest.raises(FlagsUnavailable):
            flags.enabled("cart")

    (tree,) = invoke(place).spans
    assert tree.find("feature flags").fault
    assert not tree.fault


def test_without_an_open_span_an_operation_is_no_span() -> None:
    tracer, flags = Tracer(), FeatureFlags(StaticFlags({}))

    @handler
    def place(event: object, context: object) -> None:
        flags.all()
        with tracer.span("order"):
            pass

    assert [span.name for span in invoke(place).spans] == ["order"]


def test_evaluations_of_flags_annotate_the_innermost_span() -> None:
    tracer, flags = Tracer(), FeatureFlags(StaticFlags({"new-cart": {"default": True}}), record=True)
    flags.all()

    @handler(tracer)
    def place(event: object, context: object) -> None:
        with tracer.span("order"):
            flags.enabled("new-cart")

    (tree,) = invoke(place).spans
    assert tree.find("order").annotations == {"flag_new_cart": "on"}
    assert set(tree.annotations) == {"ColdStart"}


def test_the_outcome_of_an_idempotent_call_annotates_the_innermost_span() -> None:
    tracer = Tracer()

    @idempotent(MemoryStore(), key="order_id", cache=0)
    def charge(order_id: int) -> int:
        return order_id

    @handler(tracer)
    def place(event: Any, context: object) -> None:
        for name in ("first", "second"):
            with tracer.span(name):
                charge(1)

    (tree,) = invoke(place).spans
    outcomes = [tree.find(name).annotations for name in ("first", "second")]
    assert outcomes == [{"idempotency": "completed"}, {"idempotency": "replayed"}]
    assert set(tree.annotations) == {"ColdStart"}


def test_a_fact_outside_of_spans_goes_by() -> None:
    flags = FeatureFlags(StaticFlags({"cart": {"default": True}}), record=True)

    @handler
    def place(event: object, context: object) -> bool:
        return flags.enabled("cart")

    Tracer()
    assert invoke(place).unwrap() is True
