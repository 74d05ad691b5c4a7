"""Roll-outs and variants over many units: even, growing, independent, and the same for ever."""

from __future__ import annotations

import enum
from decimal import Decimal
from fractions import Fraction
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given, strategies

from lambda_kit.flags import _rollout as rollout
from lambda_kit.flags._schema import compile_flags
from tests.effort import scaled

st: Any = strategies
UNITS = [f"user-{i}" for i in range(scaled(100_000))]


def reached(percentage: float, flag: str = "cart", **more: Any) -> set[str]:
    """Return the units for which a flag with this roll-out is on."""
    rule = {"when_match": True, "rollout": {"percentage": percentage, "by": "user", **more}}
    decide = compile_flags({flag: {"default": False, "rules": {"some": rule}}})[flag].decide
    return {unit for unit in UNITS if decide({"user": unit}, lambda: 0.0).value}


def chosen(*weights: float, percentage: float = 100) -> dict[str, str]:
    """Return for each unit that is reached the variant that it gets."""
    variants = [{"name": f"v{i}", "weight": weight, "value": i} for i, weight in enumerate(weights)]
    rule = {"variants": variants, "by": "user", "rollout": {"percentage": percentage, "by": "user"}}
    decide = compile_flags({"cart": {"default": -1, "boolean_type": False, "rules": {"some": rule}}})["cart"].decide
    found = {unit: decide({"user": unit}, lambda: 0.0) for unit in UNITS}
    return {unit: str(outcome.variant) for unit, outcome in found.items() if outcome.value != -1}


@pytest.mark.parametrize(
    ("purpose", "seed", "unit", "number"),
    [
        ("rollout", "cart", "user-1", 47771774987770355),
        ("rollout", "cart", "", 17042800754685468035),
        ("variant", "cart", "user-1", 1375436397648682429),
        ("rollout", "größe", "ü", 3830638810904700090),
    ],
)
def test_the_number_of_a_unit_never_changes(purpose: Any, seed: str, unit: str, number: int) -> None:
    assert rollout.numbers(purpose, seed)(unit) == number
    assert number == documented_number(purpose, seed, unit)


def documented_number(purpose: str, seed: str, unit: str) -> int:
    """Return the number of a unit, calculated as the documentation says: other programs may do so too."""
    return int(sha256(f"{purpose}\n{seed}\n{unit}".encode()).hexdigest()[:16], 16)


@pytest.mark.parametrize(("more", "seed"), [({}, "cart"), ({"seed": "spring"}, "spring")], ids=["flag", "seed"])
def test_a_roll_out_reaches_the_units_whose_documented_number_is_low(more: dict[str, str], seed: str) -> None:
    half = 2**63
    assert reached(50, **more) == {unit for unit in UNITS if documented_number("rollout", seed, unit) < half}


def test_a_unit_gets_the_variant_of_its_documented_number() -> None:
    ends = (2**62, 2**64)
    assert chosen(1, 3) == {
        unit: next(f"v{i}" for i, end in enumerate(ends) if documented_number("variant", "cart", unit) < end)
        for unit in UNITS
    }


@pytest.mark.parametrize("percentage", [0, 0.1, 1, 10, 33.3, 50, 90, 100])
def test_a_percentage_reaches_that_share_of_the_units(percentage: float) -> None:
    expected = len(UNITS) * percentage / 100
    deviation = (expected * (1 - percentage / 100)) ** 0.5
    assert abs(len(reached(percentage)) - expected) <= 4 * deviation


