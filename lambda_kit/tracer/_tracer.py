"""The tracer: the layer, spans by name, headers, and which backend they go to."""

from __future__ import annotations

import os

from lambda_kit._kernel import callables, facts, lifecycle, log
from lambda_kit._kernel.json_text import DEFAULT_REDACT, Encoder
from lambda_kit.errors import ConfigurationError
from lambda_kit.tracer import _layers as layers
from lambda_kit.tracer._span import KINDS, NoTracing, Options, Span

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any, Literal, ParamSpec, TypeAlias, TypeVar

    from lambda_kit.tracer._span import Backend, Kind

    P = ParamSpec("P")
    R = TypeVar("R")
    C = TypeVar("C")

    BackendName: TypeAlias = Literal["auto", "xray", "xray-sdk", "otel", "none"]

VARIABLE = "LAMBDA_KIT_TRACER"
ADDRESS = "AWS_XRAY_DAEMON_ADDRESS"
NAMES = ("auto", "xray", "xray-sdk", "otel", "none")
_TRUE = ("1", "true", "yes", "on", "y", "t")
_backends: dict[str, Backend] = {}
_registered = False


class Tracer:
    """Records what an invocation does, and how long each step takes.

    As a layer it puts a span around handlers, functions, methods, coroutines, generators and context managers of
    `contextlib`. The outermost span of an invocation has the annotations `ColdStart` and, if there is one, `Service`.
    Spans nest by the context: threads need a copy of it, as `asyncio.to_thread` and tasks have.

    Args:
        service: the name of the service; by default `LAMBDA_KIT_SERVICE`, then `POWERTOOLS_SERVICE_NAME`, else none.
        backend: `"auto"`: what `LAMBDA_KIT_TRACER` says, else X-Ray where its daemon is, as on Lambda, and nothing
            elsewhere. `"xray"`: X-Ray's protocol, without its SDK; what code records with the SDK stands in the same
            tree. `"xray-sdk"`: the SDK alone. `"otel"`: OpenTelemetry. `"none"`: nothing.
        capture_response: whether layers keep what functions return, as metadata `"<name> response"`.
        capture_error: whether type, message and frames of an exception are kept; if not, the span is a failed one, and
            nothing else is told.
        w3c: whether `headers()` also has `traceparent`, and a caller's `traceparent` is taken: the parent for
            OpenTelemetry, metadata for X-Ray, whose traces Lambda begins.
        redact: names of fields whose values are hidden at any depth; case, `-` and `_` make no difference.

    Raises:
        ConfigurationError: an argument, or `LAMBDA_KIT_TRACER`, is not one of those above.

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


        assert place_order({"order_id": "o-1"}, None) == "ch_1"  # outside of Lambda nothing is traced
        ```
    """

    __slots__ = ("_name", "_options")

    def __init__(
        self,
        service: str | None = None,
        backend: BackendName = "auto",
        *,
        capture_response: bool = False,
        capture_error: bool = True,
        w3c: bool = False,
        redact: Iterable[str] = DEFAULT_REDACT,
    ) -> None:
        given: Any = redact
        names = () if isinstance(given, str) or not hasattr(given, "__iter__") else tuple(given)
        if isinstance(given, str) or not all(isinstance(one, str) for one in names):
            raise ConfigurationError(
                f"Tracer(redact={redact!r}): pass names of fields, as in redact=('password', 'pin')"
            )
        self._name = _checked(backend, f"Tracer(backend={backend!r})")
        self._options = Options(
            self._backend,
            service or os.environ.get("LAMBDA_KIT_SERVICE") or os.environ.get("POWERTOOLS_SERVICE_NAME") or "",
            Encoder(names),
            capture_response=capture_response,
            capture_error=capture_error,
            w3c=w3c,
        )
        self._backend()  # what it loads belongs to the init phase

    def _backend(self) -> Backend:
        return _backends.get(self._name) or _make(self._name)

    def __call__(self, fn: Callable[P, R], /) -> Callable[P, R]:
        """Put a span with the name of the function around each of its calls."""
        traced: Callable[P, R] = layers.around(fn, _name_of(fn), "local", self._options)
        return traced

    def span(
        self,
        name: str,
        /,
        *,
        kind: Kind = "local",
        capture_response: bool | None = None,
        capture_error: bool | None = None,
    ) -> Span:
        r"""Return a span, for `with`, `async with`, or as the decorator of a function.

        Args:
            name: its name. X-Ray takes 200 letters, digits, spaces and `_.:/%&#=+\-@`; other characters are left out.
            kind: `"aws"` for a call of AWS, `"remote"` for one of another service, which the trace map shows as a node
                of its own; `"local"` for all else.
            capture_response: for a decorator: whether it keeps what the function returns; None for what the tracer was
                told.
            capture_error: likewise for exceptions.

        Raises:
            ConfigurationError: `kind` is none of those.
        """
        options = self._options
        if kind not in KINDS:
            raise ConfigurationError(
                f"span({name!r}, kind={kind!r}): pass local, aws or remote{callables.closest(str(kind), KINDS)}"
            )
        if capture_response is not None or capture_error is not None:
            options = options.but(capture_response, capture_error)
        return self._backend().span(name, kind, options)

    def current(self) -> Span:
        """Return the innermost span that is open here; where there is none, one that does nothing."""
        return self._backend().current() or Span("", "local", self._options)

    def headers(self) -> dict[str, str]:
        """Return the headers with which a request continues the trace; none where there is no trace."""
        return self._backend().headers(w3c=self._options.w3c)

    def instrument(self, client: C, /) -> C:
        """Record each call of a client as a span, and send the trace on with it.

        Args:
            client: a boto3 client or resource, `lambda_kit.aws.connect(...)`, a `requests.Session`, a client of httpx,
                or a `PoolManager` of urllib3.

        Returns:
            The same client. To instrument it again changes nothing.

        Raises:
            ConfigurationError: it is none of those.
        """
        from lambda_kit.tracer import _instrument

        _instrument.instrument(client, self._options)
        return client


