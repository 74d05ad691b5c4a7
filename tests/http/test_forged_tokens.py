"""Forged tokens and keys, as an attacker would make them: none is accepted, none is a failure of the server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lambda_kit import init
from lambda_kit.http import ApiKey
from tests.http.clients import every_trigger, problem
from tests.http.test_authorization import KEYS, URL, app_of, bearer, get, key_set, token

jwt: Any = pytest.importorskip("jwt")
serialization: Any = pytest.importorskip("cryptography.hazmat.primitives.serialization")
SECRET = b"s" * 64
CLAIMS = {"sub": "Ada", "iss": "https://id.example", "aud": "shop", "exp": time.time() + 86_400}
PEM: bytes = (
    KEYS["k-1"].public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
)
DER: bytes = (
    KEYS["k-1"].public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
)


def part(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forged(header: Any, claims: Any = CLAIMS, secret: bytes = SECRET) -> str:
    """Return a token that is signed by a secret, whatever its header says."""
    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{part(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def hs(**header: Any) -> dict[str, Any]:
    return {"alg": "HS256", "kid": "k-1", **header}


JWK = json.loads(key_set("k-1"))["keys"][0]
OBJECTS = b'{"alg":' * 50_000
# Against keys that sign: the attacker has the public key.
PUBLIC: dict[str, str] = {
    "no algorithm": f"{part({'alg': 'none', 'kid': 'k-1'})}.{part(CLAIMS)}.",
    "no algorithm in another case": f"{part({'alg': 'nOnE', 'kid': 'k-1'})}.{part(CLAIMS)}.",
    "no signature": token(KEYS["k-1"]).rpartition(".")[0] + ".",
    "public key as secret, PEM": forged(hs(), secret=PEM),
    "public key as secret, PEM without its end": forged(hs(), secret=PEM.strip()),
    "public key as secret, DER": forged(hs(), secret=DER),
    "modulus as secret": forged(hs(), secret=JWK["n"].encode()),
    "empty secret": forged(hs(), secret=b""),
    "algorithm of the key, signed by a secret": forged({"alg": "RS256", "kid": "k-1"}, secret=PEM),
    "key in the header": forged(hs(jwk={"kty": "oct", "k": part(SECRET), "alg": "HS256"})),
    "key at a URL in the header": forged(hs(jku="https://evil.example/keys", x5u="https://evil.example/cert")),
    "path as key id": forged(hs(kid="../../../../dev/null"), secret=b""),
    "URL as key id": forged(hs(kid="https://evil.example/keys#k-1")),
    "query as key id": forged(hs(kid="k-1' UNION SELECT 's")),
    "key id with NUL": forged(hs(kid="k-1\0")),
    "list as key id": forged(hs(kid=["k-1"])),
    "dict as key id": forged(hs(kid={"k-1": 1})),
    "null as key id": forged(hs(kid=None)),
    "list as algorithm": forged(hs(alg=["RS256"])),
    "no header": f".{part(CLAIMS)}.x",
    "header of lists": f"{part(b'[' * 100_000)}.{part(CLAIMS)}.x",
    "header of objects": f"{part(OBJECTS)}.{part(CLAIMS)}.x",
    "encrypted token": ".".join([part({"alg": "RSA-OAEP", "enc": "A256GCM", "kid": "k-1"}), "a", "b", "c", "d"]),
    "other claims": "{0}.{2}.{1}".format(*token(KEYS["k-1"]).split(".")[::2], part({**CLAIMS, "sub": "root"})),
    "bytes": "\ud800.\xff.\x00",
}
# Against a secret: signed by who has it, with claims that are wrong.
CLAIMED: dict[str, Any] = {
    "no expiry": {**CLAIMS, "exp": None},
    "expiry without a number": {**CLAIMS, "exp": "soon"},
    "expiry that is true": {**CLAIMS, "exp": True},
    "expiry in a text": {**CLAIMS, "exp": "99999999999"},
    "infinite expiry": json.dumps(CLAIMS | {"exp": float("inf")}).encode(),
    "expiry that is no number": json.dumps(CLAIMS | {"exp": float("nan")}).encode(),
    "expiry of many digits": json.dumps(CLAIMS).replace(str(CLAIMS["exp"]), "9" * 5_000).encode(),
    "issuer in a list": {**CLAIMS, "iss": ["https://id.example"]},
    "issuer with a slash": {**CLAIMS, "iss": "https://id.example/"},
    "audience in a dict": {**CLAIMS, "aud": {"shop": 1}},
    "audience in part": {**CLAIMS, "aud": "shop2"},
    "not yet": {**CLAIMS, "nbf": time.time() + 86_400},
    "issued in the future": {**CLAIMS, "iat": time.time() + 86_400},
    "list of claims": [CLAIMS],
    "text": "Ada",
    "claims of lists": b"[" * 100_000,
}


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Any:
    from tests.http.test_authorization import Issuer

    found = Issuer()
    monkeypatch.setattr("urllib.request.urlopen", found.open)
    yield found
    init.reset()


def refused(answer: Any) -> None:
    assert (answer.status, problem(answer)["title"]) == (401, "Unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@every_trigger
def test_no_forged_token_is_taken_for_one_of_the_issuer(trigger: Any, issuer: Any) -> None:
    fetched, given = app_of(bearer()), app_of(bearer(keys=PEM.decode()))
    for name, text in PUBLIC.items():
        for app in (fetched, given):
            try:
                answer = get(app, trigger, text)
            except UnicodeEncodeError:  # the client itself cannot send it
                assert name == "bytes"
                continue
            refused(answer)
    assert get(fetched, trigger, token(KEYS["k-1"])).status == get(given, trigger, token(KEYS["k-1"])).status == 200


@every_trigger
@pytest.mark.parametrize(
    "header", [{"alg": "HS256"}, {"alg": "HS256", "crit": ["exp"], "typ": "JWT"}], ids=["", "crit"]
)
def test_claims_that_are_wrong_are_refused_whoever_signs_them(trigger: Any, header: Any) -> None:
    app = app_of(bearer(keys=SECRET, algorithms=["HS256"]))
    for claims in CLAIMED.values():
        refused(get(app, trigger, forged(header, claims)))
    assert get(app, trigger, forged(header)).status == (401 if "crit" in header else 200)


@pytest.mark.parametrize("more", [{"use": "enc"}, {"key_ops": ["encrypt"]}, {"alg": "RS512"}], ids=str)
def test_a_key_for_something_else_signs_no_token(more: dict[str, Any], issuer: Any, monkeypatch: Any) -> None:
    other = json.loads(key_set("k-2"))["keys"][0]
    keys = json.dumps({"keys": [{**JWK, **more}, other]}).encode()

    def published(*names: str) -> bytes:
        return keys

    monkeypatch.setattr("tests.http.test_authorization.key_set", published)
    refused(get(app_of(bearer()), "alb", token(KEYS["k-1"])))
    assert get(app_of(bearer()), "alb", token(KEYS["k-2"], key_id="k-2")).status == 200


# What an issuer may publish beside its keys: kinds that are not known, and values that are out of range.
CHANGES: list[dict[str, Any]] = [{"key_ops": 5}, {"kid": ["k-3"]}, {"n": 5}, {"e": ""}, {"kty": "new"}]
ODD: list[Any] = [None, 5, "x", [], {}, *({**JWK, "kid": "k-3", **one} for one in CHANGES)]


def test_keys_that_cannot_be_used_leave_the_others_of_their_set_as_they_are(issuer: Any, monkeypatch: Any) -> None:
    document = {"keys": [*ODD, JWK, *ODD]}

    def published(*names: str) -> bytes:
        return json.dumps(document).encode()

    monkeypatch.setattr("tests.http.test_authorization.key_set", published)
    assert get(app_of(bearer()), "alb", token(KEYS["k-1"])).status == 200
    refused(get(app_of(bearer()), "alb", token(KEYS["k-1"], key_id="k-3")))
    document["keys"] = ODD
    assert get(app_of(bearer()), "alb", token(KEYS["k-1"])).status == 503, "no key is no reason to refuse a client"


def test_a_flood_of_unknown_key_ids_fetches_the_keys_once_more(issuer: Any) -> None:
    app = app_of(bearer())
    assert get(app, "http_api_2", token(KEYS["k-1"])).status == 200
    client = app.test_client()

    def ask(number: int) -> int:
        text = token(KEYS["k-2"], key_id=f"x-{number}")
        return client.get("/me", headers={"Authorization": f"Bearer {text}"}).status

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(64))) == {401}
    assert issuer.fetched == 2
    assert get(app, "http_api_2", token(KEYS["k-1"])).status == 200
    assert URL.startswith("https://")


@every_trigger
def test_all_keys_of_clients_are_compared_in_constant_time(trigger: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    compare = hmac.compare_digest

    def counting(a: bytes, b: bytes) -> bool:
        compared.append((a, b))
        return compare(a, b)

    monkeypatch.setattr("hmac.compare_digest", counting)
    keys = {f"client-{number}": f"key-{number}" for number in range(5)}
    client = app_of(ApiKey(keys)).test_client(trigger)
    for given, status in [("key-0", 200), ("key-4", 200), ("key-", 401), ("", 401), ("key-0\xff", 401), ("KEY-0", 401)]:
        compared.clear()
        answer = client.get("/me", headers={"X-Api-Key": given})
        assert answer.status == status
        assert [key.decode() for _, key in compared] == list(keys.values())
        assert "key-" not in answer.text
