"""Names and values of attributes, beside the conventions that are installed."""

from __future__ import annotations

import decimal
import enum
from datetime import date
from importlib import import_module
from typing import Any

import pytest

from lambda_kit._kernel.json_text import Encoder
from lambda_kit.invocation import Invocation
from lambda_kit.testing import make_context
from lambda_kit.tracer import _otel_attributes as attributes

CONVENTIONS = [
    "attributes.error_attributes",
    "attributes.http_attributes",
    "attributes.server_attributes",
    "attributes.service_attributes",
    "attributes.url_attributes",
    "_incubating.attributes.aws_attributes",
    "_incubating.attributes.cloud_attributes",
    "_incubating.attributes.faas_attributes",
    "_incubating.attributes.http_attributes",
    "_incubating.attributes.messaging_attributes",
    "_incubating.attributes.rpc_attributes",
]
ENCODER = Encoder(("pin",))


class Text(str):
    __slots__ = ()


class Colour(enum.Enum):
    RED = "red"


def test_every_name_is_one_of_the_conventions() -> None:
    known: set[str] = set()
    for name in CONVENTIONS:
        known.update(
            value for value in vars(import_module(f"opentelemetry.semconv.{name}")).values() if value is str(value)
        )
    used = {
        *attributes._FIELDS.values(),
        *attributes.of_call({"queue_url": "https://sqs/1/orders", "request_id": "r-1"}, ENCODER),
        *attributes.of_service("sqs"),
        *attributes.of_request("GET", "http://localhost:1/", 200, 1),
        *attributes.of_invocation(Invocation({}, make_context()), "shop"),
    }
    assert used <= known


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text", "text"),
        ("Grüße", "Grüße"),
        ("lone \ud800", "lone \\ud800"),
        (True, True),
        (3, 3),
        (2**63 - 1, 2**63 - 1),
        (-(2**63), -(2**63)),
        (2**63, str(2**63)),
        (1.5, 1.5),
        (["a", "\ud800"], ("a", "\\ud800")),
        ((), ()),
        ([1, "a"], '[1,"a"]'),
        ({"pin": 1, "a": 2}, '{"pin":"[redacted]","a":2}'),
        (b"bytes", "bytes"),
        (Text("text"), "text"),
        (Colour.RED, "red"),
        (decimal.Decimal("1.50"), "1.50"),
        (date(2026, 1, 2), "2026-01-02"),
    ],
)
def test_a_value_that_cannot_be_exported_is_text(value: Any, expected: Any) -> None:
    assert attributes.of_annotations({"name": value}, ENCODER) == {"name": expected}


def test_what_is_none_is_left_out_and_what_is_secret_hidden() -> None:
    given = {"none": None, "pin": 1, "PIN": None}
    assert attributes.of_annotations(given, ENCODER) == {"pin": "[redacted]"}
    assert attributes.of_metadata(given, ENCODER) == {"none": "null", "pin": "[redacted]", "PIN": "[redacted]"}
    assert attributes.of_call({**given, "operation": "GetItem"}, ENCODER) == {
        "aws.pin": "[redacted]",
        "rpc.method": "GetItem",
    }


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"table_name": "a"}, {"aws.dynamodb.table_names": ("a",)}),
        ({"table_names": ["a", "b"]}, {"aws.dynamodb.table_names": ("a", "b")}),
        (
            {"queue_url": "https://sqs.eu-west-1.amazonaws.com/1/orders"},
            {
                "aws.sqs.queue.url": "https://sqs.eu-west-1.amazonaws.com/1/orders",
                "messaging.system": "aws_sqs",
                "messaging.destination.name": "orders",
            },
        ),
        ({"queue_name": "orders"}, {"messaging.system": "aws_sqs", "messaging.destination.name": "orders"}),
        (
            {"topic_arn": "arn:aws:sns:eu-west-1:1:orders"},
            {
                "aws.sns.topic.arn": "arn:aws:sns:eu-west-1:1:orders",
                "messaging.system": "aws.sns",
                "messaging.destination.name": "orders",
            },
        ),
        ({"names": ["/a", "/b"], "retries": 0}, {"aws.names": ("/a", "/b"), "aws.retries": 0}),
    ],
)
def test_a_call_of_aws_names_what_it_is_about(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert attributes.of_call(fields, ENCODER) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "https://ada:pw@example.com:8443/a?pin=1#top",
            {"url.full": "https://example.com:8443/a", "server.address": "example.com", "server.port": 8443},
        ),
        ("http://example.com", {"url.full": "http://example.com", "server.address": "example.com"}),
        ("http://h:99999/", {"url.full": "http://h:99999/", "server.address": "h"}),
        ("no URL", {}),
    ],
)
def test_a_url_is_told_without_what_may_be_secret(url: str, expected: dict[str, Any]) -> None:
    assert attributes.of_request(None, url, None, None) == expected


def test_an_invocation_without_a_context_tells_that_it_is_cold_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert attributes.of_invocation(Invocation({}, None), "") == {"faas.coldstart": False}
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "orders")
    assert attributes.of_invocation(Invocation({}, None, True), "") == {"faas.coldstart": True, "faas.name": "orders"}
