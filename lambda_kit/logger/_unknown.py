"""Names that a logger does not know: misspelt ones, and those of Powertools."""

from __future__ import annotations

from lambda_kit._kernel import hints

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_OPTIONS = (
    "service",
    "level",
    "correlation_id",
    "log_event",
    "sample_rate",
    "buffer",
    "redact",
    "names",
    "format",
    "fast",
    "replays",
)
_CAPTURE = "log.capture_stdlib() takes the records of logging"
_REDACT = "it is called redact here: redact=(..., 'iban') hides a further field"
_LEVEL = "it is called level here"
_SERVICE = "it is called service here"
_FORMAT = "it is called format here: a function that takes the line as a dict and returns text"
_BUFFER = "it is called buffer here, in bytes: buffer=20_000"
_SAMPLE = "it is called sample_rate here"
_CORRELATION = "it is called correlation_id here"
_STREAM = "lines go to standard output, always"
_TIMES = "timestamps are in RFC 3339, in UTC, as Lambda's filter needs them"
_FIELDS = "pass the fields themselves: Logger(stage='prod')"
_LIKELY = {  # what users of other loggers write
    _REDACT: (
        *("masks", "masked", "masking", "mask_fields", "mask_keys", "hides", "hide_fields", "redacts", "redaction"),
        *("redact_fields", "redact_keys", "redact_paths", "redactor", "scrub", "censor", "censored", "obfuscate"),
        *("sanitize", "sensitive_fields", "sensitive_keys"),
    ),
    _LEVEL: ("loglevel", "logging_level", "min_level", "minimum_level", "verbosity"),
    _SERVICE: ("service_name", "servicename", "logger_name"),
    _FORMAT: (
        *("fmt", "formatters", "format_string", "renderer", "serializer"),
        *("json_encoder", "processors", "log_format"),
    ),
    _BUFFER: ("buffer_size", "buffer_bytes", "max_buffer", "log_buffer"),
    _SAMPLE: ("sampling", "sampler", "sample_ratio", "sampling_ratio"),
    _CORRELATION: ("correlation_path", "correlation_paths"),
    "it is called log_event here": ("log_events", "logs_event", "event_logging", "log_incoming_event"),
    "it is called names here: names='powertools' keeps the names of its fields": ("field_names", "rename_fields"),
    _STREAM: ("stdout", "stderr"),
    _CAPTURE: ("handlers",),
    _TIMES: ("date_format", "time_format", "timestamp_format"),
    _FIELDS: ("fields", "static_fields", "extra_fields", "default_fields"),
    "write Logger(fast=True) for orjson": ("orjson", "use_orjson"),
}
_AMBIGUOUS = {  # what may be a field as well: the kind of value tells
    "handler": (_CAPTURE, "object"),
    "propagate": (_CAPTURE, "flag"),
    **dict.fromkeys(("file", "sink", "output", "destination"), (_STREAM, "object")),
    **dict.fromkeys(("formatter", "encoder"), (_FORMAT, "object")),
    **dict.fromkeys(("extra", "static"), (_FIELDS, "object")),
    "sample": (_SAMPLE, "number"),
    "threshold": (_LEVEL, "number"),
    **dict.fromkeys(("mask", "hide", "hidden", "redacted", "sensitive"), (_REDACT, "list")),
}
_THEIR_OPTIONS = {
    "sampling_rate": "it is called sample_rate here",
    "log_level": "it is called level here",
    "buffer_config": "it is called buffer here, in bytes: buffer=20_000",
    "logger_buffer": "it is called buffer here, in bytes: buffer=20_000",
    "correlation_id_path": "it is called correlation_id here",
    "logger_formatter": "it is called format here: a function that takes the line as a dict and returns text",
    "logger_handler": _CAPTURE,
    "stream": "lines go to standard output, always",
    "child": "log.child(...) makes children",
    "json_serializer": "format=... takes the line as a dict and returns text",
    "json_deserializer": "format=... takes the line as a dict and returns text",
    "json_default": "any value is encoded without it",
    "datefmt": "timestamps are in RFC 3339, as Lambda's filter needs them",
    "use_rfc3339": "timestamps are in RFC 3339 already",
    "utc": "timestamps are in UTC already",
    "use_datetime_directive": "timestamps are in RFC 3339, as Lambda's filter needs them",
    "log_record_order": "format=... takes the line as a dict and returns text",
    "log_uncaught_exceptions": "the logger as a layer logs the exception of the handler: @handler(log)",
    "serialize_stacktrace": "exceptions have their frames as fields already",
    "clear_state": "what was appended in an invocation ends with it already",
}
_THEIR_METHODS = {
    "append_keys": "it is called append(name=value) here",
    "thread_safe_append_keys": "append(name=value) is safe in threads",
    "append_context_keys": "it is called bind(name=value) here",
    "structure_logs": "it is called append(name=value) here",
    "remove_keys": "fields of bind(...) end with its block, and those of append(...) with the invocation",
    "thread_safe_remove_keys": "fields of bind(...) end with its block, and those of append(...) with the invocation",
    "clear_state": "fields that were appended in an invocation end with it",
    "thread_safe_clear_keys": "fields of bind(...) end with its block, and those of append(...) with the invocation",
    "get_current_keys": "lambda_kit.testing.invoke(...).logs has the lines that were written",
    "inject_lambda_context": "put the object on the handler: @handler(log)",
    "set_correlation_id": "write current_invocation().correlation_id = ...",
    "get_correlation_id": "read current_invocation().correlation_id",
    "setLevel": "write Logger(level=...) or log.child(level=...)",
    "level": "write Logger(level=...) or log.child(level=...)",
    "log_level": "write Logger(level=...) or log.child(level=...)",
    "addHandler": "lines go to standard output, always; log.capture_stdlib() takes the records of logging",
    "handlers": "lines go to standard output, always; log.capture_stdlib() takes the records of logging",
    "addFilter": "write format=..., a function that takes the line as a dict and returns text, or redact=...",
    "removeFilter": "write format=..., a function that takes the line as a dict and returns text, or redact=...",
    "initial_log_level": "write Logger(level=...) or log.child(level=...)",
    "sampling_rate": "write Logger(sample_rate=...)",
    "log_uncaught_exceptions": "the logger as a layer logs the exception of the handler: @handler(log)",
    "logger_formatter": "write Logger(format=...), a function that takes the line as a dict and returns text",
    "registered_formatter": "write Logger(format=...), a function that takes the line as a dict and returns text",
    "logger_handler": "lines go to standard output, always; log.capture_stdlib() takes the records of logging",
    "registered_handler": "lines go to standard output, always; log.capture_stdlib() takes the records of logging",
    "name": "log lines have the field service; a part of a service is log.child(part='stock')",
    "thread_safe_get_current_keys": "lambda_kit.testing.invoke(...).logs has the lines that were written",
    "warn": "it is called warning here",
    "fatal": "it is called critical here",
    "log": "call debug, info, warning, error or critical",
    "isEnabledFor": "a line below the level costs a tenth of a microsecond: just log it",
    "service": "current_invocation() and your own settings have it; it is a field of each line",
    "flush_buffer": "an error, or an exception of the handler, writes the buffer",
    "clear_buffer": "the buffer ends with the invocation",
    "refresh_sample_rate_calculation": "sampling is decided once for each invocation",
    "copy_config_to_registered_loggers": "log.capture_stdlib() takes the records of logging",
}


