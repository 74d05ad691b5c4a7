"""Dimensions and timestamps of single values: what was added for each is written, in tasks, threads and batches."""

from __future__ import annotations

import asyncio
import contextvars
import random
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import handler
from lambda_kit.batch import batch
from lambda_kit.errors import ConfigurationError
from lambda_kit.metrics import Metrics
from lambda_kit.testing import FakeClock, invoke
from tests.batch import builders
from tests.calls import calls_of
from tests.metrics.validator import parse_all, points
from tests.patience import PATIENCE


def first_of(value: Any) -> str | None:
    """Return the name of an option, as the id of its test."""
    names: Any = value
    return str(next(iter(names))) if isinstance(value, dict) else None


def counted(output: str, name: str = "Orders") -> Counter[Any]:
    """Return the sum of the values of a metric for each tenant."""
    found: Counter[Any] = Counter()
    for metric, dimensions, value, _, _ in points(parse_all(output)):
        if metric == name:
            found[dict(dimensions).get("tenant")] += int(value)
    return found


def test_values_with_dimensions_of_their_own_stand_on_lines_of_their_own(metrics: Metrics) -> None:
    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.dimension(stage="test")
        metrics.metadata(order="o-1")
        metrics.add("Orders", 1)
        metrics.add("Orders", 2, dimensions={"tenant": "a"})
        metrics.add("Orders", [3, 4], dimensions={"tenant": "b", "region": "eu"})
        metrics.add("Size", 5, "Bytes", dimensions={"region": "eu", "tenant": "b"})

    lines = parse_all(invoke(place).output)
    stage = ("stage", "test")
    assert points(lines) == [
        ("Orders", (("region", "eu"), stage, ("tenant", "b")), 3, "Count", 60),
        ("Orders", (("region", "eu"), stage, ("tenant", "b")), 4, "Count", 60),
        ("Orders", (stage,), 1, "Count", 60),
        ("Orders", (stage, ("tenant", "a")), 2, "Count", 60),
        ("Size", (("region", "eu"), stage, ("tenant", "b")), 5, "Bytes", 60),
    ]
    assert [line["order"] for line in lines] == ["o-1"] * 3


def test_a_dimension_of_a_value_wins_over_that_of_the_invocation_and_the_object() -> None:
    metrics = Metrics("Shop", tenant="object")

    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.add("Orders", 1, dimensions={"tenant": "own"})
        metrics.add("Orders", 2)

    assert counted(invoke(place).output) == {"own": 1, "object": 2}


def test_an_additional_set_does_not_count_values_with_dimensions_of_their_own(metrics: Metrics) -> None:
    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.dimension_set(region="eu")
        metrics.add("Orders", 1, dimensions={"tenant": "a"})

    assert points(parse_all(invoke(place).output)) == [("Orders", (("tenant", "a"),), 1, "Count", 60)]


def test_what_is_bound_counts_in_its_block_and_in_what_is_started_there(metrics: Metrics) -> None:
    @handler(metrics)
    def place(event: object, context: object) -> None:
        with metrics.bind(tenant="a"):
            metrics.add("Orders", 1)
            thread = threading.Thread(target=contextvars.copy_context().run, args=(metrics.add, "Orders", 10))
            thread.start()
            thread.join(PATIENCE)
            with metrics.bind(tenant="b"):
                metrics.add("Orders", 100)
            metrics.add("Orders", 1_000, dimensions={"tenant": "c"})
        metrics.add("Orders", 10_000)

    assert counted(invoke(place).output) == {"a": 11, "b": 100, "c": 1_000, None: 10_000}


def test_what_is_bound_to_one_object_or_outside_does_not_reach_another_or_an_invocation(
    metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Metrics("Other")

    @handler(metrics, other)
    def place(event: object, context: object) -> None:
        metrics.add("Orders", 1)
        with metrics.bind(tenant="b"):
            other.add("Orders", 10)

    with metrics.bind(tenant="outside"):
        metrics.add("Orders", 100)
        place({}, None)
    assert counted(capsys.readouterr().out) == {"outside": 100, None: 11}


def test_a_timer_measures_with_dimensions_of_its_own() -> None:
    clock = FakeClock(time.time())
    metrics = Metrics("Shop", clock=clock)

    @handler(metrics)
    def place(event: object, context: object) -> None:
        with metrics.timer("Work", dimensions={"tenant": "a"}):
            clock.advance(2)

    assert counted(invoke(place).output, "Work") == {"a": 2_000}


def test_a_value_has_a_timestamp_of_its_own(metrics: Metrics) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)

    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.add("Orders", 1)
        metrics.add("Orders", 2, timestamp=an_hour_ago)
        metrics.add("Orders", 3, timestamp=an_hour_ago.timestamp())

    lines = {line["_aws"]["Timestamp"]: line["Orders"] for line in parse_all(invoke(place).output)}
    assert lines.pop(int(an_hour_ago.timestamp() * 1000)) == [2, 3]
    assert list(lines.values()) == [1]


