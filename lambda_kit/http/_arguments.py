"""The parameters of a route: where each comes from, as its annotation says. Read when a route is first matched."""

from __future__ import annotations

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.http import _models, _scalars
from lambda_kit.http._call import MISSING, together

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WITH_BODY = ("POST", "PUT", "PATCH", "DELETE", "QUERY")
_UPLOAD = "lambda_kit.http._upload.UploadFile"


class Parameter:
    """A parameter of a function, and where its value comes from.

    Attributes:
        name: the name in the function.
        place: `"path"`, `"query"`, `"header"`, `"cookie"`, `"form"`, `"file"`, `"body"`, `"dependency"`, `"provided"`
            or `"object"`: the request, the invocation or the context.
        alias: the name in the request.
        annotation: the type, without markers.
        extra: other metadata of the annotation, such as the constraints of pydantic.
        default: the default; `MISSING` without one.
        is_list: True for a list of values.
        function: the function of a dependency; None elsewhere.
        media_types: the media types of a file that are taken; empty for all.
    """

    __slots__ = ("alias", "annotation", "default", "extra", "function", "is_list", "media_types", "name", "place")

    def __init__(self, name: str, place: str, alias: str, annotation: Any, default: Any) -> None:
        self.name = name
        self.place = place
        self.alias = alias
        self.annotation = annotation
        self.default = default
        self.extra: tuple[Any, ...] = ()
        self.is_list = False
        self.function: Any = None
        self.media_types: tuple[str, ...] = ()


def annotations_of(fn: Any, without: Any = ()) -> dict[str, Any]:
    """Return the annotations of a function; texts are evaluated, but for those of the parameters in `without`.

    Raises:
        ConfigurationError: a name in an annotation is not defined where the function is.
    """
    try:
        found: dict[str, Any] = dict(getattr(fn, "__annotations__", None) or {})
        names: dict[str, Any] = {}
        for name, value in found.items():
            if type_of(value) is str and name not in without:
                names = names or _names_of(fn)
                found[name] = eval(value, names)  # noqa: S307  # the annotation of the user's own function
    except NameError as error:
        raise ConfigurationError(
            f"an annotation of {callables.name_of(fn)} cannot be read: {error}; import or define it at the top of the "
            "module, not under TYPE_CHECKING alone, and not within a function"
        ) from None
    return found


def _names_of(fn: Any) -> dict[str, Any]:
    names = dict(getattr(fn, "__globals__", {}))
    cells = getattr(fn, "__closure__", None) or ()
    for name, cell in zip(fn.__code__.co_freevars if cells else (), cells, strict=True):
        try:
            names[name] = cell.cell_contents
        except ValueError:  # the variable is not assigned yet
            continue
    return names


def parameters_of(
    fn: Any, path_names: tuple[str, ...], provided: Any = (), methods: tuple[str, ...] = _WITH_BODY, body: Any = MISSING
) -> list[Parameter]:
    """Return the parameters of a function.

    Args:
        fn: the function.
        path_names: the names of the parameters in the path.
        provided: the names of the keywords that layers pass.
        methods: the methods of the route: those without a body do not get one.
        body: the type of the body, which the first parameter gets; `MISSING` if the annotations say it.

    Raises:
        ConfigurationError: a parameter cannot be served.
    """
    plain = callables.plain(fn)
    function = getattr(plain, "__func__", plain)
    if not hasattr(function, "__code__"):
        function = type_of(function).__call__
    if not hasattr(function, "__code__"):
        raise ConfigurationError(
            f"{callables.name_of(fn)} is not written in Python; put a function of your own around it"
        )
    code = function.__code__
    start = 1 if function is not plain else 0
    count = code.co_argcount + code.co_kwonlyargcount
    names = code.co_varnames[start:count]
    if code.co_posonlyargcount > start:
        raise ConfigurationError(
            f"{callables.name_of(fn)} has parameters that can only be passed by position; routes pass them by name"
        )
    defaults = dict(
        zip(reversed(code.co_varnames[: code.co_argcount]), reversed(function.__defaults__ or ()), strict=False)
    )
    defaults.update(function.__kwdefaults__ or {})
    annotations = annotations_of(function, {"return", *provided})
    found: list[Parameter] = []
    wrong: list[ConfigurationError] = []
    for name in names:
        annotation, default = annotations.get(name, MISSING), defaults.get(name, MISSING)
        try:
            if body is not MISSING and name == names[0]:
                found.append(_body_parameter(fn, name, annotation, default, body))
            else:
                found.append(_parameter(fn, name, annotation, default, path_names, provided))
        except ConfigurationError as error:
            wrong.append(error)
    if wrong:
        raise together(wrong)
    if body is not MISSING and not names:
        raise ConfigurationError(f"{callables.name_of(fn)} takes no parameter, and body= of http(...) is its first one")
    _check(fn, found, path_names, methods)
    return found


