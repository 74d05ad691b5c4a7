"""Event sourcing with snapshots: an account is its events; a snapshot spares reading all of them.

echo '{"command": "c-1", "account": "a-1", "amount": 50}' \\
  | lambda-kit invoke accounts.book --event - --env IDEMPOTENCY_FILE=accounts.db

A database of SQLite in memory stands for a table of DynamoDB with the key (account, version).
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from lambda_kit import Logger, handler, idempotent, init, provide
from lambda_kit.idempotency import DynamoDBStore, SQLiteStore

if TYPE_CHECKING:
    from lambda_kit.idempotency import Store
    from lambda_kit.invocation import LambdaContext

log = Logger(service="accounts")
SNAPSHOT_EVERY = 10  # events
ATTEMPTS = 3


class Account(NamedTuple):
    """The state of an account after its event number `version`."""

    version: int = 0
    balance: int = 0


class Overdrawn(Exception):
    """There is not enough money. It is no event, because nothing has happened to the account."""


class Busy(Exception):
    """Other writers were first, again and again. The command may be sent again."""


def store() -> Store:
    """Return the store of the commands that are done: a file here, a table on Lambda."""
    path = os.environ.get("IDEMPOTENCY_FILE")
    return SQLiteStore(path) if path else DynamoDBStore(os.environ.get("IDEMPOTENCY_TABLE", "idempotency"))


@init.resource(close=sqlite3.Connection.close)
def database() -> sqlite3.Connection:
    """Open the events and the snapshots. The primary key lets one writer in for each version."""
    connection = sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)
    connection.execute("create table events (account, version integer, amount integer, primary key (account, version))")
    connection.execute("create table snapshots (account primary key, version integer, balance integer)")
    return connection


def load(db: sqlite3.Connection, account: str) -> Account:
    """Return the state: the last snapshot, and the events after it."""
    row = db.execute("select version, balance from snapshots where account = ?", (account,)).fetchone()
    state = Account(*row) if row else Account()
    later = "select version, amount from events where account = ? and version > ? order by version"
    count = 0
    for version, amount in db.execute(later, (account, state.version)):
        state = Account(version, state.balance + amount)
        count += 1
    log.info("loaded", account=account, version=state.version, events_read=count)
    return state


def append(db: sqlite3.Connection, account: str, state: Account, amount: int) -> Account:
    """Append an event after the state that the decision was made on; IntegrityError: another one was there first."""
    new = Account(state.version + 1, state.balance + amount)
    db.execute("insert into events values (?, ?, ?)", (account, new.version, amount))
    if new.version % SNAPSHOT_EVERY == 0:  # only spares reading: if it fails or is lost, the events are still there
        db.execute("insert or replace into snapshots values (?, ?, ?)", (account, *new))
    return new


@handler(log, idempotent(store(), key="command", payload="[account, amount]"), provide(db=database))
def book(event: dict[str, Any], context: LambdaContext, *, db: sqlite3.Connection) -> dict[str, Any]:
    """Pay in, or pay out if the amount is negative. If another writer was first, decide again on the new state."""
    account, amount = event["account"], event["amount"]
    for _ in range(ATTEMPTS):
        state = load(db, account)
        if state.balance + amount < 0:
            raise Overdrawn(f"account {account} has {state.balance}")
        with suppress(sqlite3.IntegrityError):
            return append(db, account, state, amount)._asdict()
    raise Busy(f"account {account} has changed {ATTEMPTS} times meanwhile")
