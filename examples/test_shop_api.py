"""The API of `shop_api.py` under test, over the events of several triggers."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import shop_api

from lambda_kit.http import TestClient, UploadFile
from lambda_kit.local import main
from lambda_kit.testing import invoke

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_kit.events._http_trigger import HttpTrigger

ORDER = {"lines": [{"sku": "tea", "count": 2}]}
TRIGGERS: list[HttpTrigger] = ["rest_api", "http_api_2", "function_url", "alb"]
PNG = b"\x89PNG\r\n\x1a\n"


def signed_in(user: str, **claims: Any) -> dict[str, str]:
    """Return the header of a user, with a token as an issuer would make it."""
    found = {"sub": user, "iss": "https://id.example", "aud": "shop", "exp": time.time() + 3_600, **claims}
    token = jwt.encode(found, "a secret that is for this example alone", "HS256")
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(params=TRIGGERS)
def client(request: Any) -> Iterator[TestClient]:
    with shop_api.table.override({}), shop_api.photos.override({}):
        headers = signed_in("Ada", scope="orders:delete")
        yield TestClient(shop_api.lambda_handler, request.param, headers=headers)


def test_an_order_is_placed_once_for_a_key(client: TestClient, request: Any) -> None:
    key = {"Idempotency-Key": request.node.name}
    first, second = (client.post("/orders", json=ORDER, headers=key) for _ in range(2))
    assert (first.status, first.json()) == (second.status, second.json())
    assert first.status == 201
    assert len(client.get("/orders").json()["orders"]) == 1
    other = {"lines": [{"sku": "milk", "count": 1}]}
    assert client.post("/orders", json=other, headers=key).status == 422


def test_a_key_of_another_user_is_another_key(client: TestClient, request: Any) -> None:
    key = {"Idempotency-Key": request.node.name}
    assert client.post("/orders", json=ORDER, headers=key).json()["user"] == "Ada"
    bob = TestClient(shop_api.lambda_handler, headers={**signed_in("Bob"), **key})
    assert bob.post("/orders", json=ORDER).json()["user"] == "Bob"
    assert TestClient(shop_api.lambda_handler, headers=key).post("/orders", json=ORDER).status == 401


def test_orders_come_in_pages(client: TestClient) -> None:
    placed = [client.post("/orders", json=ORDER).json()["id"] for _ in range(3)]
    page = client.get("/orders?limit=2").json()
    assert [one["id"] for one in page["orders"]] == placed[:2]
    rest = client.get("/orders", params={"limit": 2, "after": page["next"]}).json()
    assert ([one["id"] for one in rest["orders"]], rest["next"]) == (placed[2:], None)
    assert client.get("/orders?limit=1000").json()["errors"][0]["name"] == "limit"


def test_an_order_is_changed_only_by_who_knows_it(client: TestClient) -> None:
    number = client.post("/orders", json=ORDER).json()["id"]
    assert client.put(f"/orders/{number}", json=ORDER, headers={"If-Match": '"v1"'}).json()["version"] == 2
    assert client.put(f"/orders/{number}", json=ORDER, headers={"If-Match": '"v1"'}).status == 412
    bob = TestClient(shop_api.lambda_handler, headers=signed_in("Bob"))
    assert bob.get(f"/orders/{number}").status == 404
    assert bob.delete(f"/orders/{number}").status == 403
    assert client.delete(f"/orders/{number}").status == 204
    assert client.get(f"/orders/{number}").status == 404


def test_an_answer_that_the_client_has_is_not_sent_again(client: TestClient) -> None:
    number = client.post("/orders", json=ORDER).json()["id"]
    invoice = client.get(f"/orders/{number}/invoice.csv")
    assert invoice.text == "sku,count\r\ntea,2\r\n"
    again = client.get(f"/orders/{number}/invoice.csv", headers={"If-None-Match": invoice.headers["etag"]})
    assert (again.status, again.content) == (304, b"")


def test_a_photo_is_kept_with_its_order(client: TestClient) -> None:
    number = client.post("/orders", json=ORDER).json()["id"]
    path = f"/orders/{number}/photo"
    assert client.get(path).status == 404
    assert client.put(path, files={"photo": UploadFile(PNG, "box.png", "image/png")}).status == 204
    answer = client.get(path)
    assert (answer.headers["content-type"], answer.content) == ("image/png", PNG)
    assert client.put(path, files={"photo": UploadFile(b"MZ", "box.exe")}).status == 415
    client.delete(f"/orders/{number}")
    assert client.get(path).status == 404


def test_what_is_wrong_is_told(client: TestClient) -> None:
    answer = client.post("/orders", json={"lines": [{"sku": "tea", "count": 0}]})
    assert (answer.status, answer.json()["errors"][0]["pointer"]) == (422, "#/lines/0/count")
    nobody = TestClient(shop_api.lambda_handler, headers={"Origin": "https://shop.example"}).get("/orders")
    assert (nobody.status, nobody.headers["access-control-allow-origin"]) == (401, "https://shop.example")
    expired = TestClient(shop_api.lambda_handler, headers=signed_in("Ada", exp=time.time() - 60))
    assert expired.get("/orders").headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_the_event_of_the_example_is_answered() -> None:
    event = json.loads(Path(__file__).with_name("shop_api.json").read_text())
    answer = invoke(shop_api.lambda_handler, event).unwrap()
    assert answer["statusCode"] == 201
    assert json.loads(answer["body"])["lines"] == [{"sku": "tea", "count": 2}]


def test_the_committed_document_is_up_to_date_and_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parent)
    assert main(["openapi", "shop_api:app", "--check", "shop_api.openapi.json"]) == 0
    answer = TestClient(shop_api.lambda_handler).get("/openapi.json")
    assert answer.json()["paths"].keys() >= {"/orders", "/orders/{order_id}/photo"}
