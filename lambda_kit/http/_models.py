"""Models: what pydantic, dataclasses, TypedDicts and msgspec describe, in and out."""

from __future__ import annotations

import sys

from lambda_kit._kernel import type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.http._errors import BadRequest, InvalidRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MODEL_MARKS = ("__pydantic_validator__", "__dataclass_fields__", "__total__", "__struct_fields__")


def is_model_class(annotation: Any) -> bool:
    """Return True for a model."""
    return isinstance(annotation, type) and any(hasattr(annotation, mark) for mark in _MODEL_MARKS)


def is_model(annotation: Any) -> bool:
    """Return True for a model, and for a container or a union with one."""
    if is_model_class(annotation):
        return True
    return any(is_model(one) for one in getattr(annotation, "__args__", ()) if one is not Ellipsis)


def has_struct(annotation: Any) -> bool:
    """Return True for a struct of msgspec, and for a type made of one: only where msgspec is loaded."""
    if "msgspec" not in sys.modules:
        return False
    from lambda_kit._kernel import models

    return models.has_struct(annotation)


def adapter(annotation: Any, what: str) -> Any:
    """Return pydantic's adapter of the type of a parameter or an answer: see `models.adapter`."""
    from lambda_kit._kernel import models

    return models.adapter(annotation, what, getattr(annotation, "__name__", None) or repr(annotation))


def json_reader(annotation: Any, what: str) -> Callable[[str], Any]:
    """Return the function that reads a model from JSON text. It raises BadRequest or InvalidRequest."""
    if has_struct(annotation):
        return _struct_reader(annotation, what)
    validate = adapter(annotation, what).validate_json
    from pydantic import ValidationError

    def read(text: str) -> Any:
        try:
            return validate(text)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
        if problems[0]["type"] == "json_invalid" and not problems[0]["loc"]:
            raise BadRequest("the body is not JSON")
        from lambda_kit.http._problems import of_model

        raise InvalidRequest(list(of_model(problems, text)))

    return read


def _struct_reader(annotation: Any, what: str) -> Callable[[str], Any]:
    msgspec = sys.modules["msgspec"]
    try:
        decode = msgspec.json.Decoder(annotation).decode
    except TypeError as error:
        raise ConfigurationError(f"{what} has a type that msgspec does not take: {error}") from error

    def read(text: str) -> Any:
        try:
            return decode(text)
        except msgspec.ValidationError as error:
            refused = error
        except (msgspec.DecodeError, RecursionError):
            raise BadRequest("the body is not JSON") from None
        try:
            msgspec.json.decode(text)  # it was read up to the first problem alone
        except (msgspec.DecodeError, RecursionError):
            raise BadRequest("the body is not JSON") from None
        from lambda_kit.http._problems import of_struct

        raise InvalidRequest([of_struct(refused)])

    return read


def value_reader(annotation: Any, what: str) -> Callable[[Any], Any]:
    """Return a function that makes a value of text, by pydantic. It raises ValueError, whose text is for the client."""
    validate = adapter(annotation, what).validate_strings
    from pydantic import ValidationError

    def read(value: Any) -> Any:
        try:
            return validate(value)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False)
        from lambda_kit.http._problems import Refused, words

        raise Refused(*words(problems[0]))

    return read


def json_writer(annotation: Any, what: str) -> Callable[[Any], str | bytes]:
    """Return the function that writes the value of a route as JSON, after it was validated."""
    if has_struct(annotation):
        return _struct_writer(annotation)
    model = adapter(annotation, what)
    validate, to_json = model.validate_python, model.serializer.to_json

    def write(value: Any) -> bytes:
        if type_of(value) is not annotation:
            value = validate(value)
        return to_json(value, by_alias=True, warnings="error")  # type: ignore[no-any-return]

    return write


def _struct_writer(annotation: Any) -> Callable[[Any], bytes]:
    msgspec = sys.modules["msgspec"]
    encode, convert = msgspec.json.encode, msgspec.convert
    try:
        msgspec.json.Decoder(annotation)
    except TypeError:  # such as a union of structs without tags, whose values are told apart by their classes alone
        return encode  # type: ignore[no-any-return]

    def write(value: Any) -> bytes:
        if type_of(value) is not annotation:
            value = convert(value, annotation)
        return encode(value)  # type: ignore[no-any-return]

    return write
