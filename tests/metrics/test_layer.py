"""The layer: what was added is written once, when the invocation ends."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import os
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import FeatureFlags, handler, idempotent, layer, time_limit
from lambda_kit.errors import TimeLimitInterrupt, TimeLimitReached
from lambda_kit.flags import StaticFlags
from lambda_kit.idempotency import MemoryStore
from lambda_kit.metrics import Metrics
from lambda_kit.testing import FakeClock, invoke, make_context, reset
from tests.effort import scaled
from tests.metrics.validator import parse, parse_all, points

if TYPE_CHECKING:
    from collections.abc import Callable
from tests.patience import PATIENCE


class Stdout:
    """A standard output that hands each line on."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self.write = write

    def flush(self) -> None: ...


def flags_named(*names: str) -> FeatureFlags:
    """Return flags that are on for the tier `premium`, and whose evaluations are recorded."""
    condition = {"action": "EQUALS", "key": "tier", "value": "premium"}
    flag = {"default": False, "rules": {"premium": {"when_match": True, "conditions": [condition]}}}
    return FeatureFlags(StaticFlags(dict.fromkeys(names, flag)), record=True)


def values_of(output: str, name: str = "Orders") -> list[float]:
    return [value for found, _, value, _, _ in points(parse_all(output)) if found == name]


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt(), SystemExit(3), GeneratorExit()], ids=repr)
def test_what_was_added_is_written_once_whatever_the_handler_raises(
    metrics: Metrics, error: BaseException, capsys: pytest.CaptureFixture[str]
) -> None:
    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.add("Orders", 1)
        raise error

    with pytest.raises(type(error)) as caught:
        place({}, None)
    assert caught.value is error
    assert error.__context__ is None
    assert values_of(capsys.readouterr().out) == [1]


def test_what_was_added_is_written_when_the_time_limit_is_reached(metrics: Metrics) -> None:
    @handler(metrics, time_limit(margin=1.0))
    def place(event: object, context: object) -> None:
        metrics.add("Orders", 1)
        threading.Event().wait(PATIENCE)

    result = invoke(place, context=make_context(timeout=1.021, clock=FakeClock()))
    assert isinstance(result.error, TimeLimitReached)
    assert values_of("".join(line for line in result.output.splitlines(keepends=True))) == [1]


def test_a_limit_outside_of_the_layer_lets_it_write_too(metrics: Metrics) -> None:
    @handler(time_limit(margin=1.0), metrics)
    async def place(event: object, context: object) -> None:
        metrics.add("Orders", 1)
        await asyncio.sleep(30)

    result = invoke(place, context=make_context(timeout=1.021, clock=FakeClock()))
    assert isinstance(result.error, TimeLimitReached)
    assert values_of(result.output) == [1]


def test_a_coroutine_and_its_tasks_write_one_line(metrics: Metrics) -> None:
    async def one(value: int) -> None:
        await asyncio.sleep(0)
        metrics.add("Orders", value)
        await asyncio.to_thread(metrics.add, "Orders", -value)

    @handler(metrics)
    async def place(event: object, context: object) -> str:
        await asyncio.gather(*map(one, range(1, 6)))
        return "done"

    result = invoke(place)
    assert result.value == "done"
    assert values_of(result.output) == [-5, -4, -3, -2, -1, 1, 2, 3, 4, 5]
    assert result.output.count("\n") == 1


def test_nothing_of_an_invocation_is_left_for_the_next(metrics: Metrics) -> None:
    @handler(metrics)
    def place(event: Any, context: object) -> None:
        if event:
            metrics.dimension(tenant="t")
            metrics.dimension_set(region="eu")
            metrics.metadata(order="o")
        metrics.add("Orders", 1, "Bytes" if event else "Count")

    assert "tenant" in invoke(place, {"first": 1}).output
    (line,) = parse_all(invoke(place).output)
    assert set(line) == {"_aws", "Orders"}
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [[]]


def test_dimensions_and_metadata_stay_after_a_flush_until_the_invocation_ends(metrics: Metrics) -> None:
    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.dimension(tenant="t")
        metrics.metadata(order="o")
        for i in range(2):
            metrics.add("Orders", i)
            metrics.flush()
        metrics.flush()

    lines = parse_all(invoke(place).output)
    assert [(line["Orders"], line["tenant"], line["order"]) for line in lines] == [(0, "t", "o"), (1, "t", "o")]