def check_static(static: Mapping[str, object]) -> None:
    """Refuse static fields that are misspelt options, or options of Powertools and of other loggers.

    Args:
        static: the fields. Names that may be fields as well are refused with the values that such an option has.

    Raises:
        ConfigurationError: a field is one of these.
    """
    known = {**{name: said for said, likely in _LIKELY.items() for name in likely}, **_THEIR_OPTIONS}
    for name, (said, kind) in _AMBIGUOUS.items():
        if name in static and _is_option(static[name], kind):
            known[name] = said
    otherwise = "a field of that name goes into log.child(...)"
    hints.check_free_names("Logger", "static field", static, _OPTIONS, known, otherwise)


def _is_option(value: object, kind: str) -> bool:
    """Tell whether a value is one that an option has, and not that of a field.

    Args:
        value: the value.
        kind: `"object"` for what is neither text nor None, `"number"`, `"flag"`, or `"list"` for a list, tuple or set.
    """
    if kind == "object":
        return not isinstance(value, str | None)
    is_flag = isinstance(value, bool)
    if kind == "flag":
        return is_flag
    return (
        (isinstance(value, int | float) and not is_flag) if kind == "number" else isinstance(value, list | tuple | set)
    )


def attribute(owner: object, name: str) -> AttributeError:
    """Return the error for a missing attribute of a logger."""
    return hints.missing_attribute(owner, name, _THEIR_METHODS)
