"""A function whose event says what it does."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

IMPORTED_AT = time.time()


def handler(event: dict[str, Any], context: Any) -> Any:
    return globals()[event.get("do", "echo")](event, context)


def echo(event: dict[str, Any], context: Any) -> Any:
    return {"event": event, "pid": os.getpid()}


def whole(event: dict[str, Any], context: Any) -> Any:
    return event["value"]


def length(event: dict[str, Any], context: Any) -> Any:
    return len(event["value"])


def describe(event: dict[str, Any], context: Any) -> Any:
    client = context.client_context
    return {
        "request_id": context.aws_request_id,
        "function_name": context.function_name,
        "arn": context.invoked_function_arn,
        "memory": context.memory_limit_in_mb,
        "remaining": context.get_remaining_time_in_millis(),
        "tenant_id": context.tenant_id,
        "client": None if client is None else {"custom": client.custom, "env": client.env},
        "w3c": context.w3c(),
        "env": {name: os.environ.get(name) for name in event.get("env", [])},
        "cwd": str(Path.cwd()),
        "level": logging.getLogger().level,
    }


def fail(event: dict[str, Any], context: Any) -> Any:
    raise ValueError("bad value")


def fail_chained(event: dict[str, Any], context: Any) -> Any:
    try:
        return 1 / 0
    except ZeroDivisionError as error:
        raise ValueError("bad value") from error


def sleep(event: dict[str, Any], context: Any) -> Any:
    print("sleeping", flush=True)
    time.sleep(event["seconds"])
    print("awake")
    return "slept"


def exit_now(event: dict[str, Any], context: Any) -> Any:
    os._exit(event["code"])


def exit_politely(event: dict[str, Any], context: Any) -> Any:
    sys.exit(event["code"])


def die(event: dict[str, Any], context: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def give_bytes(event: dict[str, Any], context: Any) -> Any:
    return b"\x00\xff"


def give_set(event: dict[str, Any], context: Any) -> Any:
    return {1}


def give_nan(event: dict[str, Any], context: Any) -> Any:
    return float("nan")


def give_much(event: dict[str, Any], context: Any) -> Any:
    return "x" * event["size"]


def talk(event: dict[str, Any], context: Any) -> Any:
    print("first")
    print("second", file=sys.stderr)
    subprocess.run(["echo", "third"], check=True)
    print("no newline", end="")
    return None


def log(event: dict[str, Any], context: Any) -> Any:
    logging.getLogger().warning("careful")
    return None


def fill(event: dict[str, Any], context: Any) -> Any:
    block = bytearray(event["mb"] * 1024 * 1024)
    for i in range(0, len(block), 4096):
        block[i] = 1
    time.sleep(event.get("seconds", 0))
    return len(block)


def spawn(event: dict[str, Any], context: Any) -> Any:
    subprocess.Popen(["sleep", "120"])
    if event.get("leave_group"):
        subprocess.Popen(["sleep", "120"], start_new_session=True)
    print(json.dumps({"pid": os.getpid()}), flush=True)
    time.sleep(event.get("seconds", 120))
    return "spawned"


def meet(event: dict[str, Any], context: Any) -> Any:
    """Wait until as many others are here as the event says: a proof that they run at the same time."""
    directory = Path(event["directory"])
    (directory / str(os.getpid())).touch()
    while len(list(directory.iterdir())) < event["count"]:
        time.sleep(0.005)
    print(f"worker {os.getpid()}")
    return os.getpid()
