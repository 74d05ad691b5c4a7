"""Authorisation: bearer tokens and keys of clients."""

from __future__ import annotations

import io
import json
import time
from typing import Annotated, Any

import pytest
from pydantic import SecretStr

from lambda_kit import HttpApp, Secret, init
from lambda_kit.errors import ConfigurationError
from lambda_kit.http import ApiKey, Bearer, Depends
from tests.http.clients import every_trigger, problem

jwt: Any = pytest.importorskip("jwt")
rsa: Any = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.rsa")
URL = "https://id.example/keys.json"
KEYS = {name: rsa.generate_private_key(65537, 2048) for name in ("k-1", "k-2")}
SECRET = "s" * 64


def token(key: Any, algorithm: str = "RS256", key_id: str | None = "k-1", **claims: Any) -> str:
    found = {"sub": "Ada", "iss": "https://id.example", "aud": "shop", "exp": time.time() + 86_400, **claims}
    headers = {} if key_id is None else {"kid": key_id}
    made: str = jwt.encode({k: v for k, v in found.items() if v is not None}, key, algorithm, headers=headers)
    return made


def key_set(*names: str) -> bytes:
    found = [
        {**json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEYS[name].public_key())), "kid": name, "alg": "RS256"}
        for name in names
    ]
    return json.dumps({"keys": found}).encode()


class Issuer:
    """The server of an issuer: the keys that it has, and the number of times that they were fetched."""

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ("k-1",)
        self.fetched = 0
        self.is_down = False

    def open(self, url: str, timeout: float) -> Any:
        assert (url, timeout) == (URL, 5.0)
        self.fetched += 1
        if self.is_down:
            raise OSError("down")
        return io.BytesIO(key_set(*self.names))


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Any:
    found = Issuer()
    monkeypatch.setattr("urllib.request.urlopen", found.open)
    yield found
    init.reset()


def app_of(auth: Any) -> HttpApp:
    app = HttpApp()

    def me(claims: Any) -> Any:
        return claims if isinstance(claims, str) else claims["sub"]

    me.__annotations__["claims"] = Annotated[Any, Depends(auth)]
    app.get("/me")(me)
    return app


def bearer(**options: Any) -> Bearer:
    given: dict[str, Any] = {"algorithms": ["RS256"], "issuer": "https://id.example", "audience": "shop", **options}
    return Bearer(given.pop("keys", URL), **given)


def get(app: HttpApp, trigger: Any, text: str | None, scheme: str = "Bearer") -> Any:
    return app.test_client(trigger).get("/me", headers={} if text is None else {"Authorization": f"{scheme} {text}"})


@every_trigger
def test_the_claims_of_a_valid_token_are_passed_and_keys_are_fetched_once(trigger: Any, issuer: Issuer) -> None:
    app = app_of(bearer())
    answers = [get(app, trigger, token(KEYS["k-1"]), scheme) for scheme in ("Bearer", "bearer")]
    assert [one.text for one in answers] == ["Ada", "Ada"]
    assert issuer.fetched == 1


@every_trigger
def test_a_request_without_a_token_is_401_with_a_bare_challenge(trigger: Any, issuer: Issuer) -> None:
    for answer in (get(app_of(bearer()), trigger, None), get(app_of(bearer()), trigger, "abc", "Basic")):
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert issuer.fetched == 0


def none_token() -> str:
    return token(None, "none")


INVALID: dict[str, Any] = {
    "expired": lambda: token(KEYS["k-1"], exp=time.time() - 60),
    "no expiry": lambda: token(KEYS["k-1"], exp=None),
    "not yet": lambda: token(KEYS["k-1"], nbf=time.time() + 86_400),
    "issuer": lambda: token(KEYS["k-1"], iss="https://other.example"),
    "audience": lambda: token(KEYS["k-1"], aud="other"),
    "no audience": lambda: token(KEYS["k-1"], aud=None),
    "signature": lambda: token(KEYS["k-2"]),
    "algorithm": lambda: token(KEYS["k-1"], "RS512"),
    "none": none_token,
    "confusion": lambda: token(SECRET, "HS256"),
    "unknown key": lambda: token(KEYS["k-2"], key_id="k-9"),
    "text": lambda: "secret",
    "empty": lambda: "",
}


