"""A function behind a queue: it writes down what it was given, and fails as the messages say."""

from __future__ import annotations

import json
from typing import Any


def handler(event: dict[str, Any], context: Any) -> Any:
    bodies = [record["body"] for record in event["Records"]]
    print(json.dumps(bodies))
    if "raise" in bodies:
        raise ValueError("bad batch")
    if "nonsense" in bodies:
        return {"batchItemFailures": [{"itemIdentifier": "none"}]}
    failed = [record["messageId"] for record in event["Records"] if record["body"] == "poison"]
    return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}
