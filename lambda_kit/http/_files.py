"""Answers that are files: their type, their `ETag`, conditional requests and ranges, by RFC 9110."""

from __future__ import annotations

import os
import stat
import time

from lambda_kit._kernel import type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.http._conditional import not_modified, strongly_matches, weakly_matches
from lambda_kit.http._errors import HttpError, NotFound, PreconditionFailed
from lambda_kit.http._parts import Parts
from lambda_kit.http._response import Response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from lambda_kit.events import HttpEvent

_CHUNK = 64 * 1024  # bytes of a part
_MOST_TAGS = 1_000
_ZIP_BEGINNING = 315_619_200  # 1980-01-02: archives have the day before where a build leaves the time out
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Types that Python 3.11 does not know, or knows by old names.
_TYPES = {
    ".avif": "image/avif",
    ".gz": "application/gzip",
    ".js": "text/javascript",
    ".jsonl": "application/jsonl",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".parquet": "application/vnd.apache.parquet",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
}
_ATTRIBUTE = "!#$&+-.^_`|~"  # the characters, beside letters and digits, that RFC 8187 leaves as they are
_tags: dict[tuple[str, int, int, int], str] = {}


class FileResponse(Response):
    """An answer that is a file, with its media type, `ETag`, `Last-Modified`, and ranges.

    Clients that have the file already get 304, those that ask for one range get 206 with it. A file above the limit of
    the trigger is 500 as any other answer, unless it is sent part by part. `root` keeps names that clients choose in
    one folder:

    ```python
    import pathlib, tempfile

    from lambda_kit import HttpApp
    from lambda_kit.http import FileResponse

    folder = tempfile.mkdtemp()
    pathlib.Path(folder, "price list.csv").write_text("tea,20")
    app = HttpApp()


    @app.get("/files/{name:path}")
    def get_file(name: str):
        return FileResponse(name, root=folder)


    client = app.test_client()
    answer = client.get("/files/price list.csv")
    assert answer.text == "tea,20"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    known = {"If-None-Match": answer.headers["etag"]}
    assert client.get("/files/price list.csv", headers=known).status == 304
    assert client.get("/files/..%2F..%2Fetc%2Fpasswd").status == 404
    ```

    Args:
        path: the path of the file; with `root`, below that folder.
        root: a folder that the file has to be in, links followed. Default: none; pass it whenever a client chooses the
            path.
        media_type: the content type; default: by the name of the file. Types of text get `charset=utf-8`.
        filename: the name under which a browser saves the file; default: none, which is the end of the URL.
        attachment: whether a browser saves the file instead of showing it; default False. The default of `filename` is
            then the name of the file.
        headers: further headers; an `ETag` among them is kept; default: none.

    Raises:
        NotFound: there is no such file in `root`.
        OSError: without `root`: there is no such file.
        ConfigurationError: the path, without `root`, is no file.
    """

    __slots__ = ("_length", "_path", "_size", "_start", "_stat")

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        root: str | os.PathLike[str] | None = None,
        media_type: str | None = None,
        filename: str | None = None,
        attachment: bool = False,
        headers: Mapping[str, str | list[str]] | None = None,
    ) -> None:
        self._path, self._stat = _found(os.fspath(path)) if root is None else _found_in(os.fspath(root), path)
        given = {name.lower() for name in headers or ()}
        name = os.path.basename(self._path)  # noqa: PTH119  # pathlib is not loaded for this
        if media_type is None and "content-type" not in given:
            media_type = media_type_of(name)
        super().__init__(None, headers=headers, media_type=media_type)
        if (attachment or filename is not None) and "content-disposition" not in given:
            shown = name if filename is None else filename
            self._headers["content-disposition"] = disposition("attachment" if attachment else "inline", shown)
        self._size = self._stat.st_size
        self._start, self._length = 0, self._size
        self.body = Parts(self._chunks())

    def _chunks(self) -> Iterator[bytes]:
        left = self._length
        with open(self._path, "rb", buffering=0) as file:  # noqa: PTH123  # pathlib is not loaded for this
            file.seek(self._start)
            while left > 0 and (chunk := file.read(min(left, _CHUNK))):
                left -= len(chunk)
                yield chunk

    def _resolved(self, request: HttpEvent) -> Response:
        """Return the answer to a request: the file, a part of it, or 304.

        Raises:
            PreconditionFailed: the client asks for another state of the file.
            HttpError: 416: the range is not in the file.
        """
        headers = self._headers
        headers.setdefault("accept-ranges", "bytes")
        tag = headers.setdefault("etag", _tag_of(self._path, self._stat))
        modified = None
        if self._stat.st_mtime >= _ZIP_BEGINNING:
            modified = int(self._stat.st_mtime)
            headers.setdefault("last-modified", http_date(modified))
        if type_of(tag) is not str or self.status != 200:
            return self
        _check_preconditions(request, tag, modified)
        if request.method not in ("GET", "HEAD"):
            return self
        if _is_known(request, tag, modified):
            return not_modified(self, request.headers.get("if-none-match") or "")
        if request.method == "GET" and _wants_range(request, tag, headers.get("last-modified")):
            self._select(request.headers.get("range") or "")
        return self

    def _select(self, text: str) -> None:
        """Make the answer one of a range, if the text is one single range."""
        unit, _, wanted = text.partition("=")
        first, dash, last = wanted.strip().partition("-")
        first, last = first.strip(), last.strip()
        numbers = [one for one in (first, last) if one]
        if unit.strip().lower() != "bytes" or not dash or not numbers or not all(map(_is_number, numbers)):
            return  # it is malformed, or several ranges: the whole file is an answer too (section 14.2)
        size = self._size
        if first:
            start, end = int(first), min(int(last), size - 1) if last else size - 1
            if last and int(last) < start:
                return
        else:
            start, end = max(size - int(last), 0), size - 1
        if start >= size or start > end:
            raise HttpError(416, headers={"content-range": f"bytes */{size}", "accept-ranges": "bytes"})
        self._start, self._length = start, end - start + 1
        self.status = 206
        self._headers["content-range"] = f"bytes {start}-{end}/{size}"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20


