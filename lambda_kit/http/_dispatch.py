"""The way of a request through an app: it finds the route, and answers whatever happens."""

from __future__ import annotations

from contextvars import ContextVar
from time import perf_counter

from lambda_kit._kernel import callables, facts, type_of
from lambda_kit.events._http import HttpEvent
from lambda_kit.events._http_values import decoded_path
from lambda_kit.http import _tree
from lambda_kit.http._call import Call
from lambda_kit.http._errors import MethodNotAllowed, NotFound
from lambda_kit.http._response import Response, as_dict, from_dict
from lambda_kit.http._route import stacked, whole
from lambda_kit.http._router import Router
from lambda_kit.http._serialise import serialise
from lambda_kit.invocation import current, request_observers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.http._call import Limits
    from lambda_kit.http._cors import Cors
    from lambda_kit.http._route import AnyRoute, Route
    from lambda_kit.http._websocket import Sockets

_WITHOUT_BODY = (204, 304)
_current: ContextVar[Call] = ContextVar("lambda_kit_http_call")


class Dispatch(Router):
    """The part of an app that answers requests. `HttpApp` sets its attributes.

    Attributes:
        _after: the steps that each response takes, such as compression, in their order.
        _fixed: the routes by their methods, for paths without parameters.
        _inner: the layers of the app around its routes; None without layers.
        _tree: the routes by the segments of their paths.
    """

    __slots__ = ("_after", "_base_path", "_cors", "_fixed", "_inner", "_limits", "_sockets", "_tree")
    _after: list[Callable[[HttpEvent, Response], Response]]
    _base_path: str
    _cors: Cors | None
    _fixed: dict[str, dict[str, Route]]
    _inner: Any
    _limits: Limits
    _sockets: Sockets | None
    _tree: _tree.Node

    def __call__(self, event: Any, context: Any, /, **provided: Any) -> dict[str, Any]:
        """Answer a request.

        Args:
            event: the event.
            context: the context of Lambda.
            **provided: what layers around the app pass by keyword; routes take it by these names.

        Raises:
            EventError: the event is no HTTP request.
        """
        if self._sockets is not None and self._sockets.takes(event):
            return self._sockets.answer(event, context, provided)
        request = HttpEvent(event)
        method, path = request.method, request.raw_path
        started = perf_counter() if request_observers else None
        response: Response | None = None
        try:
            try:
                if self._inner is not None:
                    response = whole(self, request, from_dict(self._inner(event, context, **provided)))
                else:
                    response = self._respond(request, method, path, Call(request, context, provided, self._limits))
            except Exception as error:
                from lambda_kit.http._failures import failed

                response = failed(self, request, error)
            body: Any = response.body
            if body.__class__ is not str and body.__class__ is not bytes and body is not None:
                return body  # type: ignore[no-any-return]  # the stream that was sent
            trigger = request.trigger
            try:
                response = self._finished(request, method, response)
                return serialise(trigger, response)
            except Exception as error:  # a header of another type, for example
                from lambda_kit.http._failures import unsendable

                response = self._finished(request, method, unsendable(request, error))
                return serialise(trigger, response)
        finally:
            if started is not None:
                from lambda_kit.http._observed import tell_observers

                tell_observers(method, 500 if response is None else response.status, perf_counter() - started)

    def _finished(self, request: HttpEvent, method: str, response: Response) -> Response:
        for step in self._after:
            response = step(request, response)
        if response.status in _WITHOUT_BODY:
            response.body = None
            response._headers.pop("content-type", None)
        elif method == "HEAD" and response.body is not None:
            response = response.without_body()
        return response

    def _within(self, layers: tuple[Any, ...]) -> Any:
        def innermost(event: Any, context: Any, **provided: Any) -> dict[str, Any]:
            request = HttpEvent(event)
            try:
                call = Call(request, context, provided, self._limits)
                return as_dict(self._respond(request, request.method, request.raw_path, call))
            except Exception as error:
                from lambda_kit.http._failures import failed

                return as_dict(failed(self, request, error))

        return stacked(layers, innermost)

    def _respond(self, request: HttpEvent, method: str, path: str, call: Call) -> Response:
        base = self._base_path
        if base and path.startswith(base) and path[len(base) : len(base) + 1] in ("", "/"):
            path = path[len(base) :]
        routes = self._fixed.get(path)
        route = routes.get(method) if routes is not None else None
        if route is None:
            parts = _tree.segments_of(path)
            if "%" in path and request.path_is_encoded:
                parts = [decoded_path(part) for part in parts]
            route = _tree.find(self._tree, parts, 0, method, call.values)
            if route is None:
                return self._without_route(request, method, parts)
        return self._run(route, method, call)

    def _run(self, route: AnyRoute, method: str, call: Call) -> Response:
        """Answer a call by the route that was found for it."""
        invocation = current.get(None)
        if invocation is not None:
            invocation.route = route.rule
            if facts.observers:
                facts.tell("http.matched", route=route.rule, method=method)
                span = facts.operation(f"{method} {route.rule}")
                if span is not facts.UNOBSERVED:
                    from lambda_kit.http._observed import spanned

                    return spanned(self, span, route, call)
        if route.layers:
            return self._layered(route, call)
        run = route.run
        if run is None:
            run = route.run = route.prepare(self, call.provided)
        return run(call)

    def _layered(self, route: AnyRoute, call: Call) -> Response:
        run: Any = route.run
        if run is None:
            run = route.run = self._with_layers(route)
        token = _current.set(call)
        try:
            return whole(self, call.request, from_dict(run(call.request.raw, call.context, **call.provided)))
        finally:
            _current.reset(token)

    def _with_layers(self, route: AnyRoute) -> Any:
        """Return the layers of a route around its function. Layers take `(event, context)` and return dicts."""
        run: Any = None

        def innermost(event: Any, context: Any, /, **provided: Any) -> dict[str, Any]:
            nonlocal run
            if run is None:
                run = route.prepare(self, provided)
            outer = _current.get()
            request = outer.request
            if event is not request.raw:
                request = type_of(request)(getattr(event, "raw", event))
            call = Call(request, context, provided, outer.limits)
            call.values = outer.values
            return as_dict(run(call))

        # Layers know functions by their names: the keys of `idempotent`, for example, begin with it.
        function = callables.plain(route.function)
        named = function if hasattr(function, "__qualname__") else type_of(function)
        for name in ("__module__", "__name__", "__qualname__"):
            setattr(innermost, name, getattr(named, name))
        return stacked(route.layers, innermost)

    def _without_route(self, request: HttpEvent, method: str, parts: list[str]) -> Response:
        methods = _tree.methods_of(self._tree, parts)
        if not methods:
            raise NotFound
        allowed = sorted(methods | {"OPTIONS"})
        if method != "OPTIONS":
            raise MethodNotAllowed(allowed=allowed)
        response = Response(None, 204, headers={"allow": ", ".join(allowed)})
        if self._cors is not None:
            self._cors.preflight(request, allowed, response)
        return response
