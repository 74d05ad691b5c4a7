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
ARGUMENTS = frozenset(("exc_info", "extra", "stack_info"))  # arguments of `logging` that are no fields
BUFFER = "lambda_kit.log"  # the key under which an invocation keeps its `InvocationLog`
_LOGGED = "lambda_kit.logged"

chain = Chain("lambda_kit_log_fields", here)
_holding: set[Common] = set()  # objects that cache text of an invocation
_registered = False


class Names:
    """The names of the fields of the invocation.

    Args:
        names: the names.
        powertools: whether they, and the fields of exceptions, are those of Powertools.

    Attributes:
        all: the names.
        powertools: as it was given.
    """

    __slots__ = ("_cold", "_function", "_keys", "_request_key", "_trace_key", "all", "powertools")

    def __init__(self, names: tuple[str, ...], *, powertools: bool) -> None:
        self._keys = [f',"{name}":' for name in names]
        self._request_key, self._trace_key = self._keys[1], self._keys[4]
        self.all = names
        self.powertools = powertools
        self.forget()

    def forget(self) -> None:
        """Forget what is the same for all invocations of a process."""
        self._function: tuple[str | None, str] = None, ""  # its name, and the text of the field
        self._cold: dict[bool, str] = {False: "", True: ""}  # the text of `coldStart` and `initType`

    def text(self, invocation: Invocation) -> str:
        """Return the members of an invocation, each with a comma before it. The invocation keeps them."""
        correlation_id = invocation.correlation_id
        known: tuple[Names, str | None, str] | None = invocation.log_text
        if known is not None and known[0] is self and known[1] is correlation_id:
            return known[2]
        context: Any = invocation._context if invocation._execution is None else invocation.context
        function, text = self._function
        name = getattr(context, "function_name", None)
        if function is not name or name is None:
            text = self._function_text(invocation, name)
        request_id = getattr(context, "aws_request_id", None)
        cold = self._cold[invocation.cold_start] or self._cold_text(invocation)
        # One text for the fields that almost every invocation has: each further one copies what is there.
        if request_id and (trace_id := invocation.trace_id) is not None:
            text = f"{text}{self._request_key}{escape(request_id)}{cold}{self._trace_key}{escape(trace_id)}"
        else:
            text = f"{text}{self._rare(1, request_id or None)}{cold}{self._rare(4, invocation.trace_id)}"
        if (tenant_id := getattr(context, "tenant_id", None)) is not None:
            text += self._rare(5, tenant_id)
        if correlation_id is not None:
            text += self._rare(6, correlation_id)
        if (execution := invocation._execution) is not None:
            text += self._rare(7, execution)
        if self.powertools:
            text += self._rare(8, getattr(context, "memory_limit_in_mb", None) or None)
            text += self._rare(9, getattr(context, "invoked_function_arn", None) or None)
        invocation.log_text = (self, correlation_id, text)
        return text

    def _rare(self, index: int, value: object) -> str:
        return "" if value is None else f"{self._keys[index]}{escape(str(value))}"

    def _function_text(self, invocation: Invocation, name: str | None) -> str:
        found = invocation.function_name
        text = f"{self._keys[0]}{escape(found)}" if found else ""
        self._function = name, text
        return text

    def _cold_text(self, invocation: Invocation) -> str:
        """Return whether it is a cold start, and the type of an initialisation that no caller waits for."""
        _forget_later()
        init_type = invocation.init_type
        if init_type == "on-demand":
            text = f"{self._keys[2]}{'true' if invocation.cold_start else 'false'}"
        else:
            text = f"{self._keys[2]}false{self._keys[3]}{escape(init_type)}"
        self._cold[invocation.cold_start] = text
        return text


NAMES = {
    "kit": Names(
        (
            "functionName",
            "requestId",
            "coldStart",
            "initType",
            "xrayTraceId",
            "tenantId",
            "correlationId",
            "executionArn",
        ),
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
            "execution_arn",
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
    """Bind the idempotency key of a call to its lines until the call ends, and the route to those of a request."""
    if name == "http.matched":
        append({"route": fields["route"]})
        return
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


class Common:
    """The common part of the lines of one logger.

    Args:
        encoder: makes the JSON text of fields.
        fields: the static ones.
        names: those of the fields of the invocation.

    Attributes:
        fields: the static ones.
        special: names that a field of a call cannot have without further care.
        static: the text of the static fields; None if it has to be made anew for each line.
    """

    __slots__ = ("_encoder", "_last", "_names", "fields", "special", "static")

    def __init__(self, encoder: Encoder, fields: dict[str, Any], names: Names) -> None:
        self.fields = fields
        self._encoder = encoder
        self._names = names
        self.special = RESERVED.union(ARGUMENTS, names.all, fields)
        is_simple = _is_frozen(fields) and fields.keys().isdisjoint(names.all)
        self.static = joined(texts(encoder, fields)) if is_simple else None
        self._last: tuple[Link, str | None, str, frozenset[str]] | None = None

    def current(self, invocation: Invocation | None, link: Link | None) -> tuple[str, frozenset[str]]:
        """Return the common part as text, and the names that fields of a call cannot have without further care.

        It is for lines with bound or appended fields, or with static fields that can change; `Writer` makes the others.
        """
        of_invocation = "" if invocation is None else self._names.text(invocation)
        last = self._last  # one read: other threads may replace it
        if last is not None and link is last[0] and last[1] is of_invocation:
            return last[2], last[3]
        static = self.static
        if static is None:
            members = texts(self._encoder, self.fields)
            if not self.fields.keys().isdisjoint(self._names.all):
                members |= parts(of_invocation)
                text = joined(members)
            else:
                text = joined(members) + of_invocation
        else:
            text = static + of_invocation
        special = self.special
        if link is not None:
            fields: dict[str, Any] = link.fields
            if special.isdisjoint(fields):
                text += joined(texts(self._encoder, fields))
            else:
                text = joined({**parts(text), **texts(self._encoder, fields)})
            special = special.union(fields)
            if static is not None and _is_frozen(fields):
                self._last = link, of_invocation, text, special
                _holding.add(self)
        return text, special

    def members(self, invocation: Invocation | None) -> dict[str, str]:
        """Return the names and JSON texts of the common part.

        A field of the invocation replaces one of the logger that has the same name. A bound field replaces both.
        """
        members = texts(self._encoder, self.fields)
        if invocation is not None:
            members.update(parts(self._names.text(invocation)))
        link = chain.top()
        if link is not None:
            members.update(texts(self._encoder, link.fields))
        return members

    def forget(self) -> None:
        """Drop the text of bound fields, which keeps their values alive."""
        self._last = None


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


def _forget_later() -> None:
    global _registered
    if not _registered:
        _registered = True
        lifecycle.on_reset(_reset)


def _let_go_later(invocation: Invocation | None) -> None:
    _forget_later()
    if invocation is not None:
        at_end["lambda_kit.logger"] = let_go


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


def let_go(invocation: Invocation) -> None:
    """Drop what belongs to an invocation that ends."""
    if _holding:
        for common in tuple(_holding):
            common.forget()
        _holding.clear()
    if chain.get() is not None:
        chain.end(invocation)
    invocation._forget(_LOGGED)
    kept = invocation._peek(BUFFER)
    if kept is not None:
        kept.clear()


def _reset() -> None:
    for names in NAMES.values():
        names.forget()
    chain.set(None)
    for common in tuple(_holding):
        common.forget()
    _holding.clear()
