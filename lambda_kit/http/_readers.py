"""The arguments of a route: the functions that read them from a request."""

from __future__ import annotations

import sys

from lambda_kit.errors import ConfigurationError
from lambda_kit.http import _models, _scalars
from lambda_kit.http._call import MISSING, Invalid
from lambda_kit.http._errors import InvalidRequest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.http._arguments import Parameter
    from lambda_kit.http._call import Call, Read

_PLAIN = (dict, list, object, bytes)


def reader_of(one: Parameter, path_names: tuple[str, ...], what: str) -> Read:
    """Return the function that reads the value of a parameter. It raises Invalid, or an HttpError."""
    if one.place == "provided":
        name = one.name
        return lambda call: call.provided[name]
    if one.place == "object":
        return _object_reader(one)
    if one.place == "body":
        from lambda_kit.http._bodies import body_reader

        return body_reader(one, what)
    if one.place == "file":
        from lambda_kit.http._forms import file_reader

        return file_reader(one, what)
    return _value_reader(one, path_names, what)


def _object_reader(one: Parameter) -> Read:
    if one.annotation.__name__ == "HttpEvent":
        return lambda call: call.request
    if one.annotation.__name__ == "LambdaContext":
        return lambda call: call.context
    if one.annotation.__name__ == "WebSocketEvent":
        return _view_of
    if one.annotation.__name__ == "Connection":
        from lambda_kit.http._connection import connection_of

        return lambda call: connection_of(call.request.raw)
    from lambda_kit.invocation import current_invocation

    return lambda _: current_invocation()


def _view_of(call: Call) -> Any:
    message: Any = call.request  # of a WebSocket API
    return message.view


def _value_reader(one: Parameter, path_names: tuple[str, ...], what: str) -> Read:
    convert = None if one.extra else _scalars.converter_of(one.annotation)
    if convert is None and getattr(one.annotation, "__origin__", one.annotation) in _PLAIN:
        raise ConfigurationError(f"{what}: {one.name!r} is no single value, and a {one.place} has texts alone")
    if convert is None:
        annotation: Any = one.annotation
        if one.extra:
            annotation = sys.modules["typing"].Annotated[(one.annotation, *one.extra)]
        convert = _models.value_reader(annotation, what)
    place, alias, default = one.place, one.alias, one.default
    if place == "path":
        return _path_reader(
            path_names.index(one.name), alias, None if one.annotation is str and not one.extra else convert
        )
    if one.is_list:
        return _list_reader(place, alias, default, convert)
    find = {"query": _in_query, "header": _in_headers, "cookie": _in_cookies, "form": _in_form}[place]

    def read(call: Call) -> Any:
        text = find(call, alias)
        if text is None:
            if default is MISSING:
                raise Invalid({"detail": "it is missing", "in": place, "name": alias})
            return default
        try:
            return convert(text)
        except ValueError as error:
            raise _refused(error, place, alias) from None

    return read


def _path_reader(position: int, name: str, convert: Any) -> Read:
    if convert is None:
        return lambda call: call.values[position]

    def read(call: Call) -> Any:
        try:
            return convert(call.values[position])
        except ValueError as error:
            raise _refused(error, "path", name) from None

    return read


def _list_reader(place: str, alias: str, default: Any, convert: Any) -> Read:
    def read(call: Call) -> Any:
        if place == "form":
            texts = _form(call).get(alias, [])
        elif place == "query":
            texts = call.request.query.all(alias)
        else:
            texts = [part.strip() for value in call.request.headers.all(alias) for part in value.split(",")]
        if not texts:
            if default is MISSING:
                raise Invalid({"detail": "it is missing", "in": place, "name": alias})
            return default
        try:
            return [convert(text) for text in texts]
        except ValueError as error:
            raise _refused(error, place, alias) from None

    return read


def _refused(error: ValueError, place: str, name: str) -> Invalid:
    from lambda_kit.http._problems import Problem

    return Invalid(Problem(str(error), getattr(error, "own", None), **{"in": place, "name": name}))


def _in_query(call: Call, name: str) -> str | None:
    return call.request.query.get(name)


def _in_headers(call: Call, name: str) -> str | None:
    return call.request.headers.get(name)


def _in_cookies(call: Call, name: str) -> str | None:
    return call.request.cookies.get(name)


def _in_form(call: Call, name: str) -> str | None:
    found = _form(call).get(name)
    return found[-1] if found else None


def _form(call: Call) -> dict[str, list[str]]:
    from lambda_kit.http._forms import form_of

    return form_of(call).fields


def read_all(call: Call, readers: list[tuple[str, Read]]) -> dict[str, Any]:
    """Return the arguments of a function by their names.

    Raises:
        InvalidRequest: some do not fit; it lists all problems.
    """
    values: dict[str, Any] = {}
    problems: list[dict[str, str]] = []
    for name, read in readers:
        try:
            values[name] = read(call)
        except Invalid as error:
            problems.append(error.problem)
        except InvalidRequest as error:
            problems += error.errors
    if problems:
        raise InvalidRequest(problems)
    return values
