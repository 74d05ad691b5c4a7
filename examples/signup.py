"""A pre sign-up trigger of a Cognito user pool: employees are confirmed at once, others by a code.

lambda-kit invoke signup.check --event signup.json
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, handler
from lambda_kit.events import cognito

if TYPE_CHECKING:
    from lambda_kit.invocation import LambdaContext

log = Logger(service="signup")


class NotInvited(Exception):
    """Only invited companies may sign up. Cognito shows the message to the user."""


@handler(log)
def check(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Confirm employees of the company, and refuse addresses of unknown companies."""
    domain = event["request"]["userAttributes"]["email"].rpartition("@")[2]
    if domain not in ("example.com", "partner.example"):
        raise NotInvited(f"people of {domain} cannot sign up")
    log.info("signing up", domain=domain)
    return cognito.pre_sign_up(event, confirm=domain == "example.com", verify_email=domain == "example.com")
