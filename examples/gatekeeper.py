"""An authorizer of a REST API: a token is a name and a role, which stands for a real check.

echo '{"type": "TOKEN", "authorizationToken": "ada:clerk",
  "methodArn": "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod/GET/orders/7"}' \\
  | lambda-kit invoke gatekeeper.authorize --event -
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, handler
from lambda_kit.events import authorizers

if TYPE_CHECKING:
    from lambda_kit.invocation import LambdaContext

log = Logger(service="gatekeeper")


@handler(log)
def authorize(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Allow what the role of the caller may do: API Gateway caches the answer for all methods."""
    name, _, role = event["authorizationToken"].partition(":")
    if role not in ("clerk", "admin"):
        authorizers.refuse()
    policy = authorizers.Policy(event, name, context={"role": role})
    if role == "admin":
        return policy.allow().answer()
    return policy.allow("GET", "/orders/*").allow("POST", "/orders").deny("*", "/admin/*").answer()
