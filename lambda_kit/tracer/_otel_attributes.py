"""What OpenTelemetry calls what spans tell, and which values it takes.

The names are those of its conventions, <https://opentelemetry.io/docs/specs/semconv/>: for requests, for calls of AWS,
whose `rpc.system` is the one that they have kept, and for Lambda.
"""

from __future__ import annotations

import json

from lambda_kit.tracer._instrument_http import address_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeAlias

    from lambda_kit._kernel.json_text import Encoder
    from lambda_kit.invocation import Invocation

    Value: TypeAlias = str | bool | int | float | tuple[str, ...]
    Attributes: TypeAlias = dict[str, Value]

_HIDDEN = "[redacted]"
_MAX_INTEGER = 2**63  # what is not below cannot be exported, and the spans beside it neither
_TABLES = "aws.dynamodb.table_names"
# How the conventions call a field of a call of AWS that X-Ray has a name for. What is not here is `aws.<name>`.
_FIELDS = {
    "bucket_name": "aws.s3.bucket",
    "function_name": "faas.invoked_name",
    "id_2": "aws.extended_request_id",
    "index_name": "aws.dynamodb.index_name",
    "key": "aws.s3.key",
    "operation": "rpc.method",
    "queue_name": "messaging.destination.name",
    "queue_url": "aws.sqs.queue.url",
    "region": "cloud.region",
    "state_machine_arn": "aws.step_functions.state_machine.arn",
    "stream_name": "aws.kinesis.stream_name",
    "table_name": _TABLES,
    "table_names": _TABLES,
    "topic_arn": "aws.sns.topic.arn",
}
# Fields that tell where a message goes: the system, and what stands before the name.
_DESTINATIONS = {"queue_name": ("aws_sqs", "/"), "queue_url": ("aws_sqs", "/"), "topic_arn": ("aws.sns", ":")}
_kind_of: Callable[[Any], Any] = type


def clean(text: str) -> str:
    """Return text that is UTF-8: one that is not would be lost with all that is exported beside it."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def of_annotations(annotations: Mapping[str, Any], encoder: Encoder) -> Attributes:
    """Return values as OpenTelemetry takes them; what is None is left out, what is secret hidden."""
    return {
        clean(name): _HIDDEN if encoder.key(name)[1] else _value(value, encoder)
        for name, value in annotations.items()
        if value is not None
    }


def of_metadata(metadata: Mapping[str, Any], encoder: Encoder) -> Attributes:
    """Return values of any kind as JSON text; what is secret is hidden."""
    return {
        clean(name): _HIDDEN if encoder.key(name)[1] else clean(encoder.value(value))
        for name, value in metadata.items()
    }


def of_invocation(invocation: Invocation, service: str) -> Attributes:
    """Return what the outermost span tells of its invocation."""
    found: Attributes = {"faas.coldstart": invocation.cold_start}
    if invocation.request_id:
        found["faas.invocation_id"] = clean(invocation.request_id)
    if invocation.function_name:
        found["faas.name"] = clean(invocation.function_name)
    arn = getattr(invocation.context, "invoked_function_arn", None)
    if isinstance(arn, str) and arn.count(":") > 4:
        found["aws.lambda.invoked_arn"] = clean(arn)
        found["cloud.account.id"] = clean(arn.split(":")[4])
    if service:
        found["service.name"] = clean(service)
    return found


def of_request(method: str | None, url: str | None, status: int | None, length: int | None) -> Attributes:
    """Return what is known of an HTTP request, without user, query and fragment of its URL."""
    found: Attributes = {}
    if method is not None:
        found["http.request.method"] = clean(method)
    if url is not None:
        found |= _of_url(url)
    if status is not None:
        found["http.response.status_code"] = status
    if length is not None:
        found["http.response.body.size"] = length
    return found


def _of_url(url: str) -> Attributes:
    from urllib.parse import urlsplit

    host, plain = address_of(url)
    if plain is None:
        return {}
    found: Attributes = {"url.full": clean(plain), "server.address": clean(host)}
    try:
        port = urlsplit(url).port
    except ValueError:  # it has one that cannot be
        port = None
    if port is not None:
        found["server.port"] = port
    return found


def of_service(name: str) -> Attributes:
    """Return what there is to tell of a call of AWS before it is known which."""
    return {"rpc.system": "aws-api", "rpc.service": clean(name)}


def of_call(fields: Mapping[str, Any], encoder: Encoder) -> Attributes:
    """Return the fields of a call of AWS; what is None is left out, what is secret hidden."""
    found: Attributes = {}
    for name, value in of_annotations(fields, encoder).items():
        key = _FIELDS.get(name, f"aws.{name}")
        found[key] = (value,) if key == _TABLES and isinstance(value, str) else value
        if name in _DESTINATIONS:
            system, before = _DESTINATIONS[name]
            found["messaging.system"] = system
            found["messaging.destination.name"] = str(value).rpartition(before)[2]
    return found


def _value(value: Any, encoder: Encoder) -> Value:
    kind = _kind_of(value)
    if kind is str:
        return clean(value)
    if kind is bool or kind is float or (kind is int and -_MAX_INTEGER <= value < _MAX_INTEGER):
        plain: bool | int | float = value
        return plain
    if kind in (list, tuple) and all(_kind_of(one) is str for one in value):
        return tuple([clean(one) for one in value])
    text = encoder.value(value)
    if text[0] == '"':
        text = json.loads(text)
    return clean(text)
