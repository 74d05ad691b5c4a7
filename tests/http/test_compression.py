"""Compression: the coding that the client likes best, of those that are installed and that the trigger passes on."""

from __future__ import annotations

import gzip
import importlib
import random
import sys
import zlib
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import HttpApp
from lambda_kit.events import HttpEvent  # noqa: TC001  # annotations of routes are evaluated
from lambda_kit.events._http_build import HTTP_TRIGGERS
from lambda_kit.http import Cors, Response, _compression, check_etag
from tests.http.clients import check_taken, every_trigger

LONG = "a" * 2000
ZSTD = ("compression.zstd", "backports.zstd", "zstandard")
BROTLI = ("brotli", "brotlicffi")


def client(trigger: Any = "http_api_2", body: Any = LONG, **options: Any) -> Any:
    app = HttpApp(compress=True, **options)
    app.get("/")(lambda: body() if callable(body) else body)
    return app.test_client(trigger)


def is_there(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def unpacked(coding: str | None, content: bytes) -> bytes:
    if coding == "gzip":
        return gzip.decompress(content)
    if coding == "zstd":
        library: Any = importlib.import_module(next(name for name in ZSTD if is_there(name)))
        return bytes(library.decompress(content))
    if coding == "br":
        return bytes(importlib.import_module("brotli").decompress(content))
    assert coding is None
    return content


CASES = [
    ("gzip", "gzip"),
    ("GZIP ; q=0.1", "gzip"),
    ("x-gzip", "gzip"),
    ("*", "gzip"),
    ("gzip;q=0, *", None),
    ("*;q=0", None),
    ("gzip;q=0", None),
    ("identity, gzip;q=0.5", None),
    ("identity;q=0.5, gzip;q=0.5", "gzip"),
    ("gzip;q=x", None),
    ("gzip;q=2", None),
    ("gzip;q=nan", None),
    ("gzip;q=-1", None),
    ("gzip;Q=0.5", "gzip"),
    ("deflate, compress", None),
    ("gzipp", None),
    (",;,", None),
    ("", None),
    ("br", "br"),
    ("zstd", "zstd"),
    ("gzip, deflate, br, zstd", "zstd"),
    ("gzip, deflate, br", "br"),
    ("br;q=1, gzip;q=0.5", "br"),
    ("zstd;q=0.1, gzip;q=0.9, br;q=0.5", "gzip"),
    ("zstd;q=0, br;q=0, gzip", "gzip"),
    ("zstd;q=0.5, identity;q=0.8, br", "br"),
]


@every_trigger
@pytest.mark.parametrize(("accepted", "coding"), CASES, ids=[accepted or "none" for accepted, _ in CASES])
def test_an_answer_is_compressed_by_what_the_client_takes(trigger: Any, accepted: str, coding: str | None) -> None:
    answer = client(trigger).get("/", headers={"Accept-Encoding": accepted})
    if trigger.startswith("alb") and coding in ("br", "zstd"):  # load balancers document gzip alone
        coding = "gzip" if "gzip" in accepted else None
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "Accept-Encoding"
    assert unpacked(coding, answer.content) == LONG.encode()
    assert (len(answer.content) < 200) is (coding is not None)
    check_taken(trigger, answer.raw)


@pytest.mark.parametrize("missing", [(*ZSTD, *BROTLI), ZSTD, BROTLI], ids=["both", "zstd", "brotli"])
def test_a_coding_without_a_library_is_left_out(missing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_compression, "_packs", {})
    for name in missing:
        monkeypatch.setitem(sys.modules, name, None)
    found = client().get("/", headers={"Accept-Encoding": "zstd, br, gzip;q=0.5"}).headers["content-encoding"]
    assert found == {ZSTD: "br", BROTLI: "zstd"}.get(missing, "gzip")


@pytest.mark.parametrize("there", [*ZSTD, *BROTLI])
def test_each_library_will_do(there: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_compression, "_packs", {})
    names, coding = (ZSTD, "zstd") if there in ZSTD else (BROTLI, "br")
    if not is_there(there):  # a library with the same functions stands for one that this Python has not
        monkeypatch.setitem(sys.modules, there.partition(".")[0], ModuleType(there.partition(".")[0]))
        monkeypatch.setitem(sys.modules, there, _library_like(there))
    for name in names:
        if name != there:
            monkeypatch.setitem(sys.modules, name, None)
    answer = client().get("/", headers={"Accept-Encoding": f"{coding}, gzip;q=0.1"})
    assert answer.headers["content-encoding"] == coding
    monkeypatch.undo()
    assert len(answer.content) < 200


def _library_like(name: str) -> ModuleType:
    """Return a module with the functions that the kit calls; it packs as zlib does."""
    made: Any = ModuleType(name)

    class ZstdCompressor:
        def __init__(self, *, level: int) -> None:
            self.level = level

        def compress(self, data: bytes) -> bytes:
            return zlib.compress(data, self.level)

    def compress(data: bytes, level: int = 3, *, quality: int = 3) -> bytes:
        return zlib.compress(data, min(level, quality))

    made.ZstdCompressor, made.compress = ZstdCompressor, compress
    return made  # type: ignore[no-any-return]


def test_no_library_is_loaded_before_a_client_takes_its_coding(monkeypatch: pytest.MonkeyPatch) -> None:
    packs: dict[str, Any] = {}
    monkeypatch.setattr(_compression, "_packs", packs)
    one = client()
    one.get("/")
    one.get("/", headers={"Accept-Encoding": "identity"})
    client(body="short").get("/", headers={"Accept-Encoding": "gzip, br, zstd"})
    assert packs == {}
    one.get("/", headers={"Accept-Encoding": "gzip"})
    assert list(packs) == ["gzip"]


@pytest.mark.parametrize(
    "response",
    [
        Response("a" * 1023),
        Response(b"a" * 2000, media_type="image/png"),
        Response(LONG, headers={"content-encoding": "br"}),
        Response(LONG, headers={"cache-control": "public, no-transform"}),
        Response(LONG, headers={"cache-control": ["public", "No-Transform"]}),
        Response(LONG, 206),
        Response(random.Random(1).randbytes(2000), media_type="text/plain"),
    ],
    ids=["short", "image", "encoded", "no-transform", "no-transform-in-list", "part", "dense"],
)
def test_what_gains_nothing_or_must_stay_is_not_compressed(response: Response) -> None:
    before = response.headers.get("content-encoding")
    answer = client(body=lambda: response).get("/", headers={"Accept-Encoding": "gzip, br, zstd"})
    assert answer.headers.get("content-encoding") == before


def test_a_compressed_answer_has_a_tag_of_its_own_no_length_and_one_vary() -> None:
    def body() -> Response:
        headers: Any = {"ETag": '"v1"', "Content-Length": "2000", "Vary": ["accept-encoding", "X-A"]}
        return Response(LONG, headers=headers)

    answer = client(body=body, cors=Cors(["https://a.example"])).get("/", headers={"Accept-Encoding": "gzip"})
    assert (answer.headers["etag"], "content-length" in answer.headers) == ('"v1-gzip"', False)
    assert answer.headers["vary"] == "accept-encoding, X-A, Origin"


def test_an_answer_that_the_client_has_varies_as_the_whole_one() -> None:
    one = client(etag=True)
    tag = one.get("/", headers={"Accept-Encoding": "gzip"}).headers["etag"]
    again = one.get("/", headers={"If-None-Match": tag})
    assert (again.status, again.headers["vary"], again.headers["etag"]) == (304, "Accept-Encoding", tag)


@every_trigger
def test_a_client_of_compressed_answers_can_change_what_it_knows(trigger: Any) -> None:
    app = HttpApp(compress=True)

    @app.get("/")
    def get() -> Any:
        return Response(LONG, headers={"ETag": '"v1"'})

    @app.put("/")
    def put(request: HttpEvent) -> Any:
        check_etag(request, '"v1"')

    one = app.test_client(trigger)
    for accepted in ("gzip", "br", "zstd", ""):
        tag = one.get("/", headers={"Accept-Encoding": accepted}).headers["etag"]
        assert one.put("/", headers={"If-Match": tag}).status == 204
    assert one.put("/", headers={"If-Match": '"v0-gzip"'}).status == 412
    assert one.put("/", headers={"If-Match": 'W/"v1"'}).status == 412


WORDS = ["gzip", "br", "zstd", "identity", "*", ";", "q=", "q=0", "q=1", "q=0.5", ",", " ", "\xe9"]


@given(st.sampled_from(HTTP_TRIGGERS), st.lists(st.sampled_from(WORDS), max_size=12))
def test_any_accepted_coding_gets_a_body_that_can_be_read(trigger: Any, words: list[str]) -> None:
    accepted = "".join(words)
    answer = client(trigger).get("/", headers={"Accept-Encoding": accepted})
    coding = answer.headers.get("content-encoding")
    assert unpacked(coding, answer.content) == LONG.encode()
    assert coding is None or coding in accepted or "*" in accepted
