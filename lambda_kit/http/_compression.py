"""Compression of answers, by RFC 9110, sections 8.4 and 12.5.3.

Where a client takes several codings alike, zstd (RFC 8878) comes before brotli (RFC 7932) and gzip (RFC 1952): it is
the fastest, and packs as well as brotli does at this speed. A coding is used if its library is installed, and loaded
when the first client takes it.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.http._cors import vary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from lambda_kit.events import HttpEvent
    from lambda_kit.http._response import Response

    Pack: TypeAlias = Callable[[bytes], bytes]

LEAST_BYTES = 1024
"""Smaller bodies stay as they are: compression would gain less than its headers take."""
PREFERRED = ("zstd", "br", "gzip")
_TEXTS = ("json", "xml", "javascript", "yaml", "x-www-form-urlencoded", "wasm", "svg", "csv")
_packs: dict[str, Pack | None] = {}  # by coding; None for one without a library


def compressed(request: HttpEvent, response: Response) -> Response:
    """Compress the body of a response, if the client takes it and there is something to gain."""
    headers = response._headers
    body = response.body
    if response.status == 304:
        vary(headers, "Accept-Encoding")  # as the whole answer has it (section 15.4.5)
    if not isinstance(body, str | bytes) or len(body) < LEAST_BYTES or response.status in (204, 206, 304):
        return response
    if "content-encoding" in headers or not _is_text(headers.get("content-type", "")):
        return response
    if "no-transform" in str(headers.get("cache-control", "")).lower():
        return response
    vary(headers, "Accept-Encoding")
    coding, pack = _chosen(request.headers.get("accept-encoding", ""), request.trigger)
    if pack is None:
        return response
    try:
        data = body.encode() if isinstance(body, str) else body
    except UnicodeEncodeError:  # it is no text, and will be refused
        return response
    packed = pack(data)
    if len(packed) >= len(data):
        return response
    response.body = packed
    headers["content-encoding"] = coding
    headers.pop("content-length", None)
    etag: Any = headers.get("etag")
    if type_of(etag) is str and etag[:1] == '"' == etag[-1:]:
        headers["etag"] = f'{etag[:-1]}-{coding}"'  # other bytes need another tag (section 8.8.3.3)
    return response


def _is_text(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind.startswith("text/") or any(kind.endswith(one) for one in _TEXTS)


def _chosen(accepted: str, trigger: str) -> tuple[str, Pack | None]:
    """Return the coding with the highest weight, and what packs with it; None if the body stays as it is."""
    weights: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, *options = (one.strip() for one in part.split(";"))
        weights["gzip" if name == "x-gzip" else name] = _weight(options)
    if "*" in weights:  # any coding: gzip is the one that every client has
        weights.setdefault("gzip", weights["*"])
    least = weights.get("identity", 0.0)
    found = [one for one in PREFERRED if weights.get(one, 0.0) > 0 and weights[one] >= least]
    for name in sorted(found, key=lambda one: -weights[one]):
        if name == "gzip" or not trigger.startswith("alb"):  # load balancers document gzip alone
            pack = _pack_of(name)
            if pack is not None:
                return name, pack
    return "identity", None


def _weight(options: list[str]) -> float:
    for one in options:
        name, _, value = one.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if 0 <= weight <= 1 else 0.0
    return 1.0


def _pack_of(name: str) -> Pack | None:
    if name not in _packs:
        _packs[name] = {"zstd": _zstd, "br": _brotli, "gzip": _gzip}[name]()
    return _packs[name]


def _gzip() -> Pack:
    import zlib

    def pack(data: bytes) -> bytes:
        packer = zlib.compressobj(6, zlib.DEFLATED, 31)
        return packer.compress(data) + packer.flush()

    return pack


def _zstd() -> Pack | None:
    """Return what packs with the standard library (from Python 3.14 on), `backports.zstd` or `zstandard`."""
    from importlib import import_module

    for name in ("compression.zstd", "backports.zstd"):
        try:
            library: Any = import_module(name)
        except ImportError:
            continue
        compress: Callable[[bytes, int], bytes] = library.compress
        return lambda data: compress(data, 3)
    try:
        zstandard: Any = import_module("zstandard")
    except ImportError:
        return None
    return lambda data: zstandard.ZstdCompressor(level=3).compress(data)


def _brotli() -> Pack | None:
    """Return what packs with `brotli` or `brotlicffi`."""
    from importlib import import_module

    for name in ("brotli", "brotlicffi"):
        try:
            library: Any = import_module(name)
        except ImportError:
            continue
        return lambda data: library.compress(data, quality=5)
    return None
