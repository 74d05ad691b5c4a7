"""A constant answer: what the runtime client costs with the events and the answers of the other sides."""

from __future__ import annotations

from benchmarks.functions.http_events import BODY, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    body = f'{BODY[:-1]}, "id": 1}}' if name == "post" else '{"id": "7"}'

    def answer(event: object, context: object) -> dict[str, Any]:
        headers = {"content-type": "application/json"}
        return {"statusCode": 200, "headers": headers, "body": body, "isBase64Encoded": False}

    return told(answer)
