"""Calls that CloudWatch would drop are refused, with a message that says what is wrong and why."""

from __future__ import annotations

import functools
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import ConfigurationError
from lambda_kit.metrics import Metrics
from lambda_kit.metrics import _rules as rules
from lambda_kit.metrics._record import Definition, add_to
from tests.metrics.validator import cloudwatch, parse_all

if TYPE_CHECKING:
    from collections.abc import Callable


make: Any = Metrics  # for arguments that type checkers refuse


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        work()
    assert isinstance(caught.value, ValueError)
    return str(caught.value)


def test_the_units_are_those_of_cloudwatch() -> None:
    assert set(cloudwatch()["StandardUnit"]["enum"]) == rules.UNITS
    assert set(rules.DURATIONS) <= rules.UNITS


def test_the_limits_are_those_of_cloudwatch() -> None:
    shapes = cloudwatch()
    assert {shapes[name]["max"] for name in ("MetricName", "DimensionName", "Namespace")} == {rules._MAX_NAME}
    assert shapes["DimensionValue"]["max"] == rules._MAX_DIMENSION_VALUE
    assert shapes["Dimensions"]["max"] == rules.MAX_DIMENSIONS


@pytest.mark.parametrize(
    ("unit", "hint"),
    [
        ("count", "; did you mean 'Count'?"),
        ("COUNT", "; did you mean 'Count'?"),
        ("Second", "; did you mean 'Seconds'?"),
        ("milliseconds", "; did you mean 'Milliseconds'?"),
        ("Milisecond", "; did you mean 'Milliseconds'?"),
        ("ms", "; did you mean 'Milliseconds'?"),
        ("bytes/second", "; did you mean 'Bytes/Second'?"),
        ("%", "; did you mean 'Percent'?"),
        ("bananas", "; the units are Bits, Bits/Second, Bytes"),
    ],
)
def test_an_unknown_unit_is_refused_with_the_closest_one(metrics: Metrics, unit: Any, hint: str) -> None:
    message = refusal(lambda: metrics.add("Orders", 1, unit))
    assert message.startswith(f"add('Orders', ..., unit={unit!r}): CloudWatch has no such unit{hint}")


@pytest.mark.parametrize("unit", [None, 3, []])
def test_a_unit_that_is_no_string_is_refused_with_all_there_are(metrics: Metrics, unit: Any) -> None:
    assert "the units are Bits, Bits/Second, Bytes" in refusal(lambda: metrics.add("Orders", 1, unit))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (float("nan"), "the value is nan; CloudWatch takes finite numbers"),
        (float("inf"), "the value is inf"),
        (float("-inf"), "the value is -inf"),
        (Decimal("NaN"), "the value is NaN"),
        (Decimal("sNaN"), "the value is sNaN"),
        (Decimal("Infinity"), "the value is Infinity"),
        (2**360 + 1, "the value is too large; CloudWatch takes finite numbers from -2^360 to 2^360"),
        (-(2**400), "the value is too large"),
        (1e200, "the value is too large"),
        (True, "the value is a bool; pass an int, a float, a Decimal or a list of them"),
        (None, "the value is a NoneType"),
        ("5", "the value is a str"),
        (b"5", "the value is a bytes"),
        ({"a": 1}, "the value is a dict"),
        ({1, 2}, "the value is a set"),
        (1j, "the value is a complex"),
        ([1, "5"], "the value at position 1 is a str"),
        ([[1]], "the value at position 0 is a list"),
        ((1, float("nan")), "the value at position 1 is nan"),
    ],
)
def test_a_value_that_is_no_finite_number_is_refused(
    metrics: Metrics, value: Any, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refusal(lambda: metrics.add("Size", value)).startswith(f"add('Size', ...): {why}")
    metrics.flush()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "is empty"),
        (" ", "is empty"),
        ("x" * 256, "has 256 characters, more than 255"),
        ("Größe", "has '\\xf6' in it, which is not a printable ASCII character"),
        ("a\nb", "has '\\n' in it"),
        ("\x7f", "has '\\x7f' in it"),
    ],
)
def test_a_name_that_cloudwatch_would_drop_is_refused(metrics: Metrics, name: str, why: str) -> None:
    of_dimension = why.replace("255", "250")
    for message, said in (
        (refusal(lambda: metrics.add(name, 1)), why),
        (refusal(lambda: metrics.dimension(**{name: "x"})), of_dimension),
        (refusal(lambda: metrics.dimension_set(**{name: "x"})), of_dimension),
        (refusal(lambda: make("Shop", **{name: "x"})), of_dimension),
        (refusal(lambda: Metrics(name)), why),
        (refusal(lambda: metrics.timer(name)), why),
    ):
        assert said in message
        assert len(message) < 200


