"""The tracer: the layer, spans by name, outgoing headers, and the choice of a backend."""

from __future__ import annotations

import os

from lambda_kit._kernel import callables, environment, facts, lifecycle, log, passing_on, redaction, refuse_probe
from lambda_kit._kernel.json_text import DEFAULT_REDACT, Encoder
from lambda_kit.errors import ConfigurationError
from lambda_kit.tracer import _layers as layers
from lambda_kit.tracer._span import KINDS, NoTracing, Options, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Literal, Never, ParamSpec, TypeAlias, TypeVar

    from lambda_kit._kernel.redaction import Redact
    from lambda_kit.tracer._span import Backend, Kind

    P = ParamSpec("P")
    R = TypeVar("R")
    C = TypeVar("C")

    BackendName: TypeAlias = Literal["auto", "xray", "xray-sdk", "otel", "none"]

ADDRESS = "AWS_XRAY_DAEMON_ADDRESS"
NAMES = ("auto", "xray", "xray-sdk", "otel", "none")
_backends: dict[str, Backend] = {}
_registered = False


class Tracer:
    """Records the steps of an invocation and the duration of each.

    As a layer it puts a span around handlers, functions, methods, coroutines, generators and context managers of
    `contextlib`. The outermost span of an invocation has the annotations `ColdStart` and, if there is one, `Service`.
    In a durable execution it also has `ExecutionArn` and `Replay`, and a span inside it that starts in code that an
    earlier run has passed has `Replayed`. Spans nest by context variables. A thread needs a
    copy of the context; tasks, `asyncio.to_thread` and branches of a durable execution have one.

    Args:
        service: the name of the service; default: `LAMBDA_KIT_SERVICE`, then `POWERTOOLS_SERVICE_NAME`, else none.
        backend: the destination of spans; default `"auto"`.
            `"auto"`: the value of `LAMBDA_KIT_TRACER`; if unset, X-Ray where its daemon is (on Lambda), else none.
            `"xray"`: X-Ray's protocol without its SDK; subsegments that code makes with the SDK join the same tree.
            `"xray-sdk"`: everything through the X-Ray SDK.
            `"otel"`: OpenTelemetry.
            `"none"`: nothing is recorded.
        capture_response: whether the layer keeps return values, as metadata `"<name> response"`; default:
            `LAMBDA_KIT_TRACER_CAPTURE_RESPONSE`, then `POWERTOOLS_TRACER_CAPTURE_RESPONSE`, else False.
        capture_error: whether type, message and frames of an exception are kept; if False, the span is only marked
            as failed; default: `LAMBDA_KIT_TRACER_CAPTURE_ERROR`, then `POWERTOOLS_TRACER_CAPTURE_ERROR`, else True.
        w3c: whether `headers()` also has `traceparent` and the caller's `traceparent` is read, as the parent for
            OpenTelemetry and as metadata for X-Ray, whose traces Lambda starts; default False.
        redact: names of fields whose values are hidden at any depth, in place of the default names; `...` among them
            stands for those. Case, `-` and `_` are ignored. By default the default names; see the page of the logger.

    Raises:
        ConfigurationError: an argument or an environment variable has a value that is not listed above, or an option
            does not exist.

    Example:
        ```python
        from lambda_kit import Tracer, handler

        tracer = Tracer(service="shop")


        @tracer
        def charge(order_id):
            with tracer.span("card") as span:
                span.annotate(order_id=order_id)
                return "ch_1"


        @handler(tracer)
        def place_order(event, context):
            return charge(event["order_id"])


        # Nothing is traced outside Lambda.
        assert place_order({"order_id": "o-1"}, None) == "ch_1"
        ```
    """

    __slots__ = ("_name", "_options")

    def __init__(
        self,
        service: str | None = None,
        backend: BackendName = "auto",
        *,
        capture_response: bool | None = None,
        capture_error: bool | None = None,
        w3c: bool = False,
        redact: Redact = DEFAULT_REDACT,
        **unknown: Never,
    ) -> None:
        if unknown:
            from lambda_kit.tracer import _unknown

            raise ConfigurationError(_unknown.option(next(iter(unknown))))
        names = redaction.checked("Tracer", redact)
        self._name = _checked(backend, f"Tracer(backend={backend!r})")
        self._options = Options(
            self._backend,
            layers.around,
            service or environment.text("LAMBDA_KIT_SERVICE") or "",
            Encoder(names),
            capture_response=_setting(capture_response, "LAMBDA_KIT_TRACER_CAPTURE_RESPONSE", default=False),
            capture_error=_setting(capture_error, "LAMBDA_KIT_TRACER_CAPTURE_ERROR", default=True),
            w3c=callables.check_flag("Tracer(w3c=...)", w3c),
        )
        self._backend()  # now, so that its modules load in the init phase

    def _backend(self) -> Backend:
        return _backends.get(self._name) or _make(self._name)

    def __call__(self, fn: Callable[P, R], /) -> Callable[P, R]:
        """Return the function with a span around each of its calls; the span has the function's name."""
        callables.refuse_handler(fn, "Tracer(...)")
        traced: Callable[P, R] = layers.around(fn, _name_of(fn), "local", self._options)
        return traced

    if not TYPE_CHECKING:  # for type checkers a misspelt name stays an error

        def __getattr__(self, name: str) -> Any:
            refuse_probe(self, name)
            from lambda_kit.tracer import _unknown

            raise AttributeError(_unknown.attribute(name, dir(type(self))), name=name, obj=self)

    def span(
        self,
        name: str,
        /,
        *,
        kind: Kind = "local",
        capture_response: bool | None = None,
        capture_error: bool | None = None,
    ) -> Span:
        r"""Return a span: a context manager for `with` and `async with`, or a decorator.

        Args:
            name: the name, up to 200 letters, digits, spaces and `_.:/%&#=+\-@` in X-Ray; other characters are dropped.
            kind: `"aws"` for a call of AWS, `"remote"` for a call of another service, which is a node of its own on the
                trace map, else `"local"`; default `"local"`.
            capture_response: whether the decorated function's return value is kept; default: the tracer's setting.
            capture_error: whether details of an exception are kept; default: the tracer's setting.

        Raises:
            ConfigurationError: `kind` is not one of these three.
        """
        options = self._options
        if kind not in KINDS:
            raise ConfigurationError(
                f"span({name!r}, kind={kind!r}): pass local, aws or remote{callables.closest(str(kind), KINDS)}"
            )
        if capture_response is not None or capture_error is not None:
            for option, given in (("capture_response", capture_response), ("capture_error", capture_error)):
                if given is not None:
                    callables.check_flag(f"span({option}=...)", given)
            options = options.replaced(capture_response, capture_error)
        if type(name) is not str:
            from lambda_kit.tracer._guard import text_of

            name = text_of(name)
        return self._backend().span(name, kind, options)

    def current(self) -> Span:
        """Return the innermost open span of this context; a span that does nothing if none is open."""
        return self._backend().current() or Span("", "local", self._options)

    def headers(self) -> dict[str, str]:
        """Return the headers with which a request continues the trace; an empty dict if there is no trace."""
        return self._backend().headers(w3c=self._options.w3c)

    def instrument(self, client: C, /) -> C:
        """Record each call of a client as a span, and send the trace context with it.

        Args:
            client: a boto3 client or resource, `lambda_kit.aws.connect(...)`, a `requests.Session`, an httpx client,
                or a urllib3 `PoolManager`.

        Returns:
            The same client. Instrumenting it again changes nothing.

        Raises:
            ConfigurationError: the client is of another type, or another tracer has instrumented it.
        """
        from lambda_kit.tracer import _instrument

        _instrument.instrument(client, self._options)
        return client


