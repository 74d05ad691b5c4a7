"""Builders of events with which AWS asks for a decision or tells an outcome: Cognito, authorizers, destinations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

from lambda_kit.errors import ConfigurationError
from lambda_kit.testing._event_parts import REGION, arn, iso, merged, new_hex, new_id
from lambda_kit.testing._event_requests import http
from lambda_kit.testing._event_samples import of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambda_kit.events._source import SourceName
    from lambda_kit.testing._event_parts import Event, Fields

    CognitoTrigger = Literal[
        "create_auth_challenge",
        "custom_email_sender",
        "custom_message",
        "custom_sms_sender",
        "define_auth_challenge",
        "inbound_federation",
        "post_authentication",
        "post_confirmation",
        "pre_authentication",
        "pre_sign_up",
        "pre_token_generation",
        "user_migration",
        "verify_auth_challenge",
    ]
    AuthorizerKind = Literal["http_api_2", "rest_api", "token"]

_KINDS = ("http_api_2", "rest_api", "token")


def cognito(
    trigger: CognitoTrigger,
    attributes: Mapping[str, str] | None = None,
    *,
    user: str = "ada",
    fields: Fields = None,
) -> Event:
    """Return the event of a trigger of a Cognito user pool.

    Args:
        trigger: the trigger, such as `"pre_sign_up"`.
        attributes: the attributes of the user; default: an id and an e-mail address.
        user: the name of the user.
        fields: replaces fields of the event, such as `{"triggerSource": "PreSignUp_ExternalProvider"}`; default: none.

    Raises:
        ConfigurationError: there is no such trigger, or its event has no attributes.
    """
    event = of(cast("SourceName", f"cognito_{trigger}"))
    event.update(region=REGION, userPoolId=f"{REGION}_{new_hex(9)}", userName=user)
    if "callerContext" in event:
        event["callerContext"]["clientId"] = new_hex(26)
    if "userAttributes" in event["request"]:
        known = {"sub": new_id(), "email": f"{user}@example.com"}
        event["request"]["userAttributes"] = known if attributes is None else dict(attributes)
    elif attributes is not None:
        raise ConfigurationError(f"events.cognito({trigger!r}): its event has no attributes of the user")
    return cast("Event", merged(event, fields))


def authorizer(
    method: str = "GET",
    target: str = "/orders",
    *,
    token: str = "Bearer token-1",  # noqa: S107  # of no real account
    kind: AuthorizerKind = "http_api_2",
    headers: Mapping[str, str] | None = None,
    fields: Fields = None,
) -> Event:
    """Return the event with which API Gateway asks whether a request is allowed.

    Args:
        method: the method of the request.
        target: its path, and its query string if it has one.
        token: its `Authorization` header.
        kind: `"http_api_2"` of an HTTP API in format 2.0; `"rest_api"` of a REST API with all of the request;
            `"token"` of a REST API with the token alone.
        headers: its other headers; default: none.
        fields: replaces fields of the event; default: none.

    Raises:
        ConfigurationError: there is no such kind.
    """
    if kind not in _KINDS:
        raise ConfigurationError(f"events.authorizer(kind={kind!r}): pass {', '.join(map(repr, _KINDS))}")
    v2 = kind == "http_api_2"
    request: Any = http(
        method, target, trigger="http_api_2" if v2 else "rest_api", headers={"Authorization": token, **(headers or {})}
    )
    context = request["requestContext"]
    path = request["rawPath" if v2 else "path"]
    resource = arn("execute-api", f"{context['apiId']}/{context['stage']}/{method}{path}")
    event: dict[str, Any]
    if kind == "token":
        event = {"type": "TOKEN", "authorizationToken": token, "methodArn": resource}
    elif v2:
        names = ("routeKey", "rawPath", "rawQueryString", "cookies", "headers", "queryStringParameters")
        event = {
            "version": "2.0",
            "type": "REQUEST",
            "routeArn": resource,
            "identitySource": [token],
            **{name: request[name] for name in names if name in request},
            "requestContext": context,
            "pathParameters": request.get("pathParameters"),
            "stageVariables": request.get("stageVariables"),
        }
    else:
        left_out = ("body", "isBase64Encoded", "requestContext")
        event = {
            "type": "REQUEST",
            "methodArn": resource,
            **{name: value for name, value in request.items() if name not in left_out},
            "requestContext": context,
        }
    return cast("Event", merged(event, fields))


def destination(
    payload: Any,
    response: Any = None,
    *,
    error: BaseException | None = None,
    function: str = "orders",
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return the record that Lambda sends to a destination of asynchronous invocations.

    Args:
        payload: the event of the invocation.
        response: its result, if it succeeded.
        error: its exception, if all attempts failed; default None, for a success.
        function: the name of the function that was invoked.
        at: the time; default: now.
        fields: replaces fields of the record; default: none.
    """
    outcome: dict[str, Any] = {"statusCode": 200, "executedVersion": "$LATEST"}
    if error is not None:
        outcome["functionError"] = "Unhandled"
        response = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
    event = {
        "version": "1.0",
        "timestamp": iso(at, "milliseconds"),
        "requestContext": {
            "requestId": new_id(),
            "functionArn": f"{arn('lambda', f'function:{function}')}:$LATEST",
            "condition": "Success" if error is None else "RetriesExhausted",
            "approximateInvokeCount": 1 if error is None else 3,
        },
        "requestPayload": payload,
        "responseContext": outcome,
        "responsePayload": response,
    }
    return cast("Event", merged(event, fields))
