"""A scheduled job: each night, write the statement of the day before, once, although a schedule may fire twice.

lambda-kit invoke statements.write --event schedule --env IDEMPOTENCY_FILE=statements.db

A table of SQLite in memory stands for the database of the shop.
"""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, handler, idempotent, init, provide
from lambda_kit.events import ScheduledEvent, as_event
from lambda_kit.idempotency import DynamoDBStore, SQLiteStore

if TYPE_CHECKING:
    from lambda_kit.idempotency import Store
    from lambda_kit.invocation import LambdaContext

log = Logger(service="statements")


def store() -> Store:
    """Return the store of the runs that are done: a file here, a table on Lambda."""
    path = os.environ.get("IDEMPOTENCY_FILE")
    return SQLiteStore(path) if path else DynamoDBStore(os.environ.get("IDEMPOTENCY_TABLE", "idempotency"))


@init.resource(close=sqlite3.Connection.close)
def database() -> sqlite3.Connection:
    """Open the database."""
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    connection.execute("create table orders (placed text, total integer)")
    connection.execute("create table statements (day text, orders integer, total integer)")
    return connection


def write_statement(connection: sqlite3.Connection, day: str) -> dict[str, Any]:
    """Sum up the orders of a day, and add the statement."""
    orders, total = connection.execute(
        "select count(*), coalesce(sum(total), 0) from orders where date(placed) = ?", (day,)
    ).fetchone()
    connection.execute("insert into statements values (?, ?, ?)", (day, orders, total))
    return {"day": day, "orders": orders, "total": total}


# The key is the planned time: two deliveries of one tick share it, and the next tick has another one. The record is
# kept for a week, longer than anything delivers a tick again.
@handler(
    log,
    idempotent(store(), key="[resources[0], time]", ttl=7 * 86_400.0),
    as_event(ScheduledEvent),
    provide(connection=database),
)
def write(event: ScheduledEvent, context: LambdaContext, *, connection: sqlite3.Connection) -> dict[str, Any]:
    """Write the statement of the day before the planned time, also if the job comes late."""
    planned = event.sent_at
    if planned is None:
        raise ValueError("the event of the schedule has no time")
    statement = write_statement(connection, (planned - timedelta(days=1)).date().isoformat())
    log.info("statement written", **statement)
    return statement
