"""Events of S3 Batch Operations."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._fields import optional, text
from lambda_kit.events._view import ContentView, EventView, T_co

TYPE_CHECKING = False


_COLONS = 5  # in an ARN, at least


class S3BatchTask(ContentView[T_co]):
    """A task: an object to process.

    See: `S3BatchEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()

    @property
    def id(self) -> str:
        """The id of the task."""
        return self._text("taskId")

    @property
    def key(self) -> str:
        """The key of the object, decoded as the S3 API takes it; in the event it is encoded as in a URL."""
        from urllib.parse import unquote_plus

        return unquote_plus(self._text("s3Key"))

    @property
    def bucket(self) -> str:
        """The name of the bucket; the ARN of an access point, which the S3 API takes in place of a name.

        Raises:
            EventError: the task has neither a name nor an ARN of a bucket.
        """
        named = self._optional("s3Bucket")  # since version 2.0 of the schema
        if named:
            return named
        arn = self._text("s3BucketArn")
        resource = arn.split(":", 5)[5] if arn.count(":") >= _COLONS and arn.startswith("arn:") else ""
        kind, _, name = resource.partition("/")
        if kind == "accesspoint" and name:
            return arn
        found = name if kind == "bucket" else resource  # `bucket/NAME` in ARNs of directory buckets
        if not found or "/" in found:
            raise EventError("'s3BucketArn' of the S3BatchTask is not the ARN of a bucket or of an access point")
        return found

    @property
    def version_id(self) -> str | None:
        """The version of the object; None for the current one."""
        return self._optional("s3VersionId")

    bucket_arn = optional("s3BucketArn")
    """The ARN of the bucket or of the access point; None since version 2.0 of the schema."""
    _label = ("taskId",)


class S3BatchEvent(EventView["S3BatchTask[T_co]"]):
    """Tasks of a job.

    See: <https://docs.aws.amazon.com/lambda/latest/dg/services-s3-batch.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "s3_batch"
    _record = S3BatchTask
    _list = "tasks"

    schema_version = text("invocationSchemaVersion")
    """The version of the schema of the event: `"1.0"` or `"2.0"`."""

    @property
    def invocation_id(self) -> str:
        """The id that S3 has given to the invocation."""
        return self._text("invocationId")

    @property
    def job_id(self) -> str:
        """The id of the job."""
        return self._text("job", "id")

    @property
    def user_arguments(self) -> dict[str, str]:
        """The arguments of the job for the function; empty before version 2.0 of the schema."""
        found = self._find("job", "userArguments")
        return dict(found) if type_of(found) is dict else {}
