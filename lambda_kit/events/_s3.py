"""Notifications of S3."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._fields import optional, time
from lambda_kit.events._view import ContentView, EventView, RecordView, T_co

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any


class S3Record(ContentView[T_co]):
    """A change of an object.

    See: `S3Event`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()

    @property
    def event_name(self) -> str:
        """The kind of change, such as `"ObjectCreated:Put"`."""
        return self._text("eventName")

    @property
    def event_time(self) -> datetime:
        """The time of the change."""
        from datetime import datetime

        found = self._text("eventTime")
        try:
            return datetime.fromisoformat(found)
        except ValueError:
            raise self._error(found, "a time", ("eventTime",)) from None

    @property
    def region(self) -> str | None:
        """The region of the bucket."""
        return self._optional("awsRegion")

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return self._text("s3", "bucket", "name")

    @property
    def bucket_arn(self) -> str | None:
        """The ARN of the bucket."""
        return self._optional("s3", "bucket", "arn")

    @property
    def key(self) -> str:
        """The key of the object, decoded as the S3 API takes it; in the event it is encoded as in a URL."""
        from urllib.parse import unquote_plus

        return unquote_plus(self._text("s3", "object", "key"))

    @property
    def size(self) -> int | None:
        """The size of the object in bytes; None if the object was removed."""
        found = self._find("s3", "object", "size")
        return found if type_of(found) is int else None

    @property
    def etag(self) -> str | None:
        """The entity tag of the object."""
        return self._optional("s3", "object", "eTag")

    @property
    def version_id(self) -> str | None:
        """The version of the object; None in a bucket without versioning."""
        return self._optional("s3", "object", "versionId")

    @property
    def sequencer(self) -> str | None:
        """A text that gives the order of two events of one key: padded to equal length, the later one is greater."""
        return self._optional("s3", "object", "sequencer")

    event_version = optional("eventVersion")
    """The version of the format of the record, such as `"2.1"`."""
    principal_id = optional("userIdentity", "principalId")
    """The id of who caused the change."""
    source_ip = optional("requestParameters", "sourceIPAddress")
    """The address of who caused the change."""
    request_id = optional("responseElements", "x-amz-request-id")
    """The id of the request that caused the change."""
    configuration_id = optional("s3", "configurationId")
    """The id of the notification configuration of the bucket."""
    bucket_owner_id = optional("s3", "bucket", "ownerIdentity", "principalId")
    """The id of the owner of the bucket."""
    restore_expires_at = time("glacierEventData", "restoreEventData", "lifecycleRestorationExpiryTime")
    """The time at which the restored copy of an archived object expires."""
    restore_storage_class = optional("glacierEventData", "restoreEventData", "lifecycleRestoreStorageClass")
    """The storage class from which an archived object was restored."""
    tiering_access_tier = optional("intelligentTieringEventData", "destinationAccessTier")
    """The access tier to which S3 Intelligent-Tiering moved the object."""
    transition_storage_class = optional("lifecycleEventData", "transitionEventData", "destinationStorageClass")
    """The storage class to which a lifecycle rule moved the object."""
    replication_rule_id = optional("replicationEventData", "replicationRuleId")
    """The id of the replication rule, in events of replication."""
    replication_bucket_arn = optional("replicationEventData", "destinationBucket")
    """The ARN of the bucket to which the object is replicated."""
    replication_operation = optional("replicationEventData", "s3Operation")
    """The operation that is replicated, such as `"OBJECT_PUT"`."""
    replication_requested_at = time("replicationEventData", "requestTime")
    """The time of the operation that is replicated."""
    replication_failure_reason = optional("replicationEventData", "failureReason")
    """The reason why the object was not replicated; None if it was."""
    _label = ("eventName",)


class S3Event(EventView["S3Record[T_co]"]):
    """Changes of objects.

    See: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "s3"
    _record = S3Record

    @property
    def is_test(self) -> bool:
        """True for the first message of a new notification, `s3:TestEvent`, which has no records."""
        return self._optional("Event") == "s3:TestEvent"

    def _raws(self) -> list[Any]:
        return [] if self.is_test else super()._raws()


def is_event(value: Any) -> bool:
    """Tell whether a value is an event of S3."""
    found: Any = value.get("Records") if type_of(value) is dict else None
    if type_of(found) is not list or not found:
        return False
    first: Any = found[0]
    return type_of(first) is dict and first.get("eventSource") == "aws:s3"


def event_in(record: RecordView) -> S3Event | None:
    """Return the event of S3 in the body of a record; None if the body is something else."""
    try:
        found = record.json
    except EventError:
        return None
    return S3Event(found) if is_event(found) else None
