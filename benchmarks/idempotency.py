"""The processor time of idempotency on the client's side, against the peer, with one server behind both."""

from __future__ import annotations

from importlib import import_module
from itertools import count
from typing import Any

from benchmarks._calls import calls_of
from benchmarks._lambda import Context
from benchmarks._model import Case, Figure, Row, Topic
from benchmarks._worker import Loop
from benchmarks.aws import service

_KINDS = ("new", "replay", "cached")


def kit(kind: str) -> Loop:
    """Call a protected function: with a new key each time, or with one that was completed."""
    from lambda_kit.idempotency import DynamoDBStore, idempotent

    service()
    protect = idempotent(DynamoDBStore("records"), key="id", cache=256 if kind == "cached" else 0)
    return _called(protect(charge), kind)


def peer(kind: str) -> Loop:
    """Call one that the peer protects."""
    service()
    module: Any = import_module("aws_lambda_powertools.utilities.idempotency")
    config = module.IdempotencyConfig(event_key_jmespath="id", use_local_cache=kind == "cached")
    store = module.DynamoDBPersistenceLayer(table_name="records")
    return _called(module.idempotent(charge, persistence_store=store, config=config), kind)


def charge(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Do what is to be done once."""
    return {"order": event["id"], "charged": True}


def _called(fn: Any, kind: str) -> Loop:
    context: Any = Context()
    if kind == "new":
        numbers = map(str, count())
        return Loop("fn({'id': next(numbers)}, context)", {"fn": fn, "numbers": numbers, "context": context})
    event = {"id": f"known {kind}"}
    assert fn(event, context) == fn(event, context)
    return Loop("fn(event, context)", {"fn": fn, "event": event, "context": context})


TOPIC = Topic(
    name="idempotency",
    about="What an idempotent call costs in processor time. The goal: at most 1/10 of the peer, twice.",
    cases=(
        *(Case(f"kit {kind}", "kit", "kit", (kind,)) for kind in _KINDS),
        *(Case(f"peer {kind}", "peer", "peer", (kind,)) for kind in _KINDS),
    ),
    rows=(
        Row("a new key, two writes", Figure("kit new"), Figure("peer new"), "Powertools", goal=1 / 10),
        Row("a replay, one write", Figure("kit replay"), Figure("peer replay"), "Powertools", goal=1 / 10),
        Row("a replay from the local cache", Figure("kit cached"), Figure("peer cached"), "Powertools"),
    ),
    open=calls_of("benchmarks.idempotency"),
    rounds=(20, 5),
)
