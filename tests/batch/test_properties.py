"""Rules that hold for every batch: for all sources, orders, ways of running and failures."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lambda_kit.batch import BatchReport, DeadLetter, process_batch, process_batch_async
from lambda_kit.errors import BatchFailed
from tests.batch import builders
from tests.batch.clock import clock_of_runs
from tests.effort import scaled


class Bad(ValueError):
    """An error that no retry will mend."""


class Broken(Exception):
    """The error of a sink."""


GROUPS = "abc"
ORDER_OF = {"fifo": "group", "kafka": "group", "kinesis": "all", "dynamodb": "all"}
FATES = ("fine", "fine", "fine", "fails", "permanent", "kept nowhere", "unreadable", "unfinished")


def _never_run() -> Any:
    yield


class Clock:
    """The monotonic clock, which jumps to the end once so many records have ended."""

    def __init__(self, allowed: int) -> None:
        self._left = allowed
        self._lock = threading.Lock()

    def end_one(self) -> None:
        with self._lock:
            self._left -= 1

    def monotonic(self) -> float:
        return 0.0 if self._left > 0 else 1e9


class Scenario:
    """An event, and what is to become of each of its records."""

    def __init__(self, source: str, groups: list[str], fates: list[str], allowed: int) -> None:
        self.source = source
        self.groups = groups
        self.fates = fates
        self.clock = Clock(allowed)
        self.begun: list[int] = []
        self.steps: list[tuple[str, int]] = []
        self.kept: list[int] = []
        self.raised = False
        self._lock = threading.Lock()
        self.event = self._event()
        if source == "kafka":  # its records stand by partition
            order = [int(one["offset"]) - 15 for some in self.event["records"].values() for one in some]
            self.groups = [groups[i] for i in order]
            self.fates = [fates[i] for i in order]
            self.position = {15 + i: at for at, i in enumerate(order)}

    def _event(self) -> dict[str, Any]:
        count = len(self.groups)
        if self.source in ("sqs", "fifo"):
            grouped: Any = self.groups if self.source == "fifo" else [None] * count
            return builders.sqs(*(builders.message(f"m{i}", group=group) for i, group in enumerate(grouped)))
        if self.source in ("kinesis", "dynamodb"):
            found: dict[str, Any] = getattr(builders, self.source)(*self.groups)
            return found
        if self.source == "kafka":
            event = builders.kafka(p0=count)
            records = event["records"].pop("orders-0")
            for record, group in zip(records, self.groups, strict=True):
                record["partition"] = GROUPS.index(group)
                event["records"].setdefault(f"orders-{record['partition']}", []).append(record)
            return event
        return getattr(builders, self.source)(*(["x"] * count))  # type: ignore[no-any-return]

    def index_of(self, raw: Any) -> int:
        match self.source:
            case "sqs" | "fifo":
                return int(raw["messageId"][1:])
            case "kinesis":
                return int(raw["kinesis"]["sequenceNumber"]) - 100
            case "dynamodb":
                return int(raw["dynamodb"]["SequenceNumber"]) - 100
            case "kafka":
                return self.position[raw["offset"]]
            case "firehose":
                return int(raw["recordId"][1:])
            case _:
                return int(raw["taskId"][1:])

    def begin(self, record: Any) -> int:
        index = self.index_of(record.raw)
        with self._lock:
            self.begun.append(index)
            self.steps.append(("begins", index))
        return index

    def end(self, index: int) -> Any:
        with self._lock:
            self.steps.append(("ends", index))
        self.clock.end_one()
        match self.fates[index]:
            case "fails":
                raise KeyError(index)
            case "permanent" | "kept nowhere":
                raise Bad(index)
            case "unreadable":
                raise UnicodeDecodeError("utf-8", b"", 0, 1, "unreadable")
            case "unfinished":
                return _never_run()
            case _:
                return f"result {index}"

    def call(self, record: Any) -> Any:
        return self.end(self.begin(record))

    async def call_async(self, record: Any) -> Any:
        index = self.begin(record)
        await asyncio.sleep(0)
        return self.end(index)

    def keep(self, letter: DeadLetter) -> None:
        index = self.index_of(letter.event)
        if self.fates[index] == "kept nowhere":
            raise Broken
        with self._lock:
            self.kept.append(index)

    def run(self, way: str, order: str) -> BatchReport:
        options: dict[str, Any] = {"order": order, "permanent": (Bad,), "dead_letter": self.keep}
        options["concurrency"] = 3 if way in ("threads", "tasks") else 1
        try:
            with clock_of_runs(self.clock.monotonic):
                if way in ("async", "tasks"):
                    return asyncio.run(process_batch_async(self.event, self.call_async, **options))
                report: BatchReport = process_batch(self.event, self.call, **options)
                return report
        except BatchFailed as error:  # Firehose retries whole invocations, and no records
            self.raised = True
            found: BatchReport = error.report
            return found

    def succeeded(self) -> set[int]:
        """Return the positions of the records that nobody has to send again."""
        return {i for i in self.begun if self.fates[i] == "fine"} | set(self.kept)


def reported(scenario: Scenario, response: dict[str, Any]) -> set[int]:
    """Return the positions of the records that the service is told to send again."""
    if scenario.source in ("sqs", "fifo"):
        return {int(one[1:]) for one in builders.reported(response)}
    if scenario.source in ("kinesis", "dynamodb"):
        ids = builders.reported(response)
        assert len(ids) <= 1
        return set(range(int(ids[0]) - 100, len(scenario.groups))) if ids else set()
    if scenario.source == "kafka":
        found = builders.reported(response)
        assert all(one["partition"].startswith("orders-") for one in found)
        return {scenario.position[one["offset"]] for one in found}
    if scenario.source == "firehose":
        assert [one["recordId"] for one in response["records"]] == [f"r{i}" for i in range(len(scenario.groups))]
        return {i for i, one in enumerate(response["records"]) if one["result"] == "ProcessingFailed"}
    assert [one["taskId"] for one in response["results"]] == [f"t{i}" for i in range(len(scenario.groups))]
    return {i for i, one in enumerate(response["results"]) if one["resultCode"] == "TemporaryFailure"}


SCENARIOS = st.integers(1, 12).flatmap(
    lambda count: st.builds(
        Scenario,
        st.sampled_from(["sqs", "fifo", "kinesis", "dynamodb", "kafka", "firehose", "s3_batch"]),
        st.lists(st.sampled_from(GROUPS), min_size=count, max_size=count),
        st.lists(st.sampled_from(FATES), min_size=count, max_size=count),
        st.sampled_from([100, 100, 0, 1, 2, 5]),
    )
)
WAYS = st.sampled_from(["one by one", "threads", "async", "tasks"])
ORDERS = st.sampled_from(["auto", "none", "group", "all"])


@settings(max_examples=scaled(400))
@given(SCENARIOS, WAYS, ORDERS)
def test_what_did_not_succeed_is_sent_again_and_nothing_else(scenario: Scenario, way: str, order: str) -> None:
    report = scenario.run(way, order)
    count, succeeded = len(scenario.groups), scenario.succeeded()
    again = set(range(count)) if scenario.raised else reported(scenario, report.response)
    assert scenario.raised == (scenario.source == "firehose" and bool(report.skipped))
    assert len(scenario.begun) == len(set(scenario.begun))
    assert set(range(count)) - succeeded <= again
    if scenario.source in ("kinesis", "dynamodb"):
        lost = set(range(count)) - succeeded
        assert again == (set(range(min(lost), count)) if lost else set())
    elif scenario.source == "firehose" and not scenario.raised:
        assert again == set(range(count)) - succeeded | set(scenario.kept)  # the response has one word for both
    elif not scenario.raised:
        assert again == set(range(count)) - succeeded


@settings(max_examples=scaled(400))
@given(SCENARIOS, WAYS, ORDERS)
def test_the_report_says_what_became_of_each_in_the_order_of_the_event(
    scenario: Scenario, way: str, order: str
) -> None:
    report = scenario.run(way, order)
    begun, kept = set(scenario.begun), set(scenario.kept)
    fine = [i for i in sorted(begun) if scenario.fates[i] == "fine"]
    assert len(report.results) == len(fine)
    if scenario.source != "firehose":
        assert report.results == [f"result {i}" for i in fine]
    assert [one.index for one in report.dead_letters] == sorted(kept)
    assert [one.index for one in report.failures] == sorted(begun - set(fine) - kept)
    assert len(report.skipped) == len(scenario.groups) - len(begun)
    assert report.count == len(scenario.groups) == len(report.durations)


@settings(max_examples=scaled(400))
@given(SCENARIOS, WAYS, st.sampled_from(["auto", "group", "all"]))
def test_order_is_kept_within_a_group_and_stops_with_a_failure(scenario: Scenario, way: str, order: str) -> None:
    effective = ORDER_OF.get(scenario.source, "none") if order == "auto" else order
    report = scenario.run(way, order)
    failed = {one.index for one in report.failures}
    if effective == "none":
        return
    if scenario.source in ("fifo", "kinesis", "dynamodb", "kafka"):
        for group in GROUPS:
            own = [i for i, one in enumerate(scenario.groups) if one == group]
            steps = [(step, i) for step, i in scenario.steps if i in own]
            begun = [i for i in own if i in scenario.begun]
            assert steps == [(step, i) for i in begun for step in ("begins", "ends")]
            assert begun == own[: len(begun)]
            assert not failed & set(begun[:-1])  # nothing of the group began after a failure in it
    if effective == "all" and way in ("one by one", "async"):
        assert not failed & set(scenario.begun[:-1])


@settings(max_examples=scaled(200))
@given(st.lists(st.tuples(st.sampled_from([None, "", 5, "a", "b", "c"]), st.booleans()), min_size=1, max_size=6), WAYS)
def test_ids_that_are_missing_or_come_twice_lose_nothing(messages: list[tuple[Any, bool]], way: str) -> None:
    event = builders.sqs(*(builders.message(f"m{i}", {"fails": fails}) for i, (_, fails) in enumerate(messages)))
    for record, (id, _) in zip(event["Records"], messages, strict=True):
        record["messageId"] = id

    def judge(record: Any) -> None:
        if record.json["fails"]:
            raise ValueError

    async def judge_async(record: Any) -> None:
        judge(record)

    concurrency = 3 if way in ("threads", "tasks") else 1
    if way in ("async", "tasks"):
        report = asyncio.run(process_batch_async(event, judge_async, concurrency=concurrency))
    else:
        report = process_batch(event, judge, concurrency=concurrency)
    ids = [id for id, fails in messages if fails]
    found = builders.reported(report.response)
    if any(not isinstance(id, str) or not id for id in ids):
        assert found == [""]
    else:
        assert sorted(found) == sorted(set(ids))