passing_on.add(Tracer)


def _name_of(fn: Any) -> str:
    name = getattr(fn, "__qualname__", None)
    return (name if isinstance(name, str) and name else type(fn).__qualname__).rpartition("<locals>.")[2]


def _setting(given: bool | None, variable: str, *, default: bool) -> bool:
    """Return the argument, else the value of the environment variable, else the default."""
    if given is None:
        given = environment.flag(variable)
    option = variable.removeprefix("LAMBDA_KIT_TRACER_").lower()
    return default if given is None else callables.check_flag(f"Tracer({option}=...)", given)


def _checked(name: str, where: str) -> str:
    if name not in NAMES:
        raise ConfigurationError(f"{where}: pass {', '.join(NAMES)}{callables.closest(str(name), NAMES)}")
    return name


def _resolved(name: str) -> str:
    if name == "auto":
        name = environment.choice("LAMBDA_KIT_TRACER", NAMES) or "auto"
    if name != "auto":
        return name
    off = environment.flag("LAMBDA_KIT_TRACE_DISABLED") or os.environ.get("AWS_XRAY_SDK_ENABLED", "").lower() == "false"
    return "xray" if os.environ.get(ADDRESS) and not off else "none"


def _make(name: str) -> Backend:
    global _registered
    if not _registered:
        _registered = True
        lifecycle.on_reset(_reset)
        lifecycle.on_restore(_close)
        facts.watch(_operation)
        facts.observe(_note_fact)
    resolved = _resolved(name)
    if resolved == "none":
        made: Backend = NoTracing()
    elif resolved == "otel":
        from lambda_kit.tracer._otel import OpenTelemetry

        made = OpenTelemetry()
    elif resolved == "xray-sdk":
        from lambda_kit.tracer._sdk import XRaySdk

        made = XRaySdk()
    else:
        from lambda_kit.tracer._daemon import Daemon
        from lambda_kit.tracer._xray import XRay

        try:
            daemon = Daemon(os.environ.get(ADDRESS) or "127.0.0.1:2000")
            made = XRay(daemon.send, daemon.close)
        except ValueError as error:
            log.warning("the tracer records nothing: %s", error)
            made = NoTracing()
    return _backends.setdefault(name, made)


def _innermost() -> Span | None:
    """Return the innermost open span of this context, whichever backend it belongs to."""
    for backend in tuple(_backends.values()):  # another thread may add one
        span = backend.current()
        if span is not None:
            return span
    return None


def _operation(name: str) -> facts.Operation:
    """Return a span for another capability's operation if a span is open, else an operation that records nothing."""
    around = _innermost()
    return facts.UNOBSERVED if around is None else around._within(name)


def _note_fact(name: str, fields: dict[str, Any]) -> None:
    """Annotate the innermost open span with a fact that another capability tells."""
    capability, _, fact = name.partition(".")
    if capability == "idempotency":
        span = _innermost()
        if span is not None:
            span.annotate(idempotency=fact)
    elif name == "http.matched":
        span = _innermost()
        if span is not None:
            span.annotate(route=fields["route"], method=fields["method"])
    elif name == "flags.evaluated":
        span = _innermost()
        if span is not None:
            span.annotate(**{f"flag_{fields['flag']}": fields["variant"]})


def _reset() -> None:
    _close()
    _backends.clear()


def _close() -> None:
    """Close the connections of all backends; the next span opens new ones."""
    for backend in tuple(_backends.values()):
        close = getattr(backend, "close", None)
        if close is not None:
            close()
