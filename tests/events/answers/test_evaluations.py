"""Evaluations for AWS Config, and metrics of custom data sources of CloudWatch."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.errors import AnswerError, EventError
from lambda_kit.events import evaluations
from tests.events.answers.fakes import KEYS, Got, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

ITEM = {
    "resourceType": "AWS::EC2::Instance",
    "resourceId": "i-1",
    "configurationItemCaptureTime": "2016-10-06T16:46:16.261Z",
    "configurationItemStatus": "OK",
}
AT = 1475772376.261

ALIGNED: dict[str, Any] = {
    "EventType": "GetMetricData",
    "GetMetricDataRequest": {"StartTime": 600, "EndTime": 1500, "Period": 300, "Arguments": []},
}


def event_of(item: Any = ITEM, *, key: str = "configurationItem", **more: Any) -> dict[str, Any]:
    return {"invokingEvent": json.dumps({key: item}), "resultToken": "t", "eventLeftScope": False, **more}


class Config:
    """What came, and what is refused."""

    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.refused: list[Any] = []

    def __call__(self, got: Got) -> tuple[int, bytes]:
        assert got.headers["x-amz-target"] == "StarlingDoveService.PutEvaluations"
        self.calls.append(json.loads(got.body))
        return 200, json.dumps({"FailedEvaluations": self.refused}).encode()


@pytest.fixture
def config(monkeypatch: pytest.MonkeyPatch) -> Iterator[Config]:
    found = Config()
    with serving(found) as url:
        for name, value in {**KEYS, "AWS_ENDPOINT_URL": url}.items():
            monkeypatch.setenv(name, value)
        yield found


@pytest.mark.parametrize("key", ["configurationItem", "configurationItemSummary"])
def test_the_resource_of_the_event_is_evaluated(key: str, config: Config) -> None:
    event = event_of(key=key)
    evaluations.put_evaluations(event, [evaluations.evaluate(event, "NON_COMPLIANT", "x" * 300)])
    assert config.calls == [
        {
            "Evaluations": [
                {
                    "ComplianceResourceType": "AWS::EC2::Instance",
                    "ComplianceResourceId": "i-1",
                    "ComplianceType": "NON_COMPLIANT",
                    "OrderingTimestamp": AT,
                    "Annotation": "x" * 256,
                }
            ],
            "ResultToken": "t",
        }
    ]


@pytest.mark.parametrize(
    "event",
    [
        event_of({**ITEM, "configurationItemStatus": "ResourceDeleted"}),
        event_of({**ITEM, "configurationItemStatus": "ResourceDeletedNotRecorded"}),
        event_of(eventLeftScope=True),
    ],
    ids=["deleted", "deleted, not recorded", "out of scope"],
)
def test_a_resource_that_is_gone_is_not_applicable(event: Any) -> None:
    assert repr(evaluations.evaluate(event, "COMPLIANT")) == "<Evaluation i-1 NOT_APPLICABLE>"


@pytest.mark.parametrize(("count", "sizes"), [(0, [0]), (100, [100]), (250, [100, 100, 50])])
def test_evaluations_are_sent_by_the_hundred(count: int, sizes: list[int], config: Config) -> None:
    one = evaluations.Evaluation("COMPLIANT", "AWS::S3::Bucket", "b", "2026-01-01T00:00:00Z")
    evaluations.put_evaluations(event_of(), [one] * count)
    assert [len(call["Evaluations"]) for call in config.calls] == sizes


def test_evaluations_that_config_refuses_are_an_error(config: Config) -> None:
    config.refused = [{"ComplianceResourceId": "i-1"}]
    event = event_of()
    with pytest.raises(AnswerError, match="Config refused 1 of 1 evaluations: i-1"):
        evaluations.put_evaluations(event, [evaluations.evaluate(event, "COMPLIANT")])


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: evaluations.evaluate(event_of(), "INSUFFICIENT_DATA"), AnswerError, "pass one of 'COMPLIANT'"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        (lambda: evaluations.evaluate({"invokingEvent": "{"}, "COMPLIANT"), EventError, "is no JSON object"),
        (lambda: evaluations.evaluate({"invokingEvent": "[]"}, "COMPLIANT"), EventError, "is no JSON object"),
        (lambda: evaluations.evaluate({}, "COMPLIANT"), EventError, "the event has no text at 'invokingEvent'"),
        (lambda: evaluations.evaluate(event_of(None), "COMPLIANT"), EventError, "for a periodic rule make"),
        (lambda: evaluations.Evaluation("COMPLIANT", "t", "r", "yesterday"), AnswerError, "pass a time in ISO 8601"),
        (lambda: evaluations.Evaluation("COMPLIANT", "", "r", "2026-01-01"), AnswerError, "resource_type has 0"),
        (lambda: evaluations.metric_data({"EventType": "X"}, {}), EventError, "answers GetMetricData"),
        (
            lambda: evaluations.metric_data({"EventType": "GetMetricData"}, {"a": [(1, "x")]}),  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
            AnswerError,
            "'a' has a time or a value that is no number",
        ),
        (
            lambda: evaluations.metric_data(ALIGNED, {"a": [(600, 1), (1020, 2)]}),
            AnswerError,
            "'a' has a value at 1020, which is not the start of a period: 300 seconds each, from 600 on",
        ),
        (lambda: evaluations.metric_error(""), AnswerError, "is empty or no text"),
        (
            lambda: evaluations.metric_description({"EventType": "DescribeGetMetricData"}, "d", [None]),  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
            AnswerError,
            "a default is of type NoneType",
        ),
    ],
    ids=range(12),
)
def test_what_cannot_be_an_evaluation_is_an_error(call: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert told in str(caught.value)


def test_values_at_the_starts_of_periods_are_returned_also_beyond_the_range() -> None:
    answer = evaluations.metric_data(ALIGNED, {"a": [(900, 1), (300, 2), (1800, 3)]}, partial=True)
    assert answer["MetricDataResults"][0]["Timestamps"] == [300, 900, 1800]
    assert answer["MetricDataResults"][0]["StatusCode"] == "PartialData"


def test_metrics_are_returned_in_the_order_of_time() -> None:
    assert evaluations.metric_data({"EventType": "GetMetricData"}, {"load": [(120, 2.5), (60, 1)]}) == {
        "MetricDataResults": [{"StatusCode": "Complete", "Label": "load", "Timestamps": [60, 120], "Values": [1, 2.5]}]
    }
    assert evaluations.metric_error("two arguments") == {"Error": {"Code": "Validation", "Value": "two arguments"}}
    assert evaluations.metric_description({"EventType": "DescribeGetMetricData"}, "Load", ["eu", 5]) == {
        "Description": "Load",
        "ArgumentDefaults": [{"Value": "eu"}, {"Value": 5}],
    }
