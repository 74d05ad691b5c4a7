from __future__ import annotations

import json
from typing import Any

import assistant

from lambda_kit.testing import invoke


def ask(question: str) -> Any:
    event = {"queryStringParameters": {"q": question}}
    return invoke(assistant.lambda_handler, event)


def test_the_answer_is_a_stream_of_events_that_ends_with_done() -> None:
    result = ask("why?")
    body: str = result.value["body"]
    texts = [json.loads(line[6:])["text"] for line in body.splitlines() if line.startswith('data: {"text"')]
    assert "".join(texts) == "You asked: 'why?'. I do not know."
    assert body.startswith(": thinking\n\n")
    assert body.endswith("event: done\ndata: {}\n\n")
    assert result.value["headers"]["Content-Type"] == "text/event-stream"


def test_lines_and_metrics_of_the_stream_are_those_of_the_invocation() -> None:
    result = ask("why?")
    (line,) = [one for one in result.logs if one.get("message") == "answered"]
    assert line["words"] == 7
    assert line["requestId"]
    assert result.metrics["Words"] == [7]


def test_without_a_question_the_answer_is_no_stream() -> None:
    assert ask(" ").value["statusCode"] == 400
