"""Resources under SnapStart: what every environment may share is kept from the snapshot, what must differ is not.

lambda-kit invoke vouchers.issue --event '{"value": 20}' --init-type snap-start

Lambda restores many environments from one snapshot. A prefix that was drawn at random before it would be the same in
all of them, and so would their vouchers. Credentials and connections of the snapshot are too old.
"""

from __future__ import annotations

import itertools
import json
import os
import secrets
from typing import TYPE_CHECKING, Any

from lambda_kit import Logger, handler, init, provide

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lambda_kit.invocation import LambdaContext

log = Logger(service="vouchers")


@init.resource(eager=True, on_restore="keep")
def validity() -> dict[str, int]:
    """Read the days that vouchers are valid for, by value: parsed once, before the snapshot, for all environments."""
    log.info("reading the table of values")
    return json.loads('{"10": 90, "20": 180, "50": 365}')  # type: ignore[no-any-return]  # stands for a large file


@init.resource(eager=True)
def numbers() -> Iterator[str]:
    """Return the numbers of this environment: built again after a restore, as `on_restore` is "rebuild" by default."""
    prefix = secrets.token_hex(4)
    log.info("drawing a prefix", prefix=prefix)
    return (f"{prefix}-{number}" for number in itertools.count(1))


@init.resource(eager=True)
def connection() -> str:
    """Connect with the credentials of this environment. It stands for a database."""
    log.info("connecting", key=os.environ.get("AWS_ACCESS_KEY_ID", "none"))
    return "connected"


@handler(log, provide(validity=validity, numbers=numbers, connection=connection))
def issue(
    event: dict[str, Any], context: LambdaContext, *, validity: dict[str, int], numbers: Iterator[str], connection: str
) -> dict[str, Any]:
    """Issue a voucher. Its number is drawn by one environment alone."""
    return {"voucher": next(numbers), "days": validity[str(event["value"])]}
