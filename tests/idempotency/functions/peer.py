"""A worker under Powertools, in the environment of the peer: takes calls from standard input, tells what came of each.

Its arguments are the table, a file for side effects, and the options of `build`, as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from typing import Any

powertools: Any = import_module("aws_lambda_powertools.utilities.idempotency")
TABLE, EFFECTS = sys.argv[1], sys.argv[2]
OPTIONS: dict[str, Any] = json.loads(sys.argv[3])
effects = os.open(EFFECTS, os.O_WRONLY | os.O_APPEND | os.O_CREAT)


class Context:
    """What Powertools reads of a Lambda context."""

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


def effect(key: object) -> None:
    os.write(effects, f"peer {json.dumps(key)}\n".encode())


def run(event: dict[str, Any]) -> Any:
    """Do what a call says: fail, or wait for a line, and return a result."""
    if event.get("fail"):
        raise ValueError("declined")
    if event.get("wait"):
        print("running", flush=True)
        sys.stdin.readline()
    effect(event["id"])
    return event.get("result", f"by the peer: {event['id']}")


def build() -> Any:
    """Return the protected function: a handler, or with `argument` a function of one keyword argument."""
    store = powertools.DynamoDBPersistenceLayer(table_name=TABLE)
    config = powertools.IdempotencyConfig(**OPTIONS.get("config", {}))
    config.register_lambda_context(Context())
    prefix: dict[str, Any] = {"key_prefix": OPTIONS["key_prefix"]} if "key_prefix" in OPTIONS else {}
    if "argument" not in OPTIONS:

        def charge(event: dict[str, Any], context: object) -> Any:
            return run(event)

        charge.__module__, charge.__qualname__ = "shop", "charge"
        protected: Any = powertools.idempotent(charge, persistence_store=store, config=config, **prefix)

        def call(event: dict[str, Any]) -> Any:
            return protected(event, Context())

        return call

    def bill(*, order: dict[str, Any]) -> Any:
        return run(order)

    bill.__module__, bill.__qualname__ = "shop", "charge"
    billed: Any = powertools.idempotent_function(
        bill, data_keyword_argument="order", persistence_store=store, config=config, **prefix
    )

    def call_by_name(event: dict[str, Any]) -> Any:
        return billed(order=event)

    return call_by_name


def main() -> None:
    call = build()
    for line in sys.stdin:
        answer: dict[str, Any]
        try:
            answer = {"result": call(json.loads(line))}
        except Exception as error:
            answer = {"error": type(error).__name__}
        print(json.dumps(answer), flush=True)


main()
