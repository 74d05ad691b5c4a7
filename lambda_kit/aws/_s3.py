"""S3's `PutObject`, and the errors of S3. Both differ from those of the services that speak JSON."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.aws._operations import Operation
from lambda_kit.errors import ConfigurationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class PutObject(Operation):
    """`PutObject`, with the bucket in the path.

    <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>; for paths see
    <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html#path-style-access>.
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__("PutObject", method="PUT")

    def route(self, params: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """Return the path and the headers of a request with `params`.

        Raises:
            ConfigurationError: the bucket's name cannot be part of a path.
        """
        from urllib.parse import quote

        bucket = str(params["Bucket"])
        if not _is_bucket(bucket):
            raise ConfigurationError(
                f"{bucket!r} is not the name of a general purpose bucket; for access points and directory buckets pass "
                "client=boto3.client('s3')"
            )
        headers = {"content-type": str(params.get("ContentType", "binary/octet-stream"))}
        return f"/{bucket}/{quote(params['Key'], safe='/~')}", headers

    def request(self, params: dict[str, Any]) -> tuple[str, bytes]:
        """Return the query and the body that carry `params`.

        Raises:
            ConfigurationError: the body is not bytes, or the kit does not send one of the parameters.
        """
        body = params.get("Body", b"")
        if not params.keys() <= {"Bucket", "Key", "Body", "ContentType"} or not issubclass(type_of(body), bytes):
            raise ConfigurationError("PutObject takes Bucket, Key, Body as bytes and ContentType; for more use boto3")
        return "", body

    def reply(self, headers: dict[str, str], body: bytes) -> dict[str, Any]:  # noqa: ARG002  # the body is empty
        """Return the reply of a success."""
        found = {"ETag": headers.get("etag"), "VersionId": headers.get("x-amz-version-id")}
        return {name: value for name, value in found.items() if value is not None}


def _is_bucket(name: str) -> bool:
    plain = name.replace("-", "").replace(".", "").replace("_", "")
    return 3 <= len(name) <= 63 and plain.isascii() and plain.isalnum() and not name.endswith("--x-s3")


def read_failure(status: int, headers: dict[str, str], body: bytes) -> tuple[str, str]:
    """Return the code and the message of a failure.

    They are two elements of a small XML document, found without an XML parser. If the bucket is in another region, the
    message names that region.
    """
    import re
    from html import unescape

    text = body.decode("utf-8", "replace")
    found = {
        name: unescape(match[1]) if (match := re.search(f"<{name}>([^<]*)</{name}>", text)) else ""
        for name in ("Code", "Message")
    }
    message = found["Message"] or ("" if found["Code"] else "the reply is not the XML of S3")
    region = headers.get("x-amz-bucket-region")
    if region and (status in (301, 307) or found["Code"] == "AuthorizationHeaderMalformed"):
        message = f"{message.rstrip('.')}; the bucket is in {region}: pass region={region!r}"
    return found["Code"] or str(status), message
