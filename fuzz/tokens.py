"""Targets: bearer tokens as a stranger or an issuer writes them, and sets of keys as issuers publish them."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import urllib.request
from base64 import urlsafe_b64encode
from functools import cache
from io import BytesIO
from typing import Annotated, Any

from fuzz.kinds import NESTED, Reader, Target, type_of, value_of
from lambda_kit import HttpApp, init
from lambda_kit.events._http_build import http_event
from lambda_kit.http import Bearer, Depends, from_header

_ISSUER, _URL = "https://id.example", "https://id.example/keys.json"
_SECRET = b"s" * 64
_PRIVATE = bytes(range(32))  # of Ed25519, which signs alike each time
_CLAIMS = {"sub": "Ada", "iss": _ISSUER, "aud": "shop", "exp": 4_000_000_000, "scope": "orders:write"}
_given: Any = {"issuer": _ISSUER, "audience": ["shop", "desk"]}
_by_secret = Bearer(_SECRET, algorithms=["HS256"], **_given)
_by_key = Bearer(_URL, algorithms=["EdDSA", "RS256", "ES256"], **_given)
_key_of_client = from_header("idempotency-key", client=_by_secret)
app = HttpApp()


@app.get("/secret")
def _secret(claims: Annotated[Any, Depends(_by_secret)]) -> str:
    _taken.append(claims)
    return ""


@app.get("/key")
def _key(claims: Annotated[Any, Depends(_by_key)]) -> str:
    _taken.append(claims)
    return ""


@app.get("/scope")
def _scope(claims: Annotated[Any, Depends(_by_secret.scopes("orders:write"))]) -> str:
    found: Any = claims.get("scope", claims.get("scp"))
    assert "orders:write" in (found.split() if type_of(found) is str else found)
    return ""


_taken: list[Any] = []


def _part(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


@cache
def _private() -> Any:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(_PRIVATE)


@cache
def _public() -> bytes:
    found: bytes = _private().public_key().public_bytes_raw()
    return found


def _jwk(**more: Any) -> dict[str, Any]:
    return {"kty": "OKP", "crv": "Ed25519", "x": _part(_public()).decode(), "kid": "k-1", **more}


def _signature(signer: str, signed: bytes) -> bytes:
    if signer == "key":
        found: bytes = _private().sign(signed)
        return found
    return hmac.new(_SECRET if signer == "secret" else _public(), signed, hashlib.sha256).digest()


def _sent(path: str, token: str) -> Any:
    headers = [("authorization", f"Bearer {token}"), ("idempotency-key", "k")]
    event = http_event("http_api_2", "GET", path, headers, b"")
    _taken.clear()
    answer: Any = app(event, None)
    if answer["statusCode"] == 401:
        assert answer["headers"]["www-authenticate"].startswith("Bearer")
    return answer["statusCode"], event


def _publish(document: bytes) -> None:
    """Let an issuer have this set of keys, in an environment that knows none."""
    init.reset()
    _by_key._refreshed = float("-inf")

    def answer(url: str, timeout: float) -> Any:
        assert (url, timeout) == (_URL, 5.0)
        return BytesIO(document)

    here: Any = urllib.request
    here.urlopen = answer


def _token(data: bytes) -> None:
    """Send a token, and accept it only if the right key has signed it, and its claims are right."""
    reader = Reader(data)
    signer = reader.one_of(("nobody", "secret", "stranger", "key"))
    header, claims = reader.field(), reader.field()
    signed = _part(header) + b"." + _part(claims)
    token = reader.text() if signer == "nobody" else (signed + b"." + _part(_signature(signer, signed))).decode()
    kept = urllib.request.urlopen
    _publish(json.dumps({"keys": [_jwk(), _jwk(kid="k-2", x=_part(bytes(32)).decode())]}).encode())
    try:
        for path, right in (("/secret", "secret"), ("/key", "key"), ("/scope", "secret")):
            status, event = _sent(path, token)
            assert status in (200, 401, 403), status
            if status != 200:
                continue
            assert signer == right, f"{path} takes what {signer} has signed"
            assert json.loads(header)["alg"] == ("HS256" if right == "secret" else "EdDSA")
            _check(json.loads(claims))
            assert path == "/scope" or repr(_taken) == repr([json.loads(claims)])
            if right == "secret":
                key, of_client = _key_of_client(event)
                assert (key, type(of_client)) == ("k", str)
    finally:
        urllib.request.urlopen = kept


def _check(claims: Any) -> None:
    """Check the claims of a token that was accepted."""
    now = time.time()
    assert claims["iss"] == _ISSUER
    audience = claims["aud"]
    assert {"shop", "desk"} & set([audience] if type_of(audience) is str else audience)
    assert type(claims["exp"]) in (int, float)
    assert claims["exp"] >= now - 31
    assert all(
        type(claims[name]) in (int, float) and claims[name] <= now + 31 for name in ("nbf", "iat") if name in claims
    )


def _token_seeds() -> list[bytes]:
    headers = [b'{"alg": "HS256", "kid": "k-1"}', b'{"alg": "EdDSA", "kid": "k-1"}', b'{"alg": "EdDSA", "kid": "k-2"}']
    odd = [
        b'{"alg": "none"}',
        b'{"alg": "RS256", "kid": null, "jwk": {}}',
        b'{"alg": ["EdDSA"], "kid": {"a": 1}}',
        b'{"alg": "HS256", "crit": ["exp"], "exp": 5, "b64": false}',
        b'{"alg": "HS256", "zip": "DEF", "typ": 5}',
    ]
    more: list[dict[str, Any]] = [
        {"exp": "4000000000"},
        {"exp": True},
        {"exp": None, "nbf": 1e400},
        {"nbf": 4_000_000_000, "iat": -1},
        {"aud": ["desk", 5, None], "scp": ["orders:write"], "scope": 5},
        {"aud": {"shop": 1}, "iss": [_ISSUER]},
        {"sub": 5, "jti": [1]},
        {"sub": None, "scope": ["orders:write", {}]},
    ]
    claims = [json.dumps({**_CLAIMS, **one}).encode() for one in ({}, *more)]
    claims += [claims[0].replace(b"4000000000", b"9" * 5_000), claims[0].replace(b"4000000000", b"4e9"), NESTED, b"[]"]
    seeds = [bytes((signer,)) + header + b"\0" + claims[0] + b"\0" for signer in (1, 2, 3) for header in headers + odd]
    seeds += [b"\1" + headers[0] + b"\0" + one + b"\0" for one in claims]
    texts = [
        b"",
        b"a.b.c",
        b"..",
        b"e30.e30.",
        b"a.b.c.d.e",
        b"\xff.\xc2\xb2",
        b"eyJhbGciOiJub25lIn0.e30.",
        b"a" * 5_000,
    ]
    return [*seeds, *(b"\0\0\0" + one for one in texts)]


def _key_set(data: bytes) -> None:
    """Read a set of keys. One that the kit cannot use leaves the others of the set as they are."""
    reader = Reader(data)
    algorithm, key_id = reader.one_of(("EdDSA", "RS256", "ES256")), reader.one_of(("k-1", "k-2", None))
    is_whole = bool(reader.byte() % 2)
    others = [value_of(one.encode("utf-8", "replace")) for one in (reader.fields() if not is_whole else ())]
    document = reader.rest if is_whole else json.dumps({"keys": [*others, _jwk()]}).encode()
    header = json.dumps({"alg": algorithm, "kid": key_id} if key_id else {"alg": algorithm}).encode()
    signed = _part(header) + b"." + _part(json.dumps(_CLAIMS).encode())
    kept = urllib.request.urlopen
    _publish(document)
    try:
        status, _ = _sent("/key", (signed + b"." + _part(_signature("key", signed))).decode())
    finally:
        urllib.request.urlopen = kept
    assert status in (200, 401, 503), status
    if status == 200:
        assert algorithm == "EdDSA"
        texts = [one.get("x") for one in json.loads(document)["keys"] if type_of(one) is dict]
        assert any(type_of(one) is str and _bytes_of(one) == _public() for one in texts)
    if not is_whole and (algorithm, key_id) == ("EdDSA", "k-1"):
        names = [one.get("kid") for one in others if type_of(one) is dict]
        assert status == 200 or "k-1" in names, "one key of the set spoils the others"


def _bytes_of(text: str) -> bytes:
    from jwt.utils import base64url_decode

    try:
        return base64url_decode(text)
    except ValueError:
        return b""


def _key_set_seeds() -> list[bytes]:
    keys: list[Any] = [
        _jwk(kid="k-2"),
        _jwk(kid="k-2", use="enc"),
        _jwk(kid="k-2", key_ops=5),
        _jwk(kid=["k-2"], x="A"),
        _jwk(kid="k-2", x=5, crv="Ed448"),
        _jwk(kid="k-2", crv=None, alg="RS512"),
        {"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "k-2"},
        {"kty": "RSA", "n": "A" * 400, "e": "", "kid": "k-2", "d": "A", "alg": "RS256"},
        {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43, "kid": "k-2"},
        {"kty": "oct", "k": _part(_SECRET).decode(), "kid": "k-2"},
        {"kty": 5},
        {},
        None,
        5,
        "x",
        [[]],
    ]
    texts = [json.dumps(one).encode() for one in keys]
    wholes: list[Any] = [{"keys": [_jwk()]}, {"keys": keys}, {"keys": {}}, {"keys": None}, [_jwk()], _jwk(), {}]
    seeds = [bytes((0, 0, 0)) + one for one in texts] + [bytes((0, 2, 0)) + b"\0".join(texts)]
    seeds += [bytes((index % 3, index % 2, 0)) + one for index, one in enumerate(texts)]
    return seeds + [bytes((0, index % 3, 1)) + json.dumps(one).encode() for index, one in enumerate(wholes)]


TARGETS = [Target("token", _token, _token_seeds), Target("key_set", _key_set, _key_set_seeds)]
