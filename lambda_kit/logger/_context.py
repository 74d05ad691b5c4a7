"""The fields that lines share: those of the logger, of the invocation, and the appended and bound ones."""

from __future__ import annotations

from contextvars import ContextVar
from threading import RLock

from lambda_kit._kernel import lifecycle
from lambda_kit._kernel.json_text import REDACTED, Encoder, escape
from lambda_kit.invocation import at_end, current
from lambda_kit.logger._buffer import InvocationLog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.invocation import Invocation

RESERVED = frozenset(("timestamp", "level", "message", "location"))
LOGGED = "lambda_kit.logged"
_APPENDED = "lambda_kit.appended"


class _Bound:
    """One entered `bind`, linked to the one around it. It is immutable, because contexts share it."""

    __slots__ = ("around", "binding", "fields", "invocation")

    def __init__(self, binding: Binding, invocation: Invocation | None, around: _Bound | None) -> None:
        self.binding = binding
        self.invocation = invocation
        self.around = around
        inherited = around.fields if around is not None and around.invocation is invocation else {}
        self.fields: dict[str, Any] = {**inherited, **binding.fields}


_bound: ContextVar[_Bound | None] = ContextVar("lambda_kit_log_fields", default=None)
_outside: dict[str, Any] = {}  # fields that were appended outside of invocations
_appending = RLock()
_holding: set[Common] = set()  # those that cache text of an invocation
_registered = False


class Binding:
    """The context manager that `Logger.bind` returns. It has no state of its own, so that it can be entered again."""

    __slots__ = ("fields",)

    def __init__(self, fields: dict[str, Any]) -> None:
        self.fields = fields

    def __enter__(self) -> None:
        invocation = current.get(None)
        _let_go_later(invocation)
        _bound.set(_Bound(self, invocation, _bound.get()))

    def __exit__(self, *exc_info: object) -> None:
        # Generators are closed in any order and in any context: remove this one wherever it stands in the chain.
        top = _bound.get()
        above: list[_Bound] = []
        while top is not None and top.binding is not self:
            above.append(top)
            top = top.around
        if top is None:
            return
        rest = top.around
        for one in reversed(above):
            rest = _Bound(one.binding, one.invocation, rest)
        _bound.set(rest)


_IDEMPOTENCY = "idempotency."
_ENDS = frozenset(("completed", "released", "lost", "abandoned"))


def note_fact(name: str, fields: dict[str, Any]) -> None:
    """Bind the idempotency key of a call to its lines, from the claim until the call ends."""
    if not name.startswith(_IDEMPOTENCY) or "key" not in fields:
        return
    bound = {"idempotencyKey": fields["key"]}
    kind = name.removeprefix(_IDEMPOTENCY)
    if kind == "claimed":
        Binding(bound).__enter__()
    elif kind in _ENDS:
        top = _bound.get()
        while top is not None and top.binding.fields != bound:
            top = top.around
        if top is not None:
            top.binding.__exit__()


def append(fields: dict[str, Any]) -> None:
    """Add fields until the invocation ends; outside of invocations, to all lines that are written outside."""
    global _outside
    invocation = current.get(None)
    with _appending:
        if invocation is None:
            _let_go_later(None)
            _outside = {**_outside, **fields}
        else:
            invocation.state[_APPENDED] = {**(invocation.peek(_APPENDED) or {}), **fields}


class Rendered:
    """The rendered common part of lines, and the state that it was rendered for."""

    __slots__ = ("appended", "bound", "correlation_id", "invocation", "members", "special", "text")

    def __init__(
        self,
        invocation: Invocation | None,
        correlation_id: str | None,
        bound: _Bound | None,
        appended: dict[str, Any] | None,
        members: dict[str, str],
    ) -> None:
        self.invocation = invocation
        self.correlation_id = correlation_id
        self.bound = bound
        self.appended = appended
        self.members = members
        self.text = "".join([f",{escape(name)}:{text}" for name, text in members.items()])
        self.special = SPECIAL.union(members)


SPECIAL = RESERVED | {"exc_info"}  # fields that need `Writer._merged`


