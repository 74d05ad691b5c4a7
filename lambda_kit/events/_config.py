"""Rules of AWS Config."""

from __future__ import annotations

import json

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._fields import Event, flag, optional, text
from lambda_kit.events._view import View, once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class ConfigItem(View):
    """The configuration of a resource. In a summary of an oversized one the configuration itself is missing.

    See: `ConfigRuleEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("resourceId",)

    resource_type = text("resourceType")
    """The type of the resource, such as `"AWS::EC2::Instance"`."""
    resource_id = text("resourceId")
    """The id of the resource."""
    resource_name = optional("resourceName")
    """The name of the resource; None without one."""
    resource_arn = optional("ARN")
    """The ARN of the resource."""
    account = optional("awsAccountId")
    """The account of the resource."""
    region = optional("awsRegion")
    """The region of the resource."""
    availability_zone = optional("availabilityZone")
    """The availability zone of the resource."""
    status = optional("configurationItemStatus")
    """The status, such as `"OK"` or `"ResourceDeleted"`."""
    captured_at = optional("configurationItemCaptureTime")
    """The time at which the configuration was recorded, as ISO 8601 text; an evaluation repeats it."""
    created_at = optional("resourceCreationTime")
    """The time at which the resource was created, as ISO 8601 text."""

    @property
    def configuration(self) -> dict[str, Any]:
        """The configuration; empty in a summary, and for a resource that was deleted."""
        found = self._find("configuration")
        return found if type_of(found) is dict else {}

    @property
    def tags(self) -> dict[str, Any]:
        """The tags of the resource."""
        found = self._find("tags")
        return found if type_of(found) is dict else {}

    @property
    def is_deleted(self) -> bool:
        """True if the resource was deleted."""
        return self.status in ("ResourceDeleted", "ResourceDeletedNotRecorded")


class ConfigRuleEvent(Event):
    """A rule is evaluated: for a change of a resource, or periodically.

    See: <https://docs.aws.amazon.com/config/latest/developerguide/evaluate-config_develop-rules_example-events.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "config_rule"
    _label = ("configRuleName",)

    result_token = text("resultToken")
    """The token by which the function reports its evaluations."""
    rule_name = optional("configRuleName")
    """The name of the rule."""
    rule_arn = optional("configRuleArn")
    """The ARN of the rule."""
    rule_id = optional("configRuleId")
    """The id of the rule."""
    account = optional("accountId")
    """The account of the rule."""
    role_arn = optional("executionRoleArn")
    """The ARN of the role of AWS Config."""
    left_scope = flag("eventLeftScope")
    """True if the resource is no longer in the scope of the rule."""
    evaluation_mode = optional("evaluationMode")
    """`"DETECTIVE"` or `"PROACTIVE"`."""
    version = optional("version")
    """The version of the format of the event."""

    @once
    def invoking_event(self) -> dict[str, Any]:
        """The notification that caused the evaluation. It is text in the event, and is decoded once.

        Raises:
            EventError: it is missing, or is not a JSON object.
        """
        return self._decoded("invokingEvent")

    @once
    def rule_parameters(self) -> dict[str, Any]:
        """The parameters of the rule; empty without any. They are text in the event, and are decoded once.

        Raises:
            EventError: they are not a JSON object.
        """
        return self._decoded("ruleParameters") if self._optional("ruleParameters") else {}

    @property
    def message_type(self) -> str | None:
        """The type of the notification, such as `"ConfigurationItemChangeNotification"`."""
        found = self.invoking_event.get("messageType")
        return found if type_of(found) is str else None

    @once
    def item(self) -> ConfigItem | None:
        """The configuration of the resource, or its summary if it is oversized; None for a periodic evaluation."""
        for name in ("configurationItem", "configurationItemSummary"):
            found: Any = self.invoking_event.get(name)
            if type_of(found) is dict:
                return ConfigItem(found)
        return None

    @property
    def is_oversized(self) -> bool:
        """True if the configuration is too large for the event: the function reads it from AWS Config."""
        return type_of(self.invoking_event.get("configurationItemSummary")) is dict

    @property
    def is_periodic(self) -> bool:
        """True for a periodic evaluation, which is for no resource."""
        return self.message_type == "ScheduledNotification"

    @property
    def changes(self) -> dict[str, Any]:
        """The properties that have changed, with their values before and after; empty if the resource is new."""
        found: Any = self.invoking_event.get("configurationItemDiff")
        properties: Any = found.get("changedProperties") if type_of(found) is dict else None
        return properties if type_of(properties) is dict else {}

    def _decoded(self, name: str) -> dict[str, Any]:
        found: Any = None
        try:
            found = json.loads(self._text(name))
        except EventError:
            raise
        except (ValueError, RecursionError):
            pass
        if type_of(found) is not dict:
            raise EventError(f"{name!r} of the ConfigRuleEvent is not the text of a JSON object")
        return found  # type: ignore[no-any-return]
