"""Faults on the wire, between the lean client and services that really keep what they accept."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import handler
from lambda_kit.aws import AwsClient
from lambda_kit.errors import AwsError, ConditionalCheckFailed, NoAnswer, Throttled
from lambda_kit.testing import make_context
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from tests.conftest import Aws
    from tests.services import Faults

TABLE = "records"
PUT: dict[str, Any] = {
    "TableName": TABLE,
    "Item": {"id": {"S": "1"}, "owner": {"S": "me"}},
    "ConditionExpression": "attribute_not_exists(id)",
    "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
}


@pytest.fixture
def ssm(aws: Aws, faults: Faults) -> AwsClient:
    aws.boto3("ssm").put_parameter(Name="/a", Value="one", Type="String")
    return AwsClient("ssm", sleep=lambda seconds: None)


@pytest.fixture
def table(aws: Aws, faults: Faults) -> Any:
    client = aws.boto3("dynamodb")
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def value(client: AwsClient) -> str:
    found: str = client.call("GetParameter", {"Name": "/a"})["Parameter"]["Value"]
    return found


@pytest.mark.parametrize(
    "rule",
    [
        {"error": {"code": "ThrottlingException", "status": 400}},
        {"error": {"code": "CodeThatNobodyKnows", "status": 429}},
        {"error": {"code": "InternalServerError", "status": 500}},
        {"error": {"code": "ServiceUnavailable", "status": 503}},
        {"reset": True},
        {"response": {"abort_bytes": 0}},
        {"response": {"abort_frac": 0.5}},
    ],
    ids=["throttled", "429", "500", "503", "reset", "reply lost", "reply cut in half"],
)
def test_what_goes_wrong_twice_is_tried_again_and_comes_right(
    ssm: AwsClient, faults: Faults, rule: dict[str, Any]
) -> None:
    faults.add(operation="GetParameter", times=2, **rule)
    assert value(ssm) == "one"
    assert (len(faults.fired()), faults.requests()) == (2, 3)


def test_a_service_that_hangs_once_is_asked_again_when_the_time_to_read_is_up(ssm: AwsClient, faults: Faults) -> None:
    faults.add(operation="GetParameter", times=1, timeout_ms=20_000)
    assert value(AwsClient("ssm", read_timeout=1.0, sleep=lambda seconds: None)) == "one"
    assert (len(faults.fired()), faults.requests()) == (1, 2)


def test_what_goes_on_going_wrong_is_an_error_after_three_attempts(ssm: AwsClient, faults: Faults) -> None:
    faults.add(operation="GetParameter", error={"code": "ThrottlingException", "status": 400})
    with pytest.raises(Throttled) as caught:
        value(ssm)
    assert (caught.value.attempts, faults.requests()) == (3, 3)


def test_what_would_go_wrong_again_is_not_tried_again(ssm: AwsClient, faults: Faults) -> None:
    faults.add(operation="GetParameter", error={"code": "ValidationException", "status": 400})
    with pytest.raises(AwsError, match="ValidationException"):
        value(ssm)
    assert faults.requests() == 1


def test_a_service_that_hangs_is_given_up_within_what_is_left_of_the_invocation(ssm: AwsClient, faults: Faults) -> None:
    faults.add(operation="GetParameter", timeout_ms=20_000)

    @handler
    def ask(event: object, context: object) -> str:
        return value(ssm)

    began = time.monotonic()
    with pytest.raises(NoAnswer) as caught:
        ask({}, make_context(timeout=0.7))
    assert caught.value.sent
    assert faults.requests() == 1  # there was no time left for another
    assert time.monotonic() - began < 5  # and not the twenty seconds that the service hangs


def test_after_the_end_of_the_invocation_nothing_is_sent(ssm: AwsClient, faults: Faults) -> None:
    import contextvars

    go_on, errors = threading.Event(), list[BaseException]()

    def late() -> None:
        go_on.wait(PATIENCE)
        try:
            value(ssm)
        except AwsError as error:
            errors.append(error)

    @handler
    def ask(event: object, context: object) -> threading.Thread:
        thread = threading.Thread(target=contextvars.copy_context().run, args=(late,))
        thread.start()
        return thread

    thread: Any = ask({}, make_context(timeout=30))
    go_on.set()
    thread.join()
    assert isinstance(errors[0], NoAnswer)
    assert "the invocation has ended" in str(errors[0])
    assert faults.requests() == 0


def test_a_pause_that_does_not_fit_into_the_invocation_is_not_begun(
    aws: Aws, faults: Faults, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambda_kit.aws._client._chance", lambda: 1.0)  # the longest pauses: one second, then two
    pauses: list[float] = []
    ssm = AwsClient("ssm", sleep=pauses.append)
    faults.add(operation="GetParameter", error={"code": "ThrottlingException", "status": 400})

    @handler
    def ask(event: object, context: object) -> str:
        return value(ssm)

    with pytest.raises(Throttled) as caught:
        ask({}, make_context(timeout=2.0))
    assert any("no time left" in note for note in caught.value.__notes__)
    assert (pauses, faults.requests()) == ([1.0], 2)


def test_a_write_whose_reply_was_lost_is_made_once_and_its_own_item_comes_back(table: Any, faults: Faults) -> None:
    faults.add(operation="PutItem", times=1, response={"abort_bytes": 0})
    with pytest.raises(ConditionalCheckFailed) as caught:
        AwsClient("dynamodb").call("PutItem", PUT)
    assert caught.value.item == PUT["Item"]
    assert caught.value.attempts == 2


def test_a_write_that_was_reset_on_its_way_is_made_by_the_next_attempt(table: Any, faults: Faults) -> None:
    faults.add(operation="PutItem", times=1, reset=True)
    assert AwsClient("dynamodb").call("PutItem", PUT) == {}
    assert table.scan(TableName=TABLE)["Count"] == 1


def test_the_budget_of_retries_runs_out_and_spares_the_service(ssm: AwsClient, faults: Faults) -> None:
    faults.add(operation="GetParameter", error={"code": "InternalServerError", "status": 500})
    for _ in range(60):
        with pytest.raises(AwsError):
            value(ssm)
    assert faults.requests() == 60 + 500 // 14  # a client has 500 to spend, and one more attempt costs 14


def test_threads_share_a_client_through_faults(ssm: AwsClient, faults: Faults) -> None:
    faults.add(operation="GetParameter", probability=0.2, reset=True)
    patient = AwsClient("ssm", max_attempts=12, sleep=lambda seconds: None)
    found: list[str] = []

    def ask() -> None:
        found.extend(value(patient) for _ in range(20))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["one"] * 120
