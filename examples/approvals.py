"""A Step Functions callback: a state waits with a token, and a manager answers by a link later.

echo '{"token": "AQCEAAAAKgAAAAMAAAAA", "decision": "approve", "by": "ada"}' \\
  | lambda-kit invoke approvals.decide --event -
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, handler
from lambda_kit.events import step_functions

if TYPE_CHECKING:
    from lambda_kit.invocation import LambdaContext

log = Logger(service="approvals")


@handler(log)
def decide(event: dict[str, Any], context: LambdaContext) -> str:
    """Let the state machine go on, with the decision of the manager."""
    log.info("decided", decision=event["decision"], by=event["by"])
    if event["decision"] == "approve":
        step_functions.succeed(event["token"], {"approvedBy": event["by"]})
        return "approved"
    step_functions.fail(event["token"], "Refused", f"{event['by']} refused")
    return "refused"
