"""Place orders: a thin handler, a layer of its own, and a table that is opened once for each environment.

Run it here, under the runtime client that AWS ships, with `make examples`; or from here, with an event of yours:

    echo '{"order_id": "o-2", "items": [{"price": 5, "count": 2}]}' | lambda-kit invoke orders.place_order --event -
"""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, current_invocation, handler, init, layer, provide, time_limit

if TYPE_CHECKING:
    from collections.abc import Generator

    from lambda_kit.invocation import LambdaContext

log = Logger(service="orders")


@init.resource(eager=True, close=sqlite3.Connection.close)
def orders() -> sqlite3.Connection:
    """Open the table of orders. It stands for a database that takes a while to connect to."""
    log.info("opening the table of orders")
    time.sleep(0.1)
    table = sqlite3.connect(":memory:", check_same_thread=False)
    table.execute("create table orders (id text primary key, total real)")
    return table


@layer
def audit(event: dict[str, Any], context: LambdaContext) -> Generator[None, dict[str, Any], None]:
    """Log what comes in and what goes out."""
    log.append(order_id=event.get("order_id"))
    log.info("order received", seconds_left=current_invocation().remaining())
    response = yield
    log.info("order answered", status=response["statusCode"])


@handler(log, audit, time_limit(margin=0.5), provide(table=orders))
def place_order(event: dict[str, Any], context: LambdaContext, *, table: sqlite3.Connection) -> dict[str, Any]:
    """Store one order; the same order again replaces it."""
    total = sum(item["price"] * item["count"] for item in event["items"])
    table.execute("insert or replace into orders values (?, ?)", (event["order_id"], total))
    return {"statusCode": 201, "orderId": event["order_id"], "total": total}
