"""Exceptions of requests as answers. It is loaded by the first request that fails."""

from __future__ import annotations

import os

from lambda_kit._kernel import callables, log, type_of
from lambda_kit.errors import IdempotencyError, MissingIdempotencyKey
from lambda_kit.http._answers import any_answer
from lambda_kit.http._call import STREAM, InvalidResponse
from lambda_kit.http._errors import HttpError, InvalidRequest, UnprocessableContent
from lambda_kit.http._json import json_of
from lambda_kit.http._response import json_response
from lambda_kit.http._route import whole
from lambda_kit.http._serialise import Unsendable
from lambda_kit.invocation import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.events._http import HttpEvent
    from lambda_kit.http._response import Response

_PROBLEM = "application/problem+json"


def failed(app: Any, request: HttpEvent, error: Exception) -> Response:
    """Return the answer to a request that failed: by `on_error`, else problem details.

    Args:
        app: the app.
        request: the request.
        error: the exception.

    Raises:
        Exception: the same exception, if an answer is on its way already.
    """
    invocation = current.get(None)
    stream = None if invocation is None else invocation._peek(STREAM)
    if stream is not None and stream.sent:
        raise error  # no other answer can take the place of one that is on its way
    if app._validator_messages and isinstance(error, InvalidRequest):
        error.tell_own()
    for kind in type_of(error).__mro__:
        fn = app._handlers.get(kind)
        if fn is not None:
            try:
                return whole(app, request, _answered(fn, error, getattr(request, "view", request)))
            except Exception as raised:
                error = raised
                break
    if isinstance(error, HttpError):
        return problem(request, error)
    if isinstance(error, IdempotencyError):
        from lambda_kit.http._keys import refused

        if (known := refused(error)) is not None:
            write = log.warning if isinstance(known, UnprocessableContent) else log.info
            write(
                "lambda_kit: %s %s is answered with %d: %s",
                request.method,
                request.raw_path,
                known.status,
                error,
                extra={} if isinstance(error, MissingIdempotencyKey) else {"idempotencyKey": error.key},
            )
            return problem(request, known)
    return _unknown(request, error, debug=app._debug)


def _answered(fn: Any, error: Exception, request: Any) -> Response:
    found = fn(error, request)
    if callables.is_coroutine_function(fn):
        from lambda_kit._kernel import event_loop

        found = event_loop.run(found)
    response = any_answer(found, None)
    if isinstance(error, HttpError) and response.status == error.status:
        headers = response.headers
        for name, value in error.headers.items():  # 405 has to have `Allow`, 401 `WWW-Authenticate`
            if name not in headers and (name.lower() != "set-cookie" or not response.cookies):
                headers[name] = value
    return response


def _unknown(request: HttpEvent, error: Exception, *, debug: bool) -> Response:
    what = f": {error}" if isinstance(error, InvalidResponse) else f" with {type_of(error).__name__}"
    log.error("lambda_kit: %s %s failed%s", request.method, request.raw_path, what, exc_info=error)
    members: dict[str, Any] = {}
    invocation = current.get(None)
    request_id = invocation.request_id if invocation is not None else request.request_id
    if request_id:
        members["request_id"] = request_id
    if debug and "AWS_LAMBDA_FUNCTION_NAME" not in os.environ:
        import traceback

        members["debug"] = traceback.format_exception(error)
    return problem(request, HttpError(500, **members))


def problem(request: HttpEvent, error: HttpError) -> Response:
    """Return an error as problem details."""
    try:
        text = json_of(error.problem())
    except (TypeError, ValueError, RecursionError) as raised:
        log.error("lambda_kit: the members of a problem of %s have no JSON: %s", request.raw_path, raised)
        text = json_of(HttpError(error.status, title=error.title).problem())
    response = json_response(text, error.status, _PROBLEM)
    headers = response.headers
    for name, value in error.headers.items():
        headers[name] = value
    return response


def unsendable(request: HttpEvent, error: Exception) -> Response:
    """Log why an answer cannot be sent, and return the one in its place."""
    shown = None if isinstance(error, Unsendable) else error
    log.error("lambda_kit: %s %s was not answered: %s", request.method, request.raw_path, error, exc_info=shown)
    return problem(request, HttpError(500, "the answer cannot be sent"))
