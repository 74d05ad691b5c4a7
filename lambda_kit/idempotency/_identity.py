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
    import inspect
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

    __slots__ = ("_event_at", "_key", "_namespace", "_parts", "_payload", "_signature", "_where", "function")

    def __init__(self, fn: Any, key: Any, payload: Any, namespace: str | None) -> None:
        self.function = _name_of(fn)
        if "<lambda>" in self.function and namespace is None:
            raise ConfigurationError(
                "idempotent() is around a lambda, and lambdas have no name that tells them apart: use def, or pass "
                "namespace="
            )
        self._where = f"idempotent(key=...) around {self.function}"
        self._key = _finder("key", key)
        self._parts: Any = _NESTED if callable(key) else expressions.parts_of(key)
        self._payload = None if payload is None else _finder("payload", payload)
        self._namespace = namespace
        signature = callables.signature_of(fn)
        names = () if signature is None else signature.positional
        self._event_at = next((i for i in (0, 1) if _are_of_a_handler(names[i : i + 2])), None)
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
            signature = self._signature = _signature_of(signature)
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            error.add_note(
                f"{self._where}: the arguments are told apart by the parameters {signature}; if a decorator under "
                "idempotent() passes further ones, put idempotent() under that decorator"
            )
            raise
        bound.apply_defaults()
        return Arguments({name: value for name, value in bound.arguments.items() if name not in ("self", "cls")})

    def key_of(self, subject: Any) -> str | None:
        """Return the key of the record; None if there is nothing, or not all, of what should hold it."""
        found = self._key(subject)
        if _is_missing(found, self._parts):
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

    def find(subject: Any) -> Any:
        if type(subject) is not Arguments:  # an event is JSON already, and copying it would cost more than the rest
            return search(subject)
        try:
            return search(_readable(subject))
        except RecursionError:  # an argument contains itself
            return None

    return find


def _name_of(fn: Any) -> str:
    """Return the name of what is called in the end, which is the same in every process."""
    while True:
        inner = getattr(fn, "__wrapped__", None)
        if inner is None:
            inner = getattr(fn, "func", None)  # of a partial
        if not callable(inner):
            break
        fn = inner
    named: Any = fn if hasattr(fn, "__qualname__") else type_of(fn)
    return callables.name_of(named)


def _signature_of(fn: Any) -> inspect.Signature:
    """Return the parameters that a call has to fit: through decorators that pass on whatever they are given."""
    import inspect

    while True:
        own = inspect.signature(fn, follow_wrapped=False)
        kinds = {parameter.kind for parameter in own.parameters.values()}
        inner = getattr(fn, "__wrapped__", None)
        if inner is None or not kinds & {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
            return own
        fn = inner


def _are_of_a_handler(names: tuple[str, ...]) -> bool:
    event, context = (names[0].strip("_"), names[1].strip("_")) if len(names) == 2 else ("", "")
    return event in ("event", "evt") and context in ("context", "lambda_context", "ctx", "")


def _is_handled(event: Any, context: Any) -> bool:
    """Tell whether these are the arguments of the handler that is running, whatever it calls them."""
    invocation = current.get(None)
    if invocation is None or event is not invocation.event:
        return False
    return getattr(context, "lambda_context", context) is invocation.context


def _readable(subject: Any) -> Any:
    """Return what JMESPath can look into: models and dataclasses as dicts."""
    cls: Any = type_of(subject)
    if cls in (dict, Arguments):
        return {name: _readable(value) for name, value in subject.items()}
    if cls is list or cls is tuple:
        return [_readable(value) for value in subject]
    if hasattr(cls, "model_dump"):
        return subject.model_dump()
    if hasattr(cls, "__dataclass_fields__") and not isinstance(subject, type):
        return {name: _readable(getattr(subject, name)) for name in cls.__dataclass_fields__}
    return subject


_NESTED: Any = object()  # for what a function has found: whatever is in it is a part


def _is_missing(found: Any, parts: Any) -> bool:
    """Tell whether nothing was found, or a part is missing, which would make one key of all calls that lack it.

    Args:
        found: what was found.
        parts: for what an expression puts together, the same of each of its parts, in a dict or a list; None for what
            stands in the data as it is, which may have members that are null.
    """
    if found is None or found == "":
        return True
    members: list[Any]
    if isinstance(found, dict):
        members = [*found.values()]
    elif isinstance(found, list | tuple):
        members = [*found]
    else:
        return False
    if not members:
        return True
    if parts is None:
        return False
    within: list[Any] = [_NESTED] * len(members)
    if parts is not _NESTED:
        within = [*(parts.values() if type_of(parts) is dict else parts)]
    return any(_is_missing(member, part) for member, part in zip(members, within, strict=True))


def _sha256(text: str) -> str:
    from hashlib import sha256

    return sha256(text.encode()).hexdigest()
