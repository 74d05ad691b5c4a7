"""Signature version 4: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>."""

from __future__ import annotations

import time

from lambda_kit._kernel.hashes import Hmac, sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.aws._credentials import Credentials

_ALGORITHM = "AWS4-HMAC-SHA256"
_MOST_KEYS = 4  # enough for old and new credentials on both days around midnight


class Signer:
    """Signs the requests to one service in one region. Threads share it.

    Deriving the key takes longer than the rest, so it is kept as long as its day and its credentials last. S3 requires
    the hash of the body in a header, and signs paths as they are sent.

    Args:
        service: the name of the service in signatures.
        region: the region in the signature.
    """

    __slots__ = ("_is_s3", "_keys", "_region", "_service")

    def __init__(self, service: str, region: str) -> None:
        self._service = service
        self._is_s3 = service == "s3"
        self._region = region
        self._keys: dict[tuple[str, str], Hmac] = {}

    def sign(
        self,
        method: str,
        path: str,
        query: str,
        headers: dict[str, str],
        body: bytes,
        credentials: Credentials,
        now: float,
    ) -> dict[str, str]:
        """Return the headers to send: those given, `x-amz-date`, `x-amz-security-token` and `authorization`.

        Args:
            method: the method.
            path: the path as it is sent, encoded.
            query: the query as it is sent, encoded, without the question mark.
            headers: with names in lower case, `host` among them. All of them are signed.
            body: the body.
            credentials: what to sign with.
            now: the time, in seconds since the epoch.
        """
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        day = stamp[:8]
        sent = {**headers, "x-amz-date": stamp}
        if credentials.token:
            sent["x-amz-security-token"] = credentials.token
        payload = sha256(body).hexdigest()
        if self._is_s3:
            sent["x-amz-content-sha256"] = payload
        names = sorted(sent)
        signed = ";".join(names)
        lines = "\n".join([f"{name}:{' '.join(sent[name].split())}" for name in names])
        canonical = path if self._is_s3 else _canonical_path(path)
        request = f"{method}\n{canonical}\n{_canonical_query(query)}\n{lines}\n\n{signed}\n{payload}"
        scope = f"{day}/{self._region}/{self._service}/aws4_request"
        text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"
        key = self._keys.get((credentials.secret_key, day))
        if key is None:
            key = self._derive(credentials.secret_key, day)
        signature = key.of(text.encode()).hexdigest()
        sent["authorization"] = (
            f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={signed}, Signature={signature}"
        )
        return sent

    def _derive(self, secret: str, day: str) -> Hmac:
        key = Hmac(f"AWS4{secret}".encode())
        for part in (day, self._region, self._service, "aws4_request"):
            key = Hmac(key.of(part.encode()).digest())
        if len(self._keys) >= _MOST_KEYS:
            self._keys = {}
        self._keys[secret, day] = key
        return key


_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")


def _canonical_path(path: str) -> str:
    """Return the path with dots resolved, and encoded once more: all services but S3 sign it so."""
    if "//" in path or "/." in path:
        parts: list[str] = []
        for part in path.split("/"):
            if part == "..":
                if parts:
                    parts.pop()
            elif part and part != ".":
                parts.append(part)
        path = f"/{'/'.join(parts)}{'/' if path.endswith('/') and parts else ''}"
    if _UNRESERVED.issuperset(path):
        return path
    from urllib.parse import quote

    return quote(path)


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = [part.partition("=")[::2] for part in query.split("&")]
    return "&".join([f"{name}={value}" for name, value in sorted(pairs)])