def test_two_metrics_objects_share_nothing() -> None:
    shop, stock = Metrics("Shop", service="a"), Metrics("Stock")

    @handler(shop, stock)
    def place(event: object, context: object) -> None:
        shop.add("Orders", 1, "Bytes")
        stock.add("Orders", 2)
        stock.dimension(item="i")

    found = points(parse_all(invoke(place).output))
    assert found == [("Orders", (("item", "i"),), 2, "Count", 60), ("Orders", (("service", "a"),), 1, "Bytes", 60)]


def test_a_layer_inside_of_another_leaves_the_writing_to_it(metrics: Metrics) -> None:
    @metrics
    def helper() -> None:
        metrics.add("Orders", 2)

    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.dimension(tenant="t")
        metrics.add("Orders", 1)
        helper()
        metrics.add("Orders", 3)

    (line,) = parse_all(invoke(place).output)
    assert (line["Orders"], line["tenant"]) == ([1, 2, 3], "t")


def test_what_a_layer_outside_added_is_written_by_the_layer(metrics: Metrics) -> None:
    @layer
    def outer(event: Any, context: Any) -> Any:
        metrics.add("Orders", 1)
        yield
        metrics.add("Orders", 3)

    @handler(outer, metrics)
    def place(event: object, context: object) -> None:
        metrics.add("Orders", 2)

    assert parse(invoke(place).output)["Orders"] == [1, 2]

    @handler(metrics)
    def idle(event: object, context: object) -> None:
        """Add nothing."""

    assert values_of(invoke(idle).output) == [3]


def test_a_nested_handler_has_an_invocation_of_its_own(metrics: Metrics) -> None:
    @handler(metrics)
    def inner(event: object, context: object) -> None:
        metrics.add("Orders", 2)

    @handler(metrics)
    def outer(event: object, context: object) -> None:
        metrics.dimension(tenant="t")
        metrics.add("Orders", 1)
        inner({}, None)

    first, second = parse_all(invoke(outer).output)
    assert (first["Orders"], second["Orders"]) == (2, 1)
    assert "tenant" not in first


def test_the_signature_the_name_and_the_kind_of_the_function_stay(metrics: Metrics) -> None:
    def place(event: int, *, key: str = "k") -> str:
        """Place."""
        return f"{event}{key}"

    async def wait(event: int) -> int:
        return event

    class Shop:
        @metrics
        def place(self, event: int) -> tuple[Any, int]:
            metrics.add("Orders", event)
            return self, event

    layered = metrics(place)
    assert layered(1, key="x") == "1x"
    assert (layered.__name__, layered.__doc__) == ("place", "Place.")
    assert inspect.signature(layered) == inspect.signature(place)
    assert inspect.iscoroutinefunction(metrics(wait))
    shop = Shop()
    assert shop.place(1) == (shop, 1)


