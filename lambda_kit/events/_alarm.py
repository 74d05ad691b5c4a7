"""Alarms of CloudWatch whose action is the function."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._fields import (
    Event,
    flag,
    mapping,
    optional,
    optional_part,
    optional_whole,
    part,
    parts,
    text,
    time,
)
from lambda_kit.events._view import View, once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class AlarmState(View):
    """A state of an alarm.

    See: `AlarmEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("value",)

    value = text("value")
    """The state: `"OK"`, `"ALARM"` or `"INSUFFICIENT_DATA"`."""
    reason = optional("reason")
    """The reason, as a sentence."""
    since = time("timestamp")
    """The time at which the alarm went into the state."""
    actions_suppressed_by = optional("actionsSuppressedBy")
    """The cause that suppressed the actions of a composite alarm: `"WaitPeriod"`, `"ExtensionPeriod"` or `"Alarm"`."""
    actions_suppressed_reason = optional("actionsSuppressedReason")
    """The reason why the actions of a composite alarm were suppressed, as a sentence."""

    @once
    def reason_data(self) -> dict[str, Any]:
        """The data points and thresholds behind the reason; empty without them.

        Raises:
            EventError: the text in the event is not JSON.
        """
        found = self._optional("reasonData")
        if not found:
            return {}
        import json

        try:
            data = json.loads(found)
        except (ValueError, RecursionError):
            raise EventError("'reasonData' of the AlarmState is not JSON") from None
        return data if type_of(data) is dict else {}


class AlarmMetric(View):
    """A metric of an alarm, or an expression over other metrics.

    See: `AlarmEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("id",)

    id = text("id")
    """The id of the metric in the alarm."""
    expression = optional("expression")
    """The expression; None for a metric."""
    label = optional("label")
    """The label of the expression."""
    returns_data = flag("returnData")
    """True for the metric or expression that the alarm watches."""
    namespace = optional("metricStat", "metric", "namespace")
    """The namespace of the metric."""
    name = optional("metricStat", "metric", "name")
    """The name of the metric."""
    dimensions = mapping("metricStat", "metric", "dimensions")
    """The dimensions of the metric."""
    period = optional_whole("metricStat", "period")
    """The period, in seconds."""
    statistic = optional("metricStat", "stat")
    """The statistic, such as `"Average"`."""
    unit = optional("metricStat", "unit")
    """The unit."""


class AlarmEvent(Event):
    """A change of the state of an alarm, or of a composite alarm.

    See: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "alarm"
    _label = ("alarmData", "alarmName")

    alarm_arn = text("alarmArn")
    """The ARN of the alarm."""
    account = optional("accountId")
    """The account of the alarm."""
    changed_at = time("time")
    """The time of the change."""
    region = optional("region")
    """The region of the alarm."""
    alarm_name = text("alarmData", "alarmName")
    """The name of the alarm."""
    state = part(AlarmState, "alarmData", "state")
    """The state of the alarm."""
    previous_state = optional_part(AlarmState, "alarmData", "previousState")
    """The state before."""
    description = optional("alarmData", "configuration", "description")
    """The description of the alarm."""
    metrics = parts(AlarmMetric, "alarmData", "configuration", "metrics")
    """The metrics and expressions of the alarm; none for a composite alarm."""
    rule = optional("alarmData", "configuration", "alarmRule")
    """The rule of a composite alarm; None for an alarm over metrics."""
    actions_suppressor = optional("alarmData", "configuration", "actionsSuppressor")
    """The alarm that suppresses the actions of a composite alarm."""
    suppressor_wait_period = optional_whole("alarmData", "configuration", "actionsSuppressorWaitPeriod")
    """The time that a composite alarm waits for its suppressor, in seconds."""
    suppressor_extension_period = optional_whole("alarmData", "configuration", "actionsSuppressorExtensionPeriod")
    """The time that the actions of a composite alarm stay suppressed after its suppressor, in seconds."""

    @property
    def is_composite(self) -> bool:
        """True for a composite alarm, whose rule is over other alarms."""
        return self.rule is not None
