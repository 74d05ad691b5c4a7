"""Counting the evaluations of feature flags, for `Metrics(flags=True)`."""

from __future__ import annotations

from lambda_kit._kernel import facts, lifecycle
from lambda_kit.invocation import current, current_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
    from weakref import ReferenceType

    from lambda_kit.invocation import Invocation
    from lambda_kit.metrics._record import Record

_counting: set[ReferenceType[Any]] = set()  # the `Metrics` objects that count


def count_for(metrics: object) -> None:
    """Count the later evaluations in invocations that have the layer of this `Metrics` object."""
    lifecycle.note(metrics, _counting)
    facts.observe(_note_fact)


def taken(metrics: object, invocation: Invocation) -> dict[tuple[str, str], int]:
    """Take the evaluations of an invocation, and return how many there were of each flag and variant."""
    counts: dict[tuple[str, str], int] = {}
    for one in invocation.state.pop((metrics, "flags"), ()):
        counts[one] = counts.get(one, 0) + 1
    return counts


def _note_fact(name: str, fields: dict[str, Any]) -> None:
    invocation = current.get(None)
    if name != "flags.evaluated" or invocation is None:
        return
    place = current_place.get()
    if place is not None and place.is_replaying():
        return
    for metrics in lifecycle.living(_counting):
        record: Record | None = invocation._peek(metrics)
        if record is not None and record.layered:
            invocation.state.setdefault((metrics, "flags"), []).append((fields["flag"], fields["variant"]))