def test_without_a_handler_around_it_the_layer_writes_when_its_function_ends(
    metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    @metrics
    def place(event: object, context: object) -> None:
        metrics.dimension(tenant="t")
        metrics.add("Orders", 1)

    place({}, None)
    place({}, None)
    assert values_of(capsys.readouterr().out) == [1, 1]


# Cold starts


def test_the_first_invocation_counts_a_cold_start_on_a_line_of_its_own() -> None:
    metrics = Metrics("Shop", service="orders", cold_start=True, stage="prod")

    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.add("Orders", 1)

    context = make_context(function_name="place-order")
    result = invoke(place, context=context, cold=True)
    dimensions = (("function_name", "place-order"), ("service", "orders"))
    assert points(parse_all(result.output))[0] == ("ColdStart", dimensions, 1, "Count", 60)
    assert values_of(invoke(place, context=context).output, "ColdStart") == []


def test_evaluations_of_flags_are_counted_by_their_variants_on_lines_of_their_own() -> None:
    metrics = Metrics("Shop", service="orders", flags=True, stage="prod")
    flags = flags_named("cart")

    @handler(metrics, idempotent(MemoryStore(), key="id"))
    def place(event: dict[str, Any], context: object) -> None:
        for tier in event["tiers"]:
            flags.enabled("cart", tier=tier)

    lines = invoke(place, {"id": 1, "tiers": ["premium", "basic", "premium"]}).logs
    assert [(line["flag"], line["variant"], line["service"], line["FlagEvaluations"]) for line in lines] == [
        ("cart", "on", "orders", 2),
        ("cart", "off", "orders", 1),
    ]
    assert lines[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["flag", "variant", "service"]]
    assert invoke(place, {"id": 2, "tiers": []}).logs == ()


def test_evaluations_of_flags_are_not_counted_by_default_or_outside() -> None:
    counting, flags = Metrics("Shop", flags=True), flags_named("cart")

    @handler(Metrics("Shop"))
    def place(event: object, context: object) -> None:
        flags.enabled("cart")

    assert invoke(place).logs == ()
    flags.enabled("cart")

    @handler(counting)
    def idle(event: object, context: object) -> None:
        pass

    assert invoke(idle).logs == ()


def test_a_flag_that_cloudwatch_would_not_take_is_logged_and_the_others_are_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    flags = flags_named("größe", "cart")

    @handler(Metrics("Shop", flags=True))
    def place(event: object, context: object) -> str:
        flags.enabled("größe")
        flags.enabled("cart")
        return "done"

    result = invoke(place)
    assert result.unwrap() == "done"
    assert result.metrics == {"FlagEvaluations": [1]}
    assert "the evaluations of the flag 'größe' could not be counted" in caplog.text


def test_a_cold_start_that_fails_counts_too_and_needs_no_service() -> None:
    @handler(Metrics("Shop", cold_start=True))
    def place(event: object, context: object) -> None:
        raise ValueError("x")

    context = make_context(function_name="place-order")
    result = invoke(place, context=context, cold=True)
    assert points(parse_all(result.output)) == [("ColdStart", (("function_name", "place-order"),), 1, "Count", 60)]


def test_a_cold_start_counts_where_a_layer_outside_was_the_first_to_add_a_value() -> None:
    metrics = Metrics("Shop", cold_start=True)

    @layer
    def outer(event: Any, context: Any) -> Any:
        metrics.add("Begun", 1)
        yield

    @handler(outer, metrics)
    def place(event: object, context: object) -> None:
        pass

    assert values_of(invoke(place, cold=True).output, "ColdStart") == [1]
    assert values_of(invoke(place).output, "ColdStart") == []


def test_a_cold_start_that_cannot_be_counted_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    reset()

    @handler(Metrics(cold_start=True))
    def place(event: object, context: object) -> str:
        return "done"

    assert place({}, None) == "done"
    assert [record.message for record in caplog.records] == ["the cold start could not be counted"]


# Outside of an invocation


def test_what_is_added_outside_of_an_invocation_waits_for_a_flush(
    metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics.dimension(stage="test")
    metrics.add("Orders", 1)
    assert capsys.readouterr().out == ""
    metrics.flush()
    metrics.flush()
    assert parse(capsys.readouterr().out)["stage"] == "test"
    metrics.add("Orders", 2)
    metrics.flush()
    assert "stage" not in parse(capsys.readouterr().out)


def test_what_was_added_outside_is_written_by_the_layer_without_the_dimensions_of_the_invocation(
    metrics: Metrics,
) -> None:
    metrics.add("Loaded", 1)

    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.dimension(tenant="t")
        metrics.add("Orders", 1)
        thread = threading.Thread(target=metrics.add, args=("Orders", 2))  # it does not know the invocation
        thread.start()
        thread.join()

    assert points(parse_all(invoke(place).output)) == [
        ("Loaded", (), 1, "Count", 60),
        ("Orders", (), 2, "Count", 60),
        ("Orders", (("tenant", "t"),), 1, "Count", 60),
    ]


def test_an_invocation_without_the_layer_keeps_its_values_until_a_flush(
    metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    @handler
    def place(event: Any, context: object) -> None:
        metrics.dimension(tenant=event)
        metrics.add("Orders", 1)

    for tenant in ("a", "b"):
        place(tenant, None)
    assert capsys.readouterr().out == ""
    metrics.flush()
    assert [line["tenant"] for line in parse_all(capsys.readouterr().out)] == ["a", "b"]


def test_a_forgotten_layer_does_not_fill_the_memory(metrics: Metrics, capsys: pytest.CaptureFixture[str]) -> None:
    @handler
    def place(event: Any, context: object) -> None:
        metrics.add("Orders", 1)

    for _ in range(1000):
        place({}, None)
    written = values_of(capsys.readouterr().out)
    assert len(written) >= 900, "those of about a hundred invocations may wait"
    metrics.flush()
    assert len(written) + len(values_of(capsys.readouterr().out)) == 1000


def test_a_flush_in_an_invocation_leaves_another_that_is_running_alone(metrics: Metrics) -> None:
    @handler
    def inner(event: object, context: object) -> None:
        metrics.add("Orders", 2)
        metrics.flush()

    @handler
    def outer(event: object, context: object) -> None:
        metrics.add("Orders", 1)
        inner({}, None)
        metrics.dimension(tenant="t")
        metrics.flush()

    assert [line["Orders"] for line in parse_all(invoke(outer).output)] == [2, 1]


def test_a_reset_between_tests_forgets_what_waits_and_the_environment(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    metrics = Metrics()
    for namespace in ("One", "Two"):
        monkeypatch.setenv("LAMBDA_KIT_METRICS_NAMESPACE", namespace)
        metrics.add("Orders", 1)
        if namespace == "One":
            reset()
    metrics.flush()
    line = parse(capsys.readouterr().out)
    assert line["Orders"] == 1
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Two"


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")  # the runner of the tests has a thread
def test_a_forked_child_does_not_write_what_its_parent_does(
    metrics: Metrics, capfd: pytest.CaptureFixture[str]
) -> None:
    metrics.add("Orders", 1)
    child = os.fork()
    if child == 0:
        metrics.add("Orders", 2)
        metrics.flush()
        sys.stdout.flush()
        os._exit(0)
    os.waitpid(child, 0)
    metrics.flush()
    assert values_of(capfd.readouterr().out) == [1, 2]


@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_child_that_is_forked_within_an_invocation_does_not_write_what_its_parent_does(
    metrics: Metrics, capfd: pytest.CaptureFixture[str]
) -> None:
    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.add("Orders", 1)
        metrics.add("Orders", 10, dimensions={"tenant": "a"})
        child = os.fork()
        if child == 0:
            metrics.add("Orders", 2)
            metrics.flush()
            metrics.add("Orders", 20, dimensions={"tenant": "a"})
            metrics.flush()
            sys.stdout.flush()
            os._exit(0)
        os.waitpid(child, 0)

    place({}, None)
    assert sorted(values_of(capfd.readouterr().out)) == [1, 2, 10, 20]


@pytest.mark.parametrize(
    ("variables", "namespace", "service"),
    [
        ({"LAMBDA_KIT_METRICS_NAMESPACE": "A", "POWERTOOLS_METRICS_NAMESPACE": "B"}, "A", None),
        ({"POWERTOOLS_METRICS_NAMESPACE": "B", "POWERTOOLS_SERVICE_NAME": "s"}, "B", "s"),
        ({"POWERTOOLS_METRICS_NAMESPACE": "B", "POWERTOOLS_SERVICE_NAME": "s", "LAMBDA_KIT_SERVICE": "t"}, "B", "t"),
        (
            {"LAMBDA_KIT_METRICS_NAMESPACE": "", "POWERTOOLS_METRICS_NAMESPACE": "B", "LAMBDA_KIT_SERVICE": ""},
            "B",
            None,
        ),
    ],
)
def test_settings_come_from_the_environment_when_first_used(
    variables: dict[str, str],
    namespace: str,
    service: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    metrics, given = Metrics(), Metrics("Given", service="given")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    metrics.add("Orders", 1)
    metrics.flush()
    given.add("Orders", 1)
    given.flush()
    line, other = parse_all(capsys.readouterr().out)
    assert (line["_aws"]["CloudWatchMetrics"][0]["Namespace"], line.get("service")) == (namespace, service)
    assert (other["_aws"]["CloudWatchMetrics"][0]["Namespace"], other["service"]) == ("Given", "given")


# Threads


def test_threads_of_one_invocation_lose_nothing_and_write_nothing_twice(metrics: Metrics) -> None:
    start = threading.Barrier(4)

    def work(number: int) -> None:
        start.wait()
        for i in range(number * 10_000, number * 10_000 + 2_000):
            metrics.add(f"Metric{i % 7}", i)
            if i % 97 == 0:
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
    expected = [n * 10_000 + i for n in range(4) for i in range(2_000)]
    assert sorted(value for _, _, value, _, _ in points(parse_all(output))) == expected


def test_what_a_thread_adds_while_and_after_the_invocation_ends_is_not_lost(
    metrics: Metrics, capsys: pytest.CaptureFixture[str]
) -> None:
    began, threads = threading.Event(), list[threading.Thread]()

    def work() -> None:
        for i in range(5_000):
            metrics.add("Orders", i)
            began.set()

    @handler(metrics)
    def place(event: object, context: object) -> None:
        began.clear()
        threads.append(threading.Thread(target=contextvars.copy_context().run, args=(work,)))
        threads[-1].start()
        began.wait()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(3):
            place({}, None)
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    metrics.flush()
    assert values_of(capsys.readouterr().out) == sorted([*range(5_000)] * 3)


def test_two_invocations_side_by_side_do_not_mix(metrics: Metrics, capsys: pytest.CaptureFixture[str]) -> None:
    step = threading.Barrier(2)

    @handler(metrics)
    def place(event: Any, context: object) -> None:
        for i in range(3):
            step.wait()
            metrics.dimension(tenant=event)
            step.wait()
            metrics.add("Orders", i, "Bytes" if event == "a" else "Count")
            step.wait()
            metrics.metadata(order=event)

    with ThreadPoolExecutor(2) as pool:
        for job in [pool.submit(place, tenant, None) for tenant in ("a", "b")]:
            job.result()
    lines = sorted(parse_all(capsys.readouterr().out), key=lambda line: str(line["tenant"]))
    assert [(line["tenant"], line["order"], line["Orders"]) for line in lines] == [
        ("a", "a", [0, 1, 2]),
        ("b", "b", [0, 1, 2]),
    ]


# Memory


@pytest.mark.parametrize("layered", [True, False])
def test_nothing_grows_with_the_number_of_invocations(layered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Stdout(bool))
    metrics = Metrics("Shop")

    def place(event: Any, context: object) -> None:
        metrics.dimension(tenant=event["n"])
        metrics.add("Orders", 1)
        metrics.add(f"Metric{event['n']}", [1, 2], "Bytes")
        metrics.metadata(event=event)
        if not layered:
            metrics.flush()

    fn: Any = handler(*[metrics] * layered)(place)

    def run(times: int) -> None:
        for i in range(times):
            fn({"n": i % 1500}, None)

    run(scaled(3_000))
    gc.collect()
    gc.disable()
    try:
        before, blocks = len(gc.get_objects()), sys.getallocatedblocks()
        run(scaled(3_000))
        assert len(gc.get_objects()) - before < 20
        assert sys.getallocatedblocks() - blocks < 500
    finally:
        gc.enable()


def test_a_metrics_object_that_is_dropped_is_freed() -> None:
    def use() -> weakref.ref[Metrics]:
        metrics = Metrics("Shop")
        metrics.add("Orders", 1)
        return weakref.ref(metrics)

    dies = use()
    gc.collect()
    assert dies() is None


def test_a_write_that_is_interrupted_leaves_its_lines_for_the_next(
    metrics: Metrics, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written: list[str] = []

    def interrupted(line: str) -> None:
        if len(written) == 1:
            raise TimeLimitInterrupt
        written.append(line)

    monkeypatch.setattr(sys, "stdout", Stdout(interrupted))
    metrics.add("Orders", list(range(250)))
    with pytest.raises(TimeLimitInterrupt):
        metrics.flush()
    monkeypatch.undo()
    metrics.add("Orders", 250)
    metrics.flush()
    assert values_of("".join(written) + capsys.readouterr().out) == list(range(251))


def test_what_writes_in_the_middle_of_a_write_writes_its_own_lines_alone(
    metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    values = [2]

    def writes(line: str) -> None:
        while values:
            metrics.add("Orders", values.pop())
            metrics.flush()  # as a signal handler may
        written.append(line)

    monkeypatch.setattr(sys, "stdout", Stdout(writes))
    metrics.add("Orders", 1)
    metrics.flush()
    assert values_of("".join(written)) == [1, 2]


def test_a_cold_start_is_counted_once_also_where_the_layer_is_around_what_is_called_often() -> None:
    metrics = Metrics("Shop", cold_start=True)

    @metrics
    def helper() -> None:
        pass

    @handler
    def place(event: object, context: object) -> None:
        helper()
        helper()

    assert values_of(invoke(place, cold=True).output, "ColdStart") == [1]


def test_metadata_is_hidden_by_name_as_the_logger_hides_fields(metrics: Metrics) -> None:
    @handler(metrics)
    def place(event: object, context: object) -> None:
        metrics.metadata(api_key="hunter2", request={"Authorization": "hunter2", "id": 1})
        metrics.add("Orders", 1)

    (line,) = parse_all(invoke(place).output)
    assert (line["api_key"], line["request"]) == ("[redacted]", {"Authorization": "[redacted]", "id": 1})
