"""The X-Ray document of one span: its members as JSON text, within the documented limits.

See <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>.
"""

from __future__ import annotations

import os

from lambda_kit._kernel import type_of
from lambda_kit._kernel.json_text import escape, message_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

    from lambda_kit._kernel.json_text import Encoder

LIMIT = 64_000  # bytes: the largest document that X-Ray accepts
_MAX_NAME = 200
_MAX_ANNOTATION = 1_000
_MAX_KEY = 500
_MAX_TEXT = 250  # characters of a URL, a method, a type
MAX_MESSAGE = 4_000  # characters of an exception's message; X-Ray sets no limit
_MAX_FRAMES = 30  # of one exception
_MAX_CHAIN = 8  # exceptions: one and its causes
_MAX_NAMES = 1_000  # in the cache of names
MAX_ANNOTATIONS = 50  # of a trace
MARKER = 100  # bytes; a shorter member is not worth cutting
_MAX_ALL_FRAMES = 80  # of all exceptions of one span
_IN_NAMES = "_.:/%&#=+\\-@"  # allowed in a name, beside letters, digits and spaces

_names: dict[str, str] = {}


def name_text(name: str) -> str:
    """Return the JSON text of a span's name, without the characters that X-Ray refuses."""
    known = _names.get(name)
    if known is None:
        if len(_names) >= _MAX_NAMES:  # names made from data must not fill the memory
            _names.clear()
        kept = [char for char in name if char.isalnum() or char.isspace() or char in _IN_NAMES]
        plain = " ".join("".join(kept).split())[:_MAX_NAME].strip() or "span"
        known = _names[name] = escape(plain)
    return known


def shortened(text: str, limit: int = _MAX_TEXT) -> str:
    """Return the text, cut to the limit with `…` at its end if it is longer."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def annotations_text(annotations: dict[str, Any], encoder: Encoder) -> str:
    """Return annotations as the members of a JSON object, in X-Ray's types and keys; None values are left out."""
    members: dict[str, str] = {}
    for key, value in annotations.items():
        if value is None or len(members) >= MAX_ANNOTATIONS:
            continue
        name = key if key.isascii() and key.isidentifier() and len(key) <= _MAX_KEY else _key_text(key)
        if encoder.key(key)[1]:
            members[name] = '"[redacted]"'
            continue
        text = encoder.value(value)
        if text[0] in '"{[':
            text = escape(shortened(value if type(value) is str else _unquoted(text), _MAX_ANNOTATION))
        members[name] = text
    return ",".join([f'"{name}":{text}' for name, text in members.items()])


def _key_text(key: str) -> str:
    return "".join([char if char.isascii() and char.isalnum() else "_" for char in key])[:_MAX_KEY] or "_"


def _unquoted(text: str) -> str:
    """Return the string that a JSON text holds; the text of an object or array itself."""
    if text[0] != '"':
        return text
    from json import loads

    string: str = loads(text)
    return string


def metadata_members(metadata: dict[str, Any], encoder: Encoder) -> dict[str, str]:
    """Return metadata as JSON texts: names with their colons, and values; secrets are hidden."""
    members: dict[str, str] = {}
    for name, value in metadata.items():
        key, hidden = encoder.key(name)
        members[key] = '"[redacted]"' if hidden else encoder.value(value)
    return members


def fields_text(fields: dict[str, Any], encoder: Encoder) -> str:
    """Return fields as the members of a JSON object; strings are shortened, None values left out."""
    members: list[str] = []
    for name, value in fields.items():
        if value is None:
            continue
        key, hidden = encoder.key(name)
        if hidden:
            members.append(f'{key}"[redacted]"')
        elif isinstance(value, str):
            members.append(key + escape(shortened(value)))
        else:
            members.append(key + encoder.value(value))
    return ",".join(members)


class Failure:
    """An exception that a span has recorded.

    Attributes:
        error: the exception.
        id: its id in the trace; a span around this one refers to the same exception by it.
    """

    __slots__ = ("error", "id")

    def __init__(self, error: BaseException, id: str) -> None:  # noqa: A002
        self.error = error
        self.id = id


