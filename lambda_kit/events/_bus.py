"""Events of EventBridge.

A rule or a schedule with an input of its own sends that input in place of the event: such an event has no envelope, and
is not recognised.
"""

from __future__ import annotations

import json

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._fields import Event, optional, optional_whole, text, texts, time
from lambda_kit.events._view import T_co, once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class BusEvent(Event[T_co]):
    """The envelope of all events of EventBridge.

    See: `EventBridgeEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("id",)

    id = text("id")
    """The id of the event. A replay and a retry have the same id."""
    detail_type = text("detail-type")
    """The type of the event, which says what `detail` holds."""
    source_name = text("source")
    """The service that sent the event, such as `"aws.ec2"`, or the name that an application gave."""
    account = optional("account")
    """The account from which the event comes."""
    sent_at = time("time")
    """The time of the event."""
    region = optional("region")
    """The region from which the event comes."""
    resources = texts("resources")
    """The ARNs of the resources that the event is about."""
    replay_name = optional("replay-name")
    """The name of the replay that sent the event again; None for an event that was sent for the first time."""

    @property
    def version(self) -> str | None:
        """The version of the envelope, as text."""
        found = self._find("version")
        return str(found) if type_of(found) in (str, int) else None

    @property
    def detail(self) -> Any:
        """The content of the event. The text of JSON, which EventBridge Scheduler sends, is decoded once.

        Raises:
            EventError: the detail is missing, or is text that is not JSON.
        """
        try:
            found = self.raw["detail"]
            if found.__class__ is dict:
                return found
        except (LookupError, TypeError):
            pass
        return self._decoded

    @once
    def _decoded(self) -> Any:
        found = self._find("detail")
        if type_of(found) is str:
            try:
                return json.loads(found)
            except RecursionError:
                raise EventError(f"'detail' of the {type_of(self).__name__} is nested too deeply") from None
            except ValueError:
                raise EventError(f"'detail' of the {type_of(self).__name__} is text that is not JSON") from None
        if type_of(found) is not dict:
            raise self._error(found, "an object", ("detail",))
        return found

    def _content(self) -> tuple[Any, tuple[str, ...]]:
        return self.detail, ("detail",)


class EventBridgeEvent(BusEvent[T_co]):
    """An event of EventBridge, whatever its type.

    See: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-events-structure.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "event_bridge"
    _also = ("schedule", "s3_event_bridge")


class ScheduledEvent(BusEvent[T_co]):
    """An event of a rule with a schedule, or of EventBridge Scheduler.

    See: <https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "schedule"

    @property
    def schedule_arn(self) -> str:
        """The ARN of the rule or of the schedule.

        Raises:
            EventError: the event names no resource.
        """
        found = self.resources
        if not found:
            raise EventError("'resources' of the ScheduledEvent is empty; the ARN of a rule or a schedule is needed")
        return found[0]

    @property
    def schedule_name(self) -> str:
        """The name of the rule or of the schedule."""
        return self.schedule_arn.rpartition("/")[2]

    @property
    def is_scheduler(self) -> bool:
        """True for EventBridge Scheduler, False for a rule with a schedule."""
        return self._optional("source") == "aws.scheduler"


class S3EventBridgeEvent(BusEvent[T_co]):
    """A change of an object that S3 sent through EventBridge.

    See: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "s3_event_bridge"

    bucket = text("detail", "bucket", "name")
    """The name of the bucket."""
    key = text("detail", "object", "key")
    """The key of the object, as the S3 API takes it. Through EventBridge it is not encoded."""
    size = optional_whole("detail", "object", "size")
    """The size of the object in bytes; None if the object was removed."""
    etag = optional("detail", "object", "etag")
    """The entity tag of the object."""
    version_id = optional("detail", "object", "version-id")
    """The version of the object; None in a bucket without versioning."""
    sequencer = optional("detail", "object", "sequencer")
    """A text that gives the order of two events of one key: padded to equal length, the later one is greater."""
    request_id = optional("detail", "request-id")
    """The id of the request that caused the change."""
    requester = optional("detail", "requester")
    """The account, or the service, that caused the change."""
    source_ip = optional("detail", "source-ip-address")
    """The address of who caused the change; None if S3 itself did."""
    reason = optional("detail", "reason")
    """The operation of the S3 API that caused the change, such as `"PutObject"`, or `"Lifecycle Expiration"`."""
    deletion_type = optional("detail", "deletion-type")
    """`"Permanently Deleted"` or `"Delete Marker Created"` for an object that was deleted."""
    restore_expires_at = time("detail", "restore-expiry-time")
    """The time at which the restored copy of an archived object expires."""
    source_storage_class = optional("detail", "source-storage-class")
    """The storage class from which an archived object was restored."""
    destination_storage_class = optional("detail", "destination-storage-class")
    """The storage class to which a lifecycle rule moved the object."""
    destination_access_tier = optional("detail", "destination-access-tier")
    """The access tier to which S3 Intelligent-Tiering moved the object."""
