"""The X-Ray document of one span: its members as JSON text, within the documented limits.

See <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html>.
"""

from __future__ import annotations

import os

from lambda_kit._kernel import PACKAGE, type_of
from lambda_kit._kernel.json_text import escape, message_of
from lambda_kit.tracer._guard import text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
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
MAX_EXCEPTIONS = 16  # of one span: those recorded, their causes and members
_MAX_NAMES = 1_000  # in the cache of names
MAX_ANNOTATIONS = 50  # of a trace
_WIDEST = 6  # bytes of a character
MARKER = 100  # bytes; a shorter member is not worth cutting
MAX_ALL_FRAMES = 80  # of all exceptions of one span
_CAUSE_ROOM = 36_000  # bytes that are left for the exceptions, whatever else there is
# Characters of a message, frames of all exceptions, frames of one: the next sizes are taken if these are too much. The
# last ones always fit into the room: 16 exceptions of 350 characters, of at most 6 bytes.
_SIZES = ((MAX_MESSAGE, MAX_ALL_FRAMES, _MAX_FRAMES), (1_000, 40, 10), (300, 16, 1), (100, 0, 0))
_TEXT_FIELDS = frozenset(("operation", "account_id", "region", "request_id", "queue_url", "table_name"))  # of `aws`
_IN_NAMES = "_.:/%&#=+\\-@"  # allowed in a name, beside letters, digits and spaces

names: dict[str, str] = {}  # the JSON texts of names


def name_text(name: str) -> str:
    """Return the JSON text of a span's name, without the characters that X-Ray refuses."""
    known = names.get(name)
    if known is None:
        if len(names) >= _MAX_NAMES:  # names made from data must not fill the memory
            names.clear()
        kept = [char for char in name if char.isalnum() or char.isspace() or char in _IN_NAMES]
        plain = " ".join("".join(kept).split())[:_MAX_NAME].strip() or "span"
        known = names[name] = escape(plain)
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
            continue
        if name in _TEXT_FIELDS:
            value = text_of(value)  # noqa: PLW2901
        if type(value) is str:
            if name.endswith("url"):
                from lambda_kit._kernel.urls import without_credentials

                value = without_credentials(value)  # noqa: PLW2901
            members.append(key + escape(shortened(value)))
        else:
            members.append(key + encoder.value(value))
    return ",".join(members)


def http_text(http: dict[str, dict[str, Any]], encoder: Encoder) -> str:
    """Return the request and the response as the members of a JSON object; empty ones are left out."""
    return ",".join([f'"{name}":{{{fields_text(fields, encoder)}}}' for name, fields in http.items() if fields])


class Failure:
    """An exception that a span has recorded.

    Attributes:
        error: the exception.
        id: its id in the trace; a span around this one refers to the same exception by it.
    """

    __slots__ = ("error", "id")

    def __init__(self, error: Any, id: str) -> None:  # noqa: A002
        self.error = error
        self.id = id


def cause_text(
    failures: list[Failure],
    inner: Failure | None,
    draw_id: Callable[[], str],
    hides: Callable[[str], bool],
    taken: int = 0,
) -> str:
    """Return the `cause` of a failed span: its exceptions, each followed by its causes and group members.

    It is an id if the only exception is `inner`, which a span inside this one has sent already. Messages and stacks
    are cut as far as needed, so that all exceptions fit into a document.

    Args:
        failures: the exceptions.
        inner: what a span inside this one has sent.
        draw_id: returns an id for a cause.
        hides: tells whether the values of a name are hidden.
        taken: bytes of the document that the other members take.
    """
    if inner is not None and len(failures) == 1 and failures[0] is inner:
        return f'"{inner.id}"'
    listed = [*with_causes([(failure.error, failure.id) for failure in failures], draw_id)]
    room, text = max(LIMIT - taken - MARKER, _CAUSE_ROOM), ""
    for message, frames, own_frames in _SIZES:
        exceptions = ",".join(_exceptions(listed, hides, message, frames, own_frames))
        text = f'{{"working_directory":{escape(shortened(_directory()))},"exceptions":[{exceptions}]}}'
        if len(text) * _WIDEST <= room or len(text.encode("utf-8", "backslashreplace")) <= room:
            break
    return text


def _exceptions(
    listed: list[tuple[Any, str, str]], hides: Callable[[str], bool], message: int, frames: int, own_frames: int
) -> list[str]:
    """Return the texts of the exceptions, within these limits of their messages and of their frames."""
    parts: list[str] = []
    for error, own, cause in listed:
        text, taken = _exception_text(error, own, cause, hides, message, min(own_frames, max(frames, 1)))
        parts.append(text)
        frames -= taken
    return parts


