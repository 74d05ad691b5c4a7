"""Answers that are files: their headers, conditional requests, ranges, and names that clients choose."""

from __future__ import annotations

import os
import re
from pathlib import Path  # noqa: TC003  # annotations of routes are evaluated
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import HttpApp
from lambda_kit.errors import ConfigurationError
from lambda_kit.http import FileResponse
from tests.http.clients import check_taken, every_trigger, problem
from tests.http.streaming import FakeClient, call, every_streaming, sending

MTIME = 1_700_000_000
MODIFIED = "Tue, 14 Nov 2023 22:13:20 GMT"
DIGITS = b"0123456789"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "in").mkdir(parents=True)
    for name, content in (("ten.txt", DIGITS), ("in/a b.csv", b"a,b"), ("empty.bin", b"")):
        (root / name).write_bytes(content)
        os.utime(root / name, (MTIME, MTIME))
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "root2").mkdir()
    (tmp_path / "root2" / "secret.txt").write_text("secret")
    (root / "link").symlink_to(tmp_path / "secret.txt")
    (root / "inner").symlink_to(root / "ten.txt")
    return root


def files(folder: Path, trigger: Any = "http_api_2", app: HttpApp | None = None, **options: Any) -> Any:
    app = app or HttpApp()

    def route(name: str) -> Any:
        return FileResponse(name, root=folder, **options)

    app.get("/{name:path}")(route)
    app.post("/{name:path}")(route)
    return app.test_client(trigger)


@every_trigger
def test_a_file_has_its_type_its_tag_and_its_time(trigger: Any, folder: Path) -> None:
    client = files(folder, trigger)
    answer = client.get("/ten.txt")
    assert (answer.status, answer.content) == (200, DIGITS)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["last-modified"] == MODIFIED
    assert answer.headers["accept-ranges"] == "bytes"
    assert re.fullmatch('"[0-9a-f]{24}"', answer.headers["etag"])
    assert client.get("/in/a%20b.csv").text == "a,b"
    assert client.get("/empty.bin").content == b""
    assert client.get("/inner").content == DIGITS
    head = client.head("/ten.txt")
    assert (head.status, head.content, head.headers) == (200, b"", answer.headers)
    check_taken(trigger, answer.raw)


@every_trigger
@pytest.mark.parametrize(
    "name",
    [
        *("..%2Fsecret.txt", "in%2F..%2F..%2Fsecret.txt", "%2E%2E/secret.txt", "..", "../root2/secret.txt"),
        *("%2Fetc%2Fpasswd", "link", "in", "none.txt", "ten.txt/x", "a" * 300, "%00", "ten.txt%00.csv", "..%5Csecret"),
    ],
)
def test_a_name_never_leaves_its_root(trigger: Any, name: str, folder: Path) -> None:
    answer = files(folder, trigger).get(f"/{name}")
    assert (answer.status, "secret" in answer.text) == (404, False)


PARTS = ["..", ".", "in", "ten.txt", "secret.txt", "root2", "", "~", "\0", "link"]


@given(st.lists(st.sampled_from(PARTS), max_size=6))
def test_any_name_is_a_file_of_the_root_or_404(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    base = tmp_path_factory.getbasetemp() / "files"
    if not base.exists():
        (base / "root" / "in").mkdir(parents=True)
        (base / "root2").mkdir()
        for one in ("root/ten.txt", "root/in/ten.txt", "secret.txt", "root2/secret.txt"):
            (base / one).write_text(one)
    answer = files(base / "root").get("/" + "%2F".join(parts).replace("\0", "%00"))
    assert (answer.status == 404) or (answer.status, answer.text[:5]) == (200, "root/")


def test_a_path_of_the_program_has_to_be_a_file(folder: Path) -> None:
    assert FileResponse(folder / "ten.txt").headers["content-type"] == "text/plain; charset=utf-8"
    with pytest.raises(FileNotFoundError):
        FileResponse(folder / "none.txt")
    with pytest.raises(ConfigurationError, match="is no file"):
        FileResponse(folder)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("a.html", "text/html; charset=utf-8"),
        ("a.JSON", "application/json"),
        ("a.js", "text/javascript; charset=utf-8"),
        ("a.css", "text/css; charset=utf-8"),
        ("a.png", "image/png"),
        ("a.svg", "image/svg+xml"),
        ("a.woff2", "font/woff2"),
        ("a.webp", "image/webp"),
        ("a.wasm", "application/wasm"),
        ("a.pdf", "application/pdf"),
        ("a.tar.gz", "application/gzip"),
        ("a.svgz", "application/octet-stream"),
        ("a.unknown", "application/octet-stream"),
        ("README", "application/octet-stream"),
    ],
)
def test_the_type_is_that_of_the_name(name: str, media_type: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"x")
    assert FileResponse(name, root=tmp_path).headers["content-type"] == media_type


