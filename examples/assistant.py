"""An assistant that streams its answer word by word, as server-sent events, as language models give theirs.

Under `lambda_kit.runtime`, behind a function URL with `InvokeMode: RESPONSE_STREAM`, the browser shows each word as it
comes. Under AWS's own client the same function answers with all events at once.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, Metrics, handler, time_limit
from lambda_kit.pipeline import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

log = Logger(service="assistant")
metrics = Metrics(namespace="Assistant", service="assistant")
HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-store"}


def words_of_model(question: str) -> Iterator[str]:
    """Stand in for the client of a language model, which yields its answer in pieces."""
    if not question:
        raise ValueError("there is no question")
    yield from ("You ", "asked: ", f"{question!r}. ", "I ", "do ", "not ", "know.")


def events(question: str) -> Iterator[str]:
    """Yield one server-sent event for each piece of the answer, and one that says that it is complete."""
    yield ": thinking\n\n"  # a comment: status and headers are sent at once
    count = 0
    for word in words_of_model(question):
        count += 1
        yield f"data: {json.dumps({'text': word})}\n\n"
    yield "event: done\ndata: {}\n\n"
    metrics.add("Words", count)
    log.info("answered", words=count)


@handler(log, metrics, time_limit(margin=1.0))
def lambda_handler(event: dict[str, Any], context: Any) -> Any:
    query: dict[str, str] = event.get("queryStringParameters") or {}
    question = query.get("q", "").strip()
    if not question:
        return {"statusCode": 400, "body": "ask something: ?q=..."}
    return Stream(events(question), {"statusCode": 200, "headers": HEADERS})
