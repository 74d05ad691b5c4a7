"""A source of batches: how its records are identified, grouped and answered."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from lambda_kit.batch._progress import Progress

    Respond: TypeAlias = Callable[["Source", dict[str, Any], Progress], dict[str, Any]]


_MAX_DESCRIPTION = 300  # characters
_MAX_COUNT = 1 << 31


class Source:
    """A service that sends records in batches.

    Attributes:
        name: its name in the option `source`.
        view: the name of the class of `lambda_kit.events` that reads its records.
        order: the records that a failure stops by default: `"none"`, `"group"` or `"all"`.
        respond: makes the response.
        id_of: returns the id that the service has given to a record; None if the record has none.
        group_of: returns the group within which a record keeps its order, as text; None if it has no group.
        retries_records: False if the service retries failed invocations, and gives up failed records.
    """

    __slots__ = ("group_of", "id_of", "name", "order", "respond", "retries_records", "view")

    def __init__(
        self,
        name: str,
        view: str,
        respond: Respond,
        id_of: Callable[[Any], Any],
        *,
        order: str = "none",
        group_of: Callable[[Any], str | None] = lambda _: None,
        retries_records: bool = True,
    ) -> None:
        self.name = name
        self.view = view
        self.respond = respond
        self.order = order
        self.id_of = _none_if_malformed(id_of)
        self.group_of = _none_if_malformed(group_of)
        self.retries_records = retries_records

    def describe(self, raw: Any) -> str:
        """Return the identifiers of a record as text for a log line: its id, its group, how often it was received."""
        found = self.id_of(raw)
        text = f"{found['partition']}@{found['offset']}" if self.name == "kafka" and found is not None else str(found)
        more: list[str] = []
        group = self.group_of(raw) if self.name in ("sqs", "kinesis") else None
        if group is not None:
            more.append(f"{'group' if self.name == 'sqs' else 'partition key'} {group}")
        received = _receive_count(raw) if self.name == "sqs" else None
        if received is not None:
            more.append(f"received {received} times" if received > 1 else "received once")
        text = f"{text} ({', '.join(more)})" if more else text
        return text if len(text) <= _MAX_DESCRIPTION else f"{text[:_MAX_DESCRIPTION]}…"


def _none_if_malformed(find: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return `find` as a function that returns None for a record that does not have the form of its service."""

    def found(raw: Any) -> Any:
        try:
            return find(raw)
        except Exception:  # whatever a malformed record does, it does it to itself alone
            return None

    return found


def _receive_count(raw: Any) -> int | None:
    try:
        count = int(raw["attributes"]["ApproximateReceiveCount"])
    except (LookupError, TypeError, ValueError, OverflowError):
        return None
    return count if 0 < count < _MAX_COUNT else None
