"""The tests of the tutorial, docs/http-tutorial.md."""

import time
from collections.abc import Iterator

import jwt
import orders_api
import pytest

from lambda_kit.http import TestClient, UploadFile


@pytest.fixture
def client() -> Iterator[TestClient]:
    with orders_api.table.override({}), orders_api.photos.override({}):
        yield TestClient(orders_api.lambda_handler, "rest_api", headers={"Authorization": f"Bearer {token('ada')}"})


def token(user: str) -> str:
    return jwt.encode({"sub": user, "exp": time.time() + 3_600}, "a secret that is for tests alone", "HS256")


def test_health(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "ok"}


TEA = {"sku": "tea", "count": 2}


def test_an_order_is_placed_once(client: TestClient) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = client.post("/orders", json=TEA, headers=key)
    again = client.post("/orders", json=TEA, headers=key)
    assert first.status == 201
    assert first.headers["location"] == f"/orders/{first.json()['id']}"
    assert again.json() == first.json()
    assert client.post("/orders", json={**TEA, "count": 3}, headers=key).status == 422


def test_an_order_that_is_not_valid_is_refused(client: TestClient) -> None:
    answer = client.post("/orders", json={"sku": "tea", "count": 0})
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == [
        {"detail": "Input should be greater than or equal to 1", "in": "body", "pointer": "#/count"}
    ]


def test_nobody_is_refused() -> None:
    nobody = TestClient(orders_api.lambda_handler, headers={"Origin": "https://shop.example"})
    answer = nobody.post("/orders", json=TEA)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"


def test_orders_come_in_pages(client: TestClient) -> None:
    placed = [client.post("/orders", json=TEA).json()["id"] for _ in range(3)]
    page = client.get("/orders", params={"limit": 2}).json()
    rest = client.get("/orders", params={"limit": 2, "after": page["next"]}).json()
    assert [order["id"] for order in page["orders"] + rest["orders"]] == placed
    assert rest["next"] is None
    assert client.get("/orders?limit=0").status == 422


def test_an_order_is_changed_only_as_the_client_knows_it(client: TestClient) -> None:
    path = client.post("/orders", json=TEA).headers["location"]
    seen = client.get(path)
    assert client.get(path, headers={"If-None-Match": seen.headers["etag"]}).status == 304
    known = {"If-Match": seen.headers["etag"]}
    assert client.put(path, json={**TEA, "count": 3}, headers=known).json()["version"] == 2
    assert client.put(path, json={**TEA, "count": 4}, headers=known).status == 412
    assert client.get(path).json()["count"] == 3


def test_orders_of_others_are_not_found(client: TestClient) -> None:
    path = client.post("/orders", json=TEA).headers["location"]
    bob = {"Authorization": f"Bearer {token('bob')}"}
    assert TestClient(orders_api.lambda_handler, headers=bob).get(path).status == 404


def test_a_photo_is_kept(client: TestClient) -> None:
    path = client.post("/orders", json=TEA).headers["location"] + "/photo"
    assert client.get(path).status == 404
    png = b"\x89PNG\r\n\x1a\n"
    assert client.put(path, files={"photo": UploadFile(png, "box.png", "image/png")}).status == 204
    answer = client.get(path)
    assert (answer.content, answer.headers["content-type"]) == (png, "image/png")
    assert client.put(path, files={"photo": UploadFile(b"MZ", "box.exe")}).status == 415


def test_the_document_tells_what_clients_need() -> None:
    document = orders_api.app.openapi()
    post = document["paths"]["/orders"]["post"]
    assert post["security"] == [{"bearer": []}]
    assert set(post["responses"]) == {"201", "400", "401", "409", "413", "415", "422"}