def cause_text(errors: list[Failure], draw_id: Callable[[], str]) -> str:
    """Return the `cause` object of a failed span: its exceptions, each followed by its causes."""
    parts: list[str] = []
    seen: set[int] = set()
    frames = _MAX_ALL_FRAMES
    for failure in errors:
        error: BaseException | None = failure.error
        own = failure.id
        for _ in range(_MAX_CHAIN):
            if error is None or id(error) in seen:
                break
            seen.add(id(error))
            following = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
            members: Any = getattr(error, "exceptions", None)
            if following is None and type_of(members) is tuple and isinstance(members[0], BaseException):
                following = members[0]  # of an exception group
            cause = draw_id() if following is not None and id(following) not in seen else ""
            text, taken = _exception_text(error, own, cause, min(_MAX_FRAMES, max(frames, 1)))
            parts.append(text)
            frames -= taken
            error, own = (following, cause) if cause else (None, "")
    directory = escape(shortened(_directory()))
    return f'{{"working_directory":{directory},"exceptions":[{",".join(parts)}]}}'


def _directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - pathlib is not loaded for this
    except OSError:  # the directory was removed
        return ""


def _exception_text(error: BaseException, own: str, cause: str, limit: int) -> tuple[str, int]:
    cls = type(error)
    kind = cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
    text = (
        f'{{"id":"{own}","type":{escape(shortened(kind))},"message":{escape(shortened(message_of(error), MAX_MESSAGE))}'
    )
    frames: list[TracebackType] = []
    traceback = error.__traceback__
    while traceback is not None:
        frames.append(traceback)
        traceback = traceback.tb_next
    if frames:
        skipped = len(frames) - limit
        frames = frames[-limit:]  # the innermost, next to the `raise`
        stack = ",".join([_frame_text(one) for one in reversed(frames)])
        text += f',"stack":[{stack}]' + (f',"truncated":{skipped}' if skipped > 0 else "")
    return text + (f',"cause":"{cause}"}}' if cause else "}"), len(frames)


def _frame_text(traceback: TracebackType) -> str:
    code = traceback.tb_frame.f_code
    path, label = escape(shortened(code.co_filename)), escape(shortened(code.co_qualname))
    return f'{{"path":{path},"line":{traceback.tb_lineno or 0},"label":{label}}}'


def fit_document(head: str, metadata: dict[str, str], namespace: str, parts: list[str]) -> bytes:
    """Return a document within the limit: the largest members are replaced by a note of their size.

    Args:
        head: the required members, from the opening brace on.
        metadata: names with their colons, and values, as JSON texts.
        namespace: the namespace of the metadata, as JSON text.
        parts: the optional members.
    """
    document = _document(head, metadata, namespace, parts)
    if len(document) <= LIMIT:
        return document
    metadata, parts = dict(metadata), list(parts)
    while len(document) > LIMIT:
        name = max(metadata, key=lambda one: len(metadata[one]), default="")
        part = max(parts, key=len, default="")
        if len(metadata.get(name, "")) > max(len(part), MARKER):
            metadata[name] = f'"[cut: {len(metadata[name].encode())} bytes]"'
        elif len(part) > MARKER:
            parts.remove(part)
            metadata[f"{part.partition(':')[0]}:"] = f'"[cut: {len(part.encode())} bytes]"'
        else:  # thousands of short members
            metadata = {'"[cut]":': f'"{len(metadata)} values"'}
        document = _document(head, metadata, namespace, parts)
    return document


def _document(head: str, metadata: dict[str, str], namespace: str, parts: list[str]) -> bytes:
    if metadata:
        inner = ",".join([name + text for name, text in metadata.items()])
        parts = [*parts, f'"metadata":{{{namespace}:{{{inner}}}}}']
    return f"{','.join([head, *parts])}}}".encode("utf-8", "backslashreplace")
