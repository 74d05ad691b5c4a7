"""Credentials: from the environment, from the container's endpoint, else from botocore."""

from __future__ import annotations

import os
import re
import threading
import time

from lambda_kit import _lifecycle
from lambda_kit.errors import NoCredentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Fetch = Callable[[str, dict[str, str]], tuple[int, bytes]]

_ADVISORY = 15 * 60  # seconds before their end from which on they are fetched anew, where that is possible
_MANDATORY = 10 * 60  # seconds before it from which on they are not used any more without an attempt
_PAUSES = (0.1, 0.3)  # before the second and the third attempt
_CONTAINER_HOST = "http://169.254.170.2"
# What plain HTTP may be sent to; see
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
_PLAIN_HOSTS = ("localhost", "127.0.0.1", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]")
_LOOPBACK = re.compile(r"127(\.[0-9]{1,3}){3}")


class Credentials:
    """What requests are signed with. `repr` and `str` show the access key, never the rest.

    Attributes:
        access_key: the id of the key.
        secret_key: the key.
        token: the token of temporary credentials, else None.
        expires: when they end, in seconds since the epoch; None if they do not tell.
    """

    __slots__ = ("access_key", "expires", "secret_key", "token")

    def __init__(
        self, access_key: str, secret_key: str, token: str | None = None, expires: float | None = None
    ) -> None:
        self.access_key = access_key
        self.secret_key = secret_key
        self.token = token
        self.expires = expires

    def __repr__(self) -> str:
        return f"<Credentials {self.access_key}>"


