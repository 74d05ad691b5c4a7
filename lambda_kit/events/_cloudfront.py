"""Requests and responses of CloudFront, for Lambda@Edge."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import EventError
from lambda_kit.events._fields import Event, Field, flag, optional, text
from lambda_kit.events._view import View, kept, once

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.events._http_values import HeaderValues


def _headers(*path: str) -> Field[HeaderValues]:
    """Headers as CloudFront writes them: a list of names and values for each name in small letters."""

    def make(view: View) -> HeaderValues:
        from lambda_kit.events._http_values import HeaderValues

        found = view._find(*path)
        lists: dict[str, list[str]] = {}
        for name, pairs in found.items() if type_of(found) is dict else ():
            values = [one.get("value") for one in pairs if type_of(one) is dict] if type_of(pairs) is list else []
            if texts := [one for one in values if type_of(one) is str]:
                lists[name.lower()] = texts
        return HeaderValues(lists)

    return Field(lambda view: kept(view, path, make))


class CloudFrontRequest(View):
    """A request. The function may change its `raw`, and return that.

    See: `CloudFrontEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("uri",)

    method = text("method")
    """The method, such as `"GET"`."""
    uri = text("uri")
    """The path, encoded."""
    query = optional("querystring")
    """The query, encoded, without its question mark."""
    client_ip = optional("clientIp")
    """The address of the client."""
    headers = _headers("headers")
    """The headers, whose names are found in any letter case."""
    is_body_truncated = flag("body", "inputTruncated")
    """True if the body was larger than the limit, and was cut."""
    body_action = optional("body", "action")
    """`"read-only"` or `"replace"`: whether the body of the returned request is used."""

    @once
    def body(self) -> bytes:
        """The body, as bytes; empty without one, and for a function that does not include it.

        Raises:
            EventError: the body is not valid base64.
        """
        found = self._optional("body", "data")
        if found is None:
            return b""
        if self._optional("body", "encoding") == "text":
            return found.encode("utf-8", "surrogatepass")
        from binascii import a2b_base64

        try:
            return a2b_base64(found, strict_mode=True)
        except ValueError:  # the base class of binascii.Error
            raise EventError("'body.data' of the CloudFrontRequest is not valid base64") from None

    @property
    def origin(self) -> dict[str, Any]:
        """The origin, as `{"s3": ...}` or `{"custom": ...}`; empty in events of viewers."""
        found = self._find("origin")
        return found if type_of(found) is dict else {}

    @property
    def origin_domain(self) -> str | None:
        """The domain of the origin; None in events of viewers."""
        found = self._optional("origin", "custom", "domainName")
        return self._optional("origin", "s3", "domainName") if found is None else found


class CloudFrontResponse(View):
    """A response. The function may change its `raw`, and return that.

    See: `CloudFrontEvent`.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    _label = ("status",)

    status_description = optional("statusDescription")
    """The status, as text such as `"OK"`."""
    headers = _headers("headers")
    """The headers, whose names are found in any letter case."""

    @property
    def status(self) -> int:
        """The status code. It is text in the event."""
        return self._whole("status")


class CloudFrontEvent(Event):
    """A request or a response at an edge of CloudFront.

    See: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/lambda-event-structure.html>.

    Attributes:
        raw: the dict.
    """

    __slots__ = ()
    source = "cloudfront"

    def _cf(self) -> dict[str, Any]:
        records = self._find("Records")
        first: Any = records[0] if type_of(records) is list and records else None
        found: Any = first.get("cf") if type_of(first) is dict else None
        if type_of(found) is not dict:
            raise EventError("the CloudFrontEvent has no 'Records.0.cf'")
        return found  # type: ignore[no-any-return]

    def _config(self, name: str) -> str | None:
        return View(self._cf())._optional("config", name)

    @property
    def event_type(self) -> str | None:
        """The type: `"viewer-request"`, `"origin-request"`, `"origin-response"` or `"viewer-response"`."""
        return self._config("eventType")

    @property
    def distribution_id(self) -> str | None:
        """The id of the distribution."""
        return self._config("distributionId")

    @property
    def distribution_domain(self) -> str | None:
        """The domain of the distribution."""
        return self._config("distributionDomainName")

    @property
    def request_id(self) -> str | None:
        """The id of the request."""
        return self._config("requestId")

    @once
    def request(self) -> CloudFrontRequest:
        """The request; in events of responses, the one that is answered.

        Raises:
            EventError: the event has no request.
        """
        return CloudFrontRequest(View(self._cf())._object("request"))

    @once
    def response(self) -> CloudFrontResponse | None:
        """The response; None in events of requests."""
        found: Any = self._cf().get("response")
        return CloudFrontResponse(found) if type_of(found) is dict else None
