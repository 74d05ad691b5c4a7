"""The dead letter layer under asynchronous invocations: what fails for good is kept, the rest is Lambda's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.batch.end_to_end.stage import bodies, make_queue, until
from tests.effort import skip_in_the_middle

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.batch.end_to_end.stage import Trace
    from tests.conftest import Aws

skip_in_the_middle(but_not_under_the_kit=True)


def send(aws: Aws, function: str, failures: str, *events: dict[str, Any]) -> None:
    """Invoke a function asynchronously, with one retry and a queue as its destination on failure."""
    client = aws.boto3("lambda")
    client.put_function_event_invoke_config(
        FunctionName=function,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": failures}},
    )
    for event in events:
        client.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode())


def test_what_fails_for_good_is_kept_with_its_error_and_other_errors_are_tried_again(
    aws: Aws, deployed: Callable[..., str], trace: Trace
) -> None:
    sqs = aws.boto3("sqs")
    letters, _ = make_queue(sqs, "letters")
    url, failures = make_queue(sqs, "failures")
    impossible = {"name": "p-1", "impossible": 1}
    hopeless = {"name": "p-2", "fails": 1000}
    slow_to_succeed = {"name": "p-3", "fails": 1}
    send(aws, deployed("resize", LETTERS=letters), failures, impossible, hopeless, slow_to_succeed)
    kept: list[Any] = []
    failed: list[Any] = []

    def is_over() -> bool:
        kept.extend(bodies(sqs, letters))
        failed.extend(bodies(sqs, url))
        return bool(kept and failed and trace.names("done"))

    until("the end of all three", is_over)
    (letter,) = kept
    assert letter["event"] == impossible
    assert (letter["source"], letter["functionName"]) == ("invocation", "resize")
    assert letter["id"] == letter["requestId"] != ""
    assert (letter["error"]["type"], letter["error"]["message"]) == ("ValueError", "p-1 is impossible")
    assert "in begin" in letter["error"]["traceback"]
    (failure,) = failed
    assert failure["requestPayload"] == hopeless
    assert failure["responsePayload"]["errorType"] == "ConnectionError"
    assert trace.steps("p-1") == ["begun p-1"]
    assert trace.steps("p-2") == ["begun p-2"] * 2
    assert trace.steps("p-3") == ["begun p-3", "begun p-3", "done p-3"]


def test_where_the_letter_cannot_be_kept_lambda_has_the_event(
    aws: Aws, deployed: Callable[..., str], trace: Trace
) -> None:
    sqs = aws.boto3("sqs")
    url, failures = make_queue(sqs, "failures")
    impossible = {"name": "p-1", "impossible": 1}
    send(aws, deployed("resize", LETTERS=f"{url}-of-nobody"), failures, impossible)
    failed: list[Any] = []

    def has_failed() -> bool:
        failed.extend(bodies(sqs, url))
        return bool(failed)

    until("the destination on failure", has_failed)
    assert [one["requestPayload"] for one in failed] == [impossible]
    assert failed[0]["responsePayload"]["errorType"] == "ValueError"
    assert trace.steps() == ["begun p-1"] * 2