class CredentialChain:
    """Finds credentials, the first that there are of: environment, container endpoint, botocore. Threads share it.

    Those of the environment are read at every call. Those of the container endpoint, which SnapStart uses, are kept
    and fetched anew before they end, by one thread for all. With `AWS_PROFILE`, botocore comes before them.

    Args:
        environ: the environment.
        fetch: gets a URL with headers and returns status and body.
        clock: the time, in seconds since the epoch.
        sleep: waits for so many seconds.
    """

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        *,
        fetch: Fetch | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._environ = environ
        self._fetch = fetch or _get
        self._clock = clock
        self._sleep = sleep
        self.forget()

    def forget(self) -> None:
        """Drop what was found: after a fork, a restore from a snapshot, and between tests."""
        self._from_environ: Credentials | None = None
        self._from_container: Credentials | None = None
        self._botocore: Any = None
        self._fetching = threading.Lock()

    def get(self) -> Credentials:
        """Return the credentials to sign with now.

        Raises:
            NoCredentials: there are none, or they cannot be fetched; it names what was tried.
        """
        environ = self._environ
        found = self._environment()
        if found is not None:
            return found
        if not environ.get("AWS_PROFILE") and _container_url(environ) is not None:
            return self._container()
        return self._other()

    def refresh(self, rejected: Credentials) -> Credentials | None:
        """Return other credentials than those that AWS has rejected; None if the source has no others."""
        if self._from_container is rejected:
            with self._fetching:
                if self._from_container is rejected:
                    self._from_container = self._fetched()
        found = self.get()
        same = (found.access_key, found.token) == (rejected.access_key, rejected.token)
        return None if same else found

    # The environment

    def _environment(self) -> Credentials | None:
        environ = self._environ
        access_key = environ.get("AWS_ACCESS_KEY_ID")
        if not access_key:
            return None
        secret_key = environ.get("AWS_SECRET_ACCESS_KEY")
        if not secret_key:
            raise _none("AWS_ACCESS_KEY_ID is set, and AWS_SECRET_ACCESS_KEY is not")
        token = environ.get("AWS_SESSION_TOKEN") or environ.get("AWS_SECURITY_TOKEN") or None
        known = self._from_environ
        if known is None or known.access_key != access_key or known.secret_key != secret_key or known.token != token:
            known = self._from_environ = Credentials(access_key, secret_key, token)
        return known

    # The container's endpoint

    def _container(self) -> Credentials:
        known = self._from_container
        left = self._left(known)
        if known is not None and left > _ADVISORY:
            return known
        urgent = left <= _MANDATORY
        if not self._fetching.acquire(blocking=urgent):
            assert known is not None  # noqa: S101  # else it is urgent
            return known
        try:
            if self._from_container is not known:  # another thread has just fetched them
                assert self._from_container is not None  # noqa: S101
                return self._from_container
            try:
                self._from_container = self._fetched()
            except NoCredentials:
                if known is None or left <= 0:
                    raise
                return known
            return self._from_container
        finally:
            self._fetching.release()

    def _left(self, known: Credentials | None) -> float:
        if known is None:
            return 0.0
        return float("inf") if known.expires is None else known.expires - self._clock()

    def _fetched(self) -> Credentials:
        environ = self._environ
        url = _container_url(environ)
        if url is None:
            raise _none("the variable with the container's endpoint is gone")
        headers = {"accept": "application/json"}
        if token := _container_token(environ):
            headers["authorization"] = token
        problem, credentials = self._attempt(url, headers)
        for pause in _PAUSES:
            if credentials is None:
                self._sleep(pause)
                problem, credentials = self._attempt(url, headers)
        if credentials is not None:
            return credentials
        raise _none(f"the container's endpoint {url} gave none: {problem}")

    def _attempt(self, url: str, headers: dict[str, str]) -> tuple[str, Credentials | None]:
        import json

        try:
            status, body = self._fetch(url, headers)
        except Exception as error:
            return f"{error}", None
        if status != 200:
            return f"status {status}", None
        try:
            reply: dict[str, Any] = json.loads(body)
            expires = reply.get("Expiration")
            return "", Credentials(
                reply["AccessKeyId"],
                reply["SecretAccessKey"],
                reply.get("Token"),
                None if expires is None else _seconds(expires),
            )
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return f"the reply is none ({type(error).__name__})", None

    # Botocore

    def _other(self) -> Credentials:
        found = self._botocore
        if found is None:
            with self._fetching:
                found = self._botocore
                if found is None:
                    found = self._botocore = _of_botocore()
        try:
            frozen: Any = found.get_frozen_credentials()
        except Exception as error:
            raise _none(f"botocore could not fetch them: {error}") from error
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def _of_botocore() -> Any:
    try:
        import botocore.session
    except ImportError:
        raise _none(
            "neither AWS_ACCESS_KEY_ID nor the variables of a container are set, and botocore, which knows profiles "
            "and roles, is not installed: pip install lambda-kit-sdk[aws]"
        ) from None
    try:
        session: Any = botocore.session.Session()
        found: Any = session.get_credentials()
    except Exception as error:
        raise _none(f"botocore could not find them: {error}") from error
    if found is None:
        raise _none(
            "neither the environment nor a container, a profile or a role has any; set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        )
    return found


def _container_url(environ: Mapping[str, str]) -> str | None:
    relative = environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
    if relative:
        return f"{_CONTAINER_HOST}{relative if relative.startswith('/') else f'/{relative}'}"
    full = environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    if not full:
        return None
    scheme, _, rest = full.partition("://")
    host = rest.partition("/")[0]
    name = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    plain = scheme == "http" and (name in _PLAIN_HOSTS or _LOOPBACK.fullmatch(name))
    if scheme != "https" and not plain:
        raise _none(
            f"AWS_CONTAINER_CREDENTIALS_FULL_URI is at {host}; without https it may be at "
            f"{', '.join(_PLAIN_HOSTS)} alone"
        )
    return full


def _container_token(environ: Mapping[str, str]) -> str | None:
    path = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    if path:
        try:
            with open(path) as file:  # noqa: PTH123  # pathlib costs more than all of this
                token = file.read()
        except OSError as error:
            raise _none(
                f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names {path!r}, which cannot be read: {error.strerror}"
            ) from error
    else:
        token = environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    if "\r" in token or "\n" in token:
        raise _none("the authorization token of the container contains a line break")
    return token or None


def _get(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
    from lambda_kit.aws._http import Pool

    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    pool = Pool(f"{scheme}://{host}", connect_timeout=1.0, read_timeout=2.0)
    response = pool.request("GET", f"/{path}", headers.items())
    return response.status, response.body


def _seconds(text: str) -> float:
    from datetime import UTC, datetime

    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _none(reason: str) -> NoCredentials:
    return NoCredentials(reason, service="credentials", operation="fetch", attempts=0)


_chain: CredentialChain | None = None
_making = threading.Lock()


def default_chain() -> CredentialChain:
    """Return the chain of this process."""
    global _chain
    if _chain is None:
        with _making:
            if _chain is None:
                _chain = CredentialChain()
                _lifecycle.on_fork(_chain.forget)
                _lifecycle.on_restore(_chain.forget, base=True)
                _lifecycle.on_reset(_chain.forget, base=True)
    return _chain
