"""The responses of an operation of an OpenAPI document: what the route returns, and the problems that it may tell."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.http import _errors
from lambda_kit.http._arguments import annotations_of
from lambda_kit.http._call import MISSING
from lambda_kit.http._errors import REASONS, HttpError
from lambda_kit.http._response import Redirect
from lambda_kit.http._returns import is_response, is_union, status_and_value, without_responses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.http._arguments import Parameter
    from lambda_kit.http._openapi_facts import Facts, Wanted
    from lambda_kit.http._openapi_schemas import Schemas
    from lambda_kit.http._route import Route

_HEADERS = {  # of answers, by their status: those that the kit always sends
    401: ("WWW-Authenticate", "How to authenticate."),
    403: ("WWW-Authenticate", "The scopes that are needed."),
    405: ("Allow", "The methods of the path."),
}
_STREAMS = {"EventStream": "text/event-stream", "JsonLines": "application/jsonl"}
_TEXTS = {304: "The client has the answer already."}
_LOCATION = {"Location": {"description": "Where to go.", "schema": {"type": "string", "format": "uri-reference"}}}
_ETAG = {"ETag": {"description": "The version of the answer, for If-None-Match.", "schema": {"type": "string"}}}


class Answers:
    """The responses of a route."""

    def __init__(self, facts: Facts, schemas: Schemas, route: Route, wanted: Wanted) -> None:
        self._facts = facts
        self._schemas = schemas
        self._route = route
        self._wanted = wanted
        from lambda_kit._kernel import callables

        self._what = callables.name_of(route.function)

    def of(self, function: Any, provided: frozenset[str], method: str) -> dict[str, Any]:
        """Return the responses, by their status, for one method."""
        found = self._successes(annotations_of(function, provided).get("return", MISSING))
        if self._facts.etag and method == "GET" and 200 in found:
            found[200]["headers"] = _ETAG
            found[304] = {"description": _TEXTS[304], "headers": _ETAG}
        for status, text in self._problems().items():
            found.setdefault(status, self._problem(status, text))
        self._merge(found)
        return {str(status): found[status] for status in sorted(found)}

    def _successes(self, returned: Any) -> dict[int, dict[str, Any]]:
        own = self._route.status
        members: list[Any] = []
        named: dict[int, list[Any]] = {}  # members of the annotation by the statuses that they name
        for member in _members(returned):
            statuses, value = status_and_value(member)
            for one in statuses:
                named.setdefault(one, []).append(value)
            if not statuses:
                members.append(value)
        if Redirect in members:
            found = {own or 303: {"description": REASONS.get(own or 303, "Redirect"), "headers": _LOCATION}}
            if members == [Redirect]:
                return found
        else:
            found = {}
        said: str | None = self._wanted.texts[0].returns
        status = own or (204 if returned is None else 200)
        if members or not named:
            named[status] = named.get(status, []) + members
        elif said:
            status = min(named)
        for one, values in named.items():
            text = (said if one == status else None) or REASONS.get(one, "Success")
            content = self._content(values)
            found[one] = {"description": text, "content": content} if content else {"description": text}
        if own is None and type(None) in members and len(members) > 1:
            found[204] = {"description": REASONS[204]}
        return found

    def _content(self, members: list[Any]) -> dict[str, Any]:
        """Return the content of an answer by its media types; `{}` if only the value tells."""
        found: dict[str, Any] = {}
        models: list[Any] = []
        for member in members:
            one = member if is_response(member) else without_responses(member)
            part = _part_of(one)
            kind = _media_type_of(part)
            if kind is not None:
                found[kind] = {"schema": {} if part is bytes else {"type": "string"}}
            elif _is_open(part) or part is not one:
                return {}
            elif one is not None and one is not type(None) and not is_response(one):
                models.append(one)
        if models:
            whole = models[0]
            for one in models[1:]:
                whole = whole | one
            media: dict[str, Any] = {}
            self._schemas.put(media, "schema", whole, "serialization", self._what)
            found["application/json"] = media
        return found

    def _problems(self) -> dict[int, str]:
        """Return the statuses of problems, with what docstrings say of them."""
        wanted = self._wanted
        places = {one.place for one in wanted.parameters}
        has_body = bool(places & {"body", "form", "file"})
        told = {
            400: has_body,
            401: bool(wanted.schemes),
            403: any(wanted.schemes.values()),
            413: (has_body and self._facts.limits_bodies) or "file" in places,
            415: has_body,
            422: any(_is_checked(one) for one in wanted.parameters),
            503: wanted.fetches_keys,
            **dict.fromkeys(_of_layers(self._route), True),
        }
        found = {status: "" for status, is_told in told.items() if is_told}
        for text, function in zip(wanted.texts, wanted.functions, strict=True):
            for name, said in text.raises.items():
                status = _status_of(name, function)
                if status is not None:
                    found[status] = " ".join([one for one in (found.get(status), _sentence(said)) if one])
        return found

    def _problem(self, status: int, text: str) -> dict[str, Any]:
        answer: dict[str, Any] = {
            "description": text or REASONS.get(status, "Error"),
            "content": {"application/problem+json": {"schema": self._schemas.problem}},
        }
        if status in _HEADERS:
            name, said = _HEADERS[status]
            answer["headers"] = {name: {"description": said, "schema": {"type": "string"}}}
        return answer

    def _merge(self, found: dict[int, dict[str, Any]]) -> None:
        """Add what the declaration says of responses: a text, a type, or the fields of OpenAPI."""
        given = self._route.documented.get("responses", {})
        for status, said in given.items():
            if type_of(status) is not int or not 200 <= status <= 599:
                raise ConfigurationError(
                    f"{self._what}: responses={{{status!r}: ...}}: the keys are statuses, 200 to 599"
                )
            answer = found.setdefault(
                status, self._problem(status, "") if status >= 400 else {"description": REASONS.get(status, "Success")}
            )
            if isinstance(said, str):
                answer["description"] = said
            elif type_of(said) is dict:
                answer.update(said)
            else:
                answer["content"] = self._content(_members(said))


def _part_of(annotation: Any) -> Any:
    """Return the type of the parts of an iterator; other types as they are."""
    origin: Any = getattr(annotation, "__origin__", annotation)
    if hasattr(origin, "__next__") or hasattr(origin, "__anext__"):
        return (getattr(annotation, "__args__", ()) or (object,))[0]
    return annotation


def _media_type_of(annotation: Any) -> str | None:
    """Return the media type of a type that is sent as it is; None for others."""
    if annotation is str:
        return "text/plain"
    if annotation is bytes:
        return "application/octet-stream"
    return _STREAMS.get(annotation.__name__) if is_response(annotation) else None


def _is_open(annotation: Any) -> bool:
    return annotation is object or type_of(annotation).__name__ == "_AnyMeta"


def _members(annotation: Any) -> list[Any]:
    if annotation is None:
        return [type(None)]
    if is_union(annotation):
        return list(annotation.__args__)
    return [] if annotation is MISSING else [annotation]


def _is_checked(one: Parameter) -> bool:
    """Return True if a value may be refused with 422: it has a type or constraints, or may not be missing."""
    if one.place == "body":
        return one.annotation is not str and one.annotation is not bytes
    return one.annotation is not str or bool(one.extra) or (one.default is MISSING and one.place != "path")


def _of_layers(route: Route) -> tuple[int, ...]:
    """Return the statuses of errors of idempotent routes."""
    found: list[int] = []
    for layer in route.layers:
        if getattr(layer, "key", None) is not None:
            found.append(409)
            found += [400] if getattr(layer, "needs_key", False) else []
            found += [422] if getattr(layer, "checks_payload", False) else []
    return tuple(found)


def _status_of(name: str, function: Any) -> int | None:
    """Return the status of a class of errors that a docstring names; None if it is no answer."""
    space: dict[str, Any] = getattr(function, "__globals__", {})
    first, *rest = name.split(".")
    kind: Any = space.get(first, getattr(_errors, name, None))
    for part in rest:
        kind = getattr(kind, part, None)
    if isinstance(kind, type) and issubclass(kind, HttpError):
        status = getattr(kind, "_STATUS", None)
        return status if isinstance(status, int) else None
    return None


def _sentence(text: str) -> str:
    text = text[:1].upper() + text[1:]
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
