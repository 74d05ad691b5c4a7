"""Forms of requests: URL-encoded ones, and `multipart/form-data` with files (RFC 7578)."""

from __future__ import annotations

import re

from lambda_kit.errors import ConfigurationError, EventError
from lambda_kit.http import _scalars
from lambda_kit.http._bodies import check_body
from lambda_kit.http._call import MISSING, Invalid
from lambda_kit.http._errors import BadRequest, ContentTooLarge, UnsupportedMediaType
from lambda_kit.http._upload import UploadFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.http._call import Call, Limits, Read

_URL_ENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046, section 5.1.1
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_EXTENDED_NAME = re.compile(r"; *filename\* *= *([\w-]+)'[^']*'([^;\s]+)", re.ASCII | re.IGNORECASE)
_CHARSETS = frozenset(
    (
        *("utf-8", "ascii", "utf-16", "utf-16-le", "utf-16-be", "cp1250", "cp1251", "cp1252", "koi8-r"),
        *("iso8859-1", "iso8859-2", "iso8859-5", "iso8859-15"),
        *("shift_jis", "euc_jp", "iso2022_jp", "gbk", "gb18030", "gb2312", "big5", "euc_kr"),
    )
)
"""The charsets of fields, by the names of Python. It has others that are no charsets of texts, or slow to decode."""


class FormData:
    """The content of a form.

    Attributes:
        fields: the values of each field, in their order.
        files: the files of each field, in their order.
    """

    __slots__ = ("fields", "files")

    def __init__(self) -> None:
        self.fields: dict[str, list[str]] = {}
        self.files: dict[str, list[UploadFile]] = {}


def form_of(call: Call) -> FormData:
    """Return the fields and files of a form. It is read once for a request.

    Raises:
        BadRequest: the form is malformed.
        ContentTooLarge: the form has more than the app takes.
        UnsupportedMediaType: the body is no form; or it has files, and the package `multipart` is not installed.
    """
    found: FormData | None = call.form
    if found is None:
        media_type = call.request.media_type
        if media_type == _MULTIPART and (library := _library()) is not None:
            check_body(call)
            found = call.form = _multipart(call, library)
        else:
            is_known = media_type in ("", _URL_ENCODED)
            check_body(call, (_URL_ENCODED,) if is_known or _library() is None else (_URL_ENCODED, _MULTIPART))
            found = call.form = _url_encoded(call)
    return found


def _library() -> Any:
    """Return the package `multipart`; None if it is not installed."""
    try:
        import multipart as found
    except ImportError:
        return None
    multipart: Any = found
    return multipart if hasattr(multipart, "PushMultipartParser") else None  # another package has this name too


def _url_encoded(call: Call) -> FormData:
    from lambda_kit.events._http_values import parsed_query

    found = FormData()
    try:
        text = call.request.data.decode()
        if text.count("&") >= call.limits.parts:
            raise ContentTooLarge(f"the form has more than {call.limits.parts} fields")
        found.fields = parsed_query(text)
    except (EventError, UnicodeDecodeError):
        raise BadRequest("the form cannot be decoded") from None
    return found


def _multipart(call: Call, library: Any) -> FormData:
    try:
        data = call.request.data
    except EventError:
        raise BadRequest("the body cannot be decoded") from None
    boundary = library.parse_options_header(call.request.headers.get("content-type", ""))[1].get("boundary", "")
    if _BOUNDARY.fullmatch(boundary) is None:
        raise BadRequest("the content type of the form has no boundary, or one that is not valid")
    limits = call.limits
    parser = library.PushMultipartParser(
        boundary, content_length=len(data), max_segment_count=limits.parts, strict=True, header_charset="utf8"
    )
    parts: list[tuple[Any, bytes]] = []
    try:
        segment: Any = None
        chunks: list[bytes] = []
        with parser:
            for event in parser.parse(data):
                if event is None:
                    parts.append((segment, chunks[0] if len(chunks) == 1 else b"".join(chunks)))
                elif isinstance(event, bytes | bytearray):
                    chunks.append(bytes(event))
                else:
                    segment, chunks = event, []
    except library.ParserLimitReached:
        raise ContentTooLarge(f"the form has more than {limits.parts} parts, or long headers in one") from None
    except library.MultipartError:
        raise BadRequest("the form is no valid multipart/form-data") from None
    return _sorted(parts, limits, library)