@every_trigger
@pytest.mark.parametrize("kind", INVALID)
def test_a_token_that_is_not_valid_is_401(trigger: Any, kind: str, issuer: Issuer) -> None:
    answer = get(app_of(bearer()), trigger, INVALID[kind]())
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')
    assert "secret" not in answer.text


def test_clocks_may_differ_by_the_leeway(issuer: Issuer) -> None:
    assert get(app_of(bearer(leeway=30)), "alb", token(KEYS["k-1"], exp=time.time() - 10)).status == 200
    assert get(app_of(bearer(leeway=0)), "alb", token(KEYS["k-1"], exp=time.time() - 10)).status == 401


def test_a_new_key_is_found_and_unknown_ids_do_not_fetch_again_and_again(issuer: Issuer) -> None:
    app = app_of(bearer())
    assert get(app, "alb", token(KEYS["k-1"])).status == 200
    issuer.names = ("k-1", "k-2")
    assert get(app, "alb", token(KEYS["k-2"], key_id="k-2")).status == 200
    assert issuer.fetched == 2
    assert [get(app, "alb", token(KEYS["k-2"], key_id=f"x-{i}")).status for i in range(5)] == [401] * 5
    assert issuer.fetched == 2


def test_an_issuer_that_is_down_is_503_and_logged(issuer: Issuer, caplog: pytest.LogCaptureFixture) -> None:
    issuer.is_down = True
    assert get(app_of(bearer()), "alb", token(KEYS["k-1"])).status == 503
    assert "the keys at https://id.example/keys.json could not be fetched" in caplog.text


@every_trigger
def test_a_scope_that_is_missing_is_403(trigger: Any, issuer: Issuer) -> None:
    app = app_of(bearer().scopes("read", "write"))
    enough: list[dict[str, Any]] = [{"scope": "read write more"}, {"scp": ["write", "read"]}]
    too_few: list[dict[str, Any]] = [{"scope": "read writes"}, {"scp": 5}, {}]
    for claims in enough:
        assert get(app, trigger, token(KEYS["k-1"], **claims)).status == 200
    for claims in too_few:
        answer = get(app, trigger, token(KEYS["k-1"], **claims))
        assert (answer.status, problem(answer)["title"]) == (403, "Forbidden")
        assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="read write"'


@pytest.mark.parametrize(
    "keys",
    [SECRET, SECRET.encode(), lambda: SECRET, lambda: SecretStr(SECRET), Secret("shop/signing", source="environment")],
    ids=["text", "bytes", "function", "hidden", "secret"],
)
def test_a_secret_of_ones_own_checks_tokens(keys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBDA_KIT_SECRET_SHOP_SIGNING", SECRET)
    app = app_of(bearer(keys=keys, algorithms=["HS256"]))
    assert get(app, "alb", token(SECRET, "HS256", None)).text == "Ada"
    assert get(app, "alb", token("x" * 64, "HS256", None)).status == 401


@pytest.mark.parametrize("algorithms", [[], "RS256", ["none"], ["RS256", "HS256"], ["rs256"]], ids=str)
def test_algorithms_that_are_not_safe_are_refused(algorithms: Any) -> None:
    with pytest.raises(ConfigurationError, match="Bearer"):
        bearer(algorithms=algorithms)
    with pytest.raises(ConfigurationError, match="https"):
        bearer(keys="http://id.example/keys.json")


@every_trigger
def test_a_key_of_a_client_gives_its_name(trigger: Any) -> None:
    for keys in ({"shop": "k-1", "empty": ""}, lambda: {"shop": "k-1"}):
        client = app_of(ApiKey(keys)).test_client(trigger)
        assert client.get("/me", headers={"X-Api-Key": "k-1"}).text == "shop"
        for headers in ({}, {"X-Api-Key": "k-2"}, {"X-Api-Key": ""}):
            answer = client.get("/me", headers=headers)
            assert (answer.status, answer.headers["www-authenticate"]) == (401, "ApiKey")
