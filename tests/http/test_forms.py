"""Forms with files, by RFC 7578: what is read, what is refused, and how much is taken."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_kit import HttpApp
from lambda_kit.errors import ConfigurationError, MissingExtra
from lambda_kit.http import Depends, File, Form, UploadFile
from tests.http.clients import check_taken, every_trigger, problem

PNG = b"\x89PNG\r\n\x1a\n\x00--b\r\n"
TYPE = {"content-type": "multipart/form-data; boundary=b"}


def app_of(**options: Any) -> HttpApp:
    app = HttpApp(**options)

    @app.post("/files")
    def upload(
        title: Annotated[str, Form()] = "",
        tag: Annotated[list[str], Form()] = [],  # noqa: B006  # it is not changed
        photo: UploadFile | None = None,
        page: list[UploadFile] = [],  # noqa: B006  # as above
    ) -> Any:
        files = [*([photo] if photo else []), *page]
        return [title, tag, [(one.filename, one.content_type, one.data.hex()) for one in files]]

    return app


def part(head: str, data: bytes | str = b"x", more: str = "") -> bytes:
    body = data.encode() if isinstance(data, str) else data
    return f"--b\r\nContent-Disposition: {head}\r\n{more}\r\n".encode() + body + b"\r\n"


def sent(*parts: bytes, end: bytes = b"--b--\r\n", app: HttpApp | None = None, **options: Any) -> Any:
    client = (app or app_of()).test_client()
    return client.post("/files", content=b"".join(parts) + end, **{"headers": TYPE, **options})


@every_trigger
def test_fields_and_files_are_read_from_a_form(trigger: Any) -> None:
    files = [("photo", UploadFile(PNG, "cat.png", "image/png")), ("page", [b"one", UploadFile(b"", "two.txt")])]
    answer = app_of().test_client(trigger).post("/files", data={"title": "é", "tag": ["a", "b"]}, files=files)
    assert answer.json() == [
        "é",
        ["a", "b"],
        [
            ["cat.png", "image/png", PNG.hex()],
            ["page", "application/octet-stream", b"one".hex()],
            ["two.txt", "application/octet-stream", ""],
        ],
    ]


def size(photo: Annotated[bytes, File("image")]) -> int:
    return len(photo)


def test_a_route_may_take_the_data_alone_and_a_dependency_may_take_a_file() -> None:
    app = HttpApp()

    @app.post("/files")
    def upload(
        image: Annotated[bytes, File()], many: Annotated[list[bytes], File("image")], n: Annotated[int, Depends(size)]
    ) -> Any:
        return [image.decode(), len(many), n]

    assert app.test_client().post("/files", files=[("image", b"ab"), ("image", b"abc")]).json() == ["abc", 2, 3]


def test_the_test_client_takes_files_as_httpx_does() -> None:
    app = HttpApp()

    @app.post("/files")
    def upload(photo: UploadFile, notes: list[UploadFile]) -> Any:
        return [[one.filename, one.data.decode(), one.content_type] for one in (photo, *notes)]

    files: Any = {"photo": ("a.png", b"ab", "image/png"), "notes": [("b.txt", b"c"), b"d"]}
    assert app.test_client().post("/files", files=files).json() == [
        ["a.png", "ab", "image/png"],
        ["b.txt", "c", "application/octet-stream"],
        ["notes", "d", "application/octet-stream"],
    ]


@pytest.mark.parametrize(
    ("head", "name"),
    [
        ('form-data; name="photo"; filename="a.png"', "a.png"),
        ("form-data; name=photo; filename=a.png", "a.png"),
        ('form-data; name="photo"; filename="../../etc/passwd"', "passwd"),
        (r'form-data; name="photo"; filename="C:\\temp\\a.png"', "a.png"),
        (r'form-data; name="photo"; filename="..\\..\\a.png"', "a.png"),
        ('form-data; name="photo"; filename=".."', ""),
        ('form-data; name="photo"; filename="/"', ""),
        ('form-data; name="photo"; filename="a\tb\x01.png"', "ab.png"),
        (r'form-data; name="photo"; filename="a \"b\".png"', 'a "b".png'),
        ('form-data; name="photo"; filename="a %22b%22;c.png"', 'a "b";c.png'),
        ('form-data; name="photo"; filename="a%0D%0Ab.png"', "ab.png"),
        ('form-data; name="photo"; filename="é 😀.png"', "é 😀.png"),
        ("form-data; name=\"photo\"; filename*=UTF-8''%C3%A9%2Fb.png", "b.png"),
        ("form-data; name=\"photo\"; filename*=iso-8859-1'en'%E9.png", "é.png"),
        ('form-data; name="photo"; filename="a.png"; filename*=UTF-8\'\'b.png', "a.png"),
    ],
)
def test_the_name_of_a_file_is_its_last_part_without_control_characters(head: str, name: str) -> None:
    answer = sent(part(head))
    assert answer.json()[2] == [[name, "text/plain", "78"]]


def test_a_file_that_the_user_did_not_choose_is_none() -> None:
    assert sent(part('form-data; name="photo"; filename=""', "")).json() == ["", [], []]


def test_a_part_with_an_extended_name_in_quotes_is_a_field() -> None:
    head = 'form-data; name="title"; x="; filename*=UTF-8\'\'a"'
    assert sent(part(head)).json() == ["x", [], []]


@pytest.mark.parametrize(
    ("more", "data", "text"),
    [
        ("", "é".encode(), "é"),
        ("Content-Type: text/plain; charset=iso-8859-1\r\n", b"\xe9", "é"),
        ('Content-Type: text/plain; charset="UTF-8"\r\n', "é".encode(), "é"),
        ("Content-Transfer-Encoding: 8bit\r\n", "é".encode(), "é"),
        ("X-Other: 1\r\n", b"e", "e"),
    ],
)
def test_a_field_is_text_by_the_charset_of_its_part(more: str, data: bytes, text: str) -> None:
    assert sent(part('form-data; name="title"', data, more)).json()[0] == text


def test_a_field_is_text_by_the_charset_of_the_form_if_its_part_has_none() -> None:
    parts = [part('form-data; name="title"', b"\xe9"), part('form-data; name="_charset_"', "windows-1252")]
    assert sent(*parts).json()[0] == "é"


FIELD = 'form-data; name="title"'
MALFORMED: dict[str, tuple[list[bytes], dict[str, Any]]] = {
    "no end": ([part(FIELD)], {"end": b""}),
    "no part": ([], {"end": b"nothing"}),
    "nothing": ([], {"end": b""}),
    "no boundary": ([part(FIELD)], {"headers": {"content-type": "multipart/form-data"}}),
    "an empty boundary": ([part(FIELD)], {"headers": {"content-type": "multipart/form-data; boundary="}}),
    "a long boundary": ([part(FIELD)], {"headers": {"content-type": f"multipart/form-data; boundary={'b' * 71}"}}),
    "a boundary with a line": ([part(FIELD)], {"headers": {"content-type": 'multipart/form-data; boundary="a\tb"'}}),
    "no name": ([part("form-data")], {}),
    "no disposition": ([b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n"], {}),
    "another disposition": ([part('attachment; name="title"')], {}),
    "a header twice": ([part(FIELD, more='Content-Disposition: form-data; name="tag"\r\n')], {}),
    "no line for the data": ([b'--b\r\nContent-Disposition: form-data; name="title"\r\n'], {}),
    "a transfer encoding": ([part(FIELD, more="Content-Transfer-Encoding: base64\r\n")], {}),
    "no UTF-8": ([part(FIELD, b"\xff")], {}),
    "no UTF-8 in a header": ([b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n'], {}),
    "no UTF-8 in an extended name": ([part(FIELD + "; filename*=UTF-8''%ff")], {}),
    "an unknown charset of an extended name": ([part(FIELD + "; filename*=utf-7''a")], {}),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_form_is_400(case: str) -> None:
    parts, options = MALFORMED[case]
    answer = sent(*parts, **options)
    assert (answer.status, problem(answer)["title"]) == (400, "Bad Request")


@pytest.mark.parametrize("charset", ["idna", "unicode_escape", "zip", "nothing"])
def test_a_field_in_a_charset_that_no_client_sends_is_415(charset: str) -> None:
    assert sent(part(FIELD, more=f"Content-Type: text/plain; charset={charset}\r\n")).status == 415


FILE = 'form-data; name="page"; filename="a"'
TOO_MUCH: dict[str, tuple[dict[str, Any], list[bytes]]] = {
    "bytes": ({"max_body": 10}, [part(FIELD)]),
    "parts": ({"max_parts": 2}, [part(FIELD)] * 3),
    "files": ({"max_files": 2}, [part(FILE)] * 3),
    "bytes of a file": ({"max_file": 2}, [part(FILE, "xxx")]),
    "bytes of a header": ({}, [part(FIELD, more=f"X: {'x' * 5000}\r\n")]),
    "headers": ({}, [part(FIELD, more="".join(f"X-{i}: 1\r\n" for i in range(50)))]),
}


@pytest.mark.parametrize("case", TOO_MUCH)
def test_a_form_with_too_much_is_413(case: str) -> None:
    options, parts = TOO_MUCH[case]
    answer = sent(*parts, app=app_of(**options))
    assert problem(answer)["status"] == 413


def test_a_form_at_the_limits_is_taken() -> None:
    app = app_of(max_parts=3, max_files=2, max_file=3)
    assert sent(part(FIELD), part(FILE, "xxx"), part(FILE, "yyy"), app=app).status == 200
    assert app.test_client().post("/files", data={"tag": ["a", "b", "c"]}).status == 200
    assert app.test_client().post("/files", data={"tag": ["a", "b", "c", "d"]}).status == 413


def keep(photo: Annotated[list[UploadFile], File(media_types=["image/png", "TEXT/*"])]) -> int:
    return len(photo)


@every_trigger
@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("image/png", 200),
        ("IMAGE/PNG; a=b", 200),
        ("text/csv", 200),
        ("image/jpeg", 415),
        ("image", 415),
        ("application/text", 415),
    ],
)
def test_a_file_of_a_media_type_that_is_not_taken_is_415(trigger: Any, media_type: str, status: int) -> None:
    app = HttpApp()
    app.post("/")(keep)
    files = [("photo", UploadFile(PNG, "a.png", "image/png")), ("photo", UploadFile(PNG, "b", media_type))]
    answer = app.test_client(trigger).post("/", files=files)
    assert answer.status == status
    if status == 415:
        assert problem(answer)["detail"] == "the file 'photo' has to be image/png or text/*"


@pytest.mark.parametrize("types", ["image/png", ["png"], [""]], ids=str)
def test_media_types_that_are_none_are_refused(types: Any) -> None:
    with pytest.raises(ConfigurationError, match="media_types"):
        File(media_types=types)


@pytest.mark.parametrize("option", ["max_body", "max_parts", "max_files", "max_file"])
@pytest.mark.parametrize("value", [-1, "many", 1.5])
def test_a_limit_that_is_no_number_is_refused(option: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{option}="):
        app_of(**{option: value})


def test_a_body_that_is_no_form_is_415_and_says_what_is_taken() -> None:
    answer = app_of().test_client().post("/files", json={})
    assert (answer.status, answer.headers["accept"]) == (415, "application/x-www-form-urlencoded, multipart/form-data")


def test_a_route_that_needs_a_file_takes_no_url_encoded_form() -> None:
    app = HttpApp()

    @app.post("/files")
    def upload(photo: UploadFile) -> int:
        return photo.size

    client = app.test_client()
    answer = client.post("/files", data={"photo": "x"})
    assert (answer.status, answer.headers["accept"]) == (415, "multipart/form-data")
    assert problem(client.post("/files", files={"other": b"x"}))["errors"] == [
        {"detail": "it is missing", "in": "form", "name": "photo"}
    ]
    answer = client.post("/files", data={"photo": "x"}, files={"other": b"x"})
    assert problem(answer)["errors"] == [{"detail": "it has to be a file", "in": "form", "name": "photo"}]


def test_a_file_needs_the_package_and_the_check_of_the_app_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "multipart", None)
    with pytest.raises(MissingExtra, match=r"needs multipart.*lambda-kit-sdk\[multipart\]"):
        app_of().check()


def test_without_the_package_a_form_of_fields_is_url_encoded_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "multipart", None)
    app = HttpApp()

    @app.post("/files")
    def upload(title: Annotated[str, Form()]) -> str:
        return title

    assert app.test_client().post("/files", data={"title": "x"}).text == "x"
    answer = sent(part(FIELD), app=app)
    assert (answer.status, answer.headers["accept"]) == (415, "application/x-www-form-urlencoded")


def test_a_file_of_another_type_or_beside_a_body_is_an_error_of_the_declaration() -> None:
    def of_text(photo: Annotated[str, File()]) -> None: ...

    def with_body(photo: UploadFile, order: dict[str, str]) -> None: ...

    for fn, words in ((of_text, "UploadFile, bytes"), (with_body, "one or the other")):
        app = HttpApp()
        app.post("/")(fn)
        with pytest.raises(ConfigurationError, match=words):
            app.check()


def test_the_document_describes_files() -> None:
    body = app_of().openapi()["paths"]["/files"]["post"]["requestBody"]["content"]["multipart/form-data"]
    file = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
    assert body["schema"]["properties"]["photo"] == file
    assert body["schema"]["properties"]["page"] == {"type": "array", "items": file}


WHOLE = b"".join(
    [
        part(FIELD, "text", "Content-Type: text/plain; charset=utf-8\r\n"),
        part('form-data; name="photo"; filename="a.png"', PNG, "Content-Type: image/png\r\n"),
        part("form-data; name=page; filename*=UTF-8''b", "y"),
        b"--b--\r\n",
    ]
)
pieces = st.sampled_from(
    [
        b"",
        b"\r\n",
        b"\n",
        b"--b",
        b"--b--",
        b"\r\n--b",
        b'"',
        b"\\",
        b";",
        b"filename*=",
        b"UTF-8''%",
        b"\xff",
        b"\0",
        b":",
    ]
)


@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(WHOLE)), st.integers(0, 30), pieces | st.binary(max_size=5)), max_size=5
    ),
    boundary=st.sampled_from(["b", '"b"', "b; x", "", '"', "b\\"]) | st.text(max_size=4),
)
def test_a_mutated_form_is_answered_by_what_it_is_and_never_by_500(
    edits: list[tuple[int, int, bytes]], boundary: str
) -> None:
    body = WHOLE
    for position, count, piece in edits:
        body = body[:position] + piece + body[position + count :]
    headers = {"content-type": f"multipart/form-data; boundary={boundary}"}
    answer = app_of().test_client().post("/files", content=body, headers=headers)
    check_taken("http_api_2", answer.raw)
    assert answer.status in (200, 400, 413, 415, 422)
