"""Events of S3 Batch Operations: <https://docs.aws.amazon.com/lambda/latest/dg/services-s3-batch.html>."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.events._view import EventView, View

TYPE_CHECKING = False


class S3BatchTask(View):
    """An object to work on.

    Attributes:
        raw: the dict itself.
    """

    __slots__ = ()

    @property
    def id(self) -> str:
        """The id of the task."""
        return self._text("taskId")

    @property
    def key(self) -> str:
        """The key of the object, as S3 takes it: what stands in the event is encoded for a URL."""
        from urllib.parse import unquote_plus

        return unquote_plus(self._text("s3Key"))

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        found = self._optional("s3Bucket")  # from version 2.0 of the schema on
        return self._text("s3BucketArn").partition(":::")[2] if found is None else found

    @property
    def version_id(self) -> str | None:
        """The version of the object; None for the current one."""
        return self._optional("s3VersionId")

    def __repr__(self) -> str:
        return f"<S3BatchTask {self._optional('taskId')}>"


class S3BatchEvent(EventView[S3BatchTask]):
    """Tasks of a job.

    Attributes:
        raw: the dict itself.
    """

    __slots__ = ()
    source = "s3_batch"
    _record = S3BatchTask
    _list = "tasks"

    @property
    def invocation_id(self) -> str:
        """The id of the invocation, as S3 calls it."""
        return self._text("invocationId")

    @property
    def job_id(self) -> str:
        """The id of the job."""
        return self._text("job", "id")

    @property
    def user_arguments(self) -> dict[str, str]:
        """What the job gives to the function, from version 2.0 of the schema on."""
        found = self._find("job", "userArguments")
        return dict(found) if type_of(found) is dict else {}
