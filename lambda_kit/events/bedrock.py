"""Answers of action groups to agents of Bedrock.

<https://docs.aws.amazon.com/bedrock/latest/userguide/agents-lambda.html>

```python
from lambda_kit import handler
from lambda_kit.events import bedrock


@handler
def claims(event, context):
    return bedrock.answer(event, {"open": ["claim-1"]})


event = {
    "messageVersion": "1.0",
    "actionGroup": "claims",
    "apiPath": "/claims",
    "httpMethod": "GET",
}
assert claims(event, None)["response"]["httpStatusCode"] == 200
```
"""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import AnswerError, EventError
from lambda_kit.events._answers import check_choice, check_dict, check_whole, raw_of, text_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal


def answer(
    event: Any,
    body: Any,
    *,
    status: int | None = None,
    state: Literal["FAILURE", "REPROMPT"] | None = None,
    content_type: str = "application/json",
    session: Mapping[str, str] | None = None,
    prompt_session: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the answer to an action group, whether it is defined by an OpenAPI schema or by functions.

    Args:
        event: the event; it shows how the action group is defined.
        body: the result: text, or a value that is written as JSON.
        status: the HTTP status, 100 to 599, with an OpenAPI schema; default 200.
        state: with functions, `"FAILURE"` to end the session with an error, or `"REPROMPT"` to let the model ask again;
            default none, a success.
        content_type: the media type of the body, with an OpenAPI schema; default `"application/json"`.
        session: attributes that stay for the session; default those of the event.
        prompt_session: attributes that stay for the turn; default those of the event.

    Raises:
        AnswerError: an option belongs to the other kind of action group, or a value cannot be in an answer.
        EventError: the event is not one of an action group.
    """
    raw = raw_of(event, "bedrock.answer")
    response: dict[str, Any] = {"actionGroup": text_at(raw, "bedrock.answer", "actionGroup")}
    text = _text(body)
    if "apiPath" in raw:
        if state is not None:
            raise AnswerError("bedrock.answer: state is for action groups with functions; pass status instead")
        response |= {
            "apiPath": text_at(raw, "bedrock.answer", "apiPath"),
            "httpMethod": text_at(raw, "bedrock.answer", "httpMethod"),
            "httpStatusCode": 200 if status is None else check_whole(status, "bedrock.answer: status", 100, 599),
            "responseBody": {content_type: {"body": text}},
        }
    elif "function" in raw:
        if status is not None:
            raise AnswerError("bedrock.answer: status is for action groups with an OpenAPI schema; pass state instead")
        result: dict[str, Any] = {"responseBody": {"TEXT": {"body": text}}}
        if state is not None:
            result["responseState"] = check_choice(state, "bedrock.answer: state", ("FAILURE", "REPROMPT"))
        response |= {"function": text_at(raw, "bedrock.answer", "function"), "functionResponse": result}
    else:
        raise EventError("bedrock.answer: the event has neither 'apiPath' nor 'function'; is it one of an agent?")
    return {
        "messageVersion": text_at(raw, "bedrock.answer", "messageVersion"),
        "response": response,
        "sessionAttributes": _attributes(raw, "sessionAttributes", session),
        "promptSessionAttributes": _attributes(raw, "promptSessionAttributes", prompt_session),
    }


def _text(body: Any) -> str:
    if type_of(body) is str:
        return body  # type: ignore[no-any-return]
    import json

    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise AnswerError(f"bedrock.answer: the body cannot be written as JSON: {error}") from None


def _attributes(raw: dict[str, Any], name: str, given: Mapping[str, str] | None) -> dict[str, str]:
    if given is None:
        found: Any = raw.get(name)
        return dict(found) if type_of(found) is dict else {}
    checked = check_dict(given, f"bedrock.answer: {name}")
    for key, value in checked.items():
        if type_of(value) is not str:
            raise AnswerError(f"bedrock.answer: {key!r} of {name} is of type {type_of(value).__name__}; pass text")
    return checked
