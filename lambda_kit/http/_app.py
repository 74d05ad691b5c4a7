"""The application: its options and routes, and what is asked of it before requests come."""

from __future__ import annotations

import functools

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.http import _tree
from lambda_kit.http._call import Limits, together
from lambda_kit.http._dispatch import Dispatch
from lambda_kit.http._router import check_layers

TYPE_CHECKING = False
if not TYPE_CHECKING:

    def overload(fn: object) -> object:
        """Stand for `typing.overload`: `typing` is not loaded."""
        return fn


if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from contextlib import AbstractContextManager
    from typing import Any, Never, TypeVar, overload  # noqa: TC004  # the function above stands for it

    from lambda_kit._kernel.layers import AnyLayer
    from lambda_kit.events._http_trigger import HttpTrigger
    from lambda_kit.http._arguments import Parameter
    from lambda_kit.http._cors import Cors
    from lambda_kit.http._openapi_options import OpenApi
    from lambda_kit.http._route import Route
    from lambda_kit.http._security import SecurityHeaders
    from lambda_kit.http._test_client import TestClient
    from lambda_kit.http._websocket import SocketRoute

    F = TypeVar("F", bound=Callable[..., Any])


def _check(given: Any, name: str, kind: str) -> None:
    """Refuse an option of another class, without loading the module of its own."""
    if given is not None and kind not in [one.__name__ for one in type_of(given).__mro__]:
        raise ConfigurationError(f"HttpApp({name}={given!r}): pass {kind}(...) of lambda_kit.http")


class HttpApp(Dispatch):
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
    answer = app.test_client().get("/orders/7?expand=true")
    assert answer.json() == {"id": 7, "expanded": True}
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
        **unknown: options that do not exist, which are refused.

    Raises:
        ConfigurationError: an option is not valid, or does not exist.
    """

    __slots__ = (
        "_debug",
        "_etag",
        "_handlers",
        "_options",
        "_outer",
        "_replaced",
        "_title",
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
        **unknown: Never,
    ) -> None:
        if unknown:
            from lambda_kit.http import _unknown

            raise _unknown.option("HttpApp", next(iter(unknown)))
        super().__init__()
        _check(cors, "cors", "Cors")
        _check(security, "security", "SecurityHeaders")
        _check(openapi, "openapi", "OpenApi")
        check_layers(layers)
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
        self._fixed = {}
        self._handlers: dict[type[BaseException], Any] = {}
        self._replaced: dict[Any, Any] = {}
        self._after = []
        self._etag = flag("HttpApp(etag=...)", etag)
        if etag:
            from lambda_kit.http._conditional import tagged

            self._after.append(tagged)
        if flag("HttpApp(compress=...)", compress):
            from lambda_kit.http._compression import compressed

            self._after.append(compressed)
        if security is not None:
            self._after.append(security.apply)
        if cors is not None:
            self._after.append(cors.apply)
        self._outer = tuple(layers)
        self._inner = self._within(self._outer) if layers else None
        self._sockets = None

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