@pytest.mark.parametrize(
    ("timestamp", "said"),
    [
        (-14 * 86_400 - 60, "more than 14 days old"),
        (2 * 3_600 + 60, "more than 2 hours in the future"),
        (1.7e12, "pass seconds since the epoch"),
        (datetime(2026, 11, 23), "with a time zone"),  # noqa: DTZ001
        ("2026-11-23", "pass seconds since the epoch"),
    ],
    ids=["old", "future", "milliseconds", "naive", "text"],
)
def test_a_timestamp_that_cloudwatch_would_drop_is_refused(metrics: Metrics, timestamp: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        metrics.add("Orders", 1, timestamp=time.time() + timestamp if isinstance(timestamp, int) else timestamp)


@pytest.mark.parametrize(
    ("dimensions", "said"),
    [
        ({"tenant": ""}, "is empty"),
        ({"Orders": "x"}, "rename one of them"),
        ({"order": "x"}, "already metadata"),
        ({f"d{i}": "x" for i in range(31)}, "a set of 31 dimensions"),
        ({f"d{i}": "x" * 1024 for i in range(30)} | {"e": "x" * 1024}, "dimensions"),
        ({"d" * 251: "x"}, "has 251 characters, more than 250"),
        (["tenant"], "pass names and values"),
    ],
    ids=["empty", "metric", "metadata", "many", "long", "name", "list"],
)
def test_dimensions_of_a_value_that_cannot_be_are_refused_and_nothing_of_the_call_is_kept(
    metrics: Metrics, dimensions: Any, said: str
) -> None:
    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.metadata(order="o")
        with pytest.raises(ConfigurationError, match=said):
            metrics.add("Orders", 1, dimensions=dimensions)

    assert invoke(place).unwrap() is None
    assert invoke(place).output == ""


def test_metadata_with_the_name_of_a_values_dimension_is_refused(metrics: Metrics) -> None:
    metrics.add("Orders", 1, dimensions={"tenant": "a"})
    with pytest.raises(ConfigurationError, match="already a dimension"):
        metrics.metadata(tenant="a")


# Tasks, threads and batches


def test_a_dimension_of_the_invocation_is_refused_in_its_tasks_and_threads(metrics: Metrics) -> None:
    async def task() -> None:
        with pytest.raises(ConfigurationError, match=r"in a task or a thread .* use add\(\.\.\., dimensions="):
            metrics.dimension(tenant="a")

    @handler(metrics)
    async def place(event: object, context: object) -> None:
        await asyncio.gather(task(), asyncio.to_thread(asyncio.run, task()))
        metrics.dimension(tenant="handler")
        metrics.add("Orders", 1)

    result = invoke(place)
    assert result.error is None
    assert counted(result.output) == {"handler": 1}


def test_a_dimension_of_the_invocation_is_refused_in_the_threads_of_a_handler_that_is_no_coroutine(
    metrics: Metrics,
) -> None:
    refused: list[Exception] = []

    def label() -> None:
        try:
            metrics.dimension(tenant="thread")
        except ConfigurationError as error:
            refused.append(error)

    @handler(metrics)
    def place(event: object, context: object) -> None:
        thread = threading.Thread(target=contextvars.copy_context().run, args=(label,))
        thread.start()
        thread.join()
        metrics.dimension(tenant="handler")
        metrics.add("Orders", 1)

    assert counted(invoke(place).output) == {"handler": 1}
    assert len(refused) == 1


@pytest.mark.parametrize("layered", [True, False])
@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_the_records_of_a_batch_count_for_their_tenants(
    kind: str, concurrency: int, layered: bool, metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    start = threading.Barrier(concurrency)

    def work(tenant: int) -> None:
        with metrics.bind(tenant=tenant):
            for i in range(5):
                metrics.add("Orders", 1)
                if i == tenant % 5:
                    metrics.flush()
        metrics.add("Orders", 2, dimensions={"tenant": tenant})
        metrics.add("Orders", 1)

    def by_thread(record: Any) -> None:
        start.wait(PATIENCE)
        work(int(record.body))

    async def by_task(record: Any) -> None:
        await asyncio.sleep(0)
        work(int(record.body))

    fn: Any = batch(concurrency=concurrency)(by_thread if kind == "def" else by_task)
    wrap: Any = handler(metrics) if layered else handler
    run: Any = wrap(fn)
    run(builders.sqs(*[builders.message(f"m{i}", i) for i in range(12)]), None)
    metrics.flush()
    found = counted(capsys.readouterr().out)
    assert (found.pop(None), found) == (12, {str(i): 7 for i in range(12)})


@given(st.integers(), st.integers(2, 6))
def test_what_was_added_per_dimension_by_tasks_and_threads_is_what_is_written(seed: int, count: int) -> None:
    chance = random.Random(seed)
    metrics = Metrics("Shop")
    expected: Counter[Any] = Counter()
    plans = [[(chance.choice("abc"), chance.randint(1, 9), chance.random()) for _ in range(20)] for _ in range(count)]
    for plan in plans:
        for tenant, value, way in plan:
            expected[tenant if way < 0.8 else None] += value

    def work(plan: list[tuple[str, int, float]]) -> None:
        for tenant, value, way in plan:
            if way < 0.4:
                metrics.add("Orders", value, dimensions={"tenant": tenant})
            elif way < 0.8:
                with metrics.bind(tenant=tenant):
                    metrics.add("Orders", value)
            else:
                metrics.add("Orders", value)
            if way < 0.05:
                metrics.flush()

    async def task(plan: list[tuple[str, int, float]]) -> None:
        for one in plan:
            work([one])
            await asyncio.sleep(0)

    @handler(metrics)
    async def place(event: object, context: object) -> None:
        half = count // 2
        threads = [asyncio.to_thread(work, plan) for plan in plans[:half]]
        await asyncio.gather(*threads, *map(task, plans[half:]))

    assert counted(invoke(place).output) == expected


def test_threads_that_add_while_others_flush_lose_nothing_and_write_nothing_twice(metrics: Metrics) -> None:
    start = threading.Barrier(4)

    def work(number: int) -> None:
        start.wait(PATIENCE)
        for i in range(1_000):
            metrics.add("Orders", 1, dimensions={"tenant": i % 3})
            if i % 53 == number:
                metrics.flush()

    @handler(metrics)
    def place(event: object, context: object) -> None:
        with ThreadPoolExecutor(4) as pool:
            jobs = [pool.submit(contextvars.copy_context().run, work, number) for number in range(4)]
        for job in jobs:
            job.result()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        output = invoke(place).output
    finally:
        sys.setswitchinterval(interval)
    assert counted(output) == {"0": 4 * 334, "1": 4 * 333, "2": 4 * 333}


# Names, settings


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"namespce": "Shop"}, "did you mean namespace"),
        ({"sevice": "orders"}, "did you mean service"),
        ({"coldstart": True}, "did you mean cold_start"),
        ({"capture_cold_start_metric": True}, r"cold_start=True"),
        ({"default_dimensions": {}}, "pass the dimensions themselves"),
        ({"function_name": "orders"}, r"leave it out: .*; metrics.dimension\(...\) and metrics.bind\(...\) take a dim"),
    ],
    ids=first_of,
)
def test_misspelt_options_and_those_of_powertools_are_no_dimensions(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        Metrics(**options)


def test_a_dimension_whose_name_is_refused_as_an_option_is_taken_by_the_methods_that_the_error_names() -> None:
    metrics = Metrics("Shop", service=False)

    @handler(metrics)
    def place(event: object, context: object) -> None:
        with metrics.bind(function_name="bound"):
            metrics.add("Orders", 1, "Count")
            metrics.flush()
        metrics.dimension(function_name="of the call")
        metrics.add("Orders", 1, "Count")

    found = points(parse_all(invoke(place).output))
    assert [dimensions for _, dimensions, *_ in found] == [
        (("function_name", "bound"),),
        (("function_name", "of the call"),),
    ]


@pytest.mark.parametrize("name", ["stage", "tenant", "region", "flag", "name", "services_used", "namespace_of_k8s"])
def test_other_names_are_dimensions(name: str) -> None:
    make: Any = Metrics
    make("Shop", **{name: "x"})


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("add_metric", r"it is called add\("),
        ("add_dimension", r"dimension\("),
        ("log_metrics", "@handler"),
        ("single_metric", "dimensions="),
        ("flsh", "did you mean 'flush'"),
        ("nothing_like_it", "has no attribute 'nothing_like_it'$"),
    ],
)
def test_methods_of_powertools_say_what_they_are_called_here(metrics: Metrics, name: str, said: str) -> None:
    with pytest.raises(AttributeError, match=said):
        getattr(metrics, name)
    assert not hasattr(metrics, name)


