"""SHA-256 and what is made of it, without OpenSSL for little data.

`hashlib` loads OpenSSL's functions: 2 ms of a cold start and 0.7 MB, or twice as long and 4 MB where no TLS is used.
What is hashed here is short: keys, and requests to AWS. The implementation inside the interpreter is as fast for these,
and is the one that `hashlib` falls back to.
"""

from __future__ import annotations

from sys import modules as _modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Hash(Protocol):
        """A hash of the bytes that came so far."""

        def update(self, data: bytes, /) -> None: ...
        def copy(self) -> Hash: ...
        def digest(self) -> bytes: ...
        def hexdigest(self) -> str: ...


_LONG = 16 * 1024  # bytes; from here on OpenSSL, which is up to six times as fast, makes up for being loaded
_BLOCK = 64  # bytes that SHA-256 takes at a time, and the length of the keys of its HMAC
_INNER = int.from_bytes(b"\x36" * _BLOCK, "big")
_OUTER = int.from_bytes(b"\x5c" * _BLOCK, "big")
_openssl: Callable[[bytes], Hash] | None = None


def _load() -> Callable[[bytes], Hash]:
    global _openssl
    from hashlib import sha256

    _openssl = sha256
    return sha256


def _find() -> Callable[[bytes], Hash]:
    for name in ("_sha2", "_sha256"):  # the second one until Python 3.11
        try:
            module: Any = __import__(name)
        except ImportError:  # or the interpreter was built without it
            continue
        found: Callable[[bytes], Hash] = module.sha256
        return found
    return _load()


_built_in = _find()


def sha256(data: bytes) -> Hash:
    """Return a hash of the data, which more can be added to."""
    make = _openssl
    if make is None:
        make = _load() if len(data) >= _LONG or "_hashlib" in _modules else _built_in
    return make(data)


class Hmac:
    """The HMAC of SHA-256 with one key: <https://www.rfc-editor.org/rfc/rfc2104>.

    What depends on the key alone is computed once.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        if len(key) > _BLOCK:
            key = sha256(key).digest()
        block = int.from_bytes(key.ljust(_BLOCK, b"\0"), "big")
        self._inner = sha256((block ^ _INNER).to_bytes(_BLOCK, "big"))
        self._outer = sha256((block ^ _OUTER).to_bytes(_BLOCK, "big"))

    def of(self, message: bytes) -> Hash:
        """Return the authentication code of a message, as a hash whose digest it is."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        return outer
