"""Custom resources: CloudFormation is answered once, whatever happens in the handler."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler, time_limit
from lambda_kit.errors import AnswerError, AnswerNotSent, ConfigurationError, EventError, TimeLimitReached
from lambda_kit.events.custom_resources import custom_resource, failed, success
from lambda_kit.testing import invoke, make_context
from tests.events.answers import fakes
from tests.events.answers.fakes import Got, serving
from tests.patience import PATIENCE
from tests.threads import refuse_threads

if TYPE_CHECKING:
    from collections.abc import Iterator


class Stack:
    """The place that answers are sent to.

    Attributes:
        got: the requests that came.
        statuses: what the next requests are answered with; 200 after them.
    """

    def __init__(self) -> None:
        self.url = ""
        self.got: list[Got] = []
        self.statuses: list[int] = []
        self.came = threading.Event()

    def __call__(self, got: Got) -> tuple[int, bytes]:
        self.got.append(got)
        self.came.set()
        return (self.statuses.pop(0) if self.statuses else 200), b""

    def event(self, kind: str = "Create", **more: Any) -> dict[str, Any]:
        old = {} if kind == "Create" else {"PhysicalResourceId": "old"}
        return {
            "RequestType": kind,
            "ResponseURL": f"{self.url}/bucket/key%3A1?X-Amz-Signature=hunter2",
            "StackId": "arn:aws:cloudformation:eu-west-1:1:stack/s/1",
            "RequestId": "r-1",
            "LogicalResourceId": "Alias",
            **old,
            **more,
        }

    def answer(self) -> dict[str, Any]:
        (got,) = self.got
        found: dict[str, Any] = json.loads(got.body)
        return found


@pytest.fixture
def stack() -> Iterator[Stack]:
    place = Stack()
    with serving(place) as url:
        place.url = url
        yield place


def answering(result: Any = None, *, is_async: bool = False) -> Any:
    return fakes.answering(custom_resource(), result, is_async=is_async)


@pytest.mark.parametrize("is_async", [False, True], ids=["def", "async def"])
def test_a_success_is_sent_to_the_url_of_the_event_as_the_signature_expects_it(is_async: bool, stack: Stack) -> None:
    outcome = success({"Name": "é", "Count": 3}, physical_id="alias-1", no_echo=True)
    assert invoke(answering(outcome, is_async=is_async), stack.event()).value is None
    assert stack.answer() == {
        "Status": "SUCCESS",
        "PhysicalResourceId": "alias-1",
        "StackId": "arn:aws:cloudformation:eu-west-1:1:stack/s/1",
        "RequestId": "r-1",
        "LogicalResourceId": "Alias",
        "NoEcho": True,
        "Data": {"Name": "é", "Count": 3},
    }
    (got,) = stack.got
    assert (got.method, got.target) == ("PUT", "/bucket/key%3A1?X-Amz-Signature=hunter2")
    assert "content-type" not in got.headers  # the signature of the URL would not fit


@pytest.mark.parametrize(
    ("kind", "result", "status", "physical_id"),
    [
        ("Create", None, "SUCCESS", "r-1"),
        ("Create", {"a": 1}, "SUCCESS", "r-1"),
        ("Update", None, "SUCCESS", "old"),
        ("Update", success(physical_id="new"), "SUCCESS", "new"),
        ("Delete", None, "SUCCESS", "old"),
        ("Delete", success(physical_id="new"), "FAILED", "old"),
        ("Create", failed("no"), "FAILED", "lambda-kit:never-created:r-1"),
        ("Create", failed("no", physical_id="half"), "FAILED", "half"),
        ("Update", failed("no"), "FAILED", "old"),
        ("Create", ValueError("no"), "FAILED", "lambda-kit:never-created:r-1"),
        ("Create", 5, "FAILED", "lambda-kit:never-created:r-1"),
        ("Create", success({"a": {1}}), "FAILED", "lambda-kit:never-created:r-1"),
        ("Create", success({"a": "x" * 4096}), "FAILED", "lambda-kit:never-created:r-1"),
    ],
    ids=range(13),
)
def test_a_resource_keeps_its_id_and_what_cannot_be_an_answer_is_a_failure(
    kind: str, result: Any, status: str, physical_id: str, stack: Stack
) -> None:
    assert invoke(answering(result), stack.event(kind)).error is None
    answer = stack.answer()
    assert (answer["Status"], answer["PhysicalResourceId"]) == (status, physical_id)
    assert ("Reason" in answer) == (status == "FAILED")
    assert len(stack.got[0].body) <= 4096


@pytest.mark.parametrize("is_async", [False, True], ids=["def", "async def"])
def test_an_exception_is_logged_and_answered_and_does_not_make_lambda_try_again(
    is_async: bool, stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    result = invoke(answering(ValueError("no such table"), is_async=is_async), stack.event("Update"))
    assert (result.error, stack.answer()["Reason"]) == (None, "ValueError: no such table")
    assert "ValueError: no such table" in caplog.text


def test_an_exit_is_answered_and_goes_on(stack: Stack) -> None:
    with pytest.raises(SystemExit):
        answering(SystemExit(3))(stack.event("Update"), make_context())
    assert stack.answer()["Status"] == "FAILED"


def test_a_failure_with_a_long_reason_fits(stack: Stack) -> None:
    invoke(answering(ValueError("é" * 5000)), stack.event("Update"))
    assert stack.answer()["Reason"].startswith("ValueError: éé")
    assert len(stack.got[0].body) <= 4096


def test_the_deletion_of_what_was_never_created_is_answered_without_the_handler(stack: Stack) -> None:
    invoke(answering(ValueError("no")), stack.event())
    never = stack.answer()["PhysicalResourceId"]
    stack.got.clear()
    invoke(answering(AssertionError("the handler ran")), stack.event("Delete", PhysicalResourceId=never))
    assert (stack.answer()["Status"], stack.answer()["PhysicalResourceId"]) == ("SUCCESS", never)


def test_a_handler_that_is_stuck_is_answered_before_the_deadline_and_only_once(
    stack: Stack, caplog: pytest.LogCaptureFixture
) -> None:
    def wait() -> Any:
        assert stack.came.wait(PATIENCE)
        return success({"too": "late"})

    # Less time than the margin is left, so that half of it is the margin.
    assert invoke(answering(wait), stack.event("Update"), context=make_context(timeout=1.0)).error is None
    assert stack.answer()["Reason"] == "the function ran out of time"
    assert "ran out of time; the answer is FAILED" in caplog.text


def test_a_handler_for_whose_deadline_no_thread_can_be_started_runs_and_is_answered(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    refuse_threads(monkeypatch, "lambda_kit.events._always")
    assert invoke(answering(lambda: success({"a": "b"})), stack.event("Update")).error is None
    assert stack.answer()["Status"] == "SUCCESS"
    assert "no thread can be started" in caplog.text


def test_a_time_limit_inside_is_a_failure_like_others(stack: Stack) -> None:
    def loop() -> Any:
        while True:
            pass

    @handler
    @custom_resource(margin=0.01)
    @time_limit(margin=0.9)
    def stuck(event: Any, context: Any) -> Any:
        loop()

    assert invoke(stuck, stack.event("Update"), context=make_context(timeout=1.0)).error is None
    assert stack.answer()["Reason"].startswith("TimeLimitReached: ")


@pytest.mark.parametrize("statuses", [[500], [503, 500]], ids=["once", "twice"])
def test_an_answer_that_s3_could_not_take_is_sent_again(statuses: list[int], stack: Stack) -> None:
    stack.statuses = [*statuses]
    assert invoke(answering(), stack.event()).error is None
    assert len(stack.got) == len(statuses) + 1
    assert len({got.body for got in stack.got}) == 1


@pytest.mark.parametrize(("statuses", "sent"), [([403], 1), ([500, 500, 500], 3)], ids=["expired", "broken"])
def test_an_answer_that_cannot_be_delivered_is_an_error_for_the_runtime_without_the_url(
    statuses: list[int], sent: int, stack: Stack
) -> None:
    stack.statuses = [*statuses]
    error = invoke(answering(), stack.event()).error
    assert isinstance(error, AnswerNotSent)
    assert f"the answer of S3 was {statuses[0]}" in str(error)
    assert "hunter2" not in str(error)
    assert len(stack.got) == sent


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"RequestType": "Remove"}, "the request is 'Remove'; it is Create, Update or Delete"),
        ({"ResponseURL": None}, "the event has no text at 'ResponseURL'"),
        ({"StackId": ""}, "the event has no text at 'StackId'"),
        ({"ResponseURL": "ftp://hunter2"}, "'ResponseURL' of the event is no URL"),
    ],
    ids=["request", "no URL", "no stack", "another URL"],
)
def test_an_event_that_cannot_be_answered_is_an_error(change: Any, told: str, stack: Stack) -> None:
    error = invoke(answering(), {**stack.event(), **change}).error
    assert isinstance(error, EventError)
    assert told in str(error)
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    "build",
    [
        lambda: failed(""),
        lambda: success(physical_id=""),
        lambda: success(physical_id="x" * 1025),
        lambda: failed("no", physical_id="é" * 513),
    ],
    ids=["no reason", "empty id", "long id", "many bytes"],
)
def test_what_cloudformation_would_refuse_cannot_be_built(build: Any) -> None:
    with pytest.raises(AnswerError):
        build()


@pytest.mark.parametrize("margin", [0, -1, "2", float("inf")], ids=repr)
def test_a_margin_that_is_no_number_above_zero_is_refused(margin: Any) -> None:
    with pytest.raises(ConfigurationError, match="pass the seconds before the deadline, above 0"):
        custom_resource(margin=margin)


def test_an_answer_whose_sending_is_interrupted_is_sent_again(stack: Stack) -> None:
    """A time limit outside strikes while S3 is slow."""
    slow = threading.Event()

    def wait(got: Got) -> tuple[int, bytes]:
        stack.got.append(got)
        if len(stack.got) == 1:
            slow.wait(PATIENCE)
        else:
            slow.set()
        return 200, b""

    @handler
    @time_limit(margin=1.5)
    @custom_resource(margin=0.5)
    def quick(event: Any, context: Any) -> Any:
        return None

    with serving(wait) as url:
        event = {**stack.event("Update"), "ResponseURL": f"{url}/answer"}
        error = invoke(quick, event, context=make_context(timeout=2.0)).error
        assert isinstance(error, TimeLimitReached)
    assert [json.loads(got.body)["Status"] for got in stack.got] == ["SUCCESS", "SUCCESS"]