def _body_parameter(fn: Any, name: str, annotation: Any, default: Any, body: Any) -> Parameter:
    """Return the parameter that gets the body by `http(body=...)`."""
    own = getattr(annotation, "__origin__", annotation) if hasattr(annotation, "__metadata__") else annotation
    if own is not MISSING and own != body and type_of(own).__name__ != "_AnyMeta":
        raise ConfigurationError(
            f"the parameter {name!r} of {callables.name_of(fn)} has another type than body= of http(...), whose value "
            "it gets; leave one of them out, or make them equal"
        )
    made = Parameter(name, "body", name, body, default)
    made.extra = tuple(one for one in getattr(annotation, "__metadata__", ()) if not hasattr(one, "PLACE"))
    return made


def _parameter(
    fn: Any, name: str, annotation: Any, default: Any, path_names: tuple[str, ...], provided: Any
) -> Parameter:
    what = f"the parameter {name!r} of {callables.name_of(fn)}"
    _refuse_default(name, default, what)
    if name in provided:
        return Parameter(name, "provided", name, annotation, default)
    metadata: tuple[Any, ...] = getattr(annotation, "__metadata__", ())
    if metadata:
        annotation = annotation.__origin__
    marker = _marker_in(metadata, what)
    place, alias = _source_of(name, annotation, marker, path_names, what)
    made = Parameter(name, place, alias, str if annotation is MISSING else annotation, default)
    made.extra = tuple(one for one in metadata if one is not marker)
    if place == "dependency":
        made.function = marker.function
    elif place == "file":
        made.media_types = getattr(marker, "media_types", ())
    if place in ("path", "query", "header", "cookie", "form", "file"):
        _set_list(made)
        if made.is_list and place in ("path", "cookie"):
            raise ConfigurationError(f"{what} is a list, and a {place} has one value for a name")
    return made


def _refuse_default(name: str, default: Any, what: str) -> None:
    """Refuse a marker as a default: nothing reads it there, and a dependency that checks the client would not run."""
    _refuse_foreign(default, what)
    kind = default if isinstance(default, type) else type_of(default)
    if kind.__module__ == "lambda_kit.http._markers" or kind.__name__ == "FieldInfo":
        word = "Field" if kind.__name__ == "FieldInfo" else kind.__name__
        raise ConfigurationError(
            f"{what} has {word}(...) as its default, where nothing reads it; write {name}: "
            f"Annotated[..., {word}(...)], and the default behind it"
        )


def _refuse_foreign(one: Any, what: str) -> None:
    """Refuse a marker of a library that the function came from: it would mean nothing here."""
    kind = one if isinstance(one, type) else type_of(one)
    if kind.__module__.startswith(("fastapi.", "aws_lambda_powertools.")):
        raise ConfigurationError(
            f"{what} is marked with {kind.__module__}.{kind.__name__}; import it from lambda_kit.http"
        )


