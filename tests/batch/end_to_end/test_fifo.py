"""FIFO queues: a message that fails holds up its group and nothing else, or everything after it."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.batch.end_to_end.stage import make_queue
from tests.batch.poller import SqsPoller
from tests.effort import skip_in_the_middle

if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_kit.local import Environment
    from tests.batch.end_to_end.stage import Trace
    from tests.conftest import Aws

skip_in_the_middle(but_not_under_the_kit=True)


def filled(sqs: Any, *asked: dict[str, Any]) -> str:
    """Make a FIFO queue with these messages; the first letter of the name is the group. Return its URL."""
    url, _ = make_queue(sqs, "orders.fifo", FifoQueue="true", VisibilityTimeout="1")
    for one in asked:
        name = one["name"]
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(one), MessageGroupId=name[0], MessageDeduplicationId=name)
    return url


def steps_of(asked: dict[str, Any]) -> list[str]:
    """Return what is to become of a message: it fails, and then it succeeds, and then it comes no more."""
    name = asked["name"]
    return [*[f"begun {name}"] * (asked.get("fails", 0) + 1), f"done {name}"]


def test_a_failure_holds_up_its_group_alone(aws: Aws, run: Callable[..., Environment], trace: Trace) -> None:
    names = ["a1", "b1", "a2", "b2", "c1", "a3", "b3"]
    sqs = aws.boto3("sqs")
    url = filled(sqs, *({"name": name, "fails": int(name == "b1")} for name in names))
    poller = SqsPoller(sqs, url, run("in_order").invoke)
    poller.poll()
    assert trace.names("begun") == ["a1", "b1", "a2", "c1", "a3"]
    assert trace.names("done") == ["a1", "a2", "c1", "a3"]
    poller.drain()
    assert poller.is_empty()
    assert trace.names("done")[4:] == ["b1", "b2", "b3"]
    assert trace.names("begun")[5:] == ["b1", "b2", "b3"]


def test_where_order_is_all_a_failure_holds_up_everything_after_it(
    aws: Aws, run: Callable[..., Environment], trace: Trace
) -> None:
    names = ["a1", "b1", "a2", "b2", "c1"]
    sqs = aws.boto3("sqs")
    url = filled(sqs, *({"name": name, "fails": int(name == "b1")} for name in names))
    poller = SqsPoller(sqs, url, run("stop_at_a_failure").invoke)
    poller.poll()
    assert trace.steps() == ["begun a1", "done a1", "begun b1"]
    poller.drain()
    assert poller.is_empty()
    assert trace.names("done") == names
    assert trace.names("begun") == ["a1", "b1", *names[1:]]


@pytest.mark.parametrize("function", ["in_order", "in_threads", "in_tasks"])
def test_under_many_failures_each_group_keeps_its_order_and_each_message_is_handled_once(
    aws: Aws, run: Callable[..., Environment], trace: Trace, function: str
) -> None:
    chance = random.Random(9)
    groups = {group: [f"{group}{i}" for i in range(1, 7)] for group in "abcd"}
    fails = dict.fromkeys(chance.sample([name for names in groups.values() for name in names], 3), 2)
    waiting = {group: list(names) for group, names in groups.items()}
    sent: list[dict[str, Any]] = []
    while waiting:
        group = chance.choice(sorted(waiting))
        name = waiting[group].pop(0)
        sent.append({"name": name, "fails": fails.get(name, 0)})
        if not waiting[group]:
            del waiting[group]
    sqs = aws.boto3("sqs")
    poller = SqsPoller(sqs, filled(sqs, *sent), run(function).invoke)
    poller.drain()
    assert poller.is_empty()
    for group, names in groups.items():
        expected = [step for one in sent if one["name"][0] == group for step in steps_of(one)]
        assert trace.steps(*names) == expected
