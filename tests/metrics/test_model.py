"""Any sequence of calls over several invocations: every value comes out once, with its unit and its dimensions."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import handler
from lambda_kit.errors import ConfigurationError
from lambda_kit.metrics import Metrics
from tests.metrics.validator import Point, parse_all, points

NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
VALUES = st.one_of(
    st.integers(-(2**360), 2**360),
    st.floats(-(2.0**360), 2.0**360),
    st.lists(st.integers(-5, 5), max_size=4),
    st.integers(90, 210).map(lambda n: [1] * n),
)
TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=5).filter(str.strip)
CALLS = st.one_of(
    st.tuples(st.just("add"), NAMES, VALUES, st.sampled_from(["Count", "Bytes"]), st.booleans()),
    st.tuples(st.just("many"), st.integers(1, 130)),
    st.tuples(st.sampled_from(["dimension", "dimension_set"]), st.dictionaries(NAMES, TEXTS, max_size=3)),
    st.tuples(st.just("metadata"), st.dictionaries(NAMES, st.text() | st.integers(), max_size=2)),
    st.tuples(st.just("flush")),
)
# Whether an invocation has the layer, or there is none at all; and what is called in it.
STEPS = st.lists(st.tuples(st.sampled_from(["layer", "handler", "outside"]), st.lists(CALLS, max_size=12)), max_size=5)


@dataclass
class Model:
    """A plain model of the values of one invocation that wait."""

    static: dict[str, str]
    values: list[tuple[str, float, str, int]] = field(default_factory=list[tuple[str, float, str, int]])
    kinds: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])
    base: dict[str, str] = field(default_factory=dict[str, str])
    sets: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    metadata: set[str] = field(default_factory=set[str])

    def dimensions(self) -> dict[str, str]:
        merged = dict(self.static)
        for one in self.sets:
            merged |= one
        return merged | self.base

    def add(self, name: str, value: Any, unit: str, high: bool) -> bool:
        values: list[Any] = [value] if isinstance(value, int | float) else value
        kind = (unit, 1 if high else 60)
        if values and (name in self.dimensions() or name in self.metadata or self.kinds.get(name, kind) != kind):
            return False
        if values:
            self.kinds[name] = kind
            self.values += [(name, one, *kind) for one in values]
        return True

    def label(self, given: dict[str, str], as_set: bool) -> bool:
        known = self.dimensions()
        changes = [name for name, value in given.items() if known.get(name, value) != value]
        if set(given) & (set(self.kinds) | self.metadata) or (changes and (as_set or self.values)):
            return False
        if as_set:
            self.sets.append(given)
        else:
            self.base |= given
            self.sets = [{name: given.get(name, value) for name, value in one.items()} for one in self.sets]
        return True

    def describe(self, given: dict[str, Any]) -> bool:
        if set(given) & (set(self.kinds) | set(self.dimensions())):
            return False
        self.metadata |= set(given)
        return True

    def flush(self) -> list[Point]:
        values, self.values = self.values, []
        sets = {tuple(sorted((self.static | self.base | one | self.base).items())) for one in ({}, *self.sets)}
        return [(name, names, value, unit, high) for name, value, unit, high in values for names in sets]


def apply(metrics: Metrics, model: Model, call: Any) -> list[Point]:
    """Make a call; whether it is refused has to be what the model says. Return what it must have written."""
    kind, *arguments = call
    if kind == "flush":
        metrics.flush()
        return model.flush()
    if kind == "many":
        for i in range(arguments[0]):
            metrics.add(f"Metric{i}", i)
            assert model.add(f"Metric{i}", i, "Count", False)
        return []
    try:
        if kind == "add":
            name, value, unit, high = arguments
            metrics.add(name, value, unit, high_resolution=high)
        else:
            getattr(metrics, kind)(**arguments[0])
        accepted = True
    except ConfigurationError:
        accepted = False
    if kind == "add":
        expected = model.add(*arguments)
    elif kind == "metadata":
        expected = model.describe(arguments[0])
    else:
        expected = model.label(arguments[0], kind == "dimension_set")
    assert accepted == expected, call
    return []


@given(STEPS, st.sampled_from([{}, {"e": "static"}]))
def test_every_value_comes_out_once_with_its_unit_and_dimensions(steps: Any, static: dict[str, str]) -> None:
    make: Any = Metrics
    metrics: Metrics = make("Shop", **static)
    expected: list[Point] = []
    outside = Model(static)
    left: list[Model] = []  # invocations that ended without the layer
    output = StringIO()
    with contextlib.redirect_stdout(output):
        for where, calls in steps:
            model = outside if where == "outside" else Model(static)

            def work(event: object, context: object, calls: Any = calls, model: Model = model) -> None:
                nonlocal expected, outside
                for call in calls:
                    expected += apply(metrics, model, call)
                    if call[0] == "flush" and outside.values:  # it writes what waits outside too
                        expected += outside.flush()
                        outside = Model(static)

            if where == "outside":
                for call in calls:
                    expected += apply(metrics, model, call)
                    if call[0] == "flush":
                        model = outside = Model(static)
                continue
            handler(*[metrics] * (where == "layer"))(work)({}, None)
            if where == "layer":
                expected += model.flush()
                if outside.values:
                    expected += outside.flush()
                    outside = Model(static)
            else:
                left.append(model)
        metrics.flush()
    for model in (outside, *left):
        expected += model.flush()
    assert points(parse_all(output.getvalue())) == sorted(expected)
