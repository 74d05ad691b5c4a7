"""Requests and responses of Lambda@Edge: the form of CloudFront, and what it forbids at each place."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lambda_kit.errors import AnswerError, EventError
from lambda_kit.events import edge


def event_of(kind: str | None = "viewer-request", **more: Any) -> dict[str, Any]:
    request = {
        "method": "GET",
        "uri": "/old",
        "querystring": "a=1",
        "headers": {"host": [{"key": "Host", "value": "d1.cloudfront.net"}], "x-old": [{"key": "X-Old", "value": "1"}]},
    }
    config = {} if kind is None else {"eventType": kind}
    return {"Records": [{"cf": {"config": config, "request": request, **more}}]}


def test_a_response_is_written_as_cloudfront_reads_it() -> None:
    headers = {"Location": "/new", "Set-Cookie": ["a=1", "b=2"]}
    assert edge.response(event_of(), 302, "moved", headers=headers, description="Found") == {
        "status": "302",
        "statusDescription": "Found",
        "headers": {
            "location": [{"key": "Location", "value": "/new"}],
            "set-cookie": [{"key": "Set-Cookie", "value": "a=1"}, {"key": "Set-Cookie", "value": "b=2"}],
        },
        "body": "moved",
        "bodyEncoding": "text",
    }
    assert edge.response(event_of(None), 200, b"\x00\xff")["body"] == "AP8="


def test_a_response_keeps_the_headers_that_are_there() -> None:
    response = {"status": "200", "headers": {"via": [{"key": "Via", "value": "1.1"}]}}
    found = edge.response(event_of("viewer-response", response=response), 200, headers={"X-New": "1"})
    assert sorted(found["headers"]) == ["via", "x-new"]
    assert "body" not in found


def test_a_request_is_changed_and_the_event_is_not() -> None:
    event = event_of("origin-request")
    before = copy.deepcopy(event)
    found = edge.request(event, uri="/new", query="?b=2", headers={"Host": "origin", "X-New": "1"}, remove=["X-Old"])
    assert event == before
    assert found == {
        "method": "GET",
        "uri": "/new",
        "querystring": "b=2",
        "headers": {"host": [{"key": "Host", "value": "origin"}], "x-new": [{"key": "X-New", "value": "1"}]},
    }
    assert edge.request(event) == event["Records"][0]["cf"]["request"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: edge.response(event_of(), 199), "status is 199; pass a whole number from 200 to 599"),
        (lambda: edge.response(event_of(), 200, headers={"Connection": "close"}), "'Connection' belongs to CloudFront"),
        (lambda: edge.response(event_of(), 200, headers={"X-Amz-Cf-Id": "1"}), "'X-Amz-Cf-Id' belongs to CloudFront"),
        (lambda: edge.response(event_of(), 200, headers={"X A": "1"}), "'X A' is no name of a header"),
        (lambda: edge.response(event_of(), 200, headers={"X": "a\r\nb: c"}), "has a line break"),
        (lambda: edge.response(event_of("viewer-response"), 200, "x"), "a viewer's response keeps its body"),
        (
            lambda: edge.response(event_of("viewer-response"), 200, headers={"Warning": "1"}),
            "'Warning' cannot be changed in the event viewer-response",
        ),
        (
            lambda: edge.response(event_of("viewer-response"), 200, headers={"Content-Encoding": "br"}),
            "'Content-Encoding' cannot be changed in the event viewer-response",
        ),
        (
            lambda: edge.request(event_of("origin-request"), headers={"CDN-Loop": "a"}),
            "'CDN-Loop' cannot be changed in the event origin-request",
        ),
        (
            lambda: edge.response(event_of("viewer-response", response={"status": "200"}), 404),
            "a viewer's response keeps its status, 200",
        ),
        (lambda: edge.response(event_of(), 200, headers={"X-Amzn-RequestId": "1"}), "belongs to CloudFront"),
        (lambda: edge.request(event_of(), query="a=b c"), "query has a space or '#'; encode it"),
        (
            lambda: edge.request(event_of(), headers={"CloudFront-Viewer-Country": "CH"}),
            "'CloudFront-Viewer-Country' cannot be changed in the event viewer-request",
        ),
        (lambda: edge.response(event_of(), 200, "x" * 41_000), "and CloudFront takes 40960 here"),
        (lambda: edge.response(event_of("origin-request"), 200, "x" * 1_100_000), "CloudFront takes 1048576 here"),
        (lambda: edge.response(event_of(), 200, 5), "the body is of type int; pass text or bytes"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        (lambda: edge.request(event_of(), uri="new"), "pass a path with a slash at its beginning and no query"),
        (lambda: edge.request(event_of(), uri="/new?a=1"), "pass a path with a slash at its beginning and no query"),
        (lambda: edge.request(event_of(), query="a=\n"), "query is no text, or has a line break"),
        (lambda: edge.request(event_of(), uri="/" + "x" * 8200), "and CloudFront takes 8191"),
        (
            lambda: edge.request(event_of(), headers={"Host": "x"}),
            "'Host' cannot be changed in the event viewer-request",
        ),
        (lambda: edge.request(event_of(), remove=["Via"]), "'Via' cannot be changed in the event viewer-request"),
    ],
    ids=range(22),
)
def test_what_cloudfront_would_refuse_is_an_error(call: Any, told: str) -> None:
    with pytest.raises(AnswerError) as caught:
        call()
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({}, "the event has no 'Records\\[0\\].cf'"),
        ({"Records": [None]}, "the event has no 'Records\\[0\\].cf'"),
        ({"Records": [{"cf": {"config": None}}]}, "the event has no request"),
        (event_of("origin-response"), "the event is one of origin-response, whose request cannot be changed any more"),
    ],
    ids=["empty", "null", "no request", "a response"],
)
def test_an_event_of_another_kind_is_refused(event: Any, told: str) -> None:
    with pytest.raises(EventError, match=told):
        edge.request(event)
