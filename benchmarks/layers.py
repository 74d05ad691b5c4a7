"""The cost of n layers that do nothing, against n closures nested by hand and n middlewares of the peer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks._calls import calls_of
from benchmarks._model import Case, Figure, Row, Side, Topic
from benchmarks._worker import Loop

if TYPE_CHECKING:
    from collections.abc import Callable

    Fn = Callable[[Any, Any], Any]


def handle(event: object, context: object) -> None:
    """Stand for the handler."""


def _called(fn: Callable[..., Any]) -> Loop:
    return Loop("fn(event, context)", {"fn": fn, "event": {"order_id": "1"}, "context": None})


def _closure(fn: Fn) -> Fn:
    def w(event: Any, context: Any) -> Any:
        return fn(event, context)

    return w


def closures(n: int) -> Loop:
    """Nest closures that only call on."""
    fn: Fn = handle
    for _ in range(n):
        fn = _closure(fn)
    return _called(fn)


def guarded_closures(n: int) -> Loop:
    """Nest closures in the shape of a generator layer: code before, after, and for an exception."""

    def around(fn: Fn) -> Fn:
        def w(event: Any, context: Any) -> Any:
            try:
                response = fn(event, context)
            except BaseException:  # noqa: TRY203  # it is the shape that is measured
                raise
            else:
                return response

        return w

    fn: Fn = handle
    for _ in range(n):
        fn = around(fn)
    return _called(fn)


def decorators(n: int) -> Loop:
    """Put layers that are function decorators under the kit's handler."""
    from lambda_kit import handler

    return _called(handler(*[_closure] * n)(handle))


def generators(n: int) -> Loop:
    """Put layers that are generator functions under the kit's handler."""
    from lambda_kit import handler, layer

    @layer
    def noop(event: object, context: object) -> Any:
        yield

    return _called(handler(*[noop] * n)(handle))


def record() -> Loop:
    """Open and close a record in a context variable by hand, as the kit's handler does for each invocation."""
    from contextvars import ContextVar

    class Record:
        __slots__ = ("cold", "context", "event")

        def __init__(self, event: Any, context: Any, cold: bool) -> None:
            self.event = event
            self.context = context
            self.cold = cold

    current: ContextVar[Record] = ContextVar("current")

    def entry(event: Any, context: Any) -> Any:
        token = current.set(Record(event, context, False))
        try:
            return handle(event, context)
        finally:
            current.reset(token)

    return _called(entry)


def middlewares(n: int) -> Loop:
    """Put the peer's middlewares around the handler."""
    from importlib import import_module

    def noop(handler: Any, event: Any, context: Any) -> Any:
        return handler(event, context)

    middleware: Any = import_module("aws_lambda_powertools.middleware_factory").lambda_handler_decorator(noop)
    fn: Fn = handle
    for _ in range(n):
        fn = middleware(fn)
    return _called(fn)


_COUNTS = (1, 5, 20)
_GOAL = {5: 1.5}


def _cases() -> list[Case]:
    cases = [Case("bare", "kit", "closures", (0,)), Case("record", "kit", "record")]
    cases.append(Case("handler", "kit", "generators", (0,)))
    for n in _COUNTS:
        kinds: list[tuple[str, Side]] = [
            ("closures", "kit"),
            ("decorators", "kit"),
            ("generators", "kit"),
            ("guarded_closures", "kit"),
            ("middlewares", "peer"),
        ]
        cases += [Case(f"{kind} {n}", side, kind, (n,)) for kind, side in kinds]
    return cases


def _rows(n: int) -> list[Row]:
    layers = f"{n} no-op layer{'s' * (n > 1)}"
    plain, generator = f"decorators {n}", f"generators {n}"
    closures, guarded = Figure(f"closures {n}", "bare"), Figure(f"guarded_closures {n}", "bare")
    peer = Figure(f"middlewares {n}", "bare")
    goal = _GOAL.get(n)
    return [
        Row(f"{layers}, decorators", Figure(plain, "handler"), closures, "closures", goal=goal),
        Row(f"{layers}, decorators, with @handler", Figure(plain), Figure(f"closures {n}"), "closures", goal=goal),
        Row(f"{layers}, generators", Figure(generator, "handler"), closures, "closures", goal=goal),
        Row(f"{layers}, generators", Figure(generator, "handler"), guarded, "closures with try", goal=goal),
        Row(f"{layers}, decorators", Figure(plain, "handler"), peer, "peer"),
        Row(f"{layers}, generators", Figure(generator, "handler"), peer, "peer"),
        Row(f"{layers}, generators, with @handler", Figure(generator), Figure(f"middlewares {n}"), "peer"),
    ]


TOPIC = Topic(
    "layers",
    "n no-op layers, each kind alone and with @handler",
    tuple(_cases()),
    (
        Row("@handler itself", Figure("handler", "bare"), Figure("record", "bare"), "record by hand"),
        *(row for n in _COUNTS for row in _rows(n)),
    ),
    calls_of("benchmarks.layers"),
    (40, 8),
)
