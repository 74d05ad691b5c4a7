"""Task tokens of Step Functions, against state machines that wait for them."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import AnswerError, AwsError
from lambda_kit.events import step_functions
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from tests.conftest import Aws


class Waiting:
    """A state machine that has passed a token to a queue, and waits."""

    def __init__(self, aws: Aws) -> None:
        self._states, queues = aws.boto3("stepfunctions"), aws.boto3("sqs")
        queue = queues.create_queue(QueueName="tasks")["QueueUrl"]
        wait = {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": queue, "MessageBody": {"token.$": "$$.Task.Token"}},
            "End": True,
        }
        machine = self._states.create_state_machine(
            name="orders",
            definition=json.dumps({"StartAt": "Wait", "States": {"Wait": wait}}),
            roleArn="arn:aws:iam::000000000000:role/r",
        )["stateMachineArn"]
        self._execution = self._states.start_execution(stateMachineArn=machine)["executionArn"]
        message: Any = queues.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"][0]
        self.token: str = json.loads(message["Body"])["token"]

    def end(self) -> Any:
        until = time.monotonic() + PATIENCE
        while True:
            found = self._states.describe_execution(executionArn=self._execution)
            if found["status"] != "RUNNING" or time.monotonic() > until:
                return found
            time.sleep(0.02)


def test_a_success_ends_the_task_with_its_output(aws: Aws) -> None:
    waiting = Waiting(aws)
    step_functions.heartbeat(waiting.token)
    step_functions.succeed(waiting.token, {"charged": [1, None]})
    found = waiting.end()
    assert (found["status"], json.loads(found["output"])) == ("SUCCEEDED", {"charged": [1, None]})


def test_a_failure_ends_the_task_with_the_name_of_an_exception_and_its_message(aws: Aws) -> None:
    waiting = Waiting(aws)
    step_functions.fail(waiting.token, PermissionError("no credit"), client=aws.boto3("stepfunctions"))
    found = waiting.end()
    assert (found["status"], found["error"], found["cause"]) == ("FAILED", "PermissionError", "no credit")


def test_a_failure_has_a_name_and_a_cause_of_ones_own(aws: Aws) -> None:
    waiting = Waiting(aws)
    step_functions.fail(waiting.token, "Refused", "x" * 40_000)
    found = waiting.end()
    assert (found["error"], len(found["cause"])) == ("Refused", 32_768)


def test_a_token_that_nobody_waits_for_is_an_error_that_does_not_quote_it(aws: Aws) -> None:
    with pytest.raises(AwsError) as caught:
        step_functions.heartbeat("secret-token-of-nobody")
    assert "secret-token-of-nobody" not in str(caught.value)
    assert caught.value.operation == "SendTaskHeartbeat"


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: step_functions.succeed("t", {1, 2}), "the output cannot be written as JSON"),
        (lambda: step_functions.succeed("t", float("nan")), "the output cannot be written as JSON"),
        (
            lambda: step_functions.succeed("t", "x" * 262_144),
            "has 262146 bytes as JSON, and Step Functions takes",
        ),
        (lambda: step_functions.fail("t", ""), "fail: error has 0 characters; pass 1 to 256"),
        (lambda: step_functions.heartbeat(""), "pass '$$.Task.Token' from the state machine as it is"),
        (lambda: step_functions.heartbeat(None), "the task token is of type NoneType"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ],
    ids=["no JSON", "not a number", "too large", "no error", "empty token", "no token"],
)
def test_what_step_functions_would_refuse_is_an_error_before_the_call(call: Any, told: str) -> None:
    with pytest.raises(AnswerError) as caught:
        call()
    assert told in str(caught.value)