@pytest.mark.parametrize("name", [None, 3, ["Orders"], b"Orders"])
def test_a_name_that_is_no_string_is_refused(metrics: Metrics, name: Any) -> None:
    value: Any = "x"
    assert "pass a string" in refusal(lambda: metrics.add(name, 1))
    assert "Metrics" not in refusal(lambda: metrics.add(name, value))


@pytest.mark.parametrize("namespace", [3, b"Shop"])
def test_a_namespace_that_is_no_string_is_refused(namespace: Any) -> None:
    assert refusal(lambda: Metrics(namespace)).startswith("the namespace is a ")


@pytest.mark.parametrize(("namespace", "why"), [(":Shop", "begins with a colon"), ("AWS/Lambda", "begins with AWS/")])
def test_a_namespace_that_cloudwatch_reserves_is_refused(namespace: str, why: str) -> None:
    assert why in refusal(lambda: Metrics(namespace))


def test_the_name_of_a_dimension_may_not_begin_with_a_colon(metrics: Metrics) -> None:
    assert "begins with a colon" in refusal(lambda: metrics.dimension(**{":a": 1}))


def test_the_member_of_the_format_itself_is_no_name(metrics: Metrics) -> None:
    for message in (
        refusal(lambda: metrics.add("_aws", 1)),
        refusal(lambda: metrics.dimension(_aws=1)),
        refusal(lambda: metrics.metadata(_aws=1)),
    ):
        assert "'_aws', which the format reserves" in message


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("", "is empty"),
        ("\t", "is empty"),
        (None, "is None"),
        ("x" * 1025, "has 1025 characters, more than 1024"),
        ("José", "has '\\xe9' in it"),
    ],
)
def test_the_value_of_a_dimension_that_cloudwatch_would_drop_is_refused_and_not_quoted(
    metrics: Metrics, value: Any, why: str
) -> None:
    for message in (
        refusal(lambda: metrics.dimension(good="x", customer=value)),
        refusal(lambda: metrics.dimension_set(customer=value)),
        refusal(lambda: Metrics("Shop", customer=value)),
    ):
        assert message.startswith(f"the value of the dimension 'customer' {why}")
        assert "José" not in message
        assert "xx" not in message


def test_an_empty_service_is_refused() -> None:
    assert "'service' is empty" in refusal(lambda: Metrics("Shop", service=""))


def test_more_than_30_dimensions_in_a_set_are_refused_and_named() -> None:
    thirty = {f"d{i}": i for i in range(30)}
    make("Shop", **thirty)
    for work in (
        lambda: make("Shop", service="orders", **thirty),
        lambda: Metrics("Shop", service="orders").dimension(**thirty),
        lambda: Metrics("Shop", service="orders").dimension_set(**thirty),
    ):
        message = refusal(work)
        assert message.startswith("a set of 31 dimensions; CloudWatch takes 30: service, d0, d1")
        assert message.endswith("d29")


def test_dimension_sets_that_would_fill_the_line_are_refused(metrics: Metrics) -> None:
    def fill() -> None:
        for i in range(100):
            metrics.dimension_set(**{f"d{i}{j}": "x" * 1000 for j in range(10)})

    assert "take more than 98304 bytes" in refusal(fill)


