"""Credentials: from the environment, from the container's endpoint, else from botocore."""

from __future__ import annotations

import os
import re
import threading
import time

from lambda_kit._kernel import lifecycle
from lambda_kit.errors import NoCredentials

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Fetch = Callable[[str, dict[str, str]], tuple[int, bytes]]

_ADVISORY = 15 * 60  # seconds before their end: from then on they are fetched anew if no other thread does it
_MANDATORY = 10 * 60  # seconds before their end: from then on callers wait for new ones
_PAUSES = (0.1, 0.3)  # before the second and the third attempt
_MARGIN = 0.1  # seconds of an invocation that are left to the handler to deal with a failure
_CONTAINER_HOST = "http://169.254.170.2"
# The hosts that plain HTTP may be sent to; see
# https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
_PLAIN_HOSTS = ("localhost", "127.0.0.1", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]")
# Without a user name: the text before an @ could look like the host.
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:[0-9]+)?")


class Credentials:
    """The keys that requests are signed with. `repr` and `str` show the access key, never the rest.

    Attributes:
        access_key: the id of the key.
        secret_key: the key.
        token: the token of temporary credentials, else None.
        expires: their end in seconds since the epoch; None if it is not known.
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


class _Kept:
    """The credentials found so far; replaced as a whole, so that a fetch from before a restore has no effect later."""

    __slots__ = ("botocore", "container", "environment", "fetching")

    def __init__(self) -> None:
        self.environment: Credentials | None = None
        self.container: Credentials | None = None
        self.botocore: Any = None
        self.fetching = threading.RLock()  # it knows its owner: see `_replaced`


def _time_left() -> float:
    """Return the seconds that a fetch may take: the remaining time of the invocation, less a margin.

    It is `inf` outside of an invocation, and 0 in a thread that outlives its invocation.
    """
    from lambda_kit.invocation import current

    invocation = current.get(None)
    if invocation is None:
        return float("inf")
    return 0.0 if invocation.ended else invocation.remaining() - _MARGIN


class CredentialChain:
    """The sources of credentials in order: environment, container endpoint, botocore. Threads share it.

    Those of the environment are read at every call. Those of the container endpoint, which SnapStart uses, are kept.
    One thread fetches them anew for all before they end, within the remaining time of the invocation. With
    `AWS_PROFILE` or `AWS_DEFAULT_PROFILE` botocore comes before the container endpoint.

    Args:
        environ: the environment.
        fetch: gets a URL with headers and returns status and body.
        clock: returns the time in seconds since the epoch.
        sleep: waits for a number of seconds.
        time_left: returns the seconds that the caller may still wait.
    """

    def __init__(
        self,
        environ: Mapping[str, str] = os.environ,
        *,
        fetch: Fetch | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], object] = time.sleep,
        time_left: Callable[[], float] = _time_left,
    ) -> None:
        self._environ = environ
        self._fetch = fetch or _get
        self._clock = clock
        self._sleep = sleep
        self._time_left = time_left
        self._kept = _Kept()

    def forget(self) -> None:
        """Drop the credentials that were found: after a fork, a restore from a snapshot, and between tests."""
        self._kept = _Kept()

    def get(self) -> Credentials:
        """Return the credentials to sign with now.

        Raises:
            NoCredentials: there are none, or they cannot be fetched; it names the sources that were tried.
        """
        environ = self._environ
        found = self._environment()
        if found is not None:
            return found
        profile = environ.get("AWS_PROFILE") or environ.get("AWS_DEFAULT_PROFILE")
        if not profile and _container_url(environ) is not None:
            return self._container()
        return self._other()

    def refresh(self, rejected: Credentials) -> Credentials | None:
        """Return other credentials than those that AWS rejected; None if the source has no others.

        Raises:
            NoCredentials: they cannot be fetched.
        """
        kept = self._kept
        if kept.container is rejected:
            self._replaced(kept, rejected, self._time_left())
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
        kept = self._kept
        known = kept.environment
        if known is None or known.access_key != access_key or known.secret_key != secret_key or known.token != token:
            known = kept.environment = Credentials(access_key, secret_key, token)
        return known

    # The container's endpoint

    def _container(self) -> Credentials:
        kept = self._kept
        known = kept.container
        left = self._left(known)
        if known is not None and left > _ADVISORY:
            return known
        try:
            return self._replaced(kept, known, self._time_left() if left <= _MANDATORY else 0.0)
        except NoCredentials:
            if known is None or left <= 0:
                raise
            return known

    def _replaced(self, kept: _Kept, old: Credentials | None, patience: float) -> Credentials:
        """Return the successor of `old`. If another thread fetches it, wait for at most `patience` seconds."""
        try:
            if not kept.fetching.acquire(timeout=min(max(patience, 0.0), threading.TIMEOUT_MAX)):
                raise _none("another thread is still fetching them, and there is no time left to wait")
            found = kept.container
            if found is None or found is old:
                found = kept.container = self._fetched()
            return found
        finally:
            # An interrupt may come before the lock is held, or just after.
            try:  # noqa: SIM105  # in `suppress`, an interrupt could come before the release
                kept.fetching.release()
            except RuntimeError:
                pass

    def _left(self, known: Credentials | None) -> float:
        if known is None:
            return 0.0
        return float("inf") if known.expires is None else known.expires - self._clock()

    def _fetched(self) -> Credentials:
        environ = self._environ
        url = _container_url(environ)
        if url is None:
            raise _none("the variable with the container's endpoint was removed")
        headers = {"accept": "application/json"}
        if token := _container_token(environ):
            headers["authorization"] = token
        problem, credentials = self._attempt(url, headers)
        for pause in _PAUSES:
            if credentials is not None or pause >= self._time_left():
                break
            self._sleep(pause)
            problem, credentials = self._attempt(url, headers)
        if credentials is not None:
            return credentials
        from lambda_kit._kernel.urls import without_credentials

        raise _none(f"the container's endpoint {without_credentials(url)} returned none: {problem}")

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
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            return f"the reply is not what it should be ({type(error).__name__})", None

    # Botocore

    def _other(self) -> Credentials:
        kept = self._kept
        if kept.botocore is None:
            kept.botocore = _of_botocore()
        try:
            frozen: Any = kept.botocore.get_frozen_credentials()
        except Exception as error:
            raise _none(f"botocore could not fetch them: {error}") from error
        return Credentials(frozen.access_key, frozen.secret_key, frozen.token)


def _of_botocore() -> Any:
    try:
        import botocore.session
    except ImportError:
        from lambda_kit._kernel import extras

        raise _none(
            "neither AWS_ACCESS_KEY_ID nor the variables of a container are set, and botocore, which knows profiles "
            f"and roles, is not installed: {extras.command('aws')}"
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
    named = _HOST.fullmatch(host)
    if scheme != "https" and not (scheme == "http" and named and _may_be_plain(named[1])):
        from lambda_kit._kernel.urls import without_credentials

        raise _none(
            f"AWS_CONTAINER_CREDENTIALS_FULL_URI is {without_credentials(full)!r}; without https only these hosts are "
            f"allowed, and no user name: "
            f"{', '.join(_PLAIN_HOSTS)}"
        )
    return full


def _may_be_plain(host: str) -> bool:
    """Tell whether plain HTTP may be sent to a host: a container service, or a loopback address."""
    if host in _PLAIN_HOSTS:
        return True
    from ipaddress import IPv4Address, IPv6Address, ip_address

    try:
        address = ip_address(host.strip("[]"))
    except ValueError:  # a name, or no address at all, such as 127.999.1.1
        return False
    if isinstance(address, IPv4Address):
        return address.is_loopback
    return address in (IPv6Address("::1"), IPv6Address("fd00:ec2::23"))


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
    left = _time_left()
    deadline = None if left == float("inf") else time.monotonic() + left
    response = pool.request("GET", f"/{path}", headers.items(), deadline=deadline)
    return response.status, response.body


def _seconds(text: str) -> float:
    from datetime import UTC, datetime

    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _none(reason: str) -> NoCredentials:
    return NoCredentials(reason, service="credentials", operation="fetch", attempts=0)


_chain = CredentialChain()
_watched = False


def default_chain() -> CredentialChain:
    """Return the chain of this process."""
    global _watched
    if not _watched:
        _watched = True
        lifecycle.on_fork(_chain.forget)
        lifecycle.on_restore(_chain.forget, base=True)
        lifecycle.on_reset(_chain.forget, base=True)
    return _chain
