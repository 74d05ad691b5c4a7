"""Metrics of HTTP requests by their routes: how many there were, how long they took, and which ones failed."""

from __future__ import annotations

from lambda_kit._kernel import log
from lambda_kit._kernel.json_text import escape
from lambda_kit.errors import ConfigurationError
from lambda_kit.metrics._head import Head
from lambda_kit.metrics._lines import lines_of
from lambda_kit.metrics._record import Definition

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from lambda_kit.metrics._pending import Pending
    from lambda_kit.metrics._record import Series

UNMATCHED = "unmatched"
"""The dimension of requests without a route. Their paths are the clients' and would each be a metric."""
_REQUESTS = Definition("Requests", "Count", high_resolution=False)
_LATENCY = Definition("Latency", "Milliseconds", high_resolution=False)
_SERVER_ERRORS = Definition("ServerErrors", "Count", high_resolution=False)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "TRACE"))
_MAX_HEADS = 1_000
_MAX_VALUE = 1_024  # characters of a dimension


class Requests:
    """Writes a line for each request that is answered within the layer of one `Metrics` object.

    Args:
        pending: writes the lines.
        head: returns the head of lines without dimensions of their own.
    """

    __slots__ = ("_head", "_heads", "_is_off", "_pending")

    def __init__(self, pending: Pending, head: Callable[[], Head]) -> None:
        self._pending = pending
        self._head = head
        self._heads: dict[tuple[str | None, str, int], Head] = {}
        self._is_off = False

    def write(self, route: str | None, method: str, status: int, seconds: float) -> None:
        """Write the metrics of one request."""
        if self._is_off:
            return
        if method not in _METHODS:
            method = "other"  # any word, which the client has chosen
        key = (route, method, status)
        head = self._heads.get(key)
        if head is None:
            try:
                head = self._made(*key)
            except ConfigurationError as error:  # there is no namespace
                self._is_off = True
                log.warning("the metrics of HTTP requests are not written; pass Metrics(routes=False), or: %s", error)
                return
        series: Series = {
            "Requests": (_REQUESTS, ["1"]),
            "Latency": (_LATENCY, [f"{seconds * 1000:.3f}"]),
            "ServerErrors": (_SERVER_ERRORS, ["1" if status >= 500 else "0"]),
        }
        self._pending.write(lines_of(head, series, self._pending.milliseconds()))

    def _made(self, route: str | None, method: str, status: int) -> Head:
        own = self._head()
        dimensions = {"route": UNMATCHED if route is None else _dimension_of(route)}
        if "service" in own.dimensions:
            dimensions["service"] = own.dimensions["service"]
        if len(self._heads) >= _MAX_HEADS:
            self._heads.clear()
        metadata = f',"method":{escape(method)},"status":{status}'
        made = self._heads[route, method, status] = Head(own.namespace, dimensions, own.level, metadata=metadata)
        return made


def _dimension_of(rule: str) -> str:
    """Return the path of a route as CloudWatch takes it: printable ASCII, within its limit."""
    if rule.isascii() and rule.isprintable():
        return rule[:_MAX_VALUE]
    from urllib.parse import quote

    return quote(rule, safe="/{}:@!$&'()*+,;=")[:_MAX_VALUE]
