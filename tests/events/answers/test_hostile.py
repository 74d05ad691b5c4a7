"""Builders of answers, given any JSON in place of an event: an answer, or an error of the kit's own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit.errors import LambdaKitError
from lambda_kit.events import authorizers, bedrock, cognito, edge, evaluations

if TYPE_CHECKING:
    from collections.abc import Callable

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
