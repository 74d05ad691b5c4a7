"""Values of a request as keys, for layers of the kit, and the answers where the key of a request is refused."""

from __future__ import annotations

from lambda_kit._kernel import type_of
from lambda_kit.errors import AlreadyInProgress, MissingIdempotencyKey, PayloadMismatch
from lambda_kit.events._http import HttpEvent
from lambda_kit.http._errors import BadRequest, Conflict, HttpError, Unauthorized, UnprocessableContent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_TIMES = ("exp", "nbf", "iat", "auth_time", "jti")  # claims that differ in each token of a client


def from_header(name: str, *, client: Callable[[HttpEvent], Any] | None = None) -> Callable[[Any], Any]:
    """Return a function that finds a header in the event of any trigger, in any letter case; None without it.

    A header that is there and empty is 400, whatever `missing_key` says.

    It is a key of `idempotent`: `layers=[idempotent(store, key=from_header("idempotency-key"))]`. A layer runs before
    the dependencies of its route: where these check who sends the request, pass `client` too. Otherwise anyone who
    sends the key of another client gets the answer of that client.

    Args:
        name: the name of the header.
        client: a function that takes the request and returns who has sent it, such as an `ApiKey` or a `Bearer`, of
            which the claims `iss` and `sub` count; all but times count in a token without `sub`. What it raises is the
            answer, and the answer to None is 401. Keys of two clients are never the same. Default: none.
    """

    def key(event: Any) -> Any:
        request = HttpEvent(event)
        sender = None if client is None else client(request)  # first: a stranger is told nothing else
        if client is not None and sender is None:
            raise Unauthorized("the client is not known, and an idempotency key belongs to one")
        found = request.headers.get(name)
        if found is not None and not (found := found.strip()):
            raise BadRequest("the idempotency key is empty")
        if client is None or found is None:
            return found
        return [found, sender if type_of(sender) is str else _text_of(sender)]

    made: Any = key
    made.header = name  # the OpenAPI document has it
    made.__name__ = f"from_header({name!r})"  # messages have it
    return made  # type: ignore[no-any-return]


def _text_of(sender: Any) -> str:
    """Return a text for a client. Parts that are None would make the key of a layer a missing one."""
    if type_of(sender) is dict:
        if sender.get("sub") is not None:
            sender = [sender.get("iss"), sender["sub"]]
        else:
            sender = sorted((name, value) for name, value in sender.items() if name not in _TIMES)
    from lambda_kit.http._json import json_of

    return json_of(sender)


def refused(error: Exception) -> HttpError | None:
    """Return the answer to a request that an idempotent route has refused; None if it has failed otherwise.

    The statuses are those of section 2.7 of
    <https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/>.
    """
    if isinstance(error, MissingIdempotencyKey):
        return BadRequest("the request has no idempotency key")
    if isinstance(error, AlreadyInProgress):
        return Conflict("a request with the same idempotency key is being carried out", headers={"retry-after": "1"})
    if isinstance(error, PayloadMismatch):
        return UnprocessableContent("the idempotency key was used before, with another request")
    return None
