"""Values as JSON text and back. Reading returns exactly the value that was written, or the writing fails.

JSON's own values are written as they are, so that other libraries can read them. Other types become objects with a
member `$type`. A dict that has such a member itself, or keys that are no text, becomes a list of pairs. Instances of
subclasses of text, numbers and dicts (`HTTPStatus`, a `StrEnum`, `OrderedDict`) become the plain value that is equal to
them.
"""

from __future__ import annotations

import json

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    class Codec(Protocol):
        """Turns results into values of JSON, and back."""

        def encode(self, value: Any, /) -> Any:
            """Return the value as dicts, lists, texts, numbers, booleans and None, for `decode`."""
            ...

        def decode(self, value: Any, /) -> Any:
            """Return the value that `encode` was given."""
            ...
else:

    class Codec:
        """Turns results into values of JSON, and back; a protocol for type checkers."""


_TAG = "$type"
_SCALARS = frozenset((str, int, bool, type(None), float))
_BASES: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (int, int.__int__),
    (str, str.__str__),
    (float, float.__float__),
    (dict, dict),
)


def _writer(*, sort_keys: bool) -> Callable[[Any], str]:
    """Return a function that writes compact JSON, with a C encoder made once.

    `json.dumps`, and each `encode` of an encoder, makes a C encoder at every call. That takes longer than to write
    most values.
    """
    encoder = json.JSONEncoder(separators=(",", ":"), sort_keys=sort_keys)
    module: Any = json.encoder
    try:
        write = module.c_make_encoder(
            None, encoder.default, module.encode_basestring_ascii, None, ":", ",", sort_keys, False, True
        )
    except TypeError:  # this encoder is missing, or has other parameters
        return encoder.encode
    join = "".join
    return lambda value: join(write(value, 0))


_compact = _writer(sort_keys=False)
_sorted = _writer(sort_keys=True)


def dumps(value: Any) -> str:
    """Return a value as JSON text.

    Raises:
        TypeError: it holds a value that would not be read back as it is.
        ValueError: it contains itself.
    """
    try:
        return _compact(_encoded(value))
    except RecursionError:
        raise ValueError("it is nested too deeply, or contains itself") from None


def loads(text: str | bytes) -> Any:
    """Return a new copy of the value that `dumps` was given."""
    return _decoded(json.loads(text))


def loads_plain(text: str) -> Any:
    """Return the value of a JSON text of another library, in which `$type` means nothing."""
    return json.loads(text)


def is_tagged(text: str) -> bool:
    """Tell whether the text that `dumps` has returned has values that JSON lacks."""
    return f'"{_TAG}":' in text


def canonical(value: Any) -> str:
    """Return the same text for all values that are equal and of the same types, in any order of their keys."""
    try:
        return _sorted(_encoded(value, ordered=True))
    except RecursionError:
        raise ValueError("it is nested too deeply, or contains itself") from None


def _encoded(value: Any, *, ordered: bool = False) -> Any:
    cls: Any = type_of(value)
    if cls in _SCALARS:
        return value
    if cls is dict:
        return _encoded_dict(value, ordered=ordered)
    if cls is list:
        return [item if type(item) in _SCALARS else _encoded(item, ordered=ordered) for item in value]
    if cls is tuple:
        return {_TAG: "tuple", "items": [_encoded(item, ordered=ordered) for item in value]}
    if cls in (set, frozenset):
        items = [_encoded(item, ordered=ordered) for item in tuple(value)]  # another thread may still add to it
        return {_TAG: cls.__name__, "items": sorted(items, key=_sorted)}
    write = _writers().get(cls)
    if write is None:
        for base, plain_of in _BASES:  # not by `str()` and its like, which a class may override
            if isinstance(value, base):
                plain = plain_of(value)
                if plain == value:
                    return _encoded_dict(plain, ordered=ordered) if base is dict else plain
        raise TypeError(
            f"a {cls.__module__}.{cls.__qualname__} cannot be stored; pass codec=, or return a value of JSON, or "
            "Decimal, datetime, date, time, timedelta, UUID, bytes, tuple or set"
        )
    return {_TAG: cls.__name__, "value": write(value)}