def _marker_in(metadata: tuple[Any, ...], what: str) -> Any:
    if not metadata:
        return None
    from lambda_kit.http._markers import Marker

    markers = [one for one in metadata if isinstance(one, Marker)]
    for one in metadata:
        _refuse_foreign(one, what)
        if isinstance(one, type) and issubclass(one, Marker):
            raise ConfigurationError(f"{what} is marked with the class {one.__name__}; write {one.__name__}()")
    if len(markers) > 1:
        raise ConfigurationError(f"{what} has more than one marker: {', '.join(map(repr, markers))}")
    return markers[0] if markers else None


def _source_of(name: str, annotation: Any, marker: Any, path_names: tuple[str, ...], what: str) -> tuple[str, str]:
    """Return where the value of a parameter comes from, and its name there."""
    if name in path_names:
        if marker is not None:
            raise ConfigurationError(f"{what} is marked with {marker!r}, and it is in the path")
        return "path", name
    if marker is None:
        return _place_of(annotation, what), name
    return marker.PLACE, marker.name or (name.replace("_", "-") if marker.PLACE == "header" else name)


def _set_list(made: Parameter) -> None:
    annotation, optional = _scalars.without_none(made.annotation)
    if annotation is list or getattr(annotation, "__origin__", None) is list:
        made.is_list = True
        annotation = getattr(annotation, "__args__", (str,))[0]
    if optional and made.default is MISSING:
        made.default = None
    made.annotation = annotation


def _place_of(annotation: Any, what: str) -> str:
    if annotation is MISSING:
        return "query"
    if isinstance(annotation, type) and annotation.__module__.startswith("lambda_kit."):
        name = annotation.__name__
        if name in ("HttpEvent", "Invocation", "LambdaContext", "WebSocketEvent", "Connection"):
            return "object"
    inner, _ = _scalars.without_none(annotation)
    if getattr(inner, "__origin__", None) is list:
        inner = inner.__args__[0]
        if _is_upload(inner):
            return "file"
        return "body" if _scalars.converter_of(inner) is None else "query"
    if _scalars.converter_of(inner) is not None:
        return "query"
    if _is_upload(inner):
        return "file"
    origin = getattr(inner, "__origin__", inner)
    if _models.is_model(inner) or origin in (dict, list, bytes) or type_of(inner).__name__ == "_AnyMeta":
        return "body"
    if type_of(inner).__name__ in ("UnionType", "Union", "_UnionGenericAlias"):
        return "query" if all(_scalars.converter_of(one) for one in inner.__args__) else "body"
    raise ConfigurationError(
        f"{what} is annotated with {getattr(inner, '__name__', inner)!s}, which no request holds; mark it, for example "
        "Annotated[..., Query()], or pass it with provide(...)"
    )


def _is_upload(annotation: Any) -> bool:
    return isinstance(annotation, type) and f"{annotation.__module__}.{annotation.__name__}" == _UPLOAD


def _check(fn: Any, found: list[Parameter], path_names: tuple[str, ...], methods: tuple[str, ...]) -> None:
    what = callables.name_of(fn)
    bodies = [one.name for one in found if one.place == "body"]
    if len(bodies) > 1:
        raise ConfigurationError(f"{what} takes two bodies, {bodies[0]!r} and {bodies[1]!r}; a request has one")
    forms = [one.name for one in found if one.place in ("form", "file")]
    if bodies and forms:
        raise ConfigurationError(
            f"{what} takes the body {bodies[0]!r} and {forms[0]!r} of a form: a request has one or the other"
        )
    if (bodies or forms) and not set(methods) & set(_WITH_BODY):
        raise ConfigurationError(
            f"{what} takes the body {(bodies + forms)[0]!r}, and {methods[0]} has none; mark a parameter of the query "
            "with Query()"
        )
    names = {one.name for one in found}
    if missing := [name for name in path_names if name not in names]:
        raise ConfigurationError(f"{what} does not take {missing[0]!r}, which is in its path")
