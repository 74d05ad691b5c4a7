"""An app under the runtime client that AWS ships, and many requests at once."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit import HttpApp, handler
from lambda_kit.events import HttpEvent  # noqa: TC001  # annotations of routes are evaluated
from lambda_kit.events._http_build import HTTP_TRIGGERS, http_event
from lambda_kit.http import ClientResponse, TestClient
from tests.http.clients import check_taken
from tests.patience import PATIENCE
from tests.runtime.differential import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

if sys.platform != "linux":
    pytest.skip("the runtime client has wheels for Linux alone", allow_module_level=True)

from lambda_kit.local import Environment

FUNCTIONS = Path(__file__).parent / "functions"


@pytest.fixture(scope="module")
def environment() -> Iterator[Environment]:
    with Environment("echo.lambda_handler", cwd=FUNCTIONS, timeout=PATIENCE, runtime="awslambdaric") as found:
        yield found


@pytest.mark.parametrize("trigger", HTTP_TRIGGERS)
def test_answers_leave_the_runtime_as_the_trigger_takes_them(environment: Environment, trigger: Any) -> None:
    def get(target: str) -> ClientResponse:
        outcome = environment.invoke(http_event(trigger, "GET", target))
        assert outcome.status == "success", outcome
        raw: Any = outcome.payload
        check_taken(trigger, raw)
        return ClientResponse(raw)

    assert get("/echo/a%20b?number=5").json() == {"text": "a b", "number": 5}
    assert (get("/bytes").content, get("/bytes").cookies) == (b"\xff\x00", {"a": "1", "b": "2"})
    assert get("/text").text == "grün \U0001f343"
    assert get("/modules").json() == []
    assert get("/events").text == "".join(f'id: {number}\ndata: {{"n":{number}}}\n\n' for number in (1, 2, 3))
    assert get("/parts").content == "grün ".encode() + b"\xff"
    assert get("/cut").status == 500
    broken = get("/broken")
    assert (broken.status, "request_id" in broken.json(), "secret" in broken.text) == (500, True, False)


def test_a_thousand_requests_at_once_are_not_mixed_up() -> None:
    app = HttpApp()

    @app.get("/{text}")
    async def echo(text: str, number: int, request: HttpEvent) -> Any:
        return [text, number, request.headers["x-number"]]

    @app.get("/sync/{text}")
    def echo_sync(text: str, number: int, request: HttpEvent) -> Any:
        return [text, number, request.headers["x-number"]]

    client = TestClient(handler()(app), "function_url")

    def one(number: int) -> bool:
        path = f"/t-{number}" if number % 2 else f"/sync/t-{number}"
        answer = client.get(path, params={"number": number}, headers={"X-Number": str(number)})
        return bool(answer.json() == [f"t-{number}", number, str(number)])

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(one, range(1000)))


def test_parts_leave_a_client_that_streams_behind_the_headers() -> None:
    with Client("kit", "echo.lambda_handler", root=FUNCTIONS) as client:

        def sent(trigger: Any, target: str) -> tuple[str, str, str]:
            found = client.invoke(json.dumps(http_event(trigger, "GET", target)).encode())
            ((_, _, headers, _, body),) = found.requests
            return headers[1], body, found.output

        for trigger in ("function_url", "rest_api"):
            kind, body, _ = sent(trigger, "/events")
            assert kind == "application/vnd.awslambda.http-integration-response"
            head, separator, events = body.partition("\0" * 8)
            assert json.loads(head)["headers"]["content-type"] == "text/event-stream"
            assert separator != ""
            assert events.count("data: ") == 3
            _, body, output = sent(trigger, "/cut")
            assert body.endswith("\0a")
            assert output.count('"level":"ERROR"') == 1
        kind, body, _ = sent("http_api_2", "/events")
        assert (kind, json.loads(body)["body"].count("data: ")) == ("application/json", 3)
        assert sent("function_url", "/text")[0] == "application/json"
