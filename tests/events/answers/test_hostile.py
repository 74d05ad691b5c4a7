"""Builders of answers, given any JSON in place of an event: an answer, or an error of the kit's own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.errors import LambdaKitError
from lambda_kit.events import authorizers, bedrock, cognito, custom_resources, edge, evaluations, pipelines
from tests.effort import skip_in_the_middle

if TYPE_CHECKING:
    from collections.abc import Callable

skip_in_the_middle()

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
type_of: Any = type
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)

ARN = "arn:aws:execute-api:eu-west-1:1:a/prod/GET/x"
BUILDERS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "pre_sign_up": (
        lambda event: cognito.pre_sign_up(event, verify_email=True),
        {"triggerSource": "PreSignUp_SignUp", "request": {"userAttributes": {"email": "a"}}, "response": {}},
    ),
    "custom_message": (
        lambda event: cognito.custom_message(event, sms="{####} code"),
        {"triggerSource": "CustomMessage_AdminCreateUser", "request": {"codeParameter": "{####}"}, "response": {}},
    ),
    "issue_tokens": (
        cognito.issue_tokens,
        {"triggerSource": "DefineAuthChallenge_A", "request": {"session": [{"challengeResult": True}]}},
    ),
    "pre_token_generation": (
        lambda event: cognito.pre_token_generation(event, id_claims={"a": "b"}),
        {"triggerSource": "TokenGeneration_A", "version": "2", "request": {}, "response": {}},
    ),
    "pre_token_generation of groups": (
        lambda event: cognito.pre_token_generation(event, access_claims={"aud": "c"}, groups=["a"]),
        {
            "triggerSource": "TokenGeneration_A",
            "version": "2",
            "callerContext": {"clientId": "c"},
            "request": {"groupConfiguration": {"groupsToOverride": ["b"], "preferredRole": "r"}},
        },
    ),
    "map_attributes": (
        lambda event: cognito.map_attributes(event, {"a": "b"}),
        {"triggerSource": "InboundFederation_ExternalProvider", "request": {}, "response": {"userAttributesToMap": {}}},
    ),
    "metric_data": (
        lambda event: evaluations.metric_data(event, {"a": [(60, 1)]}),
        {"EventType": "GetMetricData", "GetMetricDataRequest": {"StartTime": 0, "Period": 60}},
    ),
    "edge.response to a viewer": (
        lambda event: edge.response(event, 200),
        {"Records": [{"cf": {"config": {"eventType": "viewer-response"}, "response": {"status": "200"}}}]},
    ),
    "policy": (
        lambda event: authorizers.Policy(event, "a").deny().answer(),
        {"methodArn": ARN, "version": "2.0", "requestContext": {"http": {}}},
    ),
    "bedrock": (
        lambda event: bedrock.answer(event, "x"),
        {"messageVersion": "1.0", "actionGroup": "g", "function": "f", "sessionAttributes": {"a": "b"}},
    ),
    "edge.response": (
        lambda event: edge.response(event, 200, headers={"X-A": "1"}),
        {"Records": [{"cf": {"config": {"eventType": "origin-response"}, "response": {"headers": {"a": [{}]}}}}]},
    ),
    "edge.request": (
        lambda event: edge.request(event, uri="/x"),
        {"Records": [{"cf": {"config": {"eventType": "viewer-request"}, "request": {"uri": "/", "headers": {}}}}]},
    ),
    "evaluate": (
        lambda event: evaluations.evaluate(event, "COMPLIANT"),
        {"invokingEvent": '{"configurationItem": {"resourceType": "t", "resourceId": "r"}}', "eventLeftScope": False},
    ),
}


def places(value: Any) -> list[tuple[Any, ...]]:
    """Return the paths of all parts of a value."""
    inside: Any = ()
    if type_of(value) is dict:
        inside = value.items()
    elif type_of(value) is list:
        inside = enumerate(value)
    return [(), *((key, *rest) for key, one in inside for rest in places(one))]


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    copied: Any = dict(value) if type_of(value) is dict else list(value)
    copied[path[0]] = replaced(value[path[0]], path[1:], new)
    return copied


@pytest.mark.parametrize("name", BUILDERS)
@given(data=st.data())
def test_any_json_gives_an_answer_or_an_error_of_the_kit(name: str, data: st.DataObject) -> None:
    build, event = BUILDERS[name]
    hostile = replaced(event, data.draw(st.sampled_from(places(event))), data.draw(values))
    with contextlib.suppress(LambdaKitError):
        build(hostile)


def allowed(method: Any, path: Any, stage: Any) -> Any:
    return authorizers.Policy({"methodArn": ARN}, "u").allow(method, path, stage=stage).answer()


SIGN_UP, TOKENS = BUILDERS["pre_sign_up"][1], BUILDERS["pre_token_generation"][1]
CHALLENGE = {"triggerSource": "CreateAuthChallenge_A"}
CALLS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "pre_sign_up": (cognito.pre_sign_up, {"event": SIGN_UP, "confirm": True, "verify_email": True}),
    "custom_message": (
        cognito.custom_message,
        {"event": BUILDERS["custom_message"][1], "sms": "{####} {####}", "email": "{####}", "subject": "a"},
    ),
    "create_challenge": (
        cognito.create_challenge,
        {"event": CHALLENGE, "public": {"a": "b"}, "private": {"c": "d"}, "metadata": "m"},
    ),
    "migrate_user": (
        cognito.migrate_user,
        {
            "event": {"triggerSource": "UserMigration_Authentication"},
            "attributes": {"email": "a"},
            "status": "CONFIRMED",
            "deliver_by": ["EMAIL"],
            "force_alias": True,
        },
    ),
    "pre_token_generation": (
        cognito.pre_token_generation,
        {
            "event": TOKENS,
            "id_claims": {"a": 1},
            "access_claims": {"b": [1]},
            "suppress_id_claims": ["c"],
            "add_scopes": ["d"],
            "groups": ["e"],
            "preferred_role": "r",
        },
    ),
    "map_attributes": (cognito.map_attributes, {"event": BUILDERS["map_attributes"][1], "attributes": {"a": "b"}}),
    "respond": (cognito.respond, {"event": SIGN_UP, "response": {"autoConfirmUser": True}}),
    "Policy": (authorizers.Policy, {"event": {"methodArn": ARN}, "principal": "u", "context": {"a": 1}}),
    "allow": (
        allowed,
        {"method": "GET", "path": "/a", "stage": "prod"},
    ),
    "simple": (authorizers.simple, {"authorized": True, "context": {"a": [1]}}),
    "appsync": (
        authorizers.appsync,
        {
            "authorized": True,
            "resolver_context": {"a": 1},
            "handler_context": {"b": 2},
            "denied_fields": ["A.b"],
            "ttl": 5,
        },
    ),
    "iot": (
        authorizers.iot,
        {"authenticated": True, "principal": "a", "policies": [{"Statement": []}], "disconnect_after": 300},
    ),
    "success of a resource": (custom_resources.success, {"data": {"a": 1}, "physical_id": "p", "no_echo": True}),
    "failure of a resource": (custom_resources.failed, {"reason": "r", "physical_id": "p"}),
    "success of a job": (pipelines.success, {"summary": "s", "variables": {"a": "b"}}),
    "job that goes on": (pipelines.unfinished, {"continuation_token": "t", "summary": "s", "percent": 1}),
    "failure of a job": (pipelines.failed, {"message": "m", "kind": "JobFailed"}),
    "bedrock": (bedrock.answer, {"event": BUILDERS["bedrock"][1], "body": 1, "session": {"a": "b"}, "state": None}),
    "edge.request": (
        edge.request,
        {"event": BUILDERS["edge.request"][1], "uri": "/a", "query": "b=c", "headers": {"X": ["1"]}, "remove": ["Y"]},
    ),
    "edge.response": (
        edge.response,
        {"event": BUILDERS["edge.response"][1], "status": 200, "body": "b", "headers": {"X": "1"}, "description": "d"},
    ),
    "Evaluation": (
        evaluations.Evaluation,
        {"compliance": "COMPLIANT", "resource_type": "t", "resource_id": "r", "at": "2026-01-01", "annotation": "a"},
    ),
    "evaluate": (
        evaluations.evaluate,
        {"event": BUILDERS["evaluate"][1], "compliance": "COMPLIANT", "annotation": "a"},
    ),
    "metric_data": (evaluations.metric_data, {"event": BUILDERS["metric_data"][1], "series": {"a": [[60, 1]]}}),
    "metric_error": (evaluations.metric_error, {"message": "m", "code": "c"}),
    "metric_description": (
        evaluations.metric_description,
        {"event": {"EventType": "DescribeGetMetricData"}, "description": "d", "defaults": ["a", 1]},
    ),
}


@pytest.mark.parametrize("name", CALLS)
@given(data=st.data())
def test_any_value_of_an_argument_gives_an_answer_or_an_error_of_the_kit(name: str, data: st.DataObject) -> None:
    build, given_before = CALLS[name]
    place = data.draw(st.sampled_from([one for one in places(given_before) if one]))
    with contextlib.suppress(LambdaKitError):
        build(**replaced(given_before, place, data.draw(values)))
