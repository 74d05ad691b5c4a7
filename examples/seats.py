"""Commands and queries apart (CQRS): a command changes a table, its stream keeps a read model, a query reads that.

echo '{"command": "c-1", "show": "s-1", "seats": 2}' \\
  | lambda-kit invoke seats.reserve --event - --env IDEMPOTENCY_FILE=seats.db

The three handlers are three functions on Lambda. A dict stands for the table of shows, and SQLite for the read model.
"""

from __future__ import annotations

import os
import sqlite3
from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, handler, idempotent, init, provide
from lambda_kit.batch import batch
from lambda_kit.errors import EventError
from lambda_kit.idempotency import DynamoDBStore, SQLiteStore

if TYPE_CHECKING:
    from lambda_kit.events import DynamoDBRecord
    from lambda_kit.idempotency import Store
    from lambda_kit.invocation import LambdaContext

log = Logger(service="seats")


class SoldOut(Exception):
    """There are not enough seats. The answer is kept: the same command is refused again."""


def store() -> Store:
    """Return the store of the commands that are done: a file here, a table on Lambda."""
    path = os.environ.get("IDEMPOTENCY_FILE")
    return SQLiteStore(path) if path else DynamoDBStore(os.environ.get("IDEMPOTENCY_TABLE", "idempotency"))


@init.resource
def shows() -> dict[str, dict[str, Any]]:
    """Open the table that commands write."""
    return {"s-1": {"id": "s-1", "city": "Graz", "free": 3, "version": 1}}


@init.resource(close=sqlite3.Connection.close)
def read_model() -> sqlite3.Connection:
    """Open the read model: what queries read, laid out for them."""
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    connection.execute("create table shows (id text primary key, city text, free integer, version integer)")
    return connection


@handler(
    log, idempotent(store(), key="command", payload="[show, seats]", replay_errors=(SoldOut,)), provide(table=shows)
)
def reserve(event: dict[str, Any], context: LambdaContext, *, table: dict[str, Any]) -> dict[str, Any]:
    """Reserve seats of a show: the command. It returns what it has done, and asks no query."""
    show = table[event["show"]]
    if show["free"] < event["seats"]:
        raise SoldOut(f"show {show['id']} has {show['free']} seats left")
    # On DynamoDB this is one update, under the condition that `version` is what was read.
    table[show["id"]] = {**show, "free": show["free"] - event["seats"], "version": show["version"] + 1}
    return {"show": show["id"], "reserved": event["seats"]}


@handler(log, provide(connection=read_model))
@batch(source="dynamodb")
def project(record: DynamoDBRecord, *, connection: sqlite3.Connection) -> None:
    """Bring the read model up to a change: the projection. A change that is no newer than the model is left out."""
    show = record.new_image
    if show is None:
        raise EventError("the stream needs the view type NEW_AND_OLD_IMAGES or NEW_IMAGE")
    connection.execute(
        "insert into shows values (:id, :city, :free, :version) on conflict (id) do update"
        " set city = excluded.city, free = excluded.free, version = excluded.version"
        " where excluded.version > shows.version",
        {**show, "free": int(show["free"]), "version": int(show["version"])},
    )


@handler(log, provide(connection=read_model))
def free_seats(event: dict[str, Any], context: LambdaContext, *, connection: sqlite3.Connection) -> dict[str, Any]:
    """Tell how many seats are free in a city: the query. It may lag behind the commands for a moment."""
    found = connection.execute("select coalesce(sum(free), 0) from shows where city = ?", (event["city"],)).fetchone()
    return {"city": event["city"], "free": found[0]}
