"""The application: it finds the route of a request, and answers whatever happens."""

from __future__ import annotations

import functools
from contextvars import ContextVar
from time import perf_counter

from lambda_kit._kernel import callables, facts, type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.events._http import HttpEvent
from lambda_kit.events._http_values import decoded_path
from lambda_kit.http import _tree
from lambda_kit.http._call import Call, Limits, together
from lambda_kit.http._errors import MethodNotAllowed, NotFound
from lambda_kit.http._response import Response, as_dict, from_dict
from lambda_kit.http._route import stacked, whole
from lambda_kit.http._router import Router
from lambda_kit.http._serialise import serialise
from lambda_kit.invocation import current, request_observers

TYPE_CHECKING = False
if not TYPE_CHECKING:

    def overload(fn: object) -> object:
        """Stand for `typing.overload`: `typing` is not loaded."""
        return fn


if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from contextlib import AbstractContextManager
    from typing import Any, TypeVar, overload  # noqa: TC004  # the function above stands for it

    from lambda_kit._kernel.layers import AnyLayer
    from lambda_kit.events._http_trigger import HttpTrigger
    from lambda_kit.http._arguments import Parameter
    from lambda_kit.http._cors import Cors
    from lambda_kit.http._openapi_options import OpenApi
    from lambda_kit.http._route import AnyRoute, Route
    from lambda_kit.http._security import SecurityHeaders
    from lambda_kit.http._test_client import TestClient
    from lambda_kit.http._websocket import SocketRoute, Sockets

    F = TypeVar("F", bound=Callable[..., Any])

_WITHOUT_BODY = (204, 304)
_current: ContextVar[Call] = ContextVar("lambda_kit_http_call")


