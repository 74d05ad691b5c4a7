"""Answers of authorizers: API Gateway (REST, HTTP and WebSocket APIs), AppSync and IoT Core.

- <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html>
- <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-lambda-authorizer.html>
- <https://docs.aws.amazon.com/appsync/latest/devguide/security-authz.html>
- AppSync Events: <https://docs.aws.amazon.com/appsync/latest/eventapi/configure-event-api-auth.html>
- <https://docs.aws.amazon.com/iot/latest/developerguide/custom-auth-lambda.html>

```python
from lambda_kit.events import authorizers

event = {
    "type": "TOKEN",
    "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod/GET/orders/7",
}
policy = authorizers.Policy(event, "ada", context={"tenant": "t-1"})
answer = policy.allow("GET", "/orders/*").deny("*", "/admin/*").answer()
assert answer["principalId"] == "ada"
```

To answer 401 instead of 403, call `refuse()`.
"""

from __future__ import annotations

import re

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import AnswerError, EventError, NotAuthorized
from lambda_kit.events._answers import check_dict, check_list, check_text, check_texts, check_whole, json_size, raw_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Never, Self

_METHODS = ("*", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_ARN = re.compile(r"(arn:aws[\w-]*:execute-api:[^:/]+:[^:/]+:)([^:/]+)/([^/]+)/(.*)", re.DOTALL)
_LONGEST_ARN = 512  # characters of a resource in a policy
_LONGEST_CONTEXT = 5_000_000  # bytes of AppSync's resolver context


class Policy:
    """The answer of an authorizer of a REST, HTTP (version 2 with IAM policies, or 1) or WebSocket API.

    API Gateway caches the policy for a token, so that it has to name everything that the caller may do, and not only
    what the first request asked for.

    Args:
        event: the event of the authorizer. The ARN in it gives the API and the stage of all resources.
        principal: the id of the caller.
        context: values for the integration. REST and WebSocket APIs take text, numbers and booleans; HTTP APIs any
            JSON. Default none.
        usage_key: an API key of a usage plan, where `apiKeySource` is `AUTHORIZER`; default none.

    Raises:
        EventError: the event has no ARN of a method or route.
        AnswerError: the principal is empty, or the context has a value that API Gateway does not take.
    """

    def __init__(
        self, event: Any, principal: str, *, context: Mapping[str, Any] | None = None, usage_key: str | None = None
    ) -> None:
        raw = raw_of(event, "Policy")
        arn: Any = raw.get("routeArn") or raw.get("methodArn")
        found = _ARN.fullmatch(arn) if type_of(arn) is str else None
        if found is None:
            raise EventError(
                "Policy: the event has no ARN of API Gateway at 'methodArn' or 'routeArn'; is it one of an authorizer?"
            )
        request: Any = raw.get("requestContext")
        self._is_web_socket = type_of(request) is dict and "connectionId" in request
        self._base = f"{found[1]}{found[2]}"
        self._stage = found[3]
        self._principal = check_text(principal, "Policy: principal")
        self._context = _checked_context(context or {}, "" if raw.get("version") == "2.0" else "API Gateway")
        self._usage_key = usage_key
        self._resources: dict[str, list[str]] = {}

    def allow(self, method: str = "*", path: str = "/*", *, stage: str | None = None) -> Self:
        """Allow a method of a path, and return the policy.

        Args:
            method: the method, such as `"GET"`; default `"*"` for all.
            path: the path, such as `"/orders/*"`. `*` stands for any text, also with slashes, `?` for one character.
                Default `"/*"` for all.
            stage: the stage, `"*"` for all; default that of the request.

        Raises:
            AnswerError: it is no method, or no path.
        """
        return self._add("Allow", self._resource(method, path, stage))

    def deny(self, method: str = "*", path: str = "/*", *, stage: str | None = None) -> Self:
        """Deny a method of a path, and return the policy. Denying wins over allowing. The arguments are as in `allow`.

        Raises:
            AnswerError: it is no method, or no path.
        """
        return self._add("Deny", self._resource(method, path, stage))

    def allow_route(self, route: str = "*", *, stage: str | None = None) -> Self:
        """Allow a route of a WebSocket API, such as `"$connect"`; default `"*"` for all. Return the policy.

        Raises:
            AnswerError: the event is not one of a WebSocket API.
        """
        return self._add("Allow", self._route(route, stage))

    def deny_route(self, route: str = "*", *, stage: str | None = None) -> Self:
        """Deny a route of a WebSocket API. Return the policy.

        Raises:
            AnswerError: the event is not one of a WebSocket API.
        """
        return self._add("Deny", self._route(route, stage))

    def answer(self) -> dict[str, Any]:
        """Return the answer.

        Raises:
            AnswerError: nothing is allowed or denied: API Gateway would answer 500.
        """
        if not self._resources:
            raise AnswerError("the policy has no statement; call allow or deny first, deny() denies everything")
        made: dict[str, Any] = {
            "principalId": self._principal,
            "policyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {"Action": "execute-api:Invoke", "Effect": effect, "Resource": list(dict.fromkeys(resources))}
                    for effect, resources in self._resources.items()
                ],
            },
        }
        if self._context:
            made["context"] = self._context
        if self._usage_key is not None:
            made["usageIdentifierKey"] = self._usage_key
        return made

    def _add(self, effect: str, resource: str) -> Self:
        if len(resource) > _LONGEST_ARN:
            raise AnswerError(
                f"the ARN of a resource has {len(resource)} characters; API Gateway takes {_LONGEST_ARN}, so pass a "
                "path with '*'"
            )
        self._resources.setdefault(effect, []).append(resource)
        return self

    def _resource(self, method: str, path: str, stage: str | None) -> str:
        if self._is_web_socket:
            raise AnswerError("a WebSocket API has no methods; use allow_route and deny_route")
        check_text(method, "method")
        check_text(path, "path")
        if method not in _METHODS:
            if " /" in method:
                raise AnswerError(f"{method!r} is a method and a path; pass them as two arguments")
            raise AnswerError(
                f"{method!r} is no method{callables.closest(method.upper(), _METHODS)}; it takes {', '.join(_METHODS)}"
            )
        if not path.startswith("/"):
            raise AnswerError(f"the path {path!r} does not begin with a slash; pass '/{path}'")
        if "{" in path or "}" in path:
            wild = re.sub(r"\{[^}]*\}", "*", path)
            raise AnswerError(f"the path {path!r} has braces, which match only themselves; pass {wild!r}")
        if "//" in path or any(one.isspace() for one in path):
            raise AnswerError(f"the path {path!r} has an empty part or spaces, and matches no request")
        return f"{self._base}/{self._stage if stage is None else stage}/{method}{path}"

    def _route(self, route: str, stage: str | None) -> str:
        if not self._is_web_socket:
            raise AnswerError("the event is not one of a WebSocket API; use allow and deny")
        return f"{self._base}/{self._stage if stage is None else stage}/{check_text(route, 'route')}"


