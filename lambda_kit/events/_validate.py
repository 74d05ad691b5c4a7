"""`validated`: a layer that checks the event and the response against JSON Schemas."""

from __future__ import annotations

import functools

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import ConfigurationError, InvalidResult, ParseError
from lambda_kit.events._models import error_of
from lambda_kit.events._parse import Part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeAlias

    from lambda_kit._kernel.layers import Layer
    from lambda_kit.events._models import Place

    Schema: TypeAlias = Mapping[str, Any] | bool

_MASK = "…"


def validated(
    inbound: Schema | None = None,
    outbound: Schema | None = None,
    *,
    at: str | None = None,
    formats: bool = False,
    references: Mapping[str, Schema] | None = None,
) -> Layer:
    """Return a layer that checks the event and the response against JSON Schemas, and changes neither.

    ```python
    from lambda_kit.events import validated


    @handler
    @validated({"type": "object", "required": ["id"]}, {"type": "array"}, at="detail")
    def place(event, context):
        return [event["detail"]["id"]]


    assert place({"detail": {"id": "o-1"}}, None) == ["o-1"]
    ```

    It needs the extra `jsonschema`, which installs jsonschema-rs. All drafts from 4 on are known. A schema is compiled
    once, when the layer is made.

    Args:
        inbound: the schema of the event, or of a part of it; default none.
        outbound: the schema of the response; default none.
        at: the part of the event, a JMESPath expression; text is JSON there. Default the whole event.
        formats: True to check `format`, such as `"email"`. Default False.
        references: the schemas that `$ref` may name, by their URI; default none. Nothing is fetched from a network.

    Raises:
        MissingExtra: jsonschema-rs is not installed.
        ConfigurationError: a schema is not valid, or refers to another one that was not passed; or none was passed.
        ParseError: when running, the event does not fit. The message has the paths and no values.
        InvalidResult: when running, the response does not fit.
    """
    if inbound is None and outbound is None:
        raise ConfigurationError("validated(): pass the schema of the event, of the response, or both")
    if at is not None and inbound is None:
        raise ConfigurationError(f"validated(at={at!r}): pass the schema of this part as inbound")
    callables.check_flag("validated(formats=...)", formats)
    known = references or {}
    part = None if at is None else Part(at, "validated: at")
    check_event = _accept if inbound is None else _compiled(inbound, "inbound", formats=formats, references=known)
    check_response = _accept if outbound is None else _compiled(outbound, "outbound", formats=formats, references=known)

    def check_in(event: Any) -> None:
        if part is None:
            check_event(event, (), "event", ParseError)
        else:
            check_event(_decoded(part.find(event), part.place), part.place, "event", ParseError)

    def check_out(response: Any) -> Any:
        check_response(response, (), "response", InvalidResult)
        return response

    return _layer(check_in, check_out)


def _layer(check_in: Callable[[Any], None], check_out: Callable[[Any], Any]) -> Layer:
    def decorate(fn: Any, /) -> Any:
        callables.refuse_handler(fn, "validated(...)")
        position = callables.event_position(fn)

        def checked(*args: Any, **kwargs: Any) -> Any:
            check_in(args[position])
            return check_out(fn(*args, **kwargs))

        async def checked_later(*args: Any, **kwargs: Any) -> Any:
            check_in(args[position])
            return check_out(await fn(*args, **kwargs))

        return functools.update_wrapper(checked_later if callables.is_coroutine_function(fn) else checked, fn)

    return decorate


def _accept(_value: Any, _place: Place, _what: str, _kind: type[ParseError]) -> None:
    """Check nothing: there is no schema."""


def _compiled(
    schema: Schema, name: str, *, formats: bool, references: Mapping[str, Schema]
) -> Callable[[Any, Place, str, type[ParseError]], None]:
    """Return a function that checks a value, which gets the value, its path, its name and the class of the error.

    Raises:
        MissingExtra: jsonschema-rs is not installed.
        ConfigurationError: the schema is not valid.
    """
    try:
        import jsonschema_rs
    except ImportError as error:
        from lambda_kit._kernel import extras

        raise extras.missing(f"validated({name}=...)", "jsonschema-rs", "jsonschema") from error

    def retrieve(uri: str) -> Any:
        if uri in references:
            return references[uri]
        raise LookupError(f"{uri} is not among references=")

    library: Any = jsonschema_rs
    try:
        validator = library.validator_for(
            schema, validate_formats=formats, mask=_MASK, retriever=retrieve, ignore_unknown_formats=True
        )
    except (ValueError, library.ReferencingError) as error:  # the first is the base of its ValidationError
        reason = getattr(error, "message", str(error))
        raise ConfigurationError(f"validated({name}=...): the schema cannot be used: {reason}") from None

    def check(value: Any, place: Place, what: str, kind: type[ParseError]) -> None:
        try:
            if validator.is_valid(value):
                return
            problems = [_problem(one, place) for one in validator.iter_errors(value)]
        except (ValueError, TypeError) as error:  # a value of Python that JSON does not have
            problems = [{"type": "unsupported", "loc": place, "msg": f"it cannot be JSON: {error}"}]
        raise error_of(problems, "the schema", what, kind)

    return check


def _problem(error: Any, place: Place) -> dict[str, Any]:
    path = error.schema_path
    return {"type": str(path[-1]) if path else "schema", "loc": (*place, *error.instance_path), "msg": error.message}


def _decoded(found: Any, place: Place) -> Any:
    if type_of(found) not in (str, bytes):
        return found
    import json

    try:
        return json.loads(found)
    except (ValueError, RecursionError):
        pass  # raised below, without a context: the error of the decoder holds the text
    raise error_of([{"type": "json_invalid", "loc": place, "msg": "Invalid JSON"}], "the schema", "event", ParseError)
