"""Requests as spans and metrics. It is loaded where a tracer or metrics observe them."""

from __future__ import annotations

from lambda_kit._kernel import log
from lambda_kit.http._errors import HttpError
from lambda_kit.invocation import current, request_observers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit._kernel.facts import Operation
    from lambda_kit.http._call import Call
    from lambda_kit.http._response import Response
    from lambda_kit.http._route import AnyRoute


def spanned(app: Any, span: Operation, route: AnyRoute, call: Call) -> Response:
    """Answer a call within a span. An exception that is an answer to the client's mistake is no failure of it."""
    refused: HttpError | None = None
    found: list[Response] = []
    status = 500
    with span:
        try:
            if route.layers:
                found.append(app._layered(route, call))
            else:
                run = route.run = route.run or route.prepare(app, call.provided)
                found.append(run(call))
            status = found[0].status
        except HttpError as error:
            status = error.status
            if status >= 500:
                raise
            refused = error
        finally:
            span.annotate(status=status)
    if refused is not None:
        raise refused
    return found[0]


def tell_observers(method: str, status: int, seconds: float) -> None:
    """Tell those who measure requests of one that was answered. What fails there is logged."""
    invocation = current.get(None)
    if invocation is None:
        return
    for find in tuple(request_observers):
        observer = find()
        try:
            if observer is not None:
                observer._note_request(invocation, method, status, seconds)
        except Exception:
            log.exception("lambda_kit: the metrics of a request could not be written")
