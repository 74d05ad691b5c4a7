"""OpenTelemetry's attributes of a span: their names, and values of the types that it accepts.

The names are those of the semantic conventions for HTTP, AWS calls and Lambda:
<https://opentelemetry.io/docs/specs/semconv/>.
"""

from __future__ import annotations

import json

from lambda_kit._kernel import type_of
from lambda_kit._kernel.urls import without_credentials
from lambda_kit.tracer._guard import length_of, status_of, text_of
from lambda_kit.tracer._instrument_http import address_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypeAlias

    from lambda_kit._kernel.json_text import Encoder
    from lambda_kit.invocation import Invocation

    Value: TypeAlias = str | bool | int | float | tuple[str, ...]
    Attributes: TypeAlias = dict[str, Value]

_HIDDEN = "[redacted]"
_MAX_INTEGER = 2**63  # a larger integer cannot be exported, nor can the spans in the same batch
_TABLES = "aws.dynamodb.table_names"
# X-Ray's names for fields of an AWS call, and the conventions' names. Others become `aws.<name>`.
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
# Fields that name the destination of a message: the messaging system, and the separator before the destination's name.
_DESTINATIONS = {"queue_name": ("aws_sqs", "/"), "queue_url": ("aws_sqs", "/"), "topic_arn": ("aws.sns", ":")}


def clean(text: str) -> str:
    """Return text that can be encoded as UTF-8: other text would make the whole export fail."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def of_annotations(annotations: Mapping[str, Any], encoder: Encoder) -> Attributes:
    """Return annotations in OpenTelemetry's types; None values are left out, secrets hidden."""
    return {
        clean(name): _HIDDEN if encoder.key(name)[1] else _value(value, encoder)
        for name, value in annotations.items()
        if value is not None
    }


def of_metadata(metadata: Mapping[str, Any], encoder: Encoder) -> Attributes:
    """Return values of any type as JSON text; secrets are hidden."""
    return {
        clean(name): _HIDDEN if encoder.key(name)[1] else clean(encoder.value(value))
        for name, value in metadata.items()
    }


def of_invocation(invocation: Invocation, service: str) -> Attributes:
    """Return the attributes of the outermost span of an invocation."""
    found: Attributes = {"faas.coldstart": invocation.cold_start}
    if invocation.request_id:
        found["faas.invocation_id"] = clean(invocation.request_id)
    if invocation.function_name:
        found["faas.name"] = clean(invocation.function_name)
    arn = getattr(invocation.context, "invoked_function_arn", None)
    if isinstance(arn, str) and arn.count(":") > 4:
        found["aws.lambda.invoked_arn"] = clean(arn)
        found["cloud.account.id"] = clean(arn.split(":")[4])
    if (execution := invocation._execution) is not None:
        found["aws.lambda.durable_execution_arn"] = clean(execution)
        found["aws.lambda.durable_execution_replay"] = invocation.replay
    if service:
        found["service.name"] = clean(service)
    return found


def of_request(method: str | None, url: str | None, status: int | None, length: int | None) -> Attributes:
    """Return the attributes of an HTTP request; its URL comes without user, query and fragment."""
    found: Attributes = {}
    if method is not None:
        found["http.request.method"] = clean(text_of(method))
    if url is not None:
        found |= _of_url(without_credentials(text_of(url)))
    if (code := status_of(status)) is not None:
        found["http.response.status_code"] = code
    if (size := length_of(length)) is not None:
        found["http.response.body.size"] = size
    return found


def _of_url(url: str) -> Attributes:
    from urllib.parse import urlsplit

    host, plain = address_of(url)
    if plain is None:
        return {}
    found: Attributes = {"url.full": clean(plain), "server.address": clean(host)}
    try:
        port = urlsplit(url).port
    except ValueError:  # the port is no number, or too large
        port = None
    if port is not None:
        found["server.port"] = port
    return found


def of_service(name: str) -> Attributes:
    """Return the attributes of an AWS call that are known before its operation is."""
    return {"rpc.system": "aws-api", "rpc.service": clean(name)}


def of_call(fields: Mapping[str, Any], encoder: Encoder) -> Attributes:
    """Return the attributes of an AWS call; None values are left out, secrets hidden."""
    found: Attributes = {}
    for name, value in of_annotations(fields, encoder).items():
        if isinstance(value, str) and name.endswith("url"):
            value = without_credentials(value)  # noqa: PLW2901
        key = _FIELDS.get(name, f"aws.{name}")
        found[key] = (value,) if key == _TABLES and isinstance(value, str) else value
        if name in _DESTINATIONS:
            system, before = _DESTINATIONS[name]
            found["messaging.system"] = system
            found["messaging.destination.name"] = str(value).rpartition(before)[2]
    return found


def _value(value: Any, encoder: Encoder) -> Value:
    kind = type_of(value)
    if kind is str:
        return clean(value)
    if kind is bool or kind is float or (kind is int and -_MAX_INTEGER <= value < _MAX_INTEGER):
        plain: bool | int | float = value
        return plain
    if kind in (list, tuple) and all(type_of(one) is str for one in value):
        return tuple([clean(one) for one in value])
    text = encoder.value(value)
    if text[0] == '"':
        text = json.loads(text)
    return clean(text)
