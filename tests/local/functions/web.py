"""A function behind a URL; the path says what it does."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import Any


def handler(event: dict[str, Any], context: Any) -> Any:
    path = event["rawPath"]
    print(f"called {path}")
    if path == "/event":
        return {"event": event, "request_id": context.aws_request_id, "pid": os.getpid()}
    if path == "/length":
        return {
            "statusCode": 200,
            "headers": {"content-type": "text/plain"},
            "body": "x" * int(event["rawQueryString"]),
        }
    if path == "/fail":
        raise ValueError("bad value")
    if path == "/exit":
        os._exit(3)
    if path == "/sleep":
        time.sleep(60)
    if path == "/spawn":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        time.sleep(600)
        return child.pid
    if path == "/malformed":
        return {"statusCode": 200, "body": {"a": 1}}
    if path == "/status":
        return {"statusCode": int(event["rawQueryString"]), "cookies": ["a=1", "b=2"], "body": "text"}
    return {"statusCode": 404, "body": "nothing here"}
