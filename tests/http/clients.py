"""Clients of an app over every trigger."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.events._http_build import HTTP_TRIGGERS

if TYPE_CHECKING:
    from lambda_kit import HttpApp
    from lambda_kit.http import ClientResponse

type_of: Any = type
every_trigger = pytest.mark.parametrize("trigger", HTTP_TRIGGERS)


def problem(answer: ClientResponse) -> dict[str, Any]:
    """Return the problem details of an answer, which has to have the form of RFC 9457."""
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == answer.status
    assert {"type", "title"} <= found.keys()
    return found


def status_of(app: HttpApp, trigger: Any, method: str, path: str, **options: Any) -> int:
    return app.test_client(trigger).request(method, path, **options).status


def check_taken(trigger: str, raw: dict[str, Any]) -> None:
    """Check that a trigger takes what an app has returned."""
    assert type_of(raw["statusCode"]) is int
    assert type_of(raw["body"]) is str
    raw["body"].encode()
    assert type_of(raw["isBase64Encoded"]) is bool
    assert ("cookies" in raw) <= (trigger in ("http_api_2", "function_url"))
    assert ("headers" in raw) == (trigger != "alb_multi_value")
    assert ("multiValueHeaders" in raw) <= (trigger in ("rest_api", "http_api_1", "alb_multi_value"))
    assert ("statusDescription" in raw) == trigger.startswith(("alb", "lattice"))
    values = [
        *raw.get("headers", {}).values(),
        *(one for values in raw.get("multiValueHeaders", {}).values() for one in values),
    ]
    for value in [*values, *raw.get("cookies", [])]:
        assert type_of(value) is str
        assert not set(value) & {"\r", "\n", "\0"}