def refuse() -> Never:
    """End the authorizer of an API Gateway, whose answer is 401 then: the request has no valid credentials.

    Raises:
        NotAuthorized: always. API Gateway reads its message.
    """
    raise NotAuthorized("Unauthorized")


def simple(authorized: bool, *, context: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the simple answer of an HTTP API with payload 2.0 whose authorizer has simple responses enabled.

    Args:
        authorized: True to let the request pass.
        context: values for the integration, any JSON; default none.

    Raises:
        AnswerError: `authorized` is no boolean, or the context cannot be written as JSON.
    """
    made: dict[str, Any] = {"isAuthorized": _checked_flag(authorized, "simple: authorized")}
    if context:
        made["context"] = _checked_context(context)
    return made


def appsync(
    authorized: bool,
    *,
    resolver_context: Mapping[str, Any] | None = None,
    handler_context: Mapping[str, Any] | None = None,
    denied_fields: Sequence[str] = (),
    ttl: int | None = None,
) -> dict[str, Any]:
    """Return the answer of an authorizer of AppSync.

    Args:
        authorized: True to let the request pass.
        resolver_context: values for the resolvers, at `$ctx.identity.resolverContext`: text, numbers and booleans, as
            AppSync takes no lists and objects; at most 5 MB. Default none.
        handler_context: the same for AppSync Events, at `ctx.identity.handlerContext` of its handlers. Pass text where
            the type matters: that is what code for such handlers expects. Default none.
        denied_fields: fields that are null in the answer, as `"Type.field"` or as ARNs. Default none.
        ttl: seconds to cache the answer, 0 for not at all; default that of the API.

    Raises:
        AnswerError: a value is not one that AppSync takes.
    """
    made: dict[str, Any] = {"isAuthorized": _checked_flag(authorized, "appsync: authorized")}
    contexts = (
        ("resolver_context", "resolverContext", resolver_context),
        ("handler_context", "handlerContext", handler_context),
    )
    for name, field, context in contexts:
        if context:
            made[field] = _checked_context(context, "AppSync")
            size = json_size(made[field], name)
            if size > _LONGEST_CONTEXT:
                raise AnswerError(f"{name} has {size} bytes as JSON, and AppSync takes {_LONGEST_CONTEXT}")
    for field in check_texts(denied_fields, "appsync: denied_fields"):
        if not re.fullmatch(r"\w+\.\w+|arn:aws[\w-]*:appsync:.+/types/\w+/fields/\w+", field):
            raise AnswerError(f"the denied field {field!r} is neither 'Type.field' nor an ARN of AppSync")
    if denied_fields:
        made["deniedFields"] = list(denied_fields)
    if ttl is not None:
        made["ttlOverride"] = check_whole(ttl, "appsync: ttl", 0, 3600)
    return made


def iot(
    authenticated: bool,
    *,
    principal: str,
    policies: Sequence[Mapping[str, Any]] = (),
    disconnect_after: int = 86_400,
    refresh_after: int = 300,
) -> dict[str, Any]:
    """Return the answer of a custom authorizer of IoT Core.

    Args:
        authenticated: True to let the device connect.
        principal: the id of the device, 1 to 128 letters and digits.
        policies: at most 10 policy documents of at most 2,048 characters each. One is needed to connect.
        disconnect_after: seconds after which the connection ends, 300 to 86,400; default 86,400.
        refresh_after: seconds after which the authorizer is asked again, 300 to 86,400; default 300.

    Raises:
        AnswerError: a value is not one that IoT Core takes.
    """
    if type_of(principal) is not str or not re.fullmatch(r"[A-Za-z0-9]{1,128}", principal):
        raise AnswerError(f"iot: principal is {principal!r}; pass 1 to 128 letters and digits alone")
    if _checked_flag(authenticated, "iot: authenticated") and not policies:
        raise AnswerError("iot: policies is empty, so that the device could do nothing; pass a policy document")
    policies = check_list(policies, "iot: policies")
    if len(policies) > 10:
        raise AnswerError(f"iot: {len(policies)} policies were passed, and IoT Core takes 10")
    for document in policies:
        check_dict(document, "iot: a policy")
        if not document.get("Statement"):
            raise AnswerError("iot: a policy has no 'Statement'")
        size = json_size(dict(document), "iot: a policy")
        if size > 2048:
            raise AnswerError(f"iot: a policy has {size} characters, and IoT Core takes 2048")
    return {
        "isAuthenticated": authenticated,
        "principalId": principal,
        "disconnectAfterInSeconds": check_whole(disconnect_after, "iot: disconnect_after", 300, 86_400),
        "refreshAfterInSeconds": check_whole(refresh_after, "iot: refresh_after", 300, 86_400),
        "policyDocuments": [dict(one) for one in policies],
    }


def _checked_flag(value: Any, where: str) -> bool:
    if type_of(value) is not bool:
        raise AnswerError(f"{where} is of type {type_of(value).__name__}; pass True or False")
    return value  # type: ignore[no-any-return]


def _checked_context(context: Mapping[str, Any], flat_for: str = "") -> dict[str, Any]:
    """Return a context whose values can be written as JSON; if a service is named, without lists and objects.

    Raises:
        AnswerError: it is not one.
    """
    for name, value in check_dict(context, "the context").items():
        if type_of(name) is not str or not name:
            raise AnswerError("a name in the context is empty or no text")
        if not flat_for:
            json_size(value, f"{name!r} of the context")
        elif type_of(value) not in (str, bool) and not callables.is_number(value):
            raise AnswerError(
                f"{name!r} of the context is of type {type_of(value).__name__}; {flat_for} takes text, numbers and "
                "booleans, so write lists and objects as JSON text"
            )
    return dict(context)
