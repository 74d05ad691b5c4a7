"""Messages for what a view does not have: names of Powertools' data classes, keys of the dict, and misspelt names."""

from __future__ import annotations

from lambda_kit._kernel import hints, type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# What to read here for a property of Powertools that has another name.
_THEIRS = {
    "data_as_bytes": "read .data",
    "data_as_json": "read .json",
    "data_as_text": "read .body",
    "decoded_body": "read .body, or .data for bytes",
    "decoded_data": "read .data",
    "event_source_arn": "read the ARN that the view names, such as .queue_arn or .stream_arn",
    "get": "a view is no dict; read .raw.get(...)",
    "get_header_value": "read .headers.get(...)",
    "get_query_string_value": "read .query.get(...)",
    "http_method": "read .method",
    "items": "a view is no dict; read .raw.items()",
    "json_body": "read .json",
    "json_value": "read .json",
    "keys": "a view is no dict; read .raw.keys()",
    "message_id": "read .id",
    "multi_value_headers": "read .headers.all(...)",
    "multi_value_query_string_parameters": "read .query.all(...)",
    "query_string_parameters": "read .query",
    "raw_event": "read .raw",
    "resolved_headers_field": "read .headers",
    "resolved_query_string_parameters": "read .query",
    "values": "a view is no dict; read .raw.values()",
}


def missing_attribute(view: Any, name: str) -> AttributeError:
    """Return the error for a property that a view does not have. It says what to read."""
    raw: Any = view.raw
    if type_of(raw) is dict and name in raw:
        return hints.missing_attribute(view, name, {name: f"it is a key of the dict; read .raw[{name!r}]"})
    said = _THEIRS.get(name, "")
    target = said.removeprefix("read .").partition(".")[0]
    if said.startswith("read .") and target.isidentifier() and not hasattr(type_of(view), target) and target != "raw":
        said = ""  # it is a property of other views
    return hints.missing_attribute(view, name, {name: said} if said else {})


def no_key(view: Any, key: Any) -> TypeError:
    """Return the error for reading a view as a dict or as a list."""
    what = type_of(view).__name__
    if type_of(key) is int and hasattr(type_of(view), "records"):
        return TypeError(f"{what!r} object has no items; read .records[{key}]")
    return TypeError(f"{what!r} object is no dict; read .raw[{key!r}], or a property of the view")
