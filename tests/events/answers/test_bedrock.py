"""Answers to agents of Bedrock, for both kinds of action groups."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_kit.errors import AnswerError, EventError
from lambda_kit.events import bedrock

API = {
    "messageVersion": "1.0",
    "actionGroup": "g",
    "apiPath": "/claims",
    "httpMethod": "GET",
    "sessionAttributes": {"a": "b"},
}
FUNCTION = {"messageVersion": "1.0", "actionGroup": "g", "function": "f", "promptSessionAttributes": None}


def test_the_answer_has_the_form_of_its_action_group() -> None:
    assert bedrock.answer(API, {"open": ["é"]}, status=202, prompt_session={"c": "d"}) == {
        "messageVersion": "1.0",
        "response": {
            "actionGroup": "g",
            "apiPath": "/claims",
            "httpMethod": "GET",
            "httpStatusCode": 202,
            "responseBody": {"application/json": {"body": '{"open": ["é"]}'}},
        },
        "sessionAttributes": {"a": "b"},
        "promptSessionAttributes": {"c": "d"},
    }
    assert bedrock.answer(FUNCTION, "which claim?", state="REPROMPT") == {
        "messageVersion": "1.0",
        "response": {
            "actionGroup": "g",
            "function": "f",
            "functionResponse": {"responseState": "REPROMPT", "responseBody": {"TEXT": {"body": "which claim?"}}},
        },
        "sessionAttributes": {},
        "promptSessionAttributes": {},
    }


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: bedrock.answer(API, "", state="FAILURE"), AnswerError, "state is for action groups with functions"),
        (lambda: bedrock.answer(FUNCTION, "", status=500), AnswerError, "status is for action groups with an OpenAPI"),
        (lambda: bedrock.answer(API, "", status=99), AnswerError, "status is 99; pass a whole number from 100 to 599"),
        (lambda: bedrock.answer(FUNCTION, "", state="FAIL"), AnswerError, "did you mean 'FAILURE'?"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        (lambda: bedrock.answer(API, {1, 2}), AnswerError, "the body cannot be written as JSON"),
        (lambda: bedrock.answer(API, "", session={"a": 5}), AnswerError, "'a' of sessionAttributes is of type int"),  # type: ignore[dict-item]  # pyright: ignore[reportArgumentType]
        (lambda: bedrock.answer({"actionGroup": "g"}, ""), EventError, "has neither 'apiPath' nor 'function'"),
        (lambda: bedrock.answer({}, ""), EventError, "the event has no text at 'actionGroup'"),
    ],
    ids=range(8),
)
def test_what_bedrock_would_refuse_is_an_error(call: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert told in str(caught.value)