def test_units_are_spread_evenly() -> None:
    counts = [0] * 100
    for unit in UNITS:
        counts[rollout.numbers("rollout", "cart")(unit) * 100 // rollout.SPACE] += 1
    mean = len(UNITS) / len(counts)
    assert sum((count - mean) ** 2 / mean for count in counts) < 160  # chi-square of 99 degrees: 1 in 10,000 above


@pytest.mark.parametrize(
    ("percentage", "reached", "missed"),
    [
        (0, [], [0]),
        (12.5, [2**61 - 1], [2**61]),
        (50, [0, 2**63 - 1], [2**63]),
        (100, [0, 2**64 - 1], []),
    ],
)
def test_the_numbers_below_the_percentage_are_reached(percentage: float, reached: list[int], missed: list[int]) -> None:
    within = rollout.is_within(percentage)
    assert all(within(number) for number in reached)
    assert not any(within(number) for number in missed)


def test_growing_a_percentage_only_adds_units() -> None:
    before: set[str] = set()
    for percentage in (0, 0.01, 1, 5, 5.5, 50, 99.99, 100):
        now = reached(percentage)
        assert before <= now
        before = now
    assert before == set(UNITS)


def test_flags_are_independent_of_each_other_unless_they_share_a_seed() -> None:
    both = reached(30) & reached(30, flag="search")
    assert abs(len(both) - len(UNITS) * 0.09) < 4 * (len(UNITS) * 0.09 * 0.91) ** 0.5
    assert reached(30, seed="spring") == reached(30, flag="search", seed="spring")
    assert reached(30, seed="cart") == reached(30)


def test_weights_are_the_shares_of_the_variants() -> None:
    found = list(chosen(1, 0, 2.5, 6.5).values())
    assert "v1" not in found
    for name, share in (("v0", 0.1), ("v2", 0.25), ("v3", 0.65)):
        assert abs(found.count(name) - len(UNITS) * share) < 4 * (len(UNITS) * share * (1 - share)) ** 0.5


def test_who_is_reached_says_nothing_about_the_variant() -> None:
    found = list(chosen(1, 1, percentage=20).values())
    assert abs(found.count("v0") - len(found) / 2) < 4 * (len(found) / 4) ** 0.5


def test_the_variant_stays_when_the_roll_out_grows() -> None:
    few, many = chosen(1, 1, percentage=20), chosen(1, 1, percentage=60)
    assert few.items() <= many.items()


@pytest.mark.parametrize("weights", [[1, 0], [0, 1], [1e-300, 1e-300], [0.1] * 10, [1, 0, 0], [3]])
def test_every_number_has_a_variant_with_a_weight(weights: list[float]) -> None:
    pick = rollout.chooser(weights)
    for number in (0, 1, rollout.SPACE // 2, rollout.SPACE - 1):
        assert weights[pick(number)] > 0


@pytest.mark.parametrize(
    "weights", [(1e300, 1e300), (1e308, 1e308), (5e-324, 5e-324), (10**400, 10**400), (10**400 // 3, 10**400 // 3)]
)
def test_weights_count_in_relation_to_each_other_however_large_or_small_they_are(weights: tuple[float, float]) -> None:
    assert chosen(*weights) == chosen(1, 1)


WEIGHTS: Any = st.lists(st.integers(0, 10**20) | st.floats(0, allow_infinity=False), min_size=1, max_size=6).filter(any)


@given(WEIGHTS, st.integers(0, rollout.SPACE - 1), st.integers(0, 5), st.integers(-2, 2))
def test_a_variant_has_the_numbers_between_the_ends_of_those_before_and_its_own(
    weights: list[float], anywhere: int, index: int, beside: int
) -> None:
    exact = [Fraction(weight) for weight in weights]
    ends = [sum(exact[: i + 1], Fraction()) * rollout.SPACE / sum(exact) for i in range(len(exact))]
    pick = rollout.chooser(weights)
    at_an_end = min(max(int(ends[index % len(ends)]) + beside, 0), rollout.SPACE - 1)
    for number in (anywhere, at_an_end):
        assert pick(number) == next(i for i, end in enumerate(ends) if number < end)


@pytest.mark.parametrize("unit", [None, True, False, 1.5, [], {}, b"user", (), 2**64, -(2**64), float("nan")])
def test_what_is_no_unit_is_never_reached(unit: Any) -> None:
    rule = {"when_match": True, "rollout": {"percentage": 100, "by": "user"}}
    split = {"variants": [{"name": "a", "weight": 1, "value": True}], "by": "user"}
    for one in (rule, split):
        decide = compile_flags({"cart": {"default": False, "rules": {"all": one}}})["cart"].decide
        assert decide({"user": unit}, lambda: 0.0).value is False
        assert decide({}, lambda: 0.0).value is False


def test_a_number_is_the_unit_that_its_digits_are() -> None:
    rule = {"when_match": True, "rollout": {"percentage": 50, "by": "user"}}
    decide = compile_flags({"cart": {"default": False, "rules": {"some": rule}}})["cart"].decide
    for i in (-5, 0, 7, 123456789):
        assert decide({"user": i}, lambda: 0.0).value == decide({"user": str(i)}, lambda: 0.0).value


def test_text_that_is_no_unicode_is_a_unit_like_any_other() -> None:
    assert 0 <= rollout.numbers("rollout", "cart")("\ud800") < rollout.SPACE
    assert 0 <= rollout.numbers("rollout", "\ud800")("user-1") < rollout.SPACE


class Plan(enum.StrEnum):
    FREE = "free"


class Number(enum.IntEnum):
    SEVEN = 7


class Index:
    def __index__(self) -> int:
        return 7


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (Plan.FREE, "free"),
        (Number.SEVEN, "7"),
        (Index(), "7"),
        (Decimal(7), "7"),
        (Decimal("7.0"), "7"),
        (Decimal(-7), "-7"),
    ],
    ids=["StrEnum", "IntEnum", "index", "Decimal", "Decimal-7.0", "Decimal--7"],
)
def test_integers_and_strings_of_other_types_are_the_same_unit(value: Any, unit: str) -> None:
    assert rollout.unit_of(value) == unit


@pytest.mark.parametrize(
    "value", [Decimal("7.5"), Decimal("NaN"), Decimal("Infinity"), Decimal(2**64), True, 7.0, b"7"], ids=repr
)
def test_other_values_are_no_unit(value: Any) -> None:
    assert rollout.unit_of(value) is None