def _name_of(fn: Any) -> str:
    name: str = getattr(fn, "__qualname__", None) or type(fn).__qualname__
    return name.rpartition("<locals>.")[2]


def _checked(name: str, where: str) -> str:
    if name not in NAMES:
        raise ConfigurationError(f"{where}: pass {', '.join(NAMES)}{callables.closest(str(name), NAMES)}")
    return name


def _resolved(name: str) -> str:
    if name == "auto":
        name = _checked(os.environ.get(VARIABLE) or "auto", f"{VARIABLE}={os.environ.get(VARIABLE)}")
    if name != "auto":
        return name
    off = os.environ.get("POWERTOOLS_TRACE_DISABLED", "").lower() in _TRUE
    off = off or os.environ.get("AWS_XRAY_SDK_ENABLED", "").lower() == "false"
    return "xray" if os.environ.get(ADDRESS) and not off else "none"


def _make(name: str) -> Backend:
    global _registered
    if not _registered:
        _registered = True
        lifecycle.on_reset(_reset)
        lifecycle.on_restore(_close)
        facts.watch(_watched)
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
        from lambda_kit.tracer._xray import XRay

        try:
            made = XRay(os.environ.get(ADDRESS) or "127.0.0.1:2000")
        except ValueError as error:
            log.warning("nothing is traced: %s", error)
            made = NoTracing()
    return _backends.setdefault(name, made)


def _innermost() -> Span | None:
    """Return the innermost span of any backend that is open here."""
    for backend in _backends.values():
        span = backend.current()
        if span is not None:
            return span
    return None


def _watched(name: str) -> facts.Operation:
    """Return a span for what another capability does, within a span that is open; elsewhere nothing."""
    around = _innermost()
    return facts.UNOBSERVED if around is None else around.within(name)


def _note_fact(name: str, fields: dict[str, Any]) -> None:
    """Annotate the innermost span with what another capability tells."""
    capability, _, fact = name.partition(".")
    if capability == "idempotency":
        span = _innermost()
        if span is not None:
            span.annotate(idempotency=fact)
    elif name == "flags.evaluated":
        span = _innermost()
        if span is not None:
            span.annotate(**{f"flag_{fields['flag']}": fields["variant"]})


def _reset() -> None:
    _close()
    _backends.clear()


def _close() -> None:
    """Let go of connections; those that are needed are made anew."""
    for backend in _backends.values():
        close = getattr(backend, "close", None)
        if close is not None:
            close()
