"""The fields that lines share: those of the logger, of the invocation, and the appended and bound ones."""

from __future__ import annotations

from lambda_kit._kernel import lifecycle, type_of
from lambda_kit._kernel.bindings import Binding, Chain
from lambda_kit._kernel.json_scalars import REDACTED, SCALARS, escape
from lambda_kit.invocation import at_end, current, here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit._kernel.bindings import Link
    from lambda_kit._kernel.json_text import Encoder
    from lambda_kit.invocation import Invocation

RESERVED = frozenset(("timestamp", "level", "message", "location"))
ARGUMENTS = frozenset(("exc_info", "extra", "stack_info"))  # those of `logging` that are no fields
BUFFER = "lambda_kit.log"  # the key under which an invocation keeps its `InvocationLog`
_LOGGED = "lambda_kit.logged"

chain = Chain("lambda_kit_log_fields", here)
_holding: set[Common] = set()  # those that cache text of an invocation
_registered = False


class Names:
    """The names of the fields of the invocation.

    Attributes:
        all: the names.
        exception: whether an exception is one field as Powertools writes it, instead of an object.
    """

    __slots__ = ("_keys", "all", "exception", "powertools")

    def __init__(self, names: tuple[str, ...], *, powertools: bool) -> None:
        self._keys = [f',"{name}":' for name in names]
        self.all = names
        self.powertools = powertools

    def text(self, invocation: Invocation, correlation_id: str | None) -> str:
        """Return the members of an invocation, each with a comma before it."""
        function_key, request_key, cold_key, init_key, trace_key, tenant_key, correlation_key, *more = self._keys
        context = invocation.context
        text = ""
        if name := invocation.function_name:
            text = f"{function_key}{escape(name)}"
        if request_id := getattr(context, "aws_request_id", None):
            text = f"{text}{request_key}{escape(request_id)}"
        init_type = invocation.init_type
        if init_type == "on-demand":
            text = f"{text}{cold_key}{'true' if invocation.cold_start else 'false'}"
        else:  # an initialisation that no caller waited for
            text = f"{text}{cold_key}false{init_key}{escape(init_type)}"
        if (trace_id := invocation.trace_id) is not None:
            text = f"{text}{trace_key}{escape(trace_id)}"
        if (tenant_id := invocation.tenant_id) is not None:
            text = f"{text}{tenant_key}{escape(tenant_id)}"
        if correlation_id is not None:
            text = f"{text}{correlation_key}{escape(correlation_id)}"
        if more:
            memory_key, arn_key = more
            if memory := getattr(context, "memory_limit_in_mb", None):
                text = f"{text}{memory_key}{escape(str(memory))}"
            if arn := getattr(context, "invoked_function_arn", None):
                text = f"{text}{arn_key}{escape(str(arn))}"
        return text


NAMES = {
    "kit": Names(
        ("functionName", "requestId", "coldStart", "initType", "xrayTraceId", "tenantId", "correlationId"),
        powertools=False,
    ),
    "powertools": Names(
        (
            "function_name",
            "function_request_id",
            "cold_start",
            "init_type",
            "xray_trace_id",
            "tenant_id",
            "correlation_id",
            "function_memory_size",
            "function_arn",
        ),
        powertools=True,
    ),
}


def append(fields: dict[str, Any]) -> None:
    """Add fields until the invocation ends; in a record of a batch, a task or a thread, until that ends."""
    _let_go_later(current.get(None))
    chain.append(fields)


def bind(fields: dict[str, Any]) -> Binding:
    """Return a context manager that binds fields to its block."""
    _let_go_later(current.get(None))
    return Binding(chain, fields)


_IDEMPOTENCY = "idempotency."
_ENDS = frozenset(("completed", "released", "lost", "abandoned", "suspended"))


def note_fact(name: str, fields: dict[str, Any]) -> None:
    """Bind the idempotency key of a call to its lines, from the claim until the call ends."""
    if not name.startswith(_IDEMPOTENCY) or "key" not in fields:
        return
    bound = {"idempotencyKey": fields["key"]}
    kind = name.removeprefix(_IDEMPOTENCY)
    if kind == "claimed":
        bind(bound).__enter__()
    elif kind in _ENDS:
        link = chain.get()
        while link is not None and (link.binding is None or link.own != bound):
            link = link.around
        if link is not None and link.binding is not None:
            chain.remove(link.binding)


class Rendered:
    """The rendered common part of lines, and the state that it was rendered for.

    Attributes:
        stable: whether the text stays right: no value in it can change.
        text: the members, each with a comma before it.
    """

    __slots__ = ("correlation_id", "invocation", "link", "special", "stable", "text")

    def __init__(
        self,
        invocation: Invocation | None,
        correlation_id: str | None,
        link: Link | None,
        text: str,
        special: frozenset[str],
        *,
        stable: bool,
    ) -> None:
        self.invocation = invocation
        self.correlation_id = correlation_id
        self.link = link
        self.text = text
        self.special = special
        self.stable = stable