class Common:
    """The common part of the lines of one logger."""

    __slots__ = ("_encoder", "_last", "_of_invocation", "_static", "fields")

    def __init__(self, encoder: Encoder, fields: dict[str, Any]) -> None:
        self.fields = fields
        self._encoder = encoder
        self._static: dict[str, str] | None = None
        self._of_invocation: tuple[Invocation | None, str | None, dict[str, str]] | None = None
        self._last: Rendered | None = None

    def now(self, invocation: Invocation | None) -> Rendered:
        """Return the common part as it is now. It is rendered again only if something in it has changed."""
        bound = _bound.get()
        if bound is not None and bound.invocation is not invocation:
            bound = None  # bound outside of this invocation
        if invocation is None:
            correlation_id, appended = None, _outside or None
        else:
            correlation_id, appended = invocation.correlation_id, invocation.peek(_APPENDED)
        last = self._last  # one read: other threads may replace it
        if (
            last is not None
            and last.invocation is invocation
            and last.bound is bound
            and last.appended is appended
            and last.correlation_id is correlation_id
        ):
            return last
        members = self._base(invocation, correlation_id)
        if appended is not None or bound is not None:
            members = members.copy()
            if appended is not None:
                members.update(texts(self._encoder, appended))
            if bound is not None:
                members.update(texts(self._encoder, bound.fields))
        self._last = made = Rendered(invocation, correlation_id, bound, appended, members)
        return made

    def _base(self, invocation: Invocation | None, correlation_id: str | None) -> dict[str, str]:
        known = self._of_invocation
        if known is not None and known[0] is invocation and known[1] is correlation_id:
            return known[2]
        static = self._static
        if static is None:
            static = self._static = texts(self._encoder, self.fields)
        if invocation is None:
            return static
        members = static | texts(self._encoder, _invocation_fields(invocation))
        self._of_invocation = (invocation, correlation_id, members)
        _holding.add(self)
        _let_go_later(invocation)
        return members

    def let_go(self, invocation: Invocation) -> None:
        """Drop the text of `invocation`, or of an invocation that has ended."""
        known = self._of_invocation
        if known is None or known[0] is None or known[0] is invocation or known[0].ended:
            self._of_invocation = self._last = None
            _holding.discard(self)


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


def _invocation_fields(invocation: Invocation) -> dict[str, Any]:
    fields = {
        "functionName": invocation.function_name or None,
        "requestId": invocation.request_id or None,
        "coldStart": invocation.cold_start,
        "xrayTraceId": invocation.trace_id,
        "tenantId": invocation.tenant_id,
        "correlationId": invocation.correlation_id,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _let_go_later(invocation: Invocation | None) -> None:
    global _registered
    if not _registered:
        _registered = True
        lifecycle.on_reset(_reset)
    if invocation is not None:
        at_end["lambda_kit.logger"] = _let_go


def note_failure(invocation: Invocation, error: BaseException) -> bool:
    """Return whether `error` has not been logged yet, and note it as logged."""
    known = invocation.peek(LOGGED)
    if known is not None and (known is error or _replaces(error, known)):
        return False
    _let_go_later(invocation)  # the error's frames hold the invocation, which now holds the error
    invocation.state[LOGGED] = error
    return True


def _replaces(error: BaseException, known: BaseException) -> bool:
    """Tell whether `time_limit` raised `error` in place of the interrupt `known`, which an inner layer has logged."""
    from lambda_kit.errors import TimeLimitReached

    return isinstance(error, TimeLimitReached) and error.__context__ is known


def _let_go(invocation: Invocation) -> None:
    for common in tuple(_holding):
        common.let_go(invocation)
    bound = top = _bound.get()
    while bound is not None and bound.invocation is invocation:  # entered and never left
        bound = bound.around
    if bound is not top:
        _bound.set(bound)
    if invocation.peek(LOGGED) is not None:
        invocation.forget(LOGGED)
    invocation.forget(_APPENDED)
    for kept in tuple(invocation.state.values()):
        if type(kept) is InvocationLog:
            kept.clear()


def _reset() -> None:
    global _outside
    _outside = {}
    _bound.set(None)
    for common in tuple(_holding):
        common._of_invocation = common._last = None
    _holding.clear()
