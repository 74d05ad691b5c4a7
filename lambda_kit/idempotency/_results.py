"""Results as they are stored: a value, an exception that counts as one, or a mark that there is nothing to replay."""

from __future__ import annotations

from lambda_kit.errors import FailedEarlier, ResultNotStored, ResultTooLarge, UnreadableRecord
from lambda_kit.idempotency import _codec as codecs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.idempotency._codec import Codec
    from lambda_kit.idempotency._record import Record

_MARK = "$lambda_kit"
_TOO_LARGE = f'{{"{_MARK}":"too large"}}'
_NOT_STORED = f'{{"{_MARK}":"not stored"}}'
_MAX_UNPACKED = 64 * 1024 * 1024  # bytes of a result before it was compressed


def is_marked(stored: str | bytes | None) -> bool:
    """Tell whether a result is stored in a form of the kit, and not as its plain JSON text."""
    return isinstance(stored, bytes) or (
        stored is not None and (stored.startswith(f'{{"{_MARK}":') or codecs.is_tagged(stored))
    )


def is_error(stored: object) -> bool:
    """Tell whether this is the text of an exception."""
    return isinstance(stored, str) and stored.startswith(f'{{"{_MARK}":"error"')


def write(
    value: Any, codec: Codec | None, max_bytes: int | None, key: str
) -> tuple[str | bytes, ResultNotStored | None]:
    """Return the text to store for a result, and None; or a mark to store in its place, and the error to report."""
    try:
        text = codecs.dumps(value if codec is None else codec.encode(value))
    except Exception as error:
        problem = ResultNotStored(
            f"the function has run under the key {key}, and its result cannot be stored: {error}. A later call with "
            "this key does not run, and raises ResultNotStored",
            key=key,
        )
        problem.__cause__ = error
        return _NOT_STORED, problem
    if text.startswith(f'{{"{_MARK}":'):  # a result that looks like a mark
        text = f'{{"{_MARK}":"result","value":{text}}}'
    return _fitted(text, max_bytes, key)


def _fitted(text: str, max_bytes: int | None, key: str) -> tuple[str | bytes, ResultNotStored | None]:
    if max_bytes is None or len(text) <= max_bytes:  # the text is ASCII
        return text, None
    import zlib

    compressed = zlib.compress(text.encode())
    if len(compressed) <= max_bytes and len(text) <= _MAX_UNPACKED:
        return compressed, None
    return _TOO_LARGE, _too_large(key, f"{len(text)} bytes, {len(compressed)} compressed, and the limit is {max_bytes}")


def write_error(error: Exception, max_bytes: int | None, key: str) -> tuple[str | bytes, ResultNotStored | None]:
    """Do the same for an exception that is raised again on a replay."""
    from lambda_kit._kernel.json_text import message_of

    message = message_of(error)
    arguments = list(error.__reduce__()[1] if isinstance(error, OSError) else error.args)  # with the name of the file
    if not _can_be_stored(arguments):  # its message can
        arguments = [message]
    state = {name: value for name, value in vars(error).copy().items() if _can_be_stored(value)}
    names = [_name(one) for one in type(error).__mro__ if issubclass(one, Exception)]
    detail = codecs.dumps({"classes": names, "args": arguments, "state": state, "message": message})
    return _fitted(f'{{"{_MARK}":"error","value":{detail}}}', max_bytes, key)


def _can_be_stored(value: Any) -> bool:
    try:
        codecs.dumps(value)
    except Exception:
        return False
    return True


def read(record: Record, codec: Codec | None, errors: tuple[type[Exception], ...]) -> tuple[Any, Exception | None]:
    """Return a new copy of the result that a record holds, and None; or None, and the exception to raise in its place.

    Raises:
        UnreadableRecord: the record cannot be read.
    """
    try:
        return _read(record, codec, errors)
    except Exception as failure:
        raise UnreadableRecord(
            f"the result under the key {record.key} cannot be read back ({type(failure).__name__}); the function was "
            "not run. Was it written by other code, with another codec=, or before a model changed?",
            key=record.key,
        ) from failure


def _read(record: Record, codec: Codec | None, errors: tuple[type[Exception], ...]) -> tuple[Any, Exception | None]:
    stored = record.result
    if stored is None:
        return None, _not_stored(record.key)
    text: Any = stored
    if isinstance(stored, bytes):
        from lambda_kit._kernel import expansion

        text = expansion.decompress(stored, _MAX_UNPACKED).decode()
    if record.owner is None:  # another library has written it
        content = codecs.loads_plain(text)
        return content if codec is None else codec.decode(content), None
    content = codecs.loads(text)
    if not text.startswith(f'{{"{_MARK}":'):
        return content if codec is None else codec.decode(content), None
    kind = content[_MARK]
    if kind == "result":
        return content["value"] if codec is None else codec.decode(content["value"]), None
    if kind == "error":
        return None, _error(content["value"], errors, record.key)
    return None, _too_large(record.key, "it was not kept") if kind == "too large" else _not_stored(record.key)


def _error(stored: dict[str, Any], errors: tuple[type[Exception], ...], key: str) -> Exception:
    """Return the exception, of its class, or of the nearest base class that still exists and is replayed."""
    names: list[str] = stored["classes"]
    known = {_name(one): one for one in _subclasses(errors)}
    cls = next((known[name] for name in names if name in known), None)
    if cls is None:  # renamed since, or no longer among them
        return _failed_earlier(stored, key)
    try:
        error = _made_again(cls, stored["args"], stored["state"])
        str(error)
    except Exception:  # it cannot be made, or has no message, without what was not stored
        return _failed_earlier(stored, key)
    return error


def _made_again(cls: type[Exception], arguments: list[Any], state: dict[str, Any]) -> Exception:
    """Return an exception without calling its constructor, which may have other parameters and side effects."""
    error = cls.__new__(cls, *arguments)
    own: Any = next(one for one in cls.__mro__ if one.__module__ == "builtins")
    own.__init__(error, *arguments)  # OSError and some others keep more than their arguments
    vars(error).update(state)
    return error


def _failed_earlier(stored: dict[str, Any], key: str) -> FailedEarlier:
    error = FailedEarlier(
        f"an earlier call with the key {key} has failed with {stored['classes'][0].replace(':', '.')}: "
        f"{stored['message']}",
        key=key,
    )
    error.error_type = stored["classes"][0].replace(":", ".")
    error.reason = stored["message"]
    return error


def _name(cls: type[Exception]) -> str:
    """Return the full name of a class, past a metaclass that answers otherwise or raises."""
    return f"{type.__getattribute__(cls, '__module__')}:{type.__getattribute__(cls, '__qualname__')}"


def _subclasses(classes: tuple[type[Exception], ...]) -> list[type[Exception]]:
    found: dict[type[Exception], None] = {}
    waiting = list(classes)
    while waiting:
        one = waiting.pop()
        if one not in found:
            found[one] = None
            waiting += one.__subclasses__()
    return list(found)


def _too_large(key: str, detail: str) -> ResultTooLarge:
    return ResultTooLarge(
        f"the function has run under the key {key}, and its result is too large for the store: {detail}; store "
        "it elsewhere, and return its place",
        key=key,
    )


def _not_stored(key: str) -> ResultNotStored:
    return ResultNotStored(f"the function has run under the key {key}, and its result was not stored", key=key)
