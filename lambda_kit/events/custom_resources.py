"""Answers of custom resources of CloudFormation, which are sent to a URL that comes with the event.

See <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html>. Without an answer a stack
waits for an hour, so that the layer answers always: also when the handler raises, and when it runs out of time.

```python
from lambda_kit import Logger, handler
from lambda_kit.events.custom_resources import custom_resource, success


@handler(Logger(), custom_resource())
def alias(event, context):
    if event["RequestType"] == "Delete":
        return None
    return success({"Name": "orders"}, physical_id="alias-orders")
```
"""

from __future__ import annotations

import json
import time

from lambda_kit._kernel import type_of
from lambda_kit.errors import AnswerError, AnswerNotSent, ConfigurationError, EventError
from lambda_kit.events._always import always
from lambda_kit.events._answers import check_dict, check_text, raw_of, text_at
from lambda_kit.invocation import current_invocation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from lambda_kit._kernel.layers import AnyLayer

_LARGEST = 4096  # bytes of an answer
_LONGEST_ID = 1024  # bytes
_LONGEST_REASON = 1024
_ATTEMPTS = 3
_PAUSE = 0.2  # seconds between two attempts
_PATIENCE = 10.0  # seconds that sending an answer may take where no deadline is known
_NEVER_CREATED = "lambda-kit:never-created:"


class Outcome:
    """The outcome of a request, which `success` and `failed` make.

    Attributes:
        status: `"SUCCESS"` or `"FAILED"`.
        data: the attributes for `Fn::GetAtt`.
        physical_id: the id of the resource; None for the one that the event names.
        no_echo: True if CloudFormation masks the data.
        reason: the reason of a failure.
    """

    __slots__ = ("data", "no_echo", "physical_id", "reason", "status")

    def __init__(
        self, status: str, data: Mapping[str, Any], physical_id: str | None, reason: str, *, no_echo: bool
    ) -> None:
        self.status = status
        self.data = dict(data)
        self.physical_id = physical_id
        self.reason = reason
        self.no_echo = no_echo

    def __repr__(self) -> str:
        return f"<{self.status} {self.physical_id or 'without an id of its own'}>"


def success(data: Mapping[str, Any] | None = None, *, physical_id: str | None = None, no_echo: bool = False) -> Outcome:
    """Return the outcome of a request that succeeded.

    Args:
        data: the attributes that `Fn::GetAtt` gives; default none. The answer may have 4,096 bytes.
        physical_id: the id of the resource, at most 1,024 bytes. Another id than before in an update makes
            CloudFormation delete the old resource. Default the id in the event; for a new resource the request id.
        no_echo: True to mask the data in CloudFormation; default False.

    Raises:
        AnswerError: the data is no dict, or the id is empty or too long.
    """
    _check_id(physical_id, "success")
    return Outcome("SUCCESS", check_dict(data or {}, "success: data"), physical_id, "", no_echo=no_echo)


def failed(reason: str | BaseException, *, physical_id: str | None = None) -> Outcome:
    """Return the outcome of a request that failed.

    Args:
        reason: the reason, which CloudFormation shows, or an exception; cut after 1,024 characters.
        physical_id: the id of the resource, if there is one; default the id in the event.

    Raises:
        AnswerError: the reason is empty, or the id is empty or too long.
    """
    text = f"{type_of(reason).__name__}: {reason}" if isinstance(reason, BaseException) else reason
    if type_of(text) is not str or not text:
        raise AnswerError("failed: the reason is empty or no text; CloudFormation refuses an answer without one")
    _check_id(physical_id, "failed")
    return Outcome("FAILED", {}, physical_id, text[:_LONGEST_REASON], no_echo=False)


def _check_id(physical_id: str | None, what: str) -> None:
    if physical_id is not None:
        size = len(check_text(physical_id, f"{what}: physical_id", _LONGEST_ID).encode())
        if size > _LONGEST_ID:
            raise AnswerError(f"{what}: physical_id has {size} bytes; pass at most {_LONGEST_ID}")


def custom_resource(*, margin: float = 2.0) -> AnyLayer:
    """Return a layer that answers CloudFormation, whatever happens in the handler.

    The handler returns None or a dict of data for a success, or `success(...)` or `failed(...)`. If it raises, the
    exception is logged, and the answer is FAILED. The exception does not reach the runtime: Lambda would run the
    request again, while CloudFormation rolls it back already.

    `margin` seconds before the deadline the answer is FAILED, even if the handler is stuck.

    A resource whose creation failed without an id gets an id that says so. CloudFormation deletes it next, which the
    layer answers itself, because there is nothing to delete.

    Args:
        margin: seconds before the deadline, above 0, default 2. If less time is left at the call, half of it.

    Raises:
        ConfigurationError: `margin` is no number above 0.
        EventError: when running, the event is not one of a custom resource, so that nobody can be answered.
        AnswerNotSent: when running, the answer could not be delivered. Lambda then runs the request again.
    """
    return always(_Reply, _Reply.layer, margin)


