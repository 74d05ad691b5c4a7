"""The trigger under test: in this process, and under the runtime client of AWS."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from signup import NotInvited, check

from lambda_kit.local import Environment
from lambda_kit.testing import invoke

HERE = Path(__file__).parent
CONFIRMED = {"autoConfirmUser": True, "autoVerifyEmail": True, "autoVerifyPhone": False}


def event_of(email: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((HERE / "signup.json").read_text())
    event["request"]["userAttributes"]["email"] = email
    return event


def answer_to(email: str) -> Any:
    return invoke(check, event_of(email)).value


def test_an_employee_is_confirmed_and_a_partner_gets_a_code() -> None:
    assert answer_to("ada@example.com")["response"] == CONFIRMED
    assert answer_to("bob@partner.example")["response"] == dict.fromkeys(CONFIRMED, False)


def test_others_are_refused() -> None:
    assert isinstance(invoke(check, event_of("eve@elsewhere.example")).error, NotInvited)


def test_it_runs_under_the_runtime_client() -> None:
    with Environment("signup.check", cwd=HERE) as environment:
        outcome: Any = environment.invoke(event_of("ada@example.com"))
    assert (outcome.status, outcome.payload["response"]) == ("success", CONFIRMED)
