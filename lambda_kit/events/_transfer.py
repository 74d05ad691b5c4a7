"""Events of Transfer Family."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.events._fields import Event, optional, text


class TransferLoginEvent(Event):
    """A user signs in to a server whose identity provider is the function.

    The shape is that of AWS's documentation; no recorded event was at hand.

    See: <https://docs.aws.amazon.com/transfer/latest/userguide/custom-lambda-idp.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "transfer_login"
    _label = ("username",)

    user_name = text("username")
    """The name of the user."""
    password = optional("password")
    """The password; None or empty for a user who signs in with an SSH key."""
    protocol = optional("protocol")
    """The protocol: `"SFTP"`, `"FTPS"` or `"FTP"`."""
    server_id = text("serverId")
    """The id of the server."""
    source_ip = optional("sourceIp")
    """The address of the client."""

    @property
    def uses_key(self) -> bool:
        """True if the user signs in with an SSH key: the answer holds the public keys of the user."""
        return not self._optional("password")


class TransferStepEvent(Event):
    """A custom step of a workflow. The function reports its success or failure to Transfer Family.

    The shape is that of AWS's documentation; no recorded event was at hand.

    See: <https://docs.aws.amazon.com/transfer/latest/userguide/custom-step-details.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "transfer_step"
    _label = ("serviceMetadata", "executionDetails", "executionId")

    token = text("token")
    """The token of the step, which the report names."""
    workflow_id = text("serviceMetadata", "executionDetails", "workflowId")
    """The id of the workflow."""
    execution_id = text("serviceMetadata", "executionDetails", "executionId")
    """The id of the run of the workflow."""
    session_id = optional("serviceMetadata", "transferDetails", "sessionId")
    """The id of the session in which the file was transferred."""
    user_name = optional("serviceMetadata", "transferDetails", "userName")
    """The name of the user who transferred the file."""
    server_id = optional("serviceMetadata", "transferDetails", "serverId")
    """The id of the server."""
    domain = optional("fileLocation", "domain")
    """The place of the file: `"S3"` or `"EFS"`."""
    bucket = optional("fileLocation", "bucket")
    """The name of the bucket; None for EFS."""
    key = optional("fileLocation", "key")
    """The key of the object; None for EFS."""
    etag = optional("fileLocation", "eTag")
    """The entity tag of the object; None for EFS."""
    file_system_id = optional("fileLocation", "fileSystemId")
    """The id of the file system; None for S3."""
    path = optional("fileLocation", "path")
    """The path of the file in the file system; None for S3."""

    @property
    def version_id(self) -> str | None:
        """The version of the object; None for EFS, and in a bucket without versioning."""
        found = self._find("fileLocation", "versionId")
        return found if type_of(found) is str and found != "null" else None
