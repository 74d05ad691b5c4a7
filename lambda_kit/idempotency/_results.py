"""What is stored of a run: its result, the exception that counts as one, or that there is nothing to replay."""

from __future__ import annotations

from lambda_kit.errors import ResultNotStored, ResultTooLarge
from lambda_kit.idempotency import _codec as codecs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.idempotency._codec import Codec
    from lambda_kit.idempotency._record import Record

_MARK = "$lambda_kit"
_TOO_LARGE = f'{{"{_MARK}":"too large"}}'
_NOT_STORED = f'{{"{_MARK}":"not stored"}}'
_MOST = 64 * 1024 * 1024  # bytes that a compressed result may have grown from


def write(
    value: Any, codec: Codec | None, max_bytes: int | None, key: str
) -> tuple[str | bytes, ResultNotStored | None]:
    """Return what is stored of a result, and what is wrong if that is not the result."""
    try:
        text = codecs.dumps(value if codec is None else codec.encode(value))
    except Exception as error:
        problem = ResultNotStored(
            f"the function has run under the key {key}, and its result cannot be stored: {error}; a later call with "
            "this key does not run, and reports that there is no result",
            key=key,
        )
        problem.__cause__ = error
        return _NOT_STORED, problem
    if text.startswith(f'{{"{_MARK}":'):  # a result that looks like one of the marks is marked as a result
        text = f'{{"{_MARK}":"result","value":{text}}}'
    return _fitted(text, max_bytes, key)


def _fitted(text: str, max_bytes: int | None, key: str) -> tuple[str | bytes, ResultNotStored | None]:
    if max_bytes is None or len(text) <= max_bytes:  # the text is ASCII
        return text, None
    import zlib

    compressed = zlib.compress(text.encode())
    if len(compressed) <= max_bytes and len(text) <= _MOST:
        return compressed, None
    return _TOO_LARGE, _too_large(key, f"{len(text)} bytes, {len(compressed)} compressed, and the limit is {max_bytes}")


def write_error(error: Exception, max_bytes: int | None, key: str) -> tuple[str | bytes, ResultNotStored | None]:
    """Do the same for an exception that is to be raised again."""
    made: Any = error.__reduce__()
    arguments, state = made[1], made[2] if len(made) > 2 else None
    try:
        detail = codecs.dumps([list(arguments), state])
    except (TypeError, ValueError):  # what it carries cannot be stored: its text can
        detail = codecs.dumps([[str(error)], None])
    cls = type(error)
    name = codecs.dumps(f"{cls.__module__}:{cls.__qualname__}")
    return _fitted(f'{{"{_MARK}":"error","class":{name},"value":{detail}}}', max_bytes, key)


def read(record: Record, codec: Codec | None, errors: tuple[type[Exception], ...]) -> Any:
    """Return the result that a record holds, made anew; or raise the exception that it holds.

    Raises:
        ResultNotStored: it holds neither.
    """
    stored = record.result
    if isinstance(stored, bytes):
        import zlib

        unpack = zlib.decompressobj()
        stored = unpack.decompress(stored, _MOST).decode()
    if stored is None:
        raise _not_stored(record.key)
    if not stored.startswith(f'{{"{_MARK}":'):
        value = codecs.loads(stored)
        return value if codec is None else codec.decode(value)
    content: dict[str, Any] = codecs.loads(stored)
    kind = content[_MARK]
    if kind == "result":
        return content["value"] if codec is None else codec.decode(content["value"])
    if kind == "error":
        raise _error(content, errors)
    raise _too_large(record.key, "it was not kept") if kind == "too large" else _not_stored(record.key)


def _error(content: dict[str, Any], errors: tuple[type[Exception], ...]) -> Exception:
    """Return the exception, of its class where that is still there and among those that are replayed."""
    name: str = content["class"]
    arguments: list[Any]
    state: Any
    arguments, state = content["value"]
    cls = next((one for one in _subclasses(errors) if f"{one.__module__}:{one.__qualname__}" == name), None)
    if cls is None:  # renamed since, or no longer among them
        return RuntimeError(f"an earlier call with this key failed with {name.replace(':', '.')}")
    try:
        error = cls(*arguments)
    except Exception:  # its constructor takes something else
        error = cls.__new__(cls)
        error.args = tuple(arguments)
    if state:
        error.__dict__.update(state)
    return error


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
        f"the function has run under the key {key}, and its result is too large for the store: {detail}; keep it "
        "elsewhere, and return where it is",
        key=key,
    )


def _not_stored(key: str) -> ResultNotStored:
    return ResultNotStored(f"the function has run under the key {key}, and its result was not stored", key=key)
