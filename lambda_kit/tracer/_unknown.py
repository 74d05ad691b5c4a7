"""Messages for names that the tracer does not have: those of Powertools' tracer, and misspelt ones."""

from __future__ import annotations

from lambda_kit._kernel.callables import closest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

OPTIONS = ("service", "backend", "capture_response", "capture_error", "w3c", "redact")
_INSTRUMENT = "nothing is patched; call tracer.instrument(client) for each client"
_PEER_OPTIONS = {
    "auto_patch": _INSTRUMENT,
    "disabled": "write Tracer(backend='none')",
    "patch_modules": _INSTRUMENT,
    "provider": "write Tracer(backend='xray-sdk') or Tracer(backend='otel')",
}
_PEER_ATTRIBUTES = {
    "capture_lambda_handler": "put the tracer on the handler: @handler(tracer)",
    "capture_method": "the tracer is the decorator: @tracer",
    "disabled": "write Tracer(backend='none')",
    "ignore_endpoint": "only clients that are passed to tracer.instrument(client) are traced",
    "is_disabled": "write tracer.current().recording",
    "patch": _INSTRUMENT,
    "is_tracing_enabled": "read tracer.current().recording",
    "provider": "write tracer.span(name) for a subsegment, and tracer.current() for the current one",
    "auto_patch": _INSTRUMENT,
    "service": "the tracer keeps it to itself; keep a name for it where you make it",
    "put_annotation": "write tracer.current().annotate(name=value)",
    "put_metadata": "write tracer.current().metadata(name=value)",
}


_OF_SPANS = {
    "annotate": "annotate(name=value)",
    "aws": "aws(...)",
    "end": "end(), or leave its with block",
    "http": "http(...)",
    "metadata": "metadata(name=value)",
    "record_error": "record_error(error)",
    "recording": "recording",
}
_PEER_SPANS = {  # of the spans of X-Ray's SDK, which the provider of Powertools' tracer makes, and of OpenTelemetry
    "add_exception": "write span.record_error(error)",
    "put_annotation": "write span.annotate(name=value)",
    "put_metadata": "write span.metadata(name=value)",
    "record_exception": "write span.record_error(error)",
    "set_attribute": "write span.annotate(name=value)",
}


def attribute_of(owner: object, name: str, _: str) -> AttributeError:
    """Return the error for an attribute that spans of other libraries have."""
    text = f"{type(owner).__name__!r} object has no attribute {name!r}; {_PEER_SPANS[name]}"
    return AttributeError(text, name=name, obj=owner)


def option(name: str) -> str:
    """Return the message for an option that does not exist."""
    hint = f"; {_PEER_OPTIONS[name]}" if name in _PEER_OPTIONS else closest(name, OPTIONS)
    return f"Tracer({name}=...): there is no such option{hint}"


def attribute(name: str, known: Iterable[str]) -> str:
    """Return the message for an attribute that does not exist."""
    public = [one for one in known if not one.startswith("_")]
    if name in _PEER_ATTRIBUTES:
        hint = f"; {_PEER_ATTRIBUTES[name]}"
    elif name in _OF_SPANS:
        hint = f"; it is of a span: write tracer.current().{_OF_SPANS[name]}"
    else:
        hint = closest(name, public)
    return f"'Tracer' object has no attribute {name!r}{hint}"