def test_given_headers_are_kept(folder: Path) -> None:
    headers = {"ETag": '"v1"', "Content-Type": "text/x", "Content-Disposition": "inline", "Cache-Control": "max-age=5"}
    answer = files(folder, headers=headers, attachment=True).get("/ten.txt")
    assert {name.lower(): value for name, value in headers.items()}.items() <= answer.headers.items()
    typed = files(folder, media_type="text/markdown").get("/ten.txt")
    assert typed.headers["content-type"] == "text/markdown; charset=utf-8"


def test_a_time_that_a_build_has_left_out_is_not_told(folder: Path) -> None:
    os.utime(folder / "ten.txt", (315_532_800, 315_532_800))
    answer = files(folder).get("/ten.txt", headers={"If-Modified-Since": MODIFIED})
    assert (answer.status, "last-modified" in answer.headers) == (200, False)


def test_the_tag_is_that_of_the_content(folder: Path) -> None:
    client = files(folder)
    before = client.get("/ten.txt").headers["etag"]
    (folder / "same.txt").write_bytes(DIGITS)
    assert client.get("/same.txt").headers["etag"] == before
    (folder / "same.txt").write_bytes(b"9876543210")
    os.utime(folder / "same.txt", (MTIME + 5, MTIME + 5))
    assert client.get("/same.txt").headers["etag"] != before


@every_trigger
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": "TAG"}, 304),
        ({"If-None-Match": 'W/TAG, "x"'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"x"'}, 200),
        ({"If-None-Match": '"x"', "If-Modified-Since": MODIFIED}, 200),
        ({"If-Modified-Since": MODIFIED}, 304),
        ({"If-Modified-Since": "Tuesday, 14-Nov-23 22:13:20 GMT"}, 304),
        ({"If-Modified-Since": "Tue Nov 14 22:13:20 2023"}, 304),
        ({"If-Modified-Since": "Tue, 14 Nov 2023 22:13:19 GMT"}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({"If-Modified-Since": "Tue, 99 Nov 99999 22:13:19 GMT"}, 200),
        ({"If-Match": "TAG"}, 200),
        ({"If-Match": "*"}, 200),
        ({"If-Match": '"x", TAG', "If-None-Match": "TAG"}, 304),
        ({"If-Match": '"x"'}, 412),
        ({"If-Match": "W/TAG"}, 412),
        ({"If-Match": "TAG", "If-Unmodified-Since": "Tue, 14 Nov 2023 22:13:19 GMT"}, 200),
        ({"If-Unmodified-Since": MODIFIED}, 200),
        ({"If-Unmodified-Since": "Tue, 14 Nov 2023 22:13:19 GMT"}, 412),
    ],
    ids=str,
)
def test_conditions_are_those_of_the_standard(trigger: Any, headers: Any, status: int, folder: Path) -> None:
    client = files(folder, trigger)
    tag = client.get("/ten.txt").headers["etag"]
    answer = client.get("/ten.txt", headers={name: value.replace("TAG", tag) for name, value in headers.items()})
    assert answer.status == status
    if status == 304:
        assert (answer.content, answer.headers["etag"], "content-type" in answer.headers) == (b"", tag, False)
    if status == 412:
        assert problem(answer)["detail"] == "the file has changed"
    check_taken(trigger, answer.raw)


@every_trigger
@pytest.mark.parametrize(
    ("wanted", "status", "part", "content"),
    [
        ("bytes=0-3", 206, "0-3", b"0123"),
        ("bytes=8-", 206, "8-9", b"89"),
        ("bytes=-3", 206, "7-9", b"789"),
        ("bytes=-30", 206, "0-9", DIGITS),
        ("bytes=5-100", 206, "5-9", b"56789"),
        ("Bytes = 9-9", 206, "9-9", b"9"),
        ("bytes=10-", 416, "*", None),
        ("bytes=-0", 416, "*", None),
        ("bytes=3-2", 200, None, DIGITS),
        ("bytes=0-1,3-4", 200, None, DIGITS),
        ("bytes=a-b", 200, None, DIGITS),
        ("bytes=-", 200, None, DIGITS),
        ("bytes=\u0661-", 200, None, DIGITS),
        ("bytes=" + "9" * 5000 + "-", 200, None, DIGITS),
        ("items=0-3", 200, None, DIGITS),
        ("", 200, None, DIGITS),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_one_range_of_a_file_is_206(
    trigger: Any, wanted: str, status: int, part: str | None, content: Any, folder: Path
) -> None:
    client = files(folder, trigger, HttpApp(etag=True, compress=True))
    answer = client.get("/ten.txt", headers={"Range": wanted, "Accept-Encoding": "gzip"})
    assert answer.status == status
    assert answer.headers.get("content-range") == (None if part is None else f"bytes {part}/10")
    if content is not None:
        assert answer.content == content
    assert client.head("/ten.txt", headers={"Range": wanted}).status == 200
    assert client.post("/ten.txt", headers={"Range": wanted}).status == 200
    check_taken(trigger, answer.raw)


def test_a_range_is_that_of_the_state_that_the_client_has_begun_with(folder: Path) -> None:
    client = files(folder)
    tag = client.get("/ten.txt").headers["etag"]

    def status(condition: str, **more: str) -> int:
        return int(client.get("/ten.txt", headers={"Range": "bytes=0-1", "If-Range": condition, **more}).status)

    assert [status(one) for one in (tag, MODIFIED, f" {tag} ")] == [206] * 3
    assert [status(one) for one in (f"W/{tag}", '"x"', "Tue, 14 Nov 2023 22:13:21 GMT", "x")] == [200] * 4
    assert client.get("/empty.bin", headers={"Range": "bytes=0-"}).status == 416
    assert client.get("/ten.txt", headers={"Range": "bytes=0-1", "If-None-Match": tag}).status == 304


@given(st.integers(0, 12), st.none() | st.integers(0, 12), st.binary(max_size=10))
def test_any_range_is_that_part_of_the_file(
    tmp_path_factory: pytest.TempPathFactory, first: int, last: int | None, content: bytes
) -> None:
    base = tmp_path_factory.getbasetemp()
    (base / "range.bin").write_bytes(content)
    answer = files(base).get("/range.bin", headers={"Range": f"bytes={first}-{'' if last is None else last}"})
    if last is not None and last < first:
        assert (answer.status, answer.content) == (200, content)
    elif first >= len(content):
        assert answer.status == 416
    else:
        assert (answer.status, answer.content) == (206, content[first : None if last is None else last + 1])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, None),
        ({"attachment": True}, 'attachment; filename="ten.txt"'),
        ({"filename": "list.txt"}, 'inline; filename="list.txt"'),
        ({"filename": "a b (1).txt", "attachment": True}, 'attachment; filename="a b (1).txt"'),
        ({"filename": "Preis €.txt"}, "inline; filename=\"Preis _.txt\"; filename*=UTF-8''Preis%20%E2%82%AC.txt"),
        ({"filename": 'a"b\\c.txt'}, "inline; filename=\"a_b_c.txt\"; filename*=UTF-8''a%22b_c.txt"),
        ({"filename": "100%.txt"}, "inline; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"),
        ({"filename": "../a\r\nX: b"}, 'inline; filename=".._a__X: b"'),
        ({"filename": " "}, 'inline; filename="file"'),
        ({"filename": "\ud800"}, 'inline; filename="_"'),
    ],
    ids=repr,
)
def test_the_name_for_browsers_is_told_by_the_standard(options: Any, expected: str | None, folder: Path) -> None:
    answer = files(folder, **options).get("/ten.txt")
    assert answer.headers.get("content-disposition") == expected