class HttpApp(Router):
    """An HTTP application behind any trigger: thin functions whose annotations say where their arguments come from.

    ```python
    from lambda_kit import HttpApp, handler
    from lambda_kit.http import NotFound

    app = HttpApp()


    @app.get("/orders/{order_id}")
    def get_order(order_id: int, expand: bool = False):
        if order_id > 1000:
            raise NotFound(f"there is no order {order_id}")
        return {"id": order_id, "expanded": expand}


    lambda_handler = handler()(app)
    assert app.test_client().get("/orders/7?expand=true").json() == {"id": 7, "expanded": True}
    assert app.test_client().get("/orders/seven").status == 422
    ```

    Args:
        cors: the rules for pages of other origins; default: none, which allows none.
        compress: whether answers are compressed for clients that take it; default False.
        etag: whether answers to GET get an `ETag`, and 304 if the client has them already; default False.
        security: security headers on every answer; default: none.
        layers: layers around all routes, the outermost first; default: none. They also run for answers without a route,
            such as 404, and get the response as a dict.
        base_path: a path that is cut off, such as that of a custom domain's mapping; default: none.
        max_body: the largest number of bytes in a body. The answer to more is 413. Default: what the trigger takes.
        max_parts: the largest number of parts, or fields, in a form; default 1000. The answer to more is 413.
        max_files: the largest number of files in a form; default 100. The answer to more is 413.
        max_file: the largest number of bytes in a file of a form. The answer to more is 413. Default: that of the body.
        title: the title in the OpenAPI document; default `"API"`.
        version: the version of the API in that document; default `"0"`.
        validator_messages: whether clients see the messages of errors that your own validators of models raise, such as
            `ValueError`. They may hold values of the request. Default False: clients see that the value is not valid.
        openapi: what that document says beside the routes: texts, servers, tags, authorizers; default: nothing.
        debug: whether the answer to an unknown exception shows it, outside of Lambda alone; default False.

    Raises:
        ConfigurationError: an option is not valid.
    """

    __slots__ = (
        "_after",
        "_base_path",
        "_cors",
        "_debug",
        "_etag",
        "_fixed",
        "_handlers",
        "_inner",
        "_limits",
        "_options",
        "_outer",
        "_replaced",
        "_sockets",
        "_title",
        "_tree",
        "_validator_messages",
        "_version",
    )

    def __init__(  # noqa: PLR0913  # the options of an app
        self,
        *,
        cors: Cors | None = None,
        compress: bool = False,
        etag: bool = False,
        security: SecurityHeaders | None = None,
        layers: Sequence[AnyLayer] = (),
        base_path: str = "",
        max_body: int | None = None,
        max_parts: int = 1000,
        max_files: int = 100,
        max_file: int | None = None,
        title: str = "API",
        version: str = "0",
        validator_messages: bool = False,
        openapi: OpenApi | None = None,
        debug: bool = False,
    ) -> None:
        super().__init__()
        if base_path and (not base_path.startswith("/") or base_path.endswith("/")):
            raise ConfigurationError(
                f"HttpApp(base_path={base_path!r}) has to begin with a slash, and not to end with one"
            )
        self._base_path = base_path
        self._cors = cors
        self._limits = Limits(max_body, max_parts, max_files, max_file)
        flag = callables.check_flag
        self._debug = flag("HttpApp(debug=...)", debug)
        self._validator_messages = flag("HttpApp(validator_messages=...)", validator_messages)
        self._title = title
        self._version = version
        self._options = openapi
        self._tree = _tree.Node()
        self._fixed: dict[str, dict[str, Route]] = {}
        self._handlers: dict[type[BaseException], Any] = {}
        self._replaced: dict[Any, Any] = {}
        self._after: list[Callable[[HttpEvent, Response], Response]] = []
        self._etag = flag("HttpApp(etag=...)", etag)
        if etag:
            from lambda_kit.http._conditional import tagged

            self._after.append(tagged)
        if flag("HttpApp(compress=...)", compress):
            from lambda_kit.http._compression import compressed

            self._after.append(compressed)
        if security is not None:
            if not hasattr(security, "apply"):
                raise ConfigurationError(f"HttpApp(security={security!r}): pass SecurityHeaders(...)")
            self._after.append(security.apply)
        if cors is not None:
            if not hasattr(cors, "preflight"):
                raise ConfigurationError(f"HttpApp(cors={cors!r}): pass Cors(...)")
            self._after.append(cors.apply)
        self._outer = tuple(layers)
        self._inner = self._within(self._outer) if layers else None
        self._sockets: Sockets | None = None

    def __repr__(self) -> str:
        return f"<HttpApp with {len(self._routes)} routes>"

    def _add(self, route: Route) -> None:
        routes = _tree.insert(self._tree, route.rule)
        for method in route.methods:
            found = routes.get(method)
            if found is not None and method in found.methods:
                raise ConfigurationError(
                    f"{callables.name_of(found.function)} and {callables.name_of(route.function)} have the same route "
                    f"{method} {route.rule}"
                )
            routes[method] = route
        if "GET" in route.methods:
            routes.setdefault("HEAD", route)
        if not route.names:
            self._fixed[route.rule] = routes
        self._routes.append(route)

    def _add_socket(self, route: SocketRoute) -> None:
        if self._sockets is None:
            from lambda_kit.http._websocket import Sockets

            self._sockets = Sockets(self, self._outer)
        self._sockets.add(route)

    def on_error(self, kind: type[BaseException], /) -> Callable[[F], F]:
        """Return a decorator for a function `(error, request)` that answers exceptions of a class and those below it.

        The function returns what a route may return. The most specific class counts. `HttpError` and `InvalidRequest`
        can be answered too; the answer keeps the headers of an `HttpError`, such as `Allow`, if it keeps its status.

        Raises:
            ConfigurationError: `kind` is not a class of exceptions.
        """
        given: Any = kind
        if not isinstance(given, type) or not issubclass(given, Exception):
            raise ConfigurationError(f"on_error({kind!r}): pass a class of exceptions")

        def decorate(fn: F) -> F:
            self._handlers[kind] = fn
            return fn

        return decorate

    def check(self, *provided: str) -> None:
        """Prepare all routes, so that the errors of all declarations are raised now, as one.

        The test client and `lambda-kit openapi` do it first. Call it in a test of your own to do it without a request.

        Args:
            *provided: names of keywords that layers around the app pass.

        Raises:
            ConfigurationError: parameters of routes cannot be served. The message has a line for each error.
        """
        outer = callables.provided_keywords(self._inner) | set(provided)
        wrong: list[ConfigurationError] = []
        for route in self._routes:
            try:
                if route.layers and route.run is None:
                    route.run = self._with_layers(route)
                route.prepare(self, outer | callables.provided_keywords(route.run if route.layers else None))
            except ConfigurationError as error:
                wrong.append(error)
        if self._sockets is not None:
            try:
                self._sockets.check(outer)
            except ConfigurationError as error:
                wrong.append(error)
        if wrong:
            raise together(wrong)

    @overload
    def openapi(self, *provided: str, servers: Sequence[str] = ()) -> dict[str, Any]: ...
    @overload
    def openapi(self, *, path: str, file: str) -> None: ...
    def openapi(
        self, *provided: str, servers: Sequence[str] = (), path: str | None = None, file: str | None = None
    ) -> dict[str, Any] | None:
        """Return the OpenAPI 3.1 document; with `path`, add a route that serves the document that was written before.

        `lambda-kit openapi` writes the document: it is nothing to make in a function.
        `app.openapi(path="/openapi.json", file="openapi.json")` serves the file, and loads nothing else.

        Args:
            *provided: names of keywords that layers around the app pass.
            servers: the URLs of servers; default: those of `OpenApi`, or the base path.
            path: the path of the route; default: none, to return the document.
            file: the file in the function's package, read at the first request: `.json`, `.yaml` or `.yml`. A relative
                path begins at the current directory, which is the package on Lambda.

        Raises:
            ConfigurationError: declarations of routes are wrong, or one of `path` and `file` is missing.
            MissingExtra: pydantic is not installed.
        """
        if path is not None or file is not None:
            from lambda_kit.http._openapi_file import serving

            self.route(path or "", "GET", hidden=True)(serving(path, file))
            return None
        from lambda_kit.http import _openapi
        from lambda_kit.http._openapi_facts import Facts

        _openapi.check_servers(servers)
        self.check(*provided)
        facts = Facts(self._title, self._version, self._base_path, self._options)
        facts.provided = callables.provided_keywords(self._inner) | set(provided)
        facts.etag, facts.limits_bodies = self._etag, self._limits.body is not None
        return _openapi.document(self._routes, facts, servers)

    def override(self, dependency: Any, replacement: Any) -> AbstractContextManager[None]:
        """Return a context manager that replaces a dependency, for tests.

        Args:
            dependency: the function in `Depends(...)`.
            replacement: the function to call in its place.
        """
        import contextlib

        @contextlib.contextmanager
        def replaced() -> Generator[None]:
            self._replaced[dependency] = replacement
            try:
                yield
            finally:
                del self._replaced[dependency]

        return replaced()

    def replaced(self, dependency: Any) -> Any:
        """Return what a test has put in place of a dependency, or None."""
        return self._replaced.get(dependency) if self._replaced else None

    def check_parameter(self, one: Parameter, what: str) -> None:
        """Refuse a parameter that only routes of WebSocket APIs have."""
        if one.place == "object" and one.annotation.__name__ in ("Connection", "WebSocketEvent"):
            raise ConfigurationError(f"{what} takes a {one.annotation.__name__}, which HTTP requests do not have")

    def test_client(self, trigger: HttpTrigger = "http_api_2", /, **provided: Any) -> TestClient:
        """Return a client that calls the app with the events of a trigger, without a server.

        Args:
            trigger: the trigger; default `"http_api_2"`.
            **provided: values in place of those that layers around the app provide.

        Raises:
            ConfigurationError: the declaration of a route is wrong.
        """
        from lambda_kit.http._test_client import TestClient

        self.check(*provided)
        return TestClient(functools.partial(self, **provided), trigger)

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
