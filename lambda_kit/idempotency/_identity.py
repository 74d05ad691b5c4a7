"""The key and the payload of a call: found in the event or in the arguments, and hashed."""

from __future__ import annotations

import os
from itertools import islice

from lambda_kit._kernel import callables, expressions, type_of
from lambda_kit._kernel.hashes import sha256
from lambda_kit.errors import ConfigurationError, MissingIdempotencyKey
from lambda_kit.idempotency import _codec as codec
from lambda_kit.idempotency._function import is_partial, name_of, names_of, parameters_of, signature_of
from lambda_kit.invocation import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.idempotency._powertools import PowertoolsKeys

_NAMES_LENGTH = 200  # characters of a key that its names may take; most stores limit keys
_NAMES_SHOWN = 10  # of the fields that were there instead of a key
_NAME_LENGTH = 40  # characters of each


class Arguments(dict[str, "Any"]):
    """The arguments of a call, by their names."""


class Identity:
    """Finds key and payload of the calls of one function, and makes the hashes that tell them apart.

    Args:
        fn: the function.
        key: a JMESPath expression, or a function.
        payload: likewise; None if payloads are not compared.
        namespace: in place of the name of the Lambda function.
        name: in place of module and qualified name of the function.
        powertools: makes keys and hashes as Powertools does; None for those of the kit.
    """

    __slots__ = (
        "_bound_args",
        "_bound_kwargs",
        "_by_name",
        "_event_at",
        "_fn",
        "_key",
        "_names",
        "_namespace",
        "_payload",
        "_powertools",
        "_signature",
        "_where",
        "function",
        "key_expression",
    )

    def __init__(
        self,
        fn: Any,
        key: Any,
        payload: Any,
        namespace: str | None,
        *,
        name: str | None = None,
        powertools: PowertoolsKeys | None = None,
    ) -> None:
        self.function = name or name_of(fn)
        if "<lambda>" in self.function and namespace is None:
            raise ConfigurationError(
                "idempotent() is around a lambda, and lambdas have no name that tells them apart: use def, or pass "
                "name="
            )
        self._powertools = powertools
        self.key_expression: str | None = key if isinstance(key, str) else None
        shown = getattr(key, "__name__", "...") if self.key_expression is None else repr(self.key_expression)
        self._where = f"idempotent(key={shown}) around {self.function}"
        as_json = powertools is not None
        self._key = _finder("key", key, as_json=as_json)
        self._payload = None if payload is None else _finder("payload", payload, as_json=as_json)
        self._namespace = namespace
        args: tuple[Any, ...] = ()
        kwargs: dict[str, Any] = {}
        while is_partial(fn):
            args, kwargs = fn.args + args, fn.keywords | kwargs
            fn = fn.func
        self._fn: Any = fn
        self._bound_args, self._bound_kwargs = args, kwargs
        self._signature: Any = None  # until the first call that needs it
        self._names = names = names_of(parameters_of(fn))
        self._event_at: int | None = next((i for i in (0, 1) if _are_of_a_handler(names[i : i + 2])), None)
        # A key that begins with the name of a parameter is searched in the arguments, also where a handler passes
        # its own event and context on: bill(event, context).
        self._by_name = isinstance(key, str) and not (expressions.roots_of(key) or frozenset()).isdisjoint(names)

    def take_event(self) -> None:
        """Search the event, because the function is a handler: whatever it calls its parameters."""
        self._event_at = callables.event_position(self._fn)

    def subject(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return what key and payload are searched in: the event of a handler, else the arguments by their names."""
        if self._bound_args:
            args = self._bound_args + args
        position = self._event_at
        if position is not None:
            if len(args) > position:
                return args[position]
            if "event" in kwargs:
                return kwargs["event"]
        elif len(args) >= 2 and not self._by_name and _is_handled(args[-2], args[-1]):
            return args[-2]
        return self._bound(args, kwargs)

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Arguments:
        signature = self._signature
        if signature is None:
            signature = self._signature = signature_of(self._fn)
        try:
            bound = signature.bind(*args, **{**self._bound_kwargs, **kwargs})
        except TypeError as error:
            error.add_note(
                f"{self._where}: the arguments do not fit the parameters {signature}; if a decorator under "
                "idempotent() passes further ones, let it set __signature__, or put idempotent() under it"
            )
            raise
        bound.apply_defaults()
        rest = next((name for name, one in signature.parameters.items() if one.kind is one.VAR_KEYWORD), None)
        found = Arguments()
        for name, value in bound.arguments.items():
            if name == rest:
                found.update(value)
            elif name not in ("self", "cls"):
                found[name] = value
        return found

    def key_of(self, subject: Any) -> str | None:
        """Return the key of the record; None if the key, or a part of it, is missing.

        Raises:
            MissingIdempotencyKey: the value that was found cannot be a key.
        """
        namespace = self._namespace or os.environ.get("AWS_LAMBDA_FUNCTION_NAME") or "local"
        try:
            found = self._key(subject)
        except _Unreadable as error:
            raise self._unfit(namespace, error) from error
        if expressions.is_nothing(found):
            return None
        invocation = current.get(None)
        tenant = None if invocation is None else invocation.tenant_id
        try:
            if self._powertools is not None and tenant is None:  # Powertools knows no tenants
                return self._powertools.key(found, self.function)
            text = codec.canonical([namespace, self.function, tenant, found])
        except (TypeError, ValueError) as error:
            raise self._unfit(namespace, error) from error
        return f"{namespace}.{self.function}"[:_NAMES_LENGTH] + f"#{_sha256(text)}"

    def _unfit(self, namespace: str, error: Exception) -> MissingIdempotencyKey:
        return MissingIdempotencyKey(
            f"{self._where}: the value that was found cannot be a key: {error}", key=f"{namespace}.{self.function}"
        )

    def not_found(self, subject: Any) -> str:
        """Say that a call has no key, and where it was looked for; the names of fields are shown, and no values.

        Args:
            subject: what was searched.
        """
        text = f"{self._where}: the key was not found or could not be read, or a part of it is missing"
        found = subject.raw if _is_view(type_of(subject)) else subject
        cls: Any = type_of(found)
        if not issubclass(cls, dict):
            return text
        fields: Any = found.copy()  # another thread may still add to it
        names = [_shown(name) for name in islice(fields, _NAMES_SHOWN + 1)]
        listed = ", ".join([*names[:_NAMES_SHOWN], "..."][: len(names)]) or "no fields"
        if cls is Arguments:
            return f"{text}; the arguments are {listed}"
        text = f"{text}; the event has {listed}"
        name = self._names[self._event_at] if self._event_at is not None and self._event_at < len(self._names) else ""
        expression = self.key_expression
        if name and expression and name in (expressions.roots_of(expression) or ()) and name not in found:
            return f"{text}. The event itself is searched, so the key must not begin with its parameter, {name!r}"
        return text

    def missing(self, subject: Any) -> MissingIdempotencyKey:
        """Return the error for a call without a key.

        Args:
            subject: what was searched.
        """
        return MissingIdempotencyKey(
            f"{self.not_found(subject)}. Without a key, this call cannot be told from others; pass "
            "missing_key='run' to run such calls unprotected",
            key=self.function,
        )

    def payload_of(self, subject: Any) -> str | None:
        """Return the hash of the payload; None if payloads are not compared."""
        if self._payload is None:
            return None
        found = self._payload(subject)
        try:
            if self._powertools is not None:
                return self._powertools.hash(found)
            return _sha256(codec.canonical(found))
        except (TypeError, ValueError) as error:
            raise ConfigurationError(
                f"idempotent(payload=...) around {self.function}: the value that was found cannot be compared: {error}"
            ) from error


class _Unreadable(ValueError):
    """The arguments cannot be searched for the key."""


def _finder(option: str, given: Any, *, as_json: bool) -> Callable[[Any], Any]:
    if callable(given):
        return given if option == "payload" else lambda subject: _all_of(given(subject))
    if not isinstance(given, str) or not given.strip():
        raise ConfigurationError(
            f"idempotent({option}={given!r}): pass a JMESPath expression, such as 'order_id' or '[user, order.id]', or "
            "a function"
        )
    search = expressions.compiled(given, f"idempotent({option}=...)", whole=option == "key")
    roots = expressions.roots_of(given)

    def find(subject: Any) -> Any:
        cls: Any = type_of(subject)
        if cls is dict:  # an event is JSON already; a copy would cost more than the search
            return search(subject)
        if cls is Arguments and roots is not None:
            subject = {name: subject[name] for name in roots if name in subject}
        try:
            return search(_readable(subject, as_json=as_json))
        except RecursionError:
            raise _Unreadable("an argument is nested too deeply, or contains itself; pass a function as key") from None

    return find


def _shown(name: Any) -> str:
    """Return the name of a field as text; `…` for one that may be data, such as an address."""
    is_plain = type(name) is str and len(name) <= _NAME_LENGTH and name.replace("-", "_").isidentifier()
    return repr(name) if is_plain else "…"


def _all_of(found: Any) -> Any:
    """Return the key that a function has found; None if a part of it is missing, at any depth."""
    cls: Any = type_of(found)
    parts: Any = ()
    if issubclass(cls, dict):
        parts = list(found.values())
    elif issubclass(cls, list | tuple):
        parts = found
    return None if any(expressions.is_nothing(_all_of(part)) for part in parts) else found


def _are_of_a_handler(names: tuple[str, ...]) -> bool:
    event, context = (names[0].strip("_"), names[1].strip("_")) if len(names) == 2 else ("", "")
    return event in ("event", "evt") and context in ("context", "lambda_context", "ctx", "")


def _is_handled(event: Any, context: Any) -> bool:
    """Tell whether these are event and context of the running handler, by whatever names its parameters have."""
    invocation = current.get(None)
    if invocation is None or getattr(context, "lambda_context", context) is not invocation.context:
        return False
    return context is not None or event is invocation.event


def _is_view(cls: Any) -> bool:
    """Tell whether values of a class are views of events, whose `raw` is the event."""
    return getattr(cls, "__module__", "").startswith("lambda_kit.events.")


def _readable(subject: Any, *, as_json: bool = False) -> Any:
    """Return a value that JMESPath can search: dicts for models, dataclasses, views, named tuples; lists for tuples."""
    cls: Any = type_of(subject)
    if cls in (dict, Arguments):
        # A copy, because another thread may still add to it.
        return {name: _readable(value, as_json=as_json) for name, value in subject.copy().items()}
    if cls is list or cls is tuple:
        return [_readable(value, as_json=as_json) for value in subject]
    if hasattr(cls, "_fields") and hasattr(cls, "_asdict"):
        return {name: _readable(value, as_json=as_json) for name, value in subject._asdict().items()}
    if hasattr(cls, "model_dump"):
        return subject.model_dump(mode="json" if as_json else "python")
    if _is_view(cls):
        return subject.raw
    if hasattr(cls, "__dataclass_fields__") and not isinstance(subject, type):
        return {name: _readable(getattr(subject, name), as_json=as_json) for name in cls.__dataclass_fields__}
    return subject


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()
