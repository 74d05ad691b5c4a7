"""Bearer tokens that are JSON Web Tokens: RFC 6750, RFC 7519, RFC 8725."""

from __future__ import annotations

import time

from lambda_kit._kernel import log, type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.events._http import HttpEvent  # noqa: TC001  # a parameter of dependencies, read while the program runs
from lambda_kit.http._errors import Forbidden, ServiceUnavailable, Unauthorized

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_SYMMETRIC = ("HS256", "HS384", "HS512")
_TIMES = ("exp", "nbf", "iat")
_KEYS_TTL = 3600.0  # seconds
_KEYS_STALE = 86_400.0
_LEAST_REFRESH = 60.0  # seconds between fetches for unknown key ids, which anyone can send
_FETCH_TIMEOUT = 5.0
_MOST_KEYS_BYTES = 1_000_000


class Bearer:
    """A dependency that checks the JSON Web Token in `Authorization`, and passes its claims.

    Without a token, or with one that is not valid, the answer is 401; without a scope it is 403 (RFC 6750, section 3).
    Time is checked, and a token has to expire. It needs the extra `jwt`.

    ```python
    from typing import Annotated, Any

    from lambda_kit import HttpApp
    from lambda_kit.http import Bearer, Depends

    issuer = "https://id.example"
    signed_in = Bearer(
        f"{issuer}/keys.json", algorithms=["RS256"], issuer=issuer, audience="shop"
    )
    app = HttpApp()


    @app.get("/me")
    def me(claims: Annotated[dict[str, Any], Depends(signed_in)]):
        return {"user": claims["sub"]}


    @app.delete("/orders/{order_id}")
    def delete(
        order_id: str,
        claims: Annotated[dict[str, Any], Depends(signed_in.scopes("orders:write"))],
    ):
        return None


    assert app.test_client().get("/me").status == 401
    with app.override(signed_in, lambda: {"sub": "Ada"}):
        assert app.test_client().get("/me").json() == {"user": "Ada"}
    ```

    Args:
        keys: the `https` URL of a set of keys (JWKS), which is fetched once in an environment and kept for an hour, and
            fetched again for an unknown key id, at most once a minute; or a key itself: PEM text, or the secret of an
            `HS` algorithm; or a function that returns such a key, for example a `Secret`.
        algorithms: the algorithms that are accepted: of keys that sign (`RS256`, `ES256`, `EdDSA`, …), or of secrets
            (`HS256`, …), never both.
        issuer: the value of `iss`; None to accept any.
        audience: the value, or one of several, that `aud` has to hold; None to accept any.
        leeway: seconds by which clocks may differ; default 30.

    Raises:
        ConfigurationError: an algorithm is unknown, both kinds are mixed, or a URL is not `https`.
    """

    __slots__ = ("_algorithms", "_audience", "_issuer", "_keys", "_leeway", "_refreshed", "_url")

    def __init__(
        self,
        keys: str | bytes | Callable[[], Any],
        *,
        algorithms: Sequence[str],
        issuer: str | None,
        audience: str | Sequence[str] | None,
        leeway: float = 30.0,
    ) -> None:
        known = (*_ASYMMETRIC, *_SYMMETRIC)
        if isinstance(algorithms, str) or not algorithms or [one for one in algorithms if one not in known]:
            raise ConfigurationError(f"Bearer(algorithms={algorithms!r}): pass a list of some of {', '.join(known)}")
        if {one in _SYMMETRIC for one in algorithms} == {True, False}:
            raise ConfigurationError(
                f"Bearer(algorithms={list(algorithms)!r}) mixes keys that sign with secrets: a public key could be "
                "used as a secret"
            )
        self._url = keys if isinstance(keys, str) and "://" in keys else None
        if self._url is not None and not self._url.startswith("https://"):
            raise ConfigurationError(f"Bearer({self._url!r}): pass an https URL, so that nobody changes the keys")
        self._keys: Any = keys if self._url is None else _fetched_keys(self._url)
        self._algorithms = list(algorithms)
        self._issuer = issuer
        self._audience = audience
        self._leeway = leeway
        self._refreshed = float("-inf")

    def __repr__(self) -> str:
        return f"<Bearer of {self._url or 'a key'}>"

    def scopes(self, *wanted: str) -> Callable[[HttpEvent], dict[str, Any]]:
        """Return a dependency that also needs scopes, in the claim `scope` or `scp`.

        Args:
            *wanted: the scopes, all of which a token has to have.
        """

        def claims_with_scopes(request: HttpEvent) -> dict[str, Any]:
            claims = self(request)
            found: Any = claims.get("scope", claims.get("scp", ""))
            had: list[Any] = found.split() if type_of(found) is str else found if type_of(found) is list else []
            if missing := [one for one in wanted if one not in had]:
                challenge = f'Bearer error="insufficient_scope", scope="{" ".join(wanted)}"'
                raise Forbidden(f"the token lacks {', '.join(missing)}", headers={"www-authenticate": challenge})
            return claims

        made: Any = claims_with_scopes
        made.bearer = self  # the OpenAPI document names the scheme and the scopes
        made.wanted_scopes = wanted
        return made  # type: ignore[no-any-return]

    def __call__(self, request: HttpEvent) -> dict[str, Any]:
        """Return the claims of the token of a request.

        Raises:
            Unauthorized: there is no token, or it is not valid.
            ServiceUnavailable: the keys cannot be fetched.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized
        jwt = _load()
        try:
            key = self._key_of(jwt, token.strip())
            if key is None:
                raise _invalid("its key is unknown")
            claims: dict[str, Any] = jwt.decode(
                token.strip(),
                key,
                algorithms=self._algorithms,
                issuer=self._issuer,
                audience=self._audience,
                leeway=self._leeway,
                options={"require": ["exp"], "verify_aud": self._audience is not None},
            )
            if any(type_of(claims.get(name, 0)) not in (int, float) for name in _TIMES):
                raise _invalid("its times are no numbers")  # RFC 7519, section 2; PyJWT takes texts with digits
        except jwt.ExpiredSignatureError:
            raise _invalid("it has expired") from None
        except (jwt.PyJWTError, ValueError, TypeError):
            raise _invalid("it cannot be accepted") from None
        return claims

    def _key_of(self, jwt: Any, token: str) -> Any:
        """Return the key of a token; None if no key has its id."""
        if self._url is None:
            found = self._keys() if callable(self._keys) else self._keys
            reveal = getattr(found, "get_secret_value", None)  # of a Secret, or of pydantic's SecretStr
            return found if reveal is None else reveal()
        key_id = jwt.get_unverified_header(token).get("kid")
        key = _with_id(self._all_keys(self._keys), key_id)
        now = time.time()
        if key is None and abs(now - self._refreshed) >= _LEAST_REFRESH:
            self._refreshed = now
            key = _with_id(self._all_keys(self._keys.refresh), key_id)
        return key

    def _all_keys(self, get: Callable[[], Any]) -> Any:
        try:
            return get()
        except Exception:
            log.exception("lambda_kit: the keys at %s could not be fetched", self._url)
        raise ServiceUnavailable("tokens cannot be checked now")


def _invalid(why: str) -> Unauthorized:
    return Unauthorized(f"the token is not valid: {why}", challenge='Bearer error="invalid_token"')


def _usable(published: Any) -> dict[str | None, Any]:
    """Return the keys of a set that check signatures, by their ids; others are left out (RFC 7517, section 5)."""
    jwt = _load()
    found: dict[str | None, Any] = {}
    for one in published:
        key = _key(jwt, one)
        if key is not None:
            found[key.key_id] = key
    if not found:
        raise ValueError("no key of the set can check a signature")
    return found


def _key(jwt: Any, published: Any) -> Any:
    """Return a key that is published for signatures (RFC 7517, sections 4.2 and 4.3); None if it cannot be used."""
    try:
        if published.get("use", "sig") != "sig" or "verify" not in published.get("key_ops", ("verify",)):
            return None
        key = jwt.PyJWK(published)
        hash(key.key_id)  # a list is no id
    except Exception:  # PyJWT and cryptography raise many kinds for what is no key
        return None
    return key


def _load() -> Any:
    try:
        import jwt
    except ImportError:
        from lambda_kit._kernel import extras

        raise extras.missing("Bearer", "PyJWT", "jwt") from None
    return jwt


def _with_id(keys: dict[str | None, Any], key_id: str | None) -> Any:
    if key_id is None and len(keys) == 1:
        return next(iter(keys.values()))
    return keys.get(key_id)


def _fetched_keys(url: str) -> Any:
    """Return the resource of the keys at a URL, by their ids."""
    from lambda_kit.init_cache import init

    def keys() -> dict[str | None, Any]:
        import json
        from urllib.request import urlopen

        with urlopen(url, timeout=_FETCH_TIMEOUT) as answer:  # noqa: S310  # the scheme was checked
            found = json.loads(answer.read(_MOST_KEYS_BYTES))
        return _usable(found["keys"])

    return init.resource(ttl=_KEYS_TTL, stale_if_error=_KEYS_STALE)(keys)