@pytest.mark.parametrize("variable", ["LAMBDA_KIT_METRICS_DISABLED", "POWERTOOLS_METRICS_DISABLED"])
@pytest.mark.parametrize(("value", "written"), [("true", 0), ("1", 0), ("false", 2), ("", 2)])
def test_a_variable_switches_writing_off(
    variable: str, value: str, written: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    metrics = Metrics("Shop", cold_start=True)

    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.add("Orders", 1)

    assert invoke(place, cold=True).output.count("\n") == written


def test_switched_off_metrics_need_no_namespace_and_are_checked_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_METRICS_DISABLED", "true")
    unit: Any = "ms"
    with pytest.raises(ConfigurationError, match="Milliseconds"):
        Metrics().add("Orders", 1, unit)


def test_the_dimension_service_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "orders")
    for metrics, expected in ((Metrics("Shop"), (("service", "orders"),)), (Metrics("Shop", service=False), ())):

        @handler(metrics)
        def place(event: object, context: object, metrics: Metrics = metrics) -> None:
            metrics.add("Orders", 1)

        assert points(parse_all(invoke(place).output)) == [("Orders", expected, 1, "Count", 60)]


@pytest.mark.parametrize("init_type", ["provisioned-concurrency", "snap-start", "lambda-managed-instances"])
def test_an_initialisation_that_no_caller_waits_for_is_no_cold_start(
    init_type: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", init_type)

    @handler(Metrics("Shop", cold_start=True))
    def place(event: object, context: object) -> None: ...

    assert invoke(place, cold=True).output == ""


def test_adding_a_dimension_set_costs_the_same_however_many_there_are(metrics: Metrics) -> None:
    def calls(count: int) -> int:
        found: list[str] = []

        @handler(metrics)
        def place(event: object, context: object) -> None:
            metrics.add("Orders", 1)
            for i in range(count - 1):
                metrics.dimension_set(part=str(i)) if i == 0 else metrics.dimension_set(**{f"part{i}": "x"})
            found.extend(calls_of(metrics.dimension_set, last="x"))

        assert invoke(place).error is None
        return len(found)

    assert calls(400) <= calls(4) + 4


class Scalar:
    """A number of numpy, as far as it matters here."""

    dtype = "int64"

    def __init__(self, value: Any) -> None:
        self.value = value

    def tolist(self) -> Any:
        return self.value


@pytest.mark.parametrize(
    ("value", "written"),
    [(Scalar(3), 3), (Scalar(1.5), 1.5), (Scalar([1, 2]), [1, 2]), ([Scalar(1), 2.5], [1, 2.5])],
    ids=["int", "float", "array", "list"],
)
def test_numbers_and_arrays_of_numpy_are_values(metrics: Metrics, value: Any, written: Any) -> None:
    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.add("Size", value)

    (line,) = parse_all(invoke(place).output)
    assert line["Size"] == written


def test_numpy_itself_gives_values(metrics: Metrics) -> None:
    np: Any = import_module("numpy")  # its stubs are written for newer Pythons than the oldest of ours

    @handler(metrics)
    def place(event: object, context: object) -> None:
        for value in (np.int64(1), np.float32(0.5), np.array([2, 3]), np.array(4)):
            metrics.add("Size", value)

    (line,) = parse_all(invoke(place).output)
    assert line["Size"] == [1, 0.5, 2, 3, 4]
