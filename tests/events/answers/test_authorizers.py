"""Answers of authorizers: policies with resources of the API, contexts that the API takes, AppSync and IoT."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_kit import handler
from lambda_kit.errors import AnswerError, EventError, NotAuthorized
from lambda_kit.events import authorizers
from lambda_kit.testing import invoke

API = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3"
FIELD = "arn:aws:appsync:eu-west-1:1:apis/a/types/Query/fields/f"
REST = {"type": "TOKEN", "methodArn": f"{API}/prod/GET/orders/7"}
HTTP = {"version": "2.0", "type": "REQUEST", "routeArn": f"{API}/$default/GET/orders"}
SOCKET = {
    "type": "REQUEST",
    "methodArn": f"{API}/prod/$connect",
    "requestContext": {"routeKey": "$connect", "connectionId": "c-1"},
}


def test_a_policy_names_resources_of_the_api_and_the_stage_of_the_request() -> None:
    policy = authorizers.Policy(REST, "ada", context={"tenant": "t", "level": 3, "beta": True}, usage_key="k")
    answer = policy.allow("GET", "/orders/*").allow("POST", "/orders").deny("*", "/admin/*", stage="*").answer()
    assert answer == {
        "principalId": "ada",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow",
                    "Resource": [f"{API}/prod/GET/orders/*", f"{API}/prod/POST/orders"],
                },
                {"Action": "execute-api:Invoke", "Effect": "Deny", "Resource": [f"{API}/*/*/admin/*"]},
            ],
        },
        "context": {"tenant": "t", "level": 3, "beta": True},
        "usageIdentifierKey": "k",
    }


def test_everything_is_allowed_or_denied_by_default_and_once() -> None:
    answer = authorizers.Policy(HTTP, "ada", context={"any": [{"json": None}]}).allow().allow().answer()
    assert answer["policyDocument"]["Statement"][0]["Resource"] == [f"{API}/$default/*/*"]
    assert answer["context"] == {"any": [{"json": None}]}
    denied = authorizers.Policy(REST, "ada").deny().answer()
    assert [one["Effect"] for one in denied["policyDocument"]["Statement"]] == ["Deny"]
    assert set(denied) == {"principalId", "policyDocument"}


def test_a_web_socket_api_has_routes() -> None:
    answer = authorizers.Policy(SOCKET, "ada").allow_route("$connect").deny_route("admin").answer()
    resources = [one["Resource"] for one in answer["policyDocument"]["Statement"]]
    assert resources == [[f"{API}/prod/$connect"], [f"{API}/prod/admin"]]


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: authorizers.Policy(REST, "ada").answer(), "the policy has no statement; call allow or deny first"),
        (lambda: authorizers.Policy(REST, ""), "Policy: principal is empty"),
        (lambda: authorizers.Policy(REST, "a").allow("get"), "'get' is no method; did you mean 'GET'?"),
        (lambda: authorizers.Policy(REST, "a").allow("GET", "orders"), "does not begin with a slash; pass '/orders'"),
        (lambda: authorizers.Policy(REST, "a").allow("GET", "/orders/{id}"), "match only themselves; pass '/orders/*'"),
        (lambda: authorizers.Policy(REST, "a").allow("GET", "/a//b"), "matches no request"),
        (
            lambda: authorizers.Policy(REST, "a").allow("GET", "/" + "a" * 1600),
            "characters; API Gateway takes 512, so pass a path with '*'",
        ),
        (lambda: authorizers.Policy(REST, "a", context={"a": [1]}), "'a' of the context is of type list; API Gateway"),
        (lambda: authorizers.Policy(REST, "a", context={"a": None}), "is of type NoneType"),
        (lambda: authorizers.Policy(REST, "a", context={"a": float("nan")}), "'a' of the context is of type float"),
        (lambda: authorizers.Policy(REST, "a", context={"": 1}), "a name in the context is empty"),
        (lambda: authorizers.Policy(HTTP, "a", context={"a": {1}}), "'a' of the context cannot be written as JSON"),
        (lambda: authorizers.Policy(REST, "a").allow_route(), "the event is not one of a WebSocket API"),
        (lambda: authorizers.Policy(SOCKET, "a").allow(), "a WebSocket API has no methods"),
        (lambda: authorizers.simple("true"), "simple: authorized is of type str; pass True or False"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        (lambda: authorizers.appsync(True, denied_fields=["secret"]), "the denied field 'secret' is neither"),
        (lambda: authorizers.appsync(True, ttl=-1), "appsync: ttl is -1; pass a whole number from 0 to 3600"),
        (
            lambda: authorizers.appsync(True, resolver_context={"a": {"b": 1}}),
            "of type dict; AppSync takes text, numbers",
        ),
        (lambda: authorizers.appsync(True, resolver_context={"a": "x" * 5_000_000}), "and AppSync takes 5000000"),
        (lambda: authorizers.iot(True, principal="a-b"), "pass 1 to 128 letters and digits alone"),
        (lambda: authorizers.iot(True, principal="a"), "policies is empty, so that the device could do nothing"),
        (lambda: authorizers.iot(True, principal="a", policies=[{}]), "a policy has no 'Statement'"),
        (lambda: authorizers.iot(True, principal="a", policies=[{"Statement": [1]}] * 11), "11 policies were passed"),
        (lambda: authorizers.iot(True, principal="a", policies=[{"Statement": "x" * 2048}]), "IoT Core takes 2048"),
        (lambda: authorizers.iot(False, principal="a", refresh_after=10), "from 300 to 86400"),
    ],
    ids=range(25),
)
def test_what_the_service_would_refuse_is_an_error_that_says_what_can_be(build: Any, told: str) -> None:
    with pytest.raises(AnswerError) as caught:
        build()
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "event",
    [{}, {"methodArn": None}, {"methodArn": "arn:aws:lambda:eu-west-1:1:function:f"}],
    ids=["none", "null", "another"],
)
def test_an_event_without_the_arn_of_an_api_is_refused(event: Any) -> None:
    with pytest.raises(EventError, match="the event has no ARN of API Gateway"):
        authorizers.Policy(event, "ada")


def test_the_other_answers() -> None:
    assert authorizers.simple(True, context={"a": [1]}) == {"isAuthorized": True, "context": {"a": [1]}}
    assert authorizers.simple(False) == {"isAuthorized": False}
    assert authorizers.appsync(False) == {"isAuthorized": False}
    events_api = authorizers.appsync(True, handler_context={"tenant": "t-1"})
    assert events_api == {"isAuthorized": True, "handlerContext": {"tenant": "t-1"}}
    assert authorizers.appsync(
        True,
        resolver_context={"tenant": "t"},
        denied_fields=["Query.secret", FIELD],
        ttl=0,
    ) == {
        "isAuthorized": True,
        "resolverContext": {"tenant": "t"},
        "deniedFields": ["Query.secret", FIELD],
        "ttlOverride": 0,
    }
    policy = {"Version": "2012-10-17", "Statement": [{"Action": "iot:Connect", "Effect": "Allow", "Resource": "*"}]}
    assert authorizers.iot(True, principal="thermo7", policies=[policy]) == {
        "isAuthenticated": True,
        "principalId": "thermo7",
        "disconnectAfterInSeconds": 86_400,
        "refreshAfterInSeconds": 300,
        "policyDocuments": [policy],
    }


def test_refusing_ends_the_authorizer_with_the_message_that_api_gateway_reads() -> None:
    @handler
    def authorize(event: Any, context: Any) -> Any:
        authorizers.refuse()

    error = invoke(authorize, REST).error
    assert isinstance(error, NotAuthorized)
    assert str(error) == "Unauthorized"
