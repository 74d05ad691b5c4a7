"""Each pair of files answers the same events. Where the answers differ, the difference is in a list below."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lambda_kit.http import ClientResponse
from lambda_kit.testing import events
from tests.effort import skip_in_the_middle

if TYPE_CHECKING:
    from lambda_kit.events._http_trigger import HttpTrigger

skip_in_the_middle()

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
PEER = ROOT / ".venvs" / "peer" / "bin" / "python"
SHOP = {"origin": "https://shop.example"}
TENANT = {"x-tenant": "t-1"}
# Name, method, path, and the other parts of each request. The first two place the orders that the others read.
REQUESTS: list[tuple[str, str, str, dict[str, Any]]] = [
    (
        "place",
        "POST",
        "/v1/orders",
        {"json": {"sku": "tea", "count": 2}, "headers": TENANT},
    ),
    (
        "place another",
        "POST",
        "/v1/orders",
        {"json": {"sku": "milk", "count": 1}, "headers": {**TENANT, **SHOP}},
    ),
    ("get", "GET", "/v1/orders/1", {"headers": SHOP}),
    (
        "get, of another origin",
        "GET",
        "/v1/orders/1",
        {"headers": {"origin": "https://other.example"}},
    ),
    ("list", "GET", "/v1/orders", {}),
    ("repeated query values", "GET", "/v1/orders?sku=tea&sku=milk&limit=1", {}),
    ("one query value", "GET", "/v1/orders?sku=milk", {}),
    ("text", "GET", "/v1/orders/2/invoice", {}),
    (
        "an error with an answer",
        "POST",
        "/v1/orders",
        {"json": {"sku": "gold", "count": 1}, "headers": TENANT},
    ),
    ("not found", "GET", "/v1/orders/9", {"headers": SHOP}),
    (
        "body not valid",
        "POST",
        "/v1/orders",
        {"json": {"sku": "", "count": 0}, "headers": {**TENANT, **SHOP}},
    ),
    ("path not valid", "GET", "/v1/orders/nine", {}),
    ("query not valid", "GET", "/v1/orders?limit=0", {}),
    ("no route", "GET", "/nothing", {}),
    (
        "no JSON",
        "POST",
        "/v1/orders",
        {"content": "{", "headers": {**TENANT, "content-type": "application/json"}},
    ),
    ("wrong method", "PATCH", "/v1/orders/1", {}),
    ("head", "HEAD", "/v1/orders/1", {}),
    ("slash at the end", "GET", "/v1/orders/1/", {}),
    ("unknown error", "GET", "/v1/orders/9/invoice", {"headers": SHOP}),
    (
        "preflight",
        "OPTIONS",
        "/v1/orders/1",
        {"headers": {**SHOP, "access-control-request-method": "GET"}},
    ),
]
OF_FASTAPI: list[tuple[str, str, str, dict[str, Any]]] = [
    ("delete", "DELETE", "/v1/orders/1", {"headers": TENANT}),
    ("header missing", "DELETE", "/v1/orders/1", {}),
]
ERRORS = (
    "not found",
    "body not valid",
    "path not valid",
    "query not valid",
    "no route",
    "header missing",
)
# The statuses that differ: what the peer answers, and what the kit does.
STATUSES: dict[str, dict[str, tuple[Any, int]]] = {
    "http_powertools": {
        "no JSON": (422, 400),
        "wrong method": (404, 405),
        "head": (404, 200),
        "unknown error": ("KeyError", 500),
    },
    "http_fastapi": {
        "no JSON": (422, 400),
        "head": (405, 200),
        "slash at the end": (307, 200),
        "preflight": (200, 204),
    },
}


def answers(
    python: str, module: str, requests: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Return the answers of the handler of a module, in a process of its own."""
    done = subprocess.run(  # noqa: S603  # a file of this folder
        [python, "-W", "ignore", str(HERE / "answers.py"), module],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        timeout=120,
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def seen(answer: dict[str, Any]) -> tuple[Any, Any, str | None, str | None]:
    """Return what a client sees: the status, the value or the text, its media type, and the origin that may read it."""
    if "raised" in answer:
        return answer["raised"], None, None, None
    response = ClientResponse(answer)
    media_type = response.headers.get("content-type", "").partition(";")[0]
    value: Any = (
        response.json() if response.content and "json" in media_type else response.text
    )
    return (
        response.status,
        value,
        media_type,
        response.headers.get("access-control-allow-origin"),
    )


@pytest.mark.skipif(
    not PEER.exists(), reason="the peers are not installed: make .venvs/peer/.installed"
)
@pytest.mark.parametrize(
    ("peer", "kit", "trigger"),
    [
        ("http_powertools", "http_lambda_kit", "rest_api"),
        ("http_fastapi", "http_from_fastapi", "function_url"),
    ],
    ids=["powertools", "fastapi"],
)
def test_the_same_events_get_the_same_answers(
    peer: str, kit: str, trigger: HttpTrigger
) -> None:
    requests = REQUESTS + (OF_FASTAPI if peer == "http_fastapi" else [])
    made = [
        events.http(method, path, trigger=trigger, **parts)
        for _, method, path, parts in requests
    ]
    theirs, ours = answers(str(PEER), peer, made), answers(sys.executable, kit, made)
    statuses: dict[str, tuple[Any, int]] = {}
    for (name, *_), their_answer, our_answer in zip(
        requests, theirs, ours, strict=True
    ):
        their_status, their_value, their_type, their_origin = seen(their_answer)
        status, value, media_type, origin = seen(our_answer)
        if their_status != status:
            statuses[name] = (their_status, status)
        elif name in ERRORS:
            assert (media_type, value["status"]) == (
                "application/problem+json",
                status,
            ), name
        elif status == 200 or name.startswith(("place", "an error")):
            assert (value, media_type) == (their_value, their_type), name
        if "raised" not in their_answer and name != "unknown error":
            assert origin == their_origin, name
    assert statuses == STATUSES[peer]


@pytest.mark.parametrize(
    ("page", "files"),
    [
        ("from-apigateway-resolver.md", ("http_powertools", "http_lambda_kit")),
        ("from-fastapi.md", ("http_fastapi", "http_from_fastapi")),
    ],
    ids=["powertools", "fastapi"],
)
def test_the_code_on_the_page_is_that_of_the_files(
    page: str, files: tuple[str, str]
) -> None:
    text = (ROOT / "docs" / page).read_text()
    blocks = re.findall(
        r'^```py title="(\w+)\.py"\n(.*?)^```$', text, re.MULTILINE | re.DOTALL
    )
    assert {name for name, _ in blocks} == set(files)
    sources = {name: (HERE / f"{name}.py").read_text() for name in files}
    assert [block for name, block in blocks if block.strip() not in sources[name]] == []
