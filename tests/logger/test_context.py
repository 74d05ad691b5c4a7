"""Fields end with their invocation, reach its threads and tasks, and never another one."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import threading
import time
import tracemalloc
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import Logger, current_invocation, handler, layer, time_limit
from lambda_kit.batch import batch
from lambda_kit.errors import TimeLimitReached
from lambda_kit.idempotency import MemoryStore, idempotent
from lambda_kit.invocation import at_end
from lambda_kit.logger import _context
from lambda_kit.testing import FakeClock, invoke, make_context, reset
from tests.batch import builders
from tests.effort import scaled
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Logs = Callable[[], list[dict[str, Any]]]

log = Logger(service="shop")


class Event(dict[str, Any]):
    """A dict that can be referred to weakly."""


def work(event: Any, context: Any) -> None:
    log.append(appended=event["n"])
    log.bind(never_left=event["n"]).__enter__()
    log.info("inside", n=event["n"])
    if event["n"] == 2:
        raise ValueError("fails")
    if event["n"] == 3:
        threading.Event().wait(PATIENCE)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_what_was_bound_and_appended_ends_with_the_invocation_however_it_ends(n: int, logs: Logs) -> None:
    run = handler(log, time_limit(margin=1.0))(work)
    try:
        run({"n": n}, make_context(timeout=1.05, clock=FakeClock()))
    except (ValueError, TimeLimitReached):
        assert n in (2, 3)
    assert (logs()[0]["appended"], _context.chain.get()) == (n, None)
    log.info("outside")

    @handler
    def next_one(event: object, context: object) -> None:
        log.info("next")

    next_one({}, make_context())
    for line in logs():
        assert "appended" not in line
        assert "never_left" not in line


def test_binds_nest_and_each_ends_where_it_is_left(logs: Logs) -> None:
    binding = log.bind(a=1)
    with binding:
        with log.bind(b=2, a=3):
            log.info("1")
            with binding:
                log.info("2")
        log.info("3")
    log.info("4")
    seen = [(line.get("a"), line.get("b")) for line in logs()]
    assert seen == [(3, 2), (1, 2), (1, None), (None, None)]


def test_binds_in_generators_may_be_left_in_any_order_and_in_any_context(logs: Logs) -> None:
    def bound(**fields: Any) -> Iterator[None]:
        with log.bind(**fields):
            yield

    first, second = bound(a=1), bound(b=2)
    next(first)
    next(second)
    first.close()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    log.info("x")
    contextvars.Context().run(second.close)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownArgumentType]
    log.info("y")
    (line, other) = logs()
    assert ("a" in line, line["b"]) == (False, 2)
    assert "a" not in other
    reset()


def test_what_is_bound_outside_stays_outside_and_is_there_again_after_the_invocation(logs: Logs) -> None:
    @handler
    def place(event: object, context: object) -> None:
        log.info("in")
        log.bind(inner=1).__enter__()

    log.append(version=1)
    with log.bind(outer=1):
        log.info("before")
        place({}, make_context())
        log.info("after")
    before, inside, after = logs()
    assert (before["outer"], before["version"], after["outer"], after["version"]) == (1, 1, 1, 1)
    assert {"outer", "version", "inner"} & (inside.keys() | (after.keys() - {"outer", "version"})) == set()


def test_threads_and_tasks_with_a_copied_context_have_the_fields_and_others_do_not(logs: Logs) -> None:
    @handler(log)
    async def place(event: object, context: object) -> None:
        log.append(a=1)
        with log.bind(b=2):
            task = asyncio.create_task(tell("task"))
            await asyncio.to_thread(log.info, "to_thread")
            copied = contextvars.copy_context()
            for target in (lambda: log.info("bare"), lambda: copied.run(log.info, "copied")):
                thread = threading.Thread(target=target)
                thread.start()
                thread.join(PATIENCE)
        await task

    async def tell(name: str) -> None:
        await asyncio.sleep(0)
        log.info(name)

    place({}, make_context(request_id="r"))
    lines = {line["message"]: line for line in logs()}
    for name in ("task", "to_thread", "copied"):
        assert (lines[name]["a"], lines[name]["b"], lines[name]["requestId"]) == (1, 2, "r")
    assert {"a", "b", "requestId"} & lines["bare"].keys() == set()


def test_interleaved_invocations_on_two_threads_never_mix(logs: Logs) -> None:
    steps = 20
    step = threading.Barrier(2)
    failures: list[BaseException] = []

    @handler(log)
    def place(event: Any, context: object) -> None:
        log.append(a=event)
        for i in range(steps):
            step.wait(PATIENCE)
            log.info("plain", mine=event)
            step.wait(PATIENCE)
            with log.bind(b=event, i=i):
                step.wait(PATIENCE)
                log.info("bound", mine=event)
                step.wait(PATIENCE)
            log.append(c=event)

    def run(name: str) -> None:
        try:
            place(name, make_context(request_id=name))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert failures == []
    lines = logs()
    assert len(lines) == 4 * steps
    for line in lines:
        mine = line["mine"]
        assert {line["requestId"], line["a"], line.get("b", mine), line.get("c", mine)} == {mine}
        assert ("b" in line) == (line["message"] == "bound")


def test_what_is_appended_in_a_task_or_a_thread_ends_with_it_and_is_not_seen_by_others(logs: Logs) -> None:
    async def work(name: str) -> None:
        log.append(mine=name)
        await asyncio.sleep(0)
        log.info(name)

    def by_thread(name: str) -> None:
        log.append(mine=name)
        log.info(name)

    @handler(log)
    async def place(event: object, context: object) -> None:
        log.append(shared=1)
        await asyncio.gather(work("a"), work("b"), asyncio.to_thread(by_thread, "c"), asyncio.to_thread(by_thread, "d"))
        bare = threading.Thread(target=by_thread, args=("bare",))
        bare.start()
        bare.join(PATIENCE)
        log.info("handler")

    place({}, make_context())
    log.info("outside")
    lines = {line["message"]: line for line in logs()}
    assert {name: (line.get("mine"), line.get("shared")) for name, line in lines.items()} == {
        **{name: (name, 1) for name in "abcd"},
        "bare": ("bare", None),
        "handler": (None, 1),
        "outside": (None, None),
    }


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_what_is_appended_in_a_record_of_a_batch_ends_with_the_record(kind: str, concurrency: int, logs: Logs) -> None:
    def work(record: Any) -> None:
        if record.id not in ("m1", "m4"):
            log.append(record=record.id)
        log.append(twice=record.id)
        log.info("in", id=record.id)

    async def work_later(record: Any) -> None:
        log.append(record=record.id)
        await asyncio.sleep(0)
        work(record)

    fn: Any = batch(concurrency=concurrency)(work if kind == "def" else work_later)
    outer: Any = fn

    @layer
    def around(event: Any, context: Any) -> Iterator[None]:
        log.append(shared=1)
        with log.bind(bound=2):
            yield
            log.info("after")

    handler(log, around)(outer)(builders.sqs(count=8), make_context())
    *inside, after = logs()
    assert len(inside) == 8
    for line in inside:
        mine = None if kind == "def" and line["id"] in ("m1", "m4") else line["id"]
        assert (line.get("record"), line["twice"], line["shared"], line["bound"]) == (mine, line["id"], 1, 2)
    assert ("record" in after, "twice" in after, after["shared"], after["bound"]) == (False, False, 1, 2)


@pytest.mark.parametrize("source", ["queue", "fifo"])
@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_the_line_of_a_failed_record_has_the_fields_that_the_record_appended(
    kind: str, concurrency: int, source: str, logs: Logs
) -> None:
    errors = (ValueError, KeyError, TypeError, OSError, IndexError)  # each kind has a line of its own

    def work(record: Any) -> None:
        number = int(record.id[1:])
        if number % 2:
            log.append(order=record.id)
            raise errors[number // 2]
        log.append(order=record.id, even=True)

    async def work_later(record: Any) -> None:
        await asyncio.sleep(0)
        work(record)

    # In the queue with groups, m1 blocks its group, so that the others run one by one in another loop.
    messages = [builders.message(f"m{i}", group=f"g{i}" if source == "fifo" else None) for i in range(10)]
    fn: Any = batch(concurrency=concurrency)(work if kind == "def" else work_later)
    handler(log)(fn)(builders.sqs(*messages), make_context())
    log.info("outside")
    *failures, outside = logs()
    assert sorted(line["recordId"] for line in failures) == ["m1", "m3", "m5", "m7", "m9"]
    for line in failures:
        assert line["order"] == line["recordId"]
        assert "even" not in line
    assert "order" not in outside


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_the_line_of_a_record_that_is_interrupted_at_the_deadline_has_its_fields(kind: str, logs: Logs) -> None:
    def work(record: Any) -> None:
        log.append(order=record.id)
        if record.id == "m1":
            while True:
                time.sleep(0.01)

    async def work_later(record: Any) -> None:
        log.append(order=record.id)
        if record.id == "m1":
            await asyncio.Event().wait()

    fn: Any = batch(margin=0.2)(work if kind == "def" else work_later)
    handler(log)(fn)(builders.sqs(count=3), make_context(timeout=0.5))
    (failed,) = [line for line in logs() if "recordId" in line]
    assert (failed["order"], failed["recordId"]) == ("m1", "m1")


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("as_layer", [False, True])
def test_nothing_of_an_invocation_is_kept_alive_after_it(as_layer: bool, fails: bool, writes: list[str]) -> None:
    mine = Logger(buffer=10_000, log_event=True)
    inner = Logger()

    def place(event: Any, context: object) -> None:
        mine.info("x", event=event)
        mine.debug("waits", event=event)
        mine.append(event=event)
        inner.child(event=event).info("y")
        inner.bind(event=event).__enter__()
        inner.info("z")
        if fails:
            raise ValueError(event)

    run: Any = handler(mine, inner)(place) if as_layer else handler(place)
    event = Event(n=1)
    dies = weakref.ref(event)
    gc.disable()
    try:
        with contextlib.suppress(ValueError):
            run(event, make_context())
        del event
        assert dies() is None, gc.get_referrers(dies())
    finally:
        gc.enable()
    assert _context._holding == set()


def test_the_state_of_the_invocation_holds_nothing_of_the_logger_that_matters_after_it(writes: list[str]) -> None:
    kept: list[Any] = []
    mine = Logger(buffer=10_000)

    @handler(mine)
    def place(event: object, context: object) -> None:
        mine.append(a=1)
        mine.debug("waits")
        kept.append(current_invocation())
        raise ValueError("fails")

    with pytest.raises(ValueError, match="fails"):
        place({}, make_context())
    (log_of,) = kept[0].state.values()
    left: list[Any] = []
    log_of.write_to(left.append, left.append)
    assert left == []


def test_thousands_of_invocations_leave_nothing_behind(writes: list[str]) -> None:
    mine = Logger(buffer=1_000, correlation_id="id")

    @handler(mine)
    def place(event: Any, context: object) -> None:
        mine.append(a=event["id"])
        with mine.bind(b=event["id"]):
            mine.child(c=1).info("x", **{f"k{event['id']}": event})
        mine.debug("waits")

    context = make_context()

    def run(times: int) -> None:
        for i in range(times):
            place({"id": str(i)}, context)
            writes.clear()

    tracemalloc.start()
    run(scaled(6_000))
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    run(scaled(6_000))
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 100_000
    assert len(at_end) <= 1


def test_a_reset_forgets_what_was_appended_and_bound_outside(logs: Logs) -> None:
    log.append(a=1)
    log.bind(b=2).__enter__()
    reset()
    log.info("x")
    assert {"a", "b"} & logs()[0].keys() == set()


def test_a_line_of_an_outer_layer_has_the_fields_of_the_invocation_before_and_after(logs: Logs) -> None:
    @layer
    def around(event: Any, context: Any) -> Iterator[None]:
        log.info("before")
        yield
        log.info("after")

    @handler(around, log)
    def place(event: object, context: object) -> None:
        log.append(a=1)

    place({}, make_context(request_id="r"))
    before, after = logs()
    assert (before["requestId"], after["requestId"], after["a"]) == ("r", "r", 1)


def test_the_fields_of_the_invocation_have_their_names(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=1;Sampled=1")

    @handler(Logger(correlation_id="id", log_event=True))
    def run(event: object, context: object) -> None: ...

    run({"id": "c"}, make_context(request_id="r", function_name="f", tenant_id="t"))
    run({}, make_context(request_id="r2", function_name="f"))
    run({}, None)
    first, second, third = logs()
    assert {name: first[name] for name in list(first)[4:]} == {
        "functionName": "f",
        "requestId": "r",
        "coldStart": True,
        "xrayTraceId": "1-5759e988-bd862e3fe1be46a994272793",
        "tenantId": "t",
        "correlationId": "c",
        "event": {"id": "c"},
    }
    assert (second["coldStart"], second["requestId"], "correlationId" in second) == (False, "r2", False)
    assert "requestId" not in third


@pytest.mark.parametrize("init_type", ["provisioned-concurrency", "snap-start", "lambda-managed-instances"])
def test_an_initialisation_that_no_caller_waited_for_is_no_cold_start_and_has_its_type(
    init_type: str, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    @handler
    def place(event: object, context: object) -> None:
        log.info("x")

    for found in (init_type, "on-demand"):
        reset()
        monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", found)
        place({}, make_context())
        place({}, make_context())
    assert [(line["coldStart"], line.get("initType")) for line in logs()] == [
        (False, init_type),
        (False, init_type),
        (True, None),
        (False, None),
    ]


def test_a_handler_in_a_handler_gets_its_own_fields_and_gives_back_those_of_the_outer_one(logs: Logs) -> None:
    @handler
    def inner(event: object, context: object) -> None:
        log.append(b=2)
        log.info("inner")

    @handler
    def outer(event: object, context: object) -> None:
        with log.bind(a=1):
            inner({}, make_context(request_id="in"))
            log.info("outer")

    outer({}, make_context(request_id="out"))
    first, second = logs()
    assert (first["requestId"], first["b"], "a" in first) == ("in", 2, False)
    assert (second["requestId"], second["a"], "b" in second) == ("out", 1, False)


def test_invoke_returns_the_lines() -> None:
    @handler(log)
    def place(event: object, context: object) -> None:
        log.info("x")

    assert invoke(place).logs[0]["message"] == "x"


def test_lines_of_a_call_that_holds_an_idempotency_key_have_it_and_no_others(logs: Logs) -> None:
    store = MemoryStore()
    log = Logger()

    @idempotent(store, key="order")
    def inner(order: int) -> None:
        log.info("inner")

    @handler(idempotent(store, key="id"))
    def place(event: Any, context: object) -> None:
        log.info("before")
        inner(event["id"])
        log.info("after")
        if event["id"] == 2:
            raise ValueError("declined")

    place({"id": 1}, None)
    log.info("outside")
    with pytest.raises(ValueError, match="declined"):
        place({"id": 2}, None)
    log.info("outside")
    place({"id": 1}, None)
    lines = logs()
    keys = [line.get("idempotencyKey", "").partition("#")[0].rpartition(".")[2] for line in lines]
    assert keys == ["place", "inner", "place", ""] * 2
    assert len({line.get("idempotencyKey") for line in lines}) == 5