class Common:
    """The common part of the lines of one logger.

    Args:
        encoder: makes the JSON text of fields.
        fields: the static ones.
        names: those of the fields of the invocation.

    Attributes:
        fields: the static ones.
    """

    __slots__ = ("_encoder", "_invocation", "_last", "_names", "_special", "_static", "fields")

    def __init__(self, encoder: Encoder, fields: dict[str, Any], names: Names) -> None:
        self.fields = fields
        self._encoder = encoder
        self._names = names
        self._static: str | None = None  # the text of the static fields, if none of them can change
        self._special = RESERVED.union(ARGUMENTS, names.all, fields)  # names that need `Writer._merged`
        self._invocation: tuple[Invocation | None, str | None, str] | None = None  # text for an invocation
        self._last: Rendered | None = None

    def now(self, invocation: Invocation | None) -> Rendered:
        """Return the common part as it is now. It is rendered again only if something in it has changed."""
        link = chain.get()
        if link is not None:
            link = chain.top()
        correlation_id = None if invocation is None else invocation.correlation_id
        last = self._last  # one read: other threads may replace it
        if (
            last is not None
            and last.invocation is invocation
            and last.link is link
            and last.correlation_id is correlation_id
            and last.stable
        ):
            return last
        return self._render(invocation, correlation_id, link)

    def members(self, invocation: Invocation | None) -> dict[str, str]:
        """Return names and JSON texts of the common part. The latter of two fields with one name wins."""
        members = texts(self._encoder, self.fields)
        if invocation is not None:
            members.update(parts(self._names.text(invocation, invocation.correlation_id)))
        link = chain.top()
        if link is not None:
            members.update(texts(self._encoder, link.fields))
        return members

    def _render(self, invocation: Invocation | None, correlation_id: str | None, link: Link | None) -> Rendered:
        stable = True
        static = self._static
        if static is None:
            static = joined(texts(self._encoder, self.fields))
            stable = _is_frozen(self.fields)
            if stable:
                self._static = static
        special = self._special
        known = self._invocation
        if invocation is None:
            text = static
        elif stable and known is not None and known[0] is invocation and known[1] is correlation_id:
            text = known[2]
        else:
            text = static + self._names.text(invocation, correlation_id)
            if not self.fields.keys().isdisjoint(self._names.all):
                text = joined({**texts(self._encoder, self.fields), **parts(text[len(static) :])})
            if stable:
                self._invocation = (invocation, correlation_id, text)
            _holding.add(self)
            _let_go_later(invocation)
        if link is not None:
            fields: dict[str, Any] = link.fields
            stable = stable and _is_frozen(fields)
            if special.isdisjoint(fields):
                text += joined(texts(self._encoder, fields))
            else:
                text = joined({**parts(text), **texts(self._encoder, fields)})
            special = special.union(fields)
        made = Rendered(invocation, correlation_id, link, text, special, stable=stable)
        self._last = made
        return made

    def let_go(self, invocation: Invocation) -> None:
        """Drop the text of `invocation`, or of an invocation that has ended."""
        known = self._last
        if known is None or known.invocation is None or known.invocation is invocation or known.invocation.ended:
            self._invocation = self._last = None
            _holding.discard(self)

    def forget(self) -> None:
        """Drop the text of any invocation."""
        self._invocation = self._last = None


def _is_frozen(fields: dict[str, Any]) -> bool:
    """Tell whether no value can change; those of unknown types may."""
    return all(type_of(value) in SCALARS for value in fields.values())


def joined(members: dict[str, str]) -> str:
    """Return members as text, each with a comma before it."""
    return "".join([f",{escape(name)}:{text}" for name, text in members.items()])


def parts(text: str) -> dict[str, str]:
    """Return the names and JSON texts of what `joined` returned."""
    import json

    decoder = json.JSONDecoder()
    found: dict[str, str] = {}
    position = 1
    while position < len(text):
        name, end = decoder.raw_decode(text, position)
        _, after = decoder.raw_decode(text, end + 1)
        found[name] = text[end + 1 : after]
        position = after + 1
    return found


def texts(encoder: Encoder, fields: dict[str, Any]) -> dict[str, str]:
    """Return names and JSON texts of fields. A reserved name gets underscores at its end."""
    found: dict[str, str] = {}
    for name, value in fields.items():
        hidden = encoder.key(name)[1]
        own = name
        if name in RESERVED:
            own = f"{name}_"
            while own in fields:
                own += "_"
        found[own] = REDACTED if hidden else encoder.value(value)
    return found


def _let_go_later(invocation: Invocation | None) -> None:
    global _registered
    if not _registered:
        _registered = True
        lifecycle.on_reset(_reset)
    if invocation is not None:
        at_end["lambda_kit.logger"] = _let_go


def note_failure(invocation: Invocation, error: BaseException) -> bool:
    """Return whether `error` has not been logged yet, and note it as logged."""
    known = invocation._peek(_LOGGED)
    if known is not None and (known is error or _replaces(error, known)):
        return False
    _let_go_later(invocation)  # the error's frames hold the invocation, which now holds the error
    invocation.state[_LOGGED] = error
    return True


def _replaces(error: BaseException, known: BaseException) -> bool:
    """Tell whether `time_limit` raised `error` in place of the interrupt `known`, which an inner layer has logged."""
    from lambda_kit.errors import TimeLimitReached

    return isinstance(error, TimeLimitReached) and error.__context__ is known


def _let_go(invocation: Invocation) -> None:
    for common in tuple(_holding):
        common.let_go(invocation)
    if chain.get() is not None:
        chain.end(invocation)
    invocation._forget(_LOGGED)
    kept = invocation._peek(BUFFER)
    if kept is not None:
        kept.clear()


def _reset() -> None:
    chain.set(None)
    for common in tuple(_holding):
        common.forget()
    _holding.clear()