def test_metadata_of_too_many_fields_is_refused(metrics: Metrics) -> None:
    message = refusal(lambda: metrics.metadata(**{f"field{i}": "x" * 20 for i in range(10_000)}))
    assert "10000 fields of metadata" in message


def test_a_name_is_one_thing_in_a_line() -> None:
    metrics = Metrics("Shop", stage="prod")
    metrics.add("Orders", 1)
    metrics.dimension(tenant="t")
    metrics.dimension_set(region="eu")
    metrics.metadata(order="o")
    both = "in the line both would be the member"
    for work, call, use in (
        (lambda: metrics.add("stage", 1), "add('stage', ...)", "a dimension, by Metrics(stage=...)"),
        (lambda: metrics.add("tenant", 1), "add('tenant', ...)", "a dimension, by dimension(tenant=...)"),
        (lambda: metrics.add("region", 1), "add('region', ...)", "a dimension, by dimension_set(region=...)"),
        (lambda: metrics.add("order", 1), "add('order', ...)", "metadata, by metadata(order=...)"),
        (lambda: metrics.dimension(Orders=1), "dimension(Orders=...)", "a metric, by add('Orders', ...)"),
        (lambda: metrics.dimension_set(Orders=1), "dimension_set(Orders=...)", "a metric, by add('Orders', ...)"),
        (lambda: metrics.dimension(order=1), "dimension(order=...)", "metadata, by metadata(order=...)"),
        (lambda: metrics.metadata(Orders=1), "metadata(Orders=...)", "a metric, by add('Orders', ...)"),
        (lambda: metrics.metadata(stage=1), "metadata(stage=...)", "a dimension, by Metrics(stage=...)"),
        (lambda: metrics.metadata(region=1), "metadata(region=...)", "a dimension, by dimension_set(region=...)"),
    ):
        message = refusal(work)
        assert message.startswith(f"{call}: ")
        assert f"is already {use}; {both}" in message


def test_a_metric_with_dimensions_of_its_own_keeps_its_name_too(metrics: Metrics) -> None:
    metrics.add("Orders", 1, dimensions={"tenant": "t"})
    for name in ("dimension", "dimension_set", "metadata"):
        message = refusal(functools.partial(getattr(metrics, name), Orders=1))
        assert message.startswith(f"{name}(Orders=...): 'Orders' is already a metric, by add('Orders', ...);")


def test_a_dimension_keeps_its_value_while_values_wait() -> None:
    metrics = Metrics("Shop", stage="prod")
    metrics.add("Orders", 1)
    assert refusal(lambda: metrics.dimension(stage="dev")) == (
        "dimension(stage=...) gives 'stage' another value than Metrics(stage=...), and values wait that it would "
        "change too: write them with flush() first, or give each value its own dimensions with add(..., "
        "dimensions={...}) or bind(...)"
    )


def test_a_dimension_has_one_value_in_all_sets(metrics: Metrics) -> None:
    metrics.dimension_set(region="eu")
    assert refusal(lambda: metrics.dimension_set(region="us")).endswith(
        "another value than dimension_set(region=...), and in one line a dimension has one value"
    )


def test_a_call_that_is_refused_changes_nothing(metrics: Metrics, capsys: pytest.CaptureFixture[str]) -> None:
    refusal(lambda: metrics.dimension(good="x", bad=""))
    refusal(lambda: metrics.metadata(good="x", _aws=""))
    refusal(lambda: metrics.add("good", [1, True]))
    metrics.add("good", 2)
    metrics.flush()
    assert capsys.readouterr().out.endswith(',"good":2}\n')


@pytest.mark.parametrize("second", [("Seconds", False), ("Count", True)])
def test_a_metric_has_one_unit_and_one_resolution_in_an_invocation(metrics: Metrics, second: tuple[Any, bool]) -> None:
    metrics.add("Orders", 1)
    unit, high_resolution = second
    message = refusal(lambda: metrics.add("Orders", 1, unit, high_resolution=high_resolution))
    assert message == (
        f"add('Orders', ...) with unit={unit!r}, high_resolution={high_resolution}, after add('Orders', ...) with "
        "unit='Count', high_resolution=False: in one invocation a metric has one unit and one resolution"
    )
    metrics.add("Orders", 2)