class _Reply:
    """The reply to one request of CloudFormation.

    Attributes:
        needs_handler: False for the deletion of what was never created.
    """

    layer = "custom_resource"
    failed = "FAILED"

    def __init__(self, event: Any) -> None:
        raw = raw_of(event, self.layer)
        self._kind = text_at(raw, self.layer, "RequestType")
        if self._kind not in ("Create", "Update", "Delete"):
            raise EventError(f"custom_resource: the request is {self._kind!r}; it is Create, Update or Delete")
        self._fields = {name: text_at(raw, self.layer, name) for name in ("StackId", "RequestId", "LogicalResourceId")}
        self._url = text_at(raw, self.layer, "ResponseURL")
        self._old_id: str | None = None
        if self._kind != "Create":
            self._old_id = text_at(raw, self.layer, "PhysicalResourceId")
        self.needs_handler = not (self._kind == "Delete" and str(self._old_id).startswith(_NEVER_CREATED))

    def result(self, outcome: Any) -> dict[str, Any]:
        found = success(outcome) if outcome is None or type_of(outcome) is dict else outcome
        if type_of(found) is not Outcome:
            raise AnswerError(
                f"the handler returned a value of type {type_of(found).__name__}; return None, a dict of data, "
                "success(...) or failed(...)"
            )
        return self._fields_of(found)

    def failure(self, reason: str, /) -> dict[str, Any]:
        return self._fields_of(failed(reason))

    def _fields_of(self, outcome: Outcome) -> dict[str, Any]:
        """Return the fields of the answer.

        Raises:
            AnswerError: CloudFormation would not take it.
        """
        physical_id = outcome.physical_id or self._old_id
        if self._kind == "Delete" and physical_id != self._old_id:
            raise AnswerError("the physical id of a resource that is deleted cannot be another one")
        if physical_id is None:
            never = _NEVER_CREATED if outcome.status == "FAILED" else ""
            physical_id = f"{never}{self._fields['RequestId']}"
        answer: dict[str, Any] = {"Status": outcome.status, "PhysicalResourceId": physical_id, **self._fields}
        if outcome.reason:
            answer["Reason"] = outcome.reason
        if outcome.no_echo:
            answer["NoEcho"] = True
        if outcome.data:
            answer["Data"] = outcome.data
        size = len(_encoded(answer))
        if size > _LARGEST and outcome.data:
            raise AnswerError(f"the answer has {size} bytes, and CloudFormation takes {_LARGEST}; return less data")
        if size > _LARGEST:
            answer["Reason"] = outcome.reason[:100]
        return answer

    def send(self, answer: dict[str, Any], /) -> None:
        _put(self._url, _encoded(answer))


def _encoded(answer: dict[str, Any]) -> bytes:
    try:
        return json.dumps(answer, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise AnswerError(f"the data cannot be written as JSON: {error}") from None


def _put(url: str, body: bytes) -> None:
    """Send an answer to a signed URL, which no message may quote.

    Raises:
        EventError: it is no URL.
        AnswerNotSent: the answer could not be delivered.
    """
    from urllib.parse import urlsplit

    from lambda_kit.aws import _http

    try:
        parts = urlsplit(url)
        pool = _http.Pool(f"{parts.scheme}://{parts.netloc}")
    except (ConfigurationError, ValueError):
        raise EventError("custom_resource: 'ResponseURL' of the event is no URL") from None
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    left = current_invocation().remaining()
    end = time.monotonic() + (_PATIENCE if left == float("inf") else left)
    problem = "there was no time left"
    for attempt in range(_ATTEMPTS):
        if time.monotonic() >= end:
            break
        if attempt:
            time.sleep(_PAUSE)
        try:
            response = pool.request("PUT", target, (), body, deadline=end)
        except _http.TransportError as error:
            problem = str(error)
            continue
        if response.status < 300:
            return
        problem = f"the answer of S3 was {response.status}"
        if response.status < 500:
            break  # the URL has expired
    raise AnswerNotSent(f"custom_resource: CloudFormation could not be answered: {problem}")
