"""What a call is about: its key and its payload, found in the event or in the arguments, and the hash of each."""

from __future__ import annotations

import os

from lambda_kit import _callables as callables
from lambda_kit import _expressions as expressions
from lambda_kit.errors import ConfigurationError, MissingIdempotencyKey
from lambda_kit.idempotency import _codec as codec
from lambda_kit.invocation import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

type_of: Any = type  # for type checkers, which would narrow what a check of `type(x)` is about
_SHOWN = 200  # characters of the names in a key, which has a limit in most stores


class Arguments(dict[str, "Any"]):
    """The arguments of a call, by their names."""


class Identity:
    """How the calls of one function are told apart.

    Args:
        fn: the function.
        key: a JMESPath expression, or a function.
        payload: likewise; None if payloads are not compared.
        namespace: instead of the name of the Lambda function.
    """

    __slots__ = ("_event_at", "_key", "_namespace", "_payload", "_signature", "_where", "function")

    def __init__(self, fn: Any, key: Any, payload: Any, namespace: str | None) -> None:
        self.function = callables.name_of(callables.plain(fn))
        if "<lambda>" in self.function and namespace is None:
            raise ConfigurationError(
                "idempotent() is around a lambda, and lambdas have no name that tells them apart: use def, or pass "
                "namespace="
            )
        self._where = f"idempotent(key=...) around {self.function}"
        self._key = _finder("key", key)
        self._payload = None if payload is None else _finder("payload", payload)
        self._namespace = namespace
        signature = callables.signature_of(fn)
        names = () if signature is None else signature.positional
        self._event_at = next((i for i in (0, 1) if names[i : i + 2] == ("event", "context")), None)
        self._signature: Any = fn  # the function, until the first call that needs its signature

    def subject(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return what the expressions are about: the event of a handler, else the arguments by their names."""
        position = self._event_at
        if position is not None:
            if len(args) > position:
                return args[position]
            if "event" in kwargs:
                return kwargs["event"]
        elif len(args) >= 2 and _is_handled(args[-2], args[-1]):
            return args[-2]
        return self._bound(args, kwargs)

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
        import inspect

        signature = self._signature
        if not isinstance(signature, inspect.Signature):
            signature = self._signature = inspect.signature(callables.plain(signature))
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return Arguments({name: value for name, value in bound.arguments.items() if name not in ("self", "cls")})

    def key_of(self, subject: Any) -> str | None:
        """Return the key of the record; None if there is nothing, or not all, of what should hold it."""
        found = self._key(subject)
        if _is_missing(found):
            return None
        namespace = self._namespace or os.environ.get("AWS_LAMBDA_FUNCTION_NAME") or "local"
        invocation = current.get(None)
        tenant = None if invocation is None else invocation.tenant_id
        try:
            text = codec.canonical([namespace, self.function, tenant, found])
        except (TypeError, ValueError) as error:
            raise MissingIdempotencyKey(
                f"{self._where}: what was found cannot be a key: {error}", key=f"{namespace}.{self.function}"
            ) from error
        return f"{namespace}.{self.function}"[:_SHOWN] + f"#{_sha256(text)}"

    def missing(self) -> MissingIdempotencyKey:
        """Return the error for a call without a key."""
        return MissingIdempotencyKey(
            f"{self._where}: nothing that can be read was found there, or a part of it is missing, so that nothing "
            "tells this call from others; pass missing_key='run' to run such calls unprotected",
            key=self.function,
        )

    def payload_of(self, subject: Any) -> str | None:
        """Return the hash of the payload; None if payloads are not compared."""
        if self._payload is None:
            return None
        found = self._payload(subject)
        try:
            return _sha256(codec.canonical(found))
        except (TypeError, ValueError) as error:
            raise ConfigurationError(
                f"idempotent(payload=...) around {self.function}: what was found cannot be compared: {error}"
            ) from error


def _finder(option: str, given: Any) -> Callable[[Any], Any]:
    if callable(given):
        found: Callable[[Any], Any] = given
        return found
    if not isinstance(given, str) or not given.strip():
        raise ConfigurationError(
            f"idempotent({option}={given!r}): pass a JMESPath expression, such as 'order_id' or '[user, order.id]', or "
            "a function"
        )
    search = expressions.compiled(given, f"idempotent({option}=...)")
    # An event is JSON already, and copying all of it would cost more than the rest.
    return lambda subject: search(_readable(subject) if type(subject) is Arguments else subject)


def _is_handled(event: Any, context: Any) -> bool:
    """Tell whether these are the arguments of the handler that is running, whatever it calls them."""
    invocation = current.get(None)
    if invocation is None or getattr(context, "lambda_context", context) is not invocation.context:
        return False
    return context is not None or event is invocation.event


def _readable(subject: Any) -> Any:
    """Return what JMESPath can look into: models and dataclasses as dicts."""
    cls: Any = type_of(subject)
    if cls in (dict, Arguments):
        return {name: _readable(value) for name, value in subject.items()}
    if cls is list:
        return [_readable(value) for value in subject]
    if hasattr(cls, "model_dump"):
        return subject.model_dump()
    if hasattr(cls, "__dataclass_fields__") and not isinstance(subject, type):
        return {name: _readable(getattr(subject, name)) for name in cls.__dataclass_fields__}
    return subject


def _is_missing(found: Any) -> bool:
    if found is None or found == "":
        return True
    parts: list[Any]
    if isinstance(found, dict):
        parts = [*found.values()]
    elif isinstance(found, list | tuple):
        parts = [*found]
    else:
        return False
    # A part that is missing would make one key of all calls that lack it.
    return not parts or any(part is None or part == "" for part in parts)


def _sha256(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()
