"""Wrong uses of views and answers: each error says what happened, with which value, and what to do."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_kit.errors import AnswerError, ConfigurationError, EventError
from lambda_kit.events import (
    EventBridgeEvent,
    HttpEvent,
    KinesisRecord,
    SnsEvent,
    SnsMessage,
    SqsEvent,
    SqsRecord,
    as_event,
    authorizers,
    bedrock,
    cognito,
    custom_resources,
    edge,
    evaluations,
    pipelines,
)

SQS: Any = {"Records": [{"messageId": "m-1", "body": "hello", "eventSource": "aws:sqs"}]}
EVENT: Any = SqsEvent(SQS)
RECORD: Any = EVENT.records[0]
REQUEST: Any = HttpEvent({"httpMethod": "GET", "path": "/"})
API = {"methodArn": "arn:aws:execute-api:eu-west-1:1:a/prod/GET/x"}
EDGE = {"Records": [{"cf": {"config": {"eventType": "viewer-request"}, "request": {}}}]}
METRICS = {"EventType": "GetMetricData"}
TOKENS = {"triggerSource": "TokenGeneration_HostedAuth", "version": "2"}
AGENT = {"actionGroup": "a", "function": "f", "messageVersion": "1.0"}
answers: Any = {
    "authorizers": authorizers,
    "bedrock": bedrock,
    "cognito": cognito,
    "custom_resources": custom_resources,
    "edge": edge,
    "evaluations": evaluations,
    "pipelines": pipelines,
}


@pytest.mark.parametrize(
    ("use", "error", "told"),
    [
        (lambda: EVENT["Records"], TypeError, "'SqsEvent' object is no dict; read .raw['Records'], or a property"),
        (lambda: EVENT[0], TypeError, "'SqsEvent' object has no items; read .records[0]"),
        (lambda: EVENT.get("Records"), AttributeError, "no attribute 'get'; a view is no dict; read .raw.get(...)"),
        (lambda: RECORD.messageId, AttributeError, "it is a key of the dict; read .raw['messageId']"),
        (lambda: RECORD.message_id, AttributeError, "'SqsRecord' object has no attribute 'message_id'; read .id"),
        (lambda: RECORD.boddy, AttributeError, "did you mean 'body'?"),
        (lambda: REQUEST.json_body, AttributeError, "read .json"),
        (lambda: KinesisRecord({}).http_method, AttributeError, "no attribute 'http_method'"),  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownLambdaType]
        (lambda: list(REQUEST), TypeError, "not iterable"),
        (lambda: RECORD.json, EventError, "does not hold JSON, at character 0; read .body for its text"),
        (lambda: as_event(SnsEvent)(same)(SQS, None), EventError, "an event of sqs; its view is SqsEvent"),
        (lambda: as_event(SqsRecord)(same), ConfigurationError, "pass the class of an event, such as SqsEvent"),
        (lambda: EVENT.parse("Order"), ConfigurationError, "'Order' is the name of a type; pass the type"),
        (
            lambda: SqsRecord({"messageAttributes": {"price": None}}).message_attributes,
            EventError,
            "the message attribute 'price' of the SqsRecord has neither text nor base64",
        ),
        (
            lambda: SnsMessage({"MessageAttributes": {"price": {}}}).message_attributes,
            EventError,
            "the message attribute 'price' of the SnsMessage has no text",
        ),
        (lambda: EventBridgeEvent({"detail": {}}).source_name, EventError, "has no 'source'; it has 'detail'"),
    ],
    ids=range(16),
)
def test_a_view_that_is_used_wrongly_says_what_to_do(use: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error) as caught:
        use()
    assert told in str(caught.value)


def same(event: Any, context: Any) -> Any:
    return event


@pytest.mark.parametrize(
    ("name", "arguments", "options", "told"),
    [
        ("authorizers.Policy", (API, 7), {}, "Policy: principal is of type int; pass text"),
        ("authorizers.Policy", (API, "u"), {"context": ["a"]}, "the context is of type list; pass a dict"),
        (
            "authorizers.appsync",
            (True,),
            {"denied_fields": "Query.a"},
            "denied_fields is of type str; pass a list of texts",
        ),
        ("authorizers.iot", (True,), {"principal": "a", "policies": {"a": 1}}, "policies is of type dict; pass a list"),
        ("authorizers.iot", (True,), {"principal": "a", "policies": ["x"]}, "a policy is of type str; pass a dict"),
        ("bedrock.answer", (AGENT, "x"), {"session": "y"}, "sessionAttributes is of type str; pass a dict"),
        (
            "cognito.pre_token_generation",
            (TOKENS,),
            {"add_scopes": "a b"},
            "add_scopes is of type str; pass a list of texts",
        ),
        ("cognito.pre_token_generation", (TOKENS,), {"id_claims": ["a"]}, "id_claims is of type list; pass a dict"),
        ("custom_resources.success", ("ok",), {}, "success: data is of type str; pass a dict"),
        ("custom_resources.failed", (5,), {}, "failed: the reason is empty or no text"),
        ("edge.response", (EDGE, 200), {"headers": {"X": 5}}, "'X' is of type int; pass text, or a list of texts"),
        ("edge.response", (EDGE, 200), {"headers": ["X"]}, "headers is of type list; pass a dict"),
        ("edge.request", (EDGE,), {"uri": 5}, "uri is 5; pass a path with a slash at its beginning"),
        ("evaluations.metric_data", (METRICS, [(1, 2)]), {}, "series is of type list; pass a dict"),
        ("evaluations.metric_data", (METRICS, {"a": [1, 2]}), {}, "'a' is no list of pairs of a time and a number"),
        ("evaluations.put_evaluations", ({"resultToken": "t"}, ["COMPLIANT"]), {}, "pass what evaluate(...) or"),
        ("pipelines.success", (), {"variables": ["a"]}, "success: variables is of type list; pass a dict"),
        ("pipelines.unfinished", (None,), {}, "continuation_token is of type NoneType; pass text"),
    ],
    ids=range(18),
)
def test_an_answer_that_is_built_wrongly_says_what_to_pass(
    name: str, arguments: tuple[Any, ...], options: dict[str, Any], told: str
) -> None:
    module, _, function = name.partition(".")
    with pytest.raises(AnswerError) as caught:
        getattr(answers[module], function)(*arguments, **options)
    assert told in str(caught.value)


def test_a_method_and_its_path_in_one_text_are_told_apart() -> None:
    with pytest.raises(AnswerError, match="'GET /orders' is a method and a path; pass them as two arguments"):
        authorizers.Policy(API, "u").allow("GET /orders")


def test_a_failure_of_a_custom_resource_takes_an_exception() -> None:
    assert custom_resources.failed(ValueError("no table")).reason == "ValueError: no table"