def _sorted(parts: list[tuple[Any, bytes]], limits: Limits, library: Any) -> FormData:
    found = FormData()
    count = 0
    texts: list[tuple[str, str, bytes]] = []
    for segment, data in parts:
        headers = _headers_of(segment)
        filename = _filename_of(segment.filename, headers)
        if filename is None:
            content_type = headers.get("content-type", "")
            charset = library.parse_options_header(content_type)[1].get("charset", "")
            texts.append((segment.name, charset, data))
            continue
        if not filename and not data:
            continue  # a browser sends this for a file that the user did not choose
        count += 1
        if count > limits.files:
            raise ContentTooLarge(f"the form has more than {limits.files} files")
        if limits.file is not None and len(data) > limits.file:
            raise ContentTooLarge(f"a file of the form has more than {limits.file} bytes")
        content_type = headers.get("content-type", "text/plain").lower()  # the default of RFC 7578, section 4.4
        found.files.setdefault(segment.name, []).append(UploadFile(data, _last_part(filename), content_type, headers))
    default = next((data.decode("latin-1") for name, _, data in texts if name == "_charset_"), "utf-8")
    for name, charset, data in texts:
        found.fields.setdefault(name, []).append(_text(charset or default, data))
    return found


def _headers_of(segment: Any) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in segment.headerlist:
        if name.lower() in headers:
            raise BadRequest("a part of the form has a header twice")
        headers[name.lower()] = value
    encoding = headers.get("content-transfer-encoding", "binary").strip().lower()
    if encoding not in ("binary", "8bit", "7bit"):  # RFC 7578, section 4.7
        raise BadRequest("a part of the form has a content transfer encoding")
    return headers


def _filename_of(plain: str | None, headers: dict[str, str]) -> str | None:
    """Return the name of a part's file; None if the part is a field.

    RFC 7578 forbids `filename*`. A client that sends it alone is understood; beside `filename` it is ignored.
    """
    if plain is not None:
        return plain
    match = _EXTENDED_NAME.search(_QUOTED.sub('""', headers["content-disposition"]))
    if match is None:
        return None
    from urllib.parse import unquote_to_bytes

    charset = match[1].lower()
    try:
        if charset in ("utf-8", "iso-8859-1"):  # the two charsets of RFC 5987
            return unquote_to_bytes(match[2]).decode(charset)
    except UnicodeDecodeError:
        pass
    raise BadRequest("the name of a file in the form cannot be decoded")


def _last_part(filename: str) -> str:
    name = filename.replace("\\", "/").rpartition("/")[2]
    name = "".join(one for one in name if one.isprintable()).strip()
    return "" if name in (".", "..") else name


def _text(charset: str, data: bytes) -> str:
    import codecs

    try:
        known = codecs.lookup(charset).name
    except (LookupError, ValueError):
        known = ""
    if known not in _CHARSETS:
        raise UnsupportedMediaType("the charset of a field of the form is not taken; send UTF-8")
    try:
        return data.decode(known)
    except UnicodeDecodeError:
        raise BadRequest("a field of the form is not text in its charset") from None


def file_reader(one: Any, what: str) -> Read:
    """Return the function that reads the file, or the files, for a parameter.

    Raises:
        MissingExtra: the package `multipart` is not installed.
        ConfigurationError: the type of the parameter is no file.
    """
    annotation, _ = _scalars.without_none(one.annotation)
    if annotation is not UploadFile and annotation is not bytes:
        raise ConfigurationError(
            f"{what}: {one.name!r} is a file; its type has to be UploadFile, bytes, or a list of one"
        )
    if _library() is None:
        from lambda_kit._kernel import extras

        raise extras.missing(f"the file {one.name!r} of {what}", "multipart", "multipart")
    name, default, is_list = one.alias, one.default, one.is_list
    accepted: tuple[str, ...] = one.media_types

    def read(call: Call) -> Any:
        form = form_of(call)
        files = form.files.get(name)
        if files is not None:
            if accepted:
                _check_types(files, accepted, name)
            values = files if annotation is UploadFile else [file.data for file in files]
            return values if is_list else values[-1]
        if default is not MISSING:
            return default
        if call.request.media_type == _URL_ENCODED:
            raise UnsupportedMediaType(f"the body has to be {_MULTIPART}", headers={"accept": _MULTIPART})
        detail = "it has to be a file" if name in form.fields else "it is missing"
        raise Invalid({"detail": detail, "in": "form", "name": name})

    return read


def _check_types(files: list[UploadFile], accepted: tuple[str, ...], name: str) -> None:
    for file in files:
        media_type = file.content_type.partition(";")[0].strip()
        if media_type not in accepted and media_type.partition("/")[0] + "/*" not in accepted:
            raise UnsupportedMediaType(f"the file {name!r} has to be {' or '.join(accepted)}")
