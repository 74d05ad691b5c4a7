"""JSON Schemas of events and responses: both ways, without values in errors, and without a network."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_kit import handler
from lambda_kit.errors import ConfigurationError, InvalidResult, MissingExtra, ParseError
from lambda_kit.events import validated
from lambda_kit.testing import invoke

ORDER: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string"}, "lines": {"type": "array", "items": {"type": "integer"}}},
}
needs_library = pytest.mark.usefixtures("_library")


@pytest.fixture
def _library() -> None:
    pytest.importorskip("jsonschema_rs")


def run(layer: Any, event: Any, response: Any = None) -> Any:
    def respond(event: Any, context: Any) -> Any:
        return event if response is None else response

    async def respond_later(event: Any, context: Any) -> Any:
        return respond(event, context)

    make: Any = handler
    outcomes: list[Any] = []
    for function in (respond, respond_later):
        result: Any = invoke(make(layer(function)), event)
        outcomes.append(result.value if result.error is None else result.error)
    if isinstance(outcomes[0], ParseError):
        assert outcomes[0].__context__ is outcomes[0].__cause__ is None
    assert str(outcomes[0]) == str(outcomes[1])
    return outcomes[0]


@needs_library
@pytest.mark.parametrize(
    ("at", "event"),
    [
        (None, {"id": "o-1", "lines": [1]}),
        ("detail", {"detail": {"id": "o-1"}}),
        ("body", {"body": '{"id": "o-1"}'}),
        ("body", {"body": "eyJpZCI6ICJvLTEifQ==", "isBase64Encoded": True}),
        ("parse_json(body).order", {"body": '{"order": {"id": "o-1"}}'}),
    ],
    ids=["whole", "part", "text", "base64", "expression"],
)
def test_an_event_that_fits_is_passed_on_unchanged(at: str | None, event: Any) -> None:
    assert run(validated(ORDER, at=at), event) is event


@needs_library
@pytest.mark.parametrize(
    ("at", "event", "told"),
    [
        (None, {"id": 4111111111}, 'the event does not fit the schema: id: … is not of type "string"'),
        ("detail", {"detail": {"id": "o", "lines": [1, "hunter2"]}}, 'detail.lines.1: … is not of type "integer"'),
        ("detail", {"detail": {}}, 'detail: "id" is a required property'),
        ("detail", {}, 'detail: … is not of type "object"'),
        ("body", {"body": "hunter2"}, "body: Invalid JSON"),
        (None, {"id": {"hunter2"}}, "$: it cannot be JSON"),
    ],
    ids=["whole", "inside", "required", "missing", "no JSON", "no value of JSON"],
)
def test_an_event_that_does_not_fit_is_told_with_its_path_and_without_its_value(
    at: str | None, event: Any, told: str
) -> None:
    error = run(validated(ORDER, at=at), event)
    assert type(error) is ParseError
    assert told in str(error)
    assert "hunter2" not in f"{error} {error.errors}"
    assert "4111111111" not in f"{error} {error.errors}"


@needs_library
def test_a_response_that_does_not_fit_is_an_error_of_its_own() -> None:
    layer = validated(outbound={"type": "array", "items": ORDER})
    assert run(layer, {}, [{"id": "o-1"}]) == [{"id": "o-1"}]
    error = run(layer, {}, [{"id": "o-1"}, {"id": 7}])
    assert isinstance(error, InvalidResult)
    assert error.problems == [("1.id", '… is not of type "string"')]


@needs_library
def test_formats_are_checked_where_they_are_asked_for() -> None:
    schema = {"type": "string", "format": "email"}
    assert run(validated(schema), "no address") == "no address"
    assert isinstance(run(validated(schema, formats=True), "no address"), ParseError)


@needs_library
def test_references_come_from_the_caller_and_never_from_a_network() -> None:
    schema = {"$ref": "https://schemas.example/order.json"}
    assert run(validated(schema, references={"https://schemas.example/order.json": ORDER}), {"id": "o"}) == {"id": "o"}
    with pytest.raises(ConfigurationError, match=r"https://schemas.example/order.json is not among references="):
        validated(schema)
    assert isinstance(run(validated({"$ref": "#/$defs/a", "$defs": {"a": False}}), {}), ParseError)


@needs_library
def test_a_wrong_declaration_is_told_when_the_layer_is_made() -> None:
    with pytest.raises(ConfigurationError, match=r"validated\(outbound=...\): the schema cannot be used: "):
        validated(outbound={"type": "strin"})
    with pytest.raises(ConfigurationError, match="pass the schema of the event, of the response, or both"):
        validated()
    with pytest.raises(ConfigurationError, match="pass the schema of this part as inbound"):
        validated(outbound=True, at="detail")
    with pytest.raises(ConfigurationError, match="at is '!!', which is no JMESPath expression"):
        validated(True, at="!!")


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "jsonschema_rs", None)
    with pytest.raises(MissingExtra, match=r'pip install "lambda-kit-sdk\[jsonschema\]"'):
        validated(ORDER)
