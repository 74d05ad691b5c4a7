"""Messages that a rule of IoT Core sends.

The event is what the SQL of the rule selects, so it has no shape of its own, and is not recognised.
"""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.events._fields import Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any


class IotRuleEvent(Event):
    """A message that the SQL of a rule has selected.

    The properties read the values under the names that the rule gives to them, as in
    `SELECT *, topic() AS topic, clientid() AS clientid, timestamp() AS timestamp FROM 'devices/+'`.

    See: <https://docs.aws.amazon.com/iot/latest/developerguide/lambda-rule-action.html>.

    Attributes:
        raw: what the rule has selected.
    """

    __slots__ = ()
    source = "iot_rule"
    _label = ("topic",)

    @property
    def topic(self) -> str:
        """The topic; the rule has to select `topic() AS topic`."""
        return self._text("topic")

    @property
    def client_id(self) -> str | None:
        """The id of the client that sent the message; the rule has to select `clientid() AS clientid`."""
        return self._optional("clientid")

    @property
    def trace_id(self) -> str | None:
        """The trace id of the message; the rule has to select `traceid() AS traceid`."""
        return self._optional("traceid")

    @property
    def received_at(self) -> datetime | None:
        """The time of the message; the rule has to select `timestamp() AS timestamp`."""
        return self._time(1000, "timestamp")

    def value(self, *path: str) -> Any:
        """Return the value at a path of keys in the message; None if it is missing."""
        found = self._find(*path)
        return None if self._is_absent(*path) else found

    @property
    def names(self) -> list[str]:
        """The names of the values that the rule has selected."""
        return list(self.raw) if type_of(self.raw) is dict else []