@pytest.mark.parametrize(
    ("unit", "hint"),
    [
        ("Count", "the units are Microseconds, Milliseconds, Seconds"),
        ("ms", "did you mean 'Milliseconds'?"),
        ("Millisecond", "did you mean 'Milliseconds'?"),
        ("kb", "the units are Microseconds, Milliseconds, Seconds"),
        (1, "the units are Microseconds, Milliseconds, Seconds"),
    ],
)
def test_a_timer_takes_units_of_time(metrics: Metrics, unit: Any, hint: str) -> None:
    message = refusal(lambda: metrics.timer("Payment", unit))
    assert message == f"timer(unit={unit!r}): that is no unit of time; {hint}"


def test_a_timer_that_runs_is_not_entered_a_second_time_and_still_tells_its_time(
    metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    timer = metrics.timer("Payment")
    with timer:
        assert "call timer() for each of the blocks" in refusal(timer.__enter__)
    with timer:
        pass
    metrics.flush()
    (line,) = parse_all(capsys.readouterr().out)
    assert len(line["Payment"]) == 2


@pytest.mark.parametrize("name", ["_aws", "level", "timestamp"])
def test_a_name_that_the_platform_reads_is_refused_in_every_place(metrics: Metrics, name: str) -> None:
    as_options: Any = {name: "x"}
    for use in (
        lambda: metrics.add(name, 1),
        lambda: metrics.dimension(**{name: "x"}),
        lambda: metrics.metadata(**{name: "x"}),
        lambda: Metrics("Shop", **as_options),
    ):
        assert f"{name!r}, " in refusal(use)


def test_a_missing_namespace_is_told_with_the_variables_to_set() -> None:
    metrics = Metrics()
    for work in (
        lambda: metrics.add("Orders", 1),
        lambda: metrics.dimension(a=1),
        lambda: metrics.metadata(a=1),
        metrics.timer,
    ):
        assert refusal(work) == (
            "there is no namespace for the metrics: pass Metrics(namespace=...), or set the environment variable "
            "LAMBDA_KIT_METRICS_NAMESPACE or POWERTOOLS_METRICS_NAMESPACE"
        )


def test_a_namespace_in_the_environment_is_checked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "AWS/Shop")
    assert refusal(lambda: Metrics().add("a", 1)).startswith(
        "the namespace in POWERTOOLS_METRICS_NAMESPACE, 'AWS/Shop'"
    )


def test_the_layer_goes_around_what_can_be_called(metrics: Metrics) -> None:
    assert "is not callable" in refusal(lambda: metrics("place"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_the_type_of_a_unit_names_them_all() -> None:
    import ast
    from pathlib import Path

    tree = ast.parse(Path(rules.__file__).read_text())
    (alias,) = [
        node for node in ast.walk(tree) if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "Unit"
    ]
    assert alias.value is not None
    named = [node.value for node in ast.walk(alias.value) if isinstance(node, ast.Constant)]
    assert named == cloudwatch()["StandardUnit"]["enum"]


def test_values_with_dimensions_of_their_own_keep_unit_and_resolution_too() -> None:
    series: dict[str, tuple[Definition, list[str]]] = {}
    add_to(series, Definition("Orders", "Count", high_resolution=False), ["1"])
    add_to(series, Definition("Orders", "Count", high_resolution=False), ["2"])
    for other in (
        Definition("Orders", "Bytes", high_resolution=False),
        Definition("Orders", "Count", high_resolution=True),
    ):
        with pytest.raises(ConfigurationError, match="in one invocation a metric has one unit and one resolution"):
            add_to(series, other, ["3"])
    assert series["Orders"][1] == ["1", "2"]
