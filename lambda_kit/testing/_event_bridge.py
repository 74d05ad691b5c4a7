"""Builders of events of EventBridge: any event, and that of a scheduled rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lambda_kit.testing._event_parts import ACCOUNT, REGION, arn, iso, merged, new_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lambda_kit.testing._event_parts import Event, Fields


def event_bridge(
    detail: Mapping[str, Any],
    *,
    detail_type: str = "Order Placed",
    source: str = "shop.orders",
    resources: Iterable[str] = (),
    at: float | None = None,
    fields: Fields = None,
) -> Event:
    """Return an event of EventBridge.

    Args:
        detail: the detail.
        detail_type: the type of the detail.
        source: who has sent it.
        resources: ARNs; default: none.
        at: the time in seconds since the epoch; default: now.
        fields: replaces fields of the event; default: none.
    """
    event = {
        "version": "0",
        "id": new_id(),
        "detail-type": detail_type,
        "source": source,
        "account": ACCOUNT,
        "time": iso(at),
        "region": REGION,
        "resources": list(resources),
        "detail": dict(detail),
    }
    return cast("Event", merged(event, fields))


def schedule(rule: str = "nightly", *, at: float | None = None, fields: Fields = None) -> Event:
    """Return the event of a scheduled rule of EventBridge.

    Args:
        rule: the name of the rule.
        at: the time in seconds since the epoch; default: now.
        fields: replaces fields of the event; default: none.
    """
    resources = [arn("events", f"rule/{rule}")]
    return event_bridge(
        {}, detail_type="Scheduled Event", source="aws.events", resources=resources, at=at, fields=fields
    )
