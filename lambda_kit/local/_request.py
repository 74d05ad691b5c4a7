"""One invocation as the Runtime API hands it out, checked."""

from __future__ import annotations

import json
import re
import secrets
import time
import uuid
from typing import TYPE_CHECKING, Any

from lambda_kit.errors import ConfigurationError
from lambda_kit.local._exchange import ASYNCHRONOUS_LIMIT, PAYLOAD_LIMIT, Exchange

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lambda_kit.local._settings import Settings

_TENANT = re.compile(r"[a-zA-Z0-9._:/=+\-@ ]{1,256}")
_HEADER = re.compile(r"[\x20-\x7e]+")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")


def exchange_for(
    settings: Settings,
    event: object,
    *,
    trace_id: str | None,
    tenant_id: str | None,
    client_context: Mapping[str, Any] | None,
    request_id: str | None,
    asynchronous: bool,
) -> Exchange:
    """Return an invocation with the arguments of `Environment.invoke`.

    Raises:
        ConfigurationError: the event is not JSON or too large, or an argument is wrong.
    """
    body = encoded(event)
    limit, which = (ASYNCHRONOUS_LIMIT, "1 MiB, asynchronous") if asynchronous else (PAYLOAD_LIMIT, "6 MiB")
    if len(body) > limit:
        raise ConfigurationError(
            f"the event has {len(body)} bytes as JSON; Lambda accepts {limit} ({which}): "
            "pass a reference to the data, such as an S3 key, instead of the data"
        )
    if trace_id is None:
        trace_id = new_trace()
    elif not _HEADER.fullmatch(trace_id):
        raise ConfigurationError(f"trace_id is {trace_id!r}; it goes into a header and is printable ASCII on one line")
    headers = {"Lambda-Runtime-Invoked-Function-Arn": settings.arn, "Lambda-Runtime-Trace-Id": trace_id}
    if tenant_id is not None:
        if not _TENANT.fullmatch(tenant_id):
            raise ConfigurationError(
                f"tenant_id is {tenant_id!r}; it is 1 to 256 letters, digits, spaces and . _ : / = + - @"
            )
        headers["Lambda-Runtime-Aws-Tenant-Id"] = tenant_id
    if client_context is not None:
        try:
            headers["Lambda-Runtime-Client-Context"] = json.dumps(client_context, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"client_context cannot be encoded as JSON: {error}") from error
    if request_id is not None and not _REQUEST_ID.fullmatch(request_id):
        raise ConfigurationError(f"request_id is {request_id!r}; it is 1 to 128 letters, digits and - _")
    return Exchange(request_id or str(uuid.uuid4()), str(uuid.uuid4()), body, settings.timeout, headers)


def encoded(event: object) -> bytes:
    """Return the event in as few bytes as its sender could write it, as UTF-8 and not as escapes."""
    try:
        text = json.dumps(event, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        try:
            return text.encode()
        except UnicodeEncodeError:  # half of a surrogate pair has no UTF-8
            return json.dumps(event, allow_nan=False, separators=(",", ":")).encode()
    except RecursionError:
        raise ConfigurationError("the event is nested too deep for Python's JSON encoder") from None
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"the event, a {type(event).__name__}, cannot be encoded as JSON: {error}") from error


def new_trace(root: str | None = None) -> str:
    """Return an X-Ray trace header that is not sampled; `root` is its first part, by default that of a new trace."""
    return f"{root or new_trace_root()};Parent={secrets.token_hex(8)};Sampled=0"


def new_trace_root() -> str:
    """Return the part of an X-Ray trace header that names a new trace."""
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
