"""The authorizer under test: in this process, and under the runtime client of AWS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gatekeeper import authorize

from lambda_kit.local import Environment
from lambda_kit.testing import invoke

API = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod"


def event_of(token: str) -> dict[str, Any]:
    return {"type": "TOKEN", "authorizationToken": token, "methodArn": f"{API}/GET/orders/7"}


def answer_to(token: str) -> Any:
    return invoke(authorize, event_of(token)).value


def test_a_clerk_may_read_and_place_orders() -> None:
    statements = answer_to("ada:clerk")["policyDocument"]["Statement"]
    assert [(one["Effect"], one["Resource"]) for one in statements] == [
        ("Allow", [f"{API}/GET/orders/*", f"{API}/POST/orders"]),
        ("Deny", [f"{API}/*/admin/*"]),
    ]


def test_an_admin_may_do_all() -> None:
    answer = answer_to("grace:admin")
    assert answer["policyDocument"]["Statement"][0]["Resource"] == [f"{API}/*/*"]
    assert answer["context"] == {"role": "admin"}


def test_it_runs_under_the_runtime_client_which_reports_a_refusal_as_api_gateway_reads_it() -> None:
    with Environment("gatekeeper.authorize", cwd=Path(__file__).parent) as environment:
        allowed: Any = environment.invoke(event_of("ada:clerk"))
        refused: Any = environment.invoke(event_of("eve:"))
    assert allowed.payload["principalId"] == "ada"
    assert refused.payload["errorMessage"] == "Unauthorized"
