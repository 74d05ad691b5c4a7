"""A worker of the process test: takes keys from standard input, charges each once, and tells what came of it."""

from __future__ import annotations

import json
import os
import sys
import time

from lambda_kit.idempotency import DynamoDBStore, IdempotencyError, idempotent

TABLE, EFFECTS, LEASE = sys.argv[1], sys.argv[2], float(sys.argv[3])
effects = os.open(EFFECTS, os.O_WRONLY | os.O_APPEND | os.O_CREAT)


@idempotent(DynamoDBStore(TABLE), key="key", lease=LEASE, on_in_progress="wait", cache=0)
def charge(key: str) -> dict[str, str]:
    token = os.urandom(8).hex()
    os.write(effects, f"{key} {os.getpid()} {token}\n".encode())
    time.sleep(0.003)  # so that some are killed here
    return {"key": key, "token": token}


def main() -> None:
    for line in sys.stdin:
        key = line.strip()
        answer: dict[str, object]
        try:
            answer = {"key": key, "token": charge(key)["token"]}
        except IdempotencyError as error:
            answer = {"key": key, "error": type(error).__name__, "ran": getattr(error, "ran", False)}
        print(json.dumps(answer), flush=True)


main()