@given(st.text())
def test_any_name_for_browsers_is_a_header_that_can_be_sent(name: str) -> None:
    value = FileResponse(__file__, filename=name).headers["content-disposition"]
    assert value.isascii()
    assert value.isprintable()
    found = re.fullmatch(r'inline; filename="([^"\\%]*)"(?:; filename\*=UTF-8\'\'([A-Za-z0-9!#$&+.^_`|~%-]+))?', value)
    assert found is not None
    expected = "".join("_" if one in "/\\" or not one.isprintable() else one for one in name).strip() or "file"
    assert (found[1] if found[2] is None else unquote(found[2])) == expected


@every_trigger
def test_a_file_above_the_limit_is_500_and_its_ranges_are_not(
    trigger: Any, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    most = 1_000_000 if trigger.startswith("alb") else 6 * 1024 * 1024
    with (folder / "large.bin").open("wb") as file:
        file.truncate(most + 1)
    client = files(folder, trigger)
    assert client.get("/large.bin").status == 500
    assert f"more than {most} bytes" in caplog.text
    assert client.get("/large.bin", headers={"Range": "bytes=0-99"}).content == bytes(100)


@every_streaming
def test_a_file_is_sent_part_by_part_where_the_client_can(trigger: Any, folder: Path) -> None:
    size = 7 * 1024 * 1024
    with (folder / "large.bin").open("wb") as file:
        file.truncate(size)

    def route(range: str = "") -> Any:
        return FileResponse("large.bin", root=folder)

    app = HttpApp(compress=True)
    app.get("/")(route)
    with sending(FakeClient()) as sent:
        call(app, trigger)
        call(app, trigger, headers=[("range", "bytes=5-9")])
    assert sum(map(len, sent.parts)) == size + 5
    assert max(map(len, sent.parts)) <= 64 * 1024
    assert [one["statusCode"] for one in sent.preludes] == [200, 206]
    assert sent.preludes[1]["headers"]["content-range"] == f"bytes 5-9/{size}"
