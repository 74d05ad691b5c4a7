"""The correlation id: from the real payload of each source, a header, a path or a function."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import lambda_kit.local
from lambda_kit import Logger, current_invocation, handler
from lambda_kit.errors import ConfigurationError
from lambda_kit.logger._correlation import HEADER_PRESETS, PRESETS
from tests.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = Path(lambda_kit.local.__file__).parent / "samples"
FOUND = {
    "api-gateway-rest": ("api-gateway-proxy", "id="),
    "api-gateway-http": ("api-gateway-proxy-v2", "id"),
    "function-url": ("lambda-function-url", "id"),
    "alb": ("alb", "Root=1-5c536348-3d683b8b04734faae651f476"),
    "appsync": ("appsync-resolver", "Root=1-60488877-0b0c4e6727ab2a1c545babd0"),
    "eventbridge": ("eventbridge", "6a7e8feb-b491-4cf7-a9f1-bf3703467718"),
    "sqs": ("sqs", "059f36b4-87a3-44ab-83d2-661975830a7d"),
    "sns": ("sns", "95df01b4-ee98-5cb9-9903-4c221d41eb5e"),
    "kinesis": (
        "kinesis-stream",
        "shardId-000000000006:49590338271490256608559692538361571095921575989136588898",
    ),
    "dynamodb-stream": ("dynamodb-stream", "1"),
    "s3": ("s3", "D82B88E5F771F645"),
}


def found(wanted: Any, event: Any) -> str | None:
    seen: list[str | None] = []

    @handler(Logger(correlation_id=wanted))
    def place(event: object, context: object) -> None:
        seen.append(current_invocation().correlation_id)

    place(event, None)
    return seen[0]


def sample(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.json").read_text())


@pytest.mark.parametrize("preset", FOUND)
def test_a_preset_finds_the_id_in_the_payload_of_its_source(preset: str, writes: list[str]) -> None:
    name, expected = FOUND[preset]
    assert found(preset, sample(name)) == expected
    assert writes == []


def test_the_presets_without_a_sample_with_an_id_are_known(writes: list[str]) -> None:
    assert {*PRESETS, *HEADER_PRESETS} - FOUND.keys() == {"api-gateway-websocket", "vpc-lattice"}
    assert found("api-gateway-websocket", {"requestContext": {"requestId": "r", "connectionId": "c"}}) == "r"
    assert found("vpc-lattice", {"headers": {"x-amzn-trace-id": "t"}}) == "t"
    assert found("vpc-lattice", sample("vpc-lattice-v2")) is None


@pytest.mark.parametrize("preset", [*PRESETS, *HEADER_PRESETS])
@pytest.mark.parametrize(
    "event",
    [None, 5, "text", [], {}, {"Records": []}, {"Records": [None]}, {"requestContext": None}, {"headers": None}],
)
def test_an_event_of_another_kind_has_no_id_and_raises_nothing(preset: str, event: Any, writes: list[str]) -> None:
    assert found(preset, event) is None
    assert writes == []


@pytest.mark.parametrize("name", ["x-correlation-id", "X-Correlation-Id", "X-CORRELATION-ID"])
@pytest.mark.parametrize("sent", ["x-correlation-id", "X-Correlation-ID"])
@pytest.mark.parametrize(
    "source",
    ["api-gateway-proxy", "api-gateway-proxy-v2", "alb", "lambda-function-url", "vpc-lattice-v2", "appsync-resolver"],
)
def test_a_header_is_found_in_any_letter_case_in_the_event_of_every_source(source: str, sent: str, name: str) -> None:
    event = sample(source)
    headers = event["request"]["headers"] if source == "appsync-resolver" else event["headers"]
    headers[sent] = "c-1"
    assert found(f"header:{name}", event) == "c-1"


@pytest.mark.parametrize("wanted", ["header:X-Id", "alb"])
def test_a_header_with_several_values_gives_the_first(wanted: str) -> None:
    event = {"multiValueHeaders": {"X-ID": ["1", "2"], "X-Amzn-Trace-Id": ["1", "2"]}}
    assert found(wanted, event) == "1"
    assert found(wanted, {"multiValueHeaders": {"x-id": [], "x-amzn-trace-id": []}}) is None


def test_a_path_an_expression_and_a_function_find_it_too() -> None:
    event = {"detail": {"id": 5, "list": [{"a": "x"}, {"a": "y"}]}, "headers": {"X-Id": "h"}}
    assert found("detail.id", event) == "5"
    assert found("headers.Host", {"headers": {"host": "h"}}) == "h"
    assert found("detail.list[1].a", event) == "y"
    assert found('headers."X-Id"', event) == "h"
    finders: list[tuple[Callable[[Any], Any], str | None]] = [
        (lambda given: given["detail"]["id"], "5"),
        (lambda given: None, None),
        (lambda given: "", None),
    ]
    for finder, expected in finders:
        assert found(finder, event) == expected


def test_expressions_know_the_functions_that_keys_know(writes: list[str]) -> None:
    body = json.dumps({"id": "c-1"})
    assert found("parse_json(body).id", {"body": body}) == "c-1"
    assert found("powertools_json(body).id", {"body": body}) == "c-1"
    assert found("parse_json(parse_base64(body)).id", {"body": base64.b64encode(body.encode()).decode()}) == "c-1"
    assert found("parse_json(body).id", {"body": "no json"}) is None
    assert found("length(detail.id)", {"detail": {"id": 1}}) is None
    assert writes == [], "what cannot be read is not found"


def fails(event: Any) -> Any:
    raise KeyError("none")


def breaks(event: Any) -> Any:
    return Broken()


@pytest.mark.parametrize("wanted", [fails, breaks, "detail"])
def test_one_that_cannot_be_found_is_a_warning_and_the_handler_runs(
    wanted: Any, logs: Callable[[], list[dict[str, Any]]]
) -> None:
    assert found(wanted, {"detail": {"id": 1, "secret": "s"}}) is None
    (line,) = logs()
    assert line["level"] == "WARN"
    assert line["message"].startswith("the correlation id could not be found: ")
    assert line["location"].endswith("place")


class Broken:
    def __str__(self) -> str:
        raise ValueError("no")


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ("api-gateway-rst", "did you mean 'api-gateway-rest'"),
        ("event_bridge", "did you mean 'eventbridge'"),
        ("SQS", "did you mean 'sqs'"),
        ("correlation-id", "whose name has a dash is quoted"),
        ("a[", "no JMESPath expression"),
        ("parse_jsn(body).id", "unknown function 'parse_jsn'; did you mean 'parse_json'"),
        ("header:", "without a name"),
        ("", "pass a preset"),
        (5, "pass a preset"),
    ],
)
def test_what_is_none_of_these_is_refused_with_advice(wanted: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said.replace("[", r"\[")):
        Logger(correlation_id=wanted)


@pytest.mark.parametrize(("wanted", "loads"), [("detail.id", False), ("sqs", False), ("a[0]", True)])
def test_only_an_expression_loads_jmespath(wanted: str, loads: bool) -> None:
    made = f"from lambda_kit import Logger; Logger(correlation_id={wanted!r})"
    code = f"import sys; {made}; print('jmespath' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE, check=True)
    assert done.stdout == f"{loads}\n"
