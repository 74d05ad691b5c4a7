"""Idempotent routes: a key in a header, of one client alone, and the answers where it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import pytest

from lambda_kit import HttpApp, Logger, handler, idempotent
from lambda_kit.events import HttpEvent  # noqa: TC001  # annotations of dependencies are evaluated
from lambda_kit.http import ApiKey, Bearer, Depends, from_header
from lambda_kit.idempotency import MemoryStore
from lambda_kit.testing import events, invoke
from tests.http.clients import every_trigger, problem

if TYPE_CHECKING:
    from collections.abc import Callable

jwt: Any = pytest.importorskip("jwt")
SECRET = "s" * 64
known = ApiKey({"shop": "k-1", "warehouse": "k-2"})
signed_in = Bearer(SECRET, algorithms=["HS256"], issuer=None, audience=None)


def anyone() -> str:
    return "anyone"


def paying(client: Callable[[Any], Any] | None, **options: Any) -> tuple[HttpApp, list[str]]:
    app, paid = HttpApp(), list[str]()

    def pay(order: dict[str, int], who: Any) -> Any:
        paid.append(str(who))
        return {"payment": len(paid)}

    pay.__annotations__["who"] = Annotated[Any, Depends(client or anyone)]
    store = MemoryStore()
    key = from_header("idempotency-key", client=client)
    app.post("/payments", layers=[idempotent(store, key=key, payload="body", **options)])(pay)
    return app, paid


def token(subject: str, issuer: str = "a") -> str:
    made: str = jwt.encode({"sub": subject, "iss": issuer, "exp": 4_000_000_000}, SECRET, "HS256")
    return f"Bearer {made}"


@every_trigger
def test_a_key_belongs_to_the_client_that_has_sent_it(trigger: Any) -> None:
    app, paid = paying(known)
    client = app.test_client(trigger)

    def pay(key: str) -> Any:
        return client.post("/payments", json={"a": 1}, headers={"Idempotency-Key": "1", "X-Api-Key": key})

    assert [pay(key).json()["payment"] for key in ("k-1", "k-2", "k-1", "k-2")] == [1, 2, 1, 2]
    assert paid == ["shop", "warehouse"]
    refused = pay("k-3")
    assert (refused.status, problem(refused)["title"]) == (401, "Unauthorized")


def test_a_key_outlives_the_token_of_its_client() -> None:
    app, paid = paying(signed_in)
    client = app.test_client()
    for authorization in (token("Ada"), token("Ada"), token("Bob"), token("Ada", "b")):
        headers = {"Idempotency-Key": "1", "Authorization": authorization}
        assert client.post("/payments", json={"a": 1}, headers=headers).status == 200
    assert len(paid) == 3
    headers = {"Idempotency-Key": "1", "Authorization": "Bearer x"}
    assert client.post("/payments", json={"a": 1}, headers=headers).status == 401


@pytest.mark.parametrize(
    ("claims", "paid_for"),
    [
        ([{"sub": "Ada"}, {"sub": "Ada", "iat": 1}, {"sub": "Ada", "iss": "a"}, {"sub": "Bob"}], 3),
        ([{"client_id": "a"}, {"client_id": "a", "jti": "2"}, {"client_id": "b"}, {}], 3),
    ],
    ids=["without an issuer", "without a subject"],
)
def test_a_token_that_lacks_a_claim_has_keys_of_its_own(claims: list[dict[str, Any]], paid_for: int) -> None:
    app, paid = paying(signed_in, missing_key="run")
    client = app.test_client()
    for one in claims:
        made: str = jwt.encode({"exp": 4_000_000_000, **one}, SECRET, "HS256")
        headers = {"Idempotency-Key": "1", "Authorization": f"Bearer {made}"}
        assert client.post("/payments", json={"a": 1}, headers=headers).status == 200
    assert len(paid) == paid_for


def test_a_client_is_any_value_and_none_is_refused() -> None:
    clients: list[Any] = [{"sub": None, "team": None}, {"team": None}, ("a", None), 7, None]

    def client_of(request: HttpEvent) -> Any:
        return clients[int(request.headers["x-client"])]

    app, paid = paying(client_of, missing_key="run")
    client = app.test_client()
    for number, status in ((0, 200), (1, 200), (0, 200), (2, 200), (2, 200), (3, 200), (3, 200), (4, 401)):
        headers = {"Idempotency-Key": "1", "X-Client": str(number)}
        assert client.post("/payments", json={"a": 1}, headers=headers).status == status
    keys: list[dict[str, str]] = [{}, {"Idempotency-Key": ""}, {"Idempotency-Key": "1"}]
    for key in keys:  # a stranger is told nothing of keys
        assert client.post("/payments", json={"a": 1}, headers={**key, "X-Client": "4"}).status == 401
    assert len(paid) == 4


@every_trigger
def test_a_refused_key_is_the_clients_mistake(trigger: Any) -> None:
    app, paid = paying(None)
    client = app.test_client(trigger)
    missing = client.post("/payments", json={"a": 1})
    assert (missing.status, problem(missing)["detail"]) == (400, "the request has no idempotency key")
    for empty in ("", "  "):
        refused = client.post("/payments", json={"a": 1}, headers={"Idempotency-Key": empty})
        assert (refused.status, problem(refused)["detail"]) == (400, "the idempotency key is empty")
    key = {"Idempotency-Key": "1"}
    assert client.post("/payments", json={"a": 1}, headers=key).status == 200
    other = client.post("/payments", json={"a": 2}, headers=key)
    assert (other.status, problem(other)["detail"][:36]) == (422, "the idempotency key was used before,")
    assert len(paid) == 1
    optional, paid = paying(None, missing_key="run")
    client = optional.test_client(trigger)
    assert [client.post("/payments", json={"a": 1}).status for _ in range(2)] == [200, 200]
    assert client.post("/payments", json={"a": 1}, headers={"Idempotency-Key": ""}).status == 400
    assert len(paid) == 2


def test_a_refused_key_is_told_in_the_log_with_the_key_of_its_record() -> None:
    app, _ = paying(None)
    charge: Any = handler(Logger())(app)
    key = {"idempotency-key": "1"}
    requests: list[tuple[dict[str, str], dict[str, int]]] = [(key, {"a": 1}), (key, {"a": 2}), ({}, {"a": 1})]
    results = [invoke(charge, events.http("POST", "/payments", headers=one, json=body)) for one, body in requests]
    assert [one.unwrap()["statusCode"] for one in results] == [200, 422, 400]
    first, mismatch, missing = (one.logs for one in results)
    assert first == ()
    (line,) = mismatch
    assert line["level"] == "WARN"
    assert line["message"].startswith("lambda_kit: POST /payments is answered with 422: ")
    assert line["idempotencyKey"].startswith(f"local.{__name__}.paying.")
    (line,) = missing
    assert (line["level"], "idempotencyKey" in line) == ("INFO", False)
    assert "is answered with 400: idempotent(key=from_header('idempotency-key')) around " in line["message"]


def test_a_second_request_while_the_first_is_carried_out_is_a_conflict() -> None:
    answers: list[Any] = []
    app = HttpApp()
    store = MemoryStore()

    def pay() -> None:
        answers.append(client.post("/payments", headers={"Idempotency-Key": "1"}))

    app.post("/payments", layers=[idempotent(store, key=from_header("idempotency-key"))])(pay)
    client = app.test_client()
    assert client.post("/payments", headers={"Idempotency-Key": "1"}).status == 204
    (second,) = answers
    assert (second.status, second.headers["retry-after"]) == (409, "1")
