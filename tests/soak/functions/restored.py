"""A function whose clock stands days behind until it is restored, as that of a snapshot does."""

from __future__ import annotations

import time
from typing import Any

from snapshot_restore_py import register_after_restore

real, behind = time.time, [3 * 86_400.0]
time.time = lambda: real() - behind[0]  # before the kit is imported, which keeps the function


@register_after_restore  # type: ignore[untyped-decorator, unused-ignore]  # registered first, and so called first
def wake() -> None:
    behind[0] = 0.0


from lambda_kit import Logger, Parameter, handler, provide, time_limit  # noqa: E402

log = Logger(service="restored")
limit = Parameter("/soak/limit", eager=True, ttl=3600.0)


@handler(log, time_limit(margin=0.2), provide(limit=limit))
def lambda_handler(event: Any, context: Any, *, limit: str) -> str:
    log.info("restored", limit=limit)
    return limit