def with_causes(
    errors: list[tuple[Any, str]], draw_id: Callable[[], str], limit: int = MAX_EXCEPTIONS
) -> Generator[tuple[Any, str, str]]:
    """Yield exceptions and their ids, each followed by its causes and group members, and the id of its cause or `""`.

    Args:
        errors: the exceptions and their ids.
        draw_id: returns an id for each exception that follows one of these.
        limit: the most exceptions that are yielded.
    """
    if len(errors) > limit:  # the last one may be what the span raised: the span around it refers to that
        errors = [*errors[: limit - 1], errors[-1]]
    waiting = errors[::-1]
    placed = {id(error) for error, _ in waiting}
    while waiting:
        error, own = waiting.pop()
        following: list[tuple[Any, str]] = []
        for other in _following(error):
            if id(other) not in placed and len(placed) < limit:
                placed.add(id(other))
                following.append((other, draw_id()))
        # X-Ray has one cause for each exception: the first one. Further members of a group stand beside it.
        yield error, own, following[0][1] if following else ""
        waiting += reversed(following)


def _following(error: Any) -> list[Any]:
    """Return the cause of an exception, if it has one, and the members of an exception group."""
    if not issubclass(type(error), BaseException):
        return []
    found = cause_of(error)
    members = _members_of(error) if issubclass(type(error), BaseExceptionGroup) else ()
    return [*([] if found is None else [found]), *members]


# Read through the descriptors of the base classes, which no subclass can override.
_cause_of, _context_of, _suppresses, traceback_of = (
    vars(BaseException)[name].__get__ for name in ("__cause__", "__context__", "__suppress_context__", "__traceback__")
)
_members_of: Callable[[Any], tuple[Any, ...]] = vars(BaseExceptionGroup)["exceptions"].__get__


def cause_of(error: BaseException) -> BaseException | None:
    """Return the exception that a traceback shows as the cause: `__cause__`, else `__context__` if it is not hidden."""
    found: BaseException | None = _cause_of(error) or (None if _suppresses(error) else _context_of(error))
    return found


def _directory() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - pathlib is not loaded for this
    except OSError:  # the directory was removed
        return ""


def _exception_text(
    error: Any, own: str, cause: str, hides: Callable[[str], bool], longest: int, limit: int
) -> tuple[str, int]:
    from lambda_kit._kernel.messages import shown

    link = f',"cause":"{cause}"}}' if cause else "}"
    try:
        kind, message = type_name(error), shown(message_of(error), hides)
    except Exception as broken:  # a metaclass may fail
        return f'{{"id":"{own}","type":"unknown","message":"[no text: {type(broken).__name__}]"{link}', 0
    text = f'{{"id":"{own}","type":{escape(shortened(kind))},"message":{escape(shortened(message, longest))}'
    frames = frames_of(error)
    if frames:
        skipped = len(frames) - limit
        frames = frames[-limit:] if limit else []  # the innermost, next to the `raise`
        stack = ",".join([_frame_text(one) for one in reversed(frames)])
        text += f',"stack":[{stack}]' + (f',"truncated":{skipped}' if skipped > 0 else "")
    return text + link, len(frames)


def type_name(error: Any) -> str:
    """Return the name of the type of an exception, with its module unless it is a built-in."""
    cls: Any = type_of(error)
    name = text_of(cls.__qualname__)
    return name if cls.__module__ == "builtins" else f"{text_of(cls.__module__)}.{name}"


def frames_of(error: Any) -> list[TracebackType]:
    """Return the frames of an exception, the outermost first, without the kit's own frames at the head."""
    frames: list[TracebackType] = []
    traceback = traceback_of(error) if issubclass(type(error), BaseException) else None
    while traceback is not None:
        frames.append(traceback)
        traceback = traceback.tb_next
    for index, frame in enumerate(frames):
        if not frame.tb_frame.f_code.co_filename.startswith(PACKAGE):
            return frames[index:]
    return frames  # raised by the kit itself


def _frame_text(traceback: TracebackType) -> str:
    code = traceback.tb_frame.f_code
    path, label = escape(shortened(code.co_filename)), escape(shortened(code.co_qualname))
    return f'{{"path":{path},"line":{traceback.tb_lineno or 0},"label":{label}}}'


def fit_document(head: str, metadata: dict[str, str], namespace: str, parts: list[str]) -> bytes:
    """Return a document within the limit: the largest members are replaced by a note of their size, but the cause.

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
        part = max([one for one in parts if not one.startswith('"cause"')], key=len, default="")
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