def _encoded_dict(value: dict[Any, Any], *, ordered: bool) -> dict[str, Any]:
    value = value.copy()  # another thread may still add to it
    if _TAG not in value:
        encoded: dict[str, Any] = {}
        for key, item in value.items():
            if type(key) is not str:
                break
            encoded[key] = item if type(item) in _SCALARS else _encoded(item, ordered=ordered)
        else:
            return encoded
    pairs = [[_encoded(key, ordered=ordered), _encoded(item, ordered=ordered)] for key, item in value.items()]
    return {_TAG: "dict", "items": sorted(pairs, key=_sorted) if ordered else pairs}


def _decoded(value: Any) -> Any:
    if type_of(value) is list:
        return [_decoded(item) for item in value]
    if type_of(value) is not dict:
        return value
    members: dict[str, Any] = value
    name = members.get(_TAG)
    if name is None:
        return {key: item if type(item) in _SCALARS else _decoded(item) for key, item in members.items()}
    if name == "dict":
        return {_decoded(key): _decoded(item) for key, item in members["items"]}
    containers: dict[str, Callable[[Any], Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset}
    if name in containers:
        return containers[name](_decoded(item) for item in members["items"])
    return _readers()[name](members["value"])


_kinds: tuple[dict[Any, Callable[[Any], Any]], dict[str, Callable[[Any], Any]]] | None = None


def _made() -> tuple[dict[Any, Callable[[Any], Any]], dict[str, Callable[[Any], Any]]]:
    global _kinds
    if _kinds is None:
        from binascii import a2b_base64, b2a_base64
        from datetime import date, datetime, time, timedelta
        from decimal import Decimal
        from uuid import UUID

        def read_timedelta(parts: list[int]) -> timedelta:
            return timedelta(*parts)

        writers: dict[Any, Callable[[Any], Any]] = {
            Decimal: str,
            datetime: _write_moment,
            date: lambda value: value.isoformat(),
            time: _write_moment,
            timedelta: lambda value: [value.days, value.seconds, value.microseconds],
            UUID: str,
            bytes: lambda value: b2a_base64(value, newline=False).decode(),
        }
        readers: dict[str, Callable[[Any], Any]] = {
            "Decimal": Decimal,
            "datetime": _reader_of_moments(datetime),
            "date": date.fromisoformat,
            "time": _reader_of_moments(time),
            "timedelta": read_timedelta,
            "UUID": UUID,
            "bytes": a2b_base64,
        }
        _kinds = writers, readers
    return _kinds


def _writers() -> dict[Any, Callable[[Any], Any]]:
    return _made()[0]


def _readers() -> dict[str, Callable[[Any], Any]]:
    return _made()[1]


def _write_moment(value: Any) -> Any:
    from datetime import timezone

    zone = value.tzinfo
    key = getattr(zone, "key", None)  # the name of a zone of zoneinfo, which knows more than the offset
    if zone is not None and key is None and type_of(zone) is not timezone:
        raise TypeError(f"a time in a {type_of(zone).__name__} cannot be stored; use zoneinfo, or an offset")
    if key is None and not value.fold:
        return value.isoformat()
    bare = value.replace(fold=0) if key is None else value.replace(fold=0, tzinfo=None)
    return [bare.isoformat(), key, value.fold]


def _reader_of_moments(cls: Any) -> Callable[[Any], Any]:
    def read(text: Any) -> Any:
        if isinstance(text, str):
            return cls.fromisoformat(text)
        bare, key, fold = text
        value = cls.fromisoformat(bare).replace(fold=fold)
        if key is None:
            return value
        from zoneinfo import ZoneInfo

        return value.replace(tzinfo=ZoneInfo(key))

    return read


def storable(annotation: Any) -> bool:
    """Tell whether results of this type can be stored without a codec; True if it is not known.

    The type is a return annotation.
    """
    arguments: tuple[Any, ...] = getattr(annotation, "__args__", ())
    origin = getattr(annotation, "__origin__", None)
    if arguments and (origin is None or getattr(origin, "__module__", "") in _OPEN_MODULES):
        return all(map(storable, arguments))  # a union, or a container
    if not isinstance(annotation, type) or annotation in _SCALARS or annotation.__module__ in _OPEN_MODULES:
        return annotation not in (complex, range, bytearray, memoryview)
    if getattr(annotation, "_is_protocol", False) or getattr(annotation, "__abstractmethods__", None):
        return True
    if issubclass(annotation, tuple(base for base, _ in _BASES)):
        return True
    return annotation in _writers() or annotation in (list, tuple, set, frozenset)


_OPEN_MODULES = ("builtins", "typing", "collections.abc", "types", "typing_extensions")


def codec_of(given: Any) -> Codec | None:
    """Return the codec for the option `codec`: an object with `encode` and `decode`, or a type that pydantic knows.

    Raises:
        ConfigurationError: it is neither.
    """
    has_both = callable(getattr(given, "encode", None)) and callable(getattr(given, "decode", None))
    if given is None or (has_both and not isinstance(given, type)):
        codec: Codec | None = given
        return codec
    if has_both and given is not str:
        raise ConfigurationError(f"idempotent(codec={given.__name__}): pass a codec, not its class: {given.__name__}()")
    names = ("__origin__", "__args__", "__supertype__", "__value__")  # of generic types, NewType, type aliases
    if isinstance(given, type) or any(hasattr(given, name) for name in names):
        return _PydanticCodec(given)
    raise ConfigurationError(
        f"idempotent(codec={given!r}): pass an object with encode and decode, or a type: a pydantic model, a "
        "dataclass, a TypedDict, list[Model]"
    )


_NOTHING = object()


class _PydanticCodec:
    """A codec for a type, made by pydantic.

    Raises:
        ConfigurationError: pydantic is not installed, or cannot handle the type.
    """

    __slots__ = ("_adapter", "_type")

    def __init__(self, given: Any) -> None:
        self._type = given
        self._adapter: Any = None
        self.prepare(final=False)

    def prepare(self, *, final: bool = True) -> Any:
        """Return the adapter of pydantic.

        A type may name another one that is defined later in its module: then it is made at the first call, before the
        function runs.
        """
        if self._adapter is not None:
            return self._adapter
        name = callables.name_of(self._type)
        where = f"idempotent(codec={name})"
        from lambda_kit._kernel import models

        try:
            self._adapter = models.adapter(self._type, where, name, complete=True)
        except NameError as error:
            if final:
                raise ConfigurationError(f"{where}: {error.name} is not defined") from error
        return self._adapter

    def encode(self, value: Any) -> Any:
        # A value that pydantic serialises with a warning would not come back as it was.
        encoded = self.prepare().dump_python(value, mode="json", warnings="error", by_alias=True, round_trip=True)
        try:
            again = self.decode(encoded)
        except ValueError:
            again = _NOTHING
        if not _is_same(value, again):
            raise TypeError(
                f"a {type(value).__qualname__}, stored by the codec for {callables.name_of(self._type)}, would not be "
                "read back as it is: it is of another type, or has a field that is excluded, hidden, or read by "
                "another name"
            )
        return encoded

    def decode(self, value: Any) -> Any:
        return self.prepare().validate_json(_compact(value))  # strict models take dates as text only from JSON

    def __repr__(self) -> str:
        return f"<codec for {callables.name_of(self._type)}>"


def _is_same(one: Any, other: Any) -> bool:
    """Tell whether a value that was read equals the one that was written, also if it holds NaN, or has no `__eq__`."""
    cls: Any = type_of(one)
    if type_of(other) is not cls and not (cls in _SCALARS and type_of(other) in _SCALARS):
        return False  # 3 for 3.0 is as good
    if one == other or (one != one and other != other):  # noqa: PLR0124  # NaN
        return True
    if cls in (list, tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if cls is dict:
        return one.keys() == other.keys() and all(_is_same(item, other[key]) for key, item in one.items())
    parts = _parts(one)
    return bool(parts) and _is_same(parts, _parts(other))


def _parts(value: Any) -> dict[str, Any]:
    """Return the parts of a model or a dataclass; nothing for other objects, whose `__eq__` decides."""
    names = ("__dict__", "__pydantic_private__", "__pydantic_extra__")
    if hasattr(value, "__pydantic_fields_set__"):
        return {name: getattr(value, name, None) for name in names}
    return {name: getattr(value, name, _NOTHING) for name in getattr(value, "__dataclass_fields__", ())}