def _found(path: str) -> tuple[str, os.stat_result]:
    found = os.stat(path)  # noqa: PTH116
    if not stat.S_ISREG(found.st_mode):
        raise ConfigurationError(f"FileResponse({path!r}) is no file; pass the path of a file")
    return path, found


def _found_in(root: str, path: Any) -> tuple[str, os.stat_result]:
    """Return the real path of a file within a folder, whatever a client has put into the path."""
    base = os.path.realpath(root)
    try:
        real = os.path.realpath(os.path.join(base, path))  # noqa: PTH118
        if os.path.commonpath((base, real)) != base:
            raise NotFound
        found = os.stat(real)  # noqa: PTH116
    except (OSError, ValueError):  # no such file, a name that is too long, NUL
        raise NotFound from None
    if not stat.S_ISREG(found.st_mode):
        raise NotFound
    return real, found


def media_type_of(name: str) -> str:
    """Return the media type of a file by its name, the same on every machine."""
    end = os.path.splitext(name)[1].lower()  # noqa: PTH122
    found = _TYPES.get(end)
    if found is None:
        import mimetypes

        guessed, encoding = mimetypes.MimeTypes(()).guess_type(f"name{end}")
        found = guessed if guessed is not None and encoding is None else "application/octet-stream"
    return found


def _tag_of(path: str, found: os.stat_result) -> str:
    """Return the `ETag` of the content: the times of files in packages are often the same in all versions."""
    key = (path, found.st_mtime_ns, found.st_size, found.st_ino)
    tag = _tags.get(key)
    if tag is None:
        import hashlib

        with open(path, "rb", buffering=0) as file:  # noqa: PTH123
            digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=12))
        if len(_tags) >= _MOST_TAGS:
            _tags.clear()
        tag = _tags[key] = f'"{digest.hexdigest()}"'
    return tag


def http_date(seconds: int) -> str:
    """Return a time in the form of RFC 9110, section 5.6.7."""
    at = time.gmtime(seconds)
    return (
        f"{_DAYS[at.tm_wday]}, {at.tm_mday:02d} {_MONTHS[at.tm_mon - 1]} {at.tm_year} "
        f"{at.tm_hour:02d}:{at.tm_min:02d}:{at.tm_sec:02d} GMT"
    )


def _seconds_of(text: str | None) -> int | None:
    """Return the time of a date in one of the three forms of RFC 9110; None if it is none of them."""
    if text is None:
        return None
    from calendar import timegm
    from email.utils import parsedate

    try:
        found = parsedate(text)
        return None if found is None else timegm(found)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _check_preconditions(request: HttpEvent, tag: str, modified: int | None) -> None:
    """Refuse a request for another state of the file (section 13.2.2, steps 1 and 2)."""
    wanted = request.headers.get("if-match")
    if wanted is not None:
        if not strongly_matches(wanted, tag):
            raise PreconditionFailed("the file has changed")
        return
    limit = _seconds_of(request.headers.get("if-unmodified-since"))
    if limit is not None and modified is not None and modified > limit:
        raise PreconditionFailed("the file has changed")


def _is_known(request: HttpEvent, tag: str, modified: int | None) -> bool:
    """Return True if the client has the file already (steps 3 and 4)."""
    known = request.headers.get("if-none-match")
    if known is not None:
        return weakly_matches(known, tag)
    since = _seconds_of(request.headers.get("if-modified-since"))
    return since is not None and modified is not None and modified <= since


def _wants_range(request: HttpEvent, tag: str, modified: Any) -> bool:
    """Return True if a range of this state of the file is asked for (section 13.1.5)."""
    if "range" not in request.headers:
        return False
    condition = request.headers.get("if-range")
    if condition is None:
        return True
    condition = condition.strip()
    # A tag of a compressed body does not match here: the range of a compressed body is another one.
    return condition in (tag, modified) and not condition.startswith("W/")


def disposition(kind: str, filename: str) -> str:
    """Return a `Content-Disposition` by RFC 6266: the name in ASCII, and as RFC 8187 has it if that is another one."""
    name = "".join(["_" if one in "/\\" or not one.isprintable() else one for one in filename]).strip() or "file"
    plain = "".join([one if " " <= one < "\x7f" and one not in '"%' else "_" for one in name])
    if plain == name:
        return f'{kind}; filename="{name}"'
    from urllib.parse import quote

    encoded = quote(name, safe=_ATTRIBUTE, errors="replace")
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
