"""Routers: routes that share a prefix and layers."""

from __future__ import annotations

from lambda_kit._kernel import callables, hint_names, type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.http._route import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, Never, TypeVar, Unpack

    from lambda_kit._kernel.layers import AnyLayer
    from lambda_kit.http._documented import Documented
    from lambda_kit.http._websocket import SocketRoute

    F = TypeVar("F", bound=Callable[..., Any])

_NO_TEXTS: Documented = {}
_KNOWN = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY", "TRACE")


class Router:
    """Routes with a common prefix and common layers, for a module of their own.

    ```python
    from lambda_kit.http import HttpApp, Router

    orders = Router("/orders")


    @orders.get("/{order_id}")
    def get_order(order_id: int):
        return {"id": order_id}


    app = HttpApp()
    app.include(orders)
    assert app.test_client().get("/orders/7").json() == {"id": 7}
    ```

    Args:
        prefix: text before the path of each route, such as `"/orders"`; default: none.
        layers: layers around each route, the outermost first; default: none.
        tags: tags of each route in the OpenAPI document; default: none.
        **unknown: options that do not exist, which are refused.

    Raises:
        ConfigurationError: the prefix does not begin with a slash, or ends with one; or an option does not exist.
    """

    __slots__ = ("_layers", "_prefix", "_routes", "_socket_routes", "_tags")

    def __init__(
        self, prefix: str = "", *, layers: Sequence[AnyLayer] = (), tags: Sequence[str] = (), **unknown: Never
    ) -> None:
        if unknown:
            from lambda_kit.http import _unknown

            raise _unknown.option("Router", next(iter(unknown)))
        check_layers(layers)
        if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
            raise ConfigurationError(f"the prefix {prefix!r} has to begin with a slash, and not to end with one")
        self._prefix = prefix
        self._layers = tuple(layers)
        self._tags = tuple(tags)
        self._routes: list[Route] = []
        self._socket_routes: list[SocketRoute] = []

    def route(
        self,
        path: str,
        *methods: str,
        status: int | None = None,
        layers: Sequence[AnyLayer] = (),
        cache_control: str | None = None,
        **documented: Unpack[Documented],
    ) -> Callable[[F], F]:
        """Return a decorator that makes a route of a function, which it leaves as it is.

        A fixed path comes before one with parameters, whatever the order. One slash at the end of a path does not
        count, neither in the route nor in the request.

        Args:
            path: the path. `{name}` takes a segment or a part of one, `{name:path}` at the end takes all the rest.
            *methods: the methods; `GET` also answers `HEAD`.
            status: the status of answers; default 200, and 204 if the function returns None.
            layers: layers around the function, the outermost first; default: none. They are called with
                `(event, context)` and get the response as a dict.
            cache_control: the `Cache-Control` of successful answers, such as `"max-age=60"`; errors do not get it, and
                a response that sets its own keeps it; default: none.
            **documented: what the OpenAPI document says of the route beside its annotations and its docstring: `tags`,
                `summary`, `description`, `operation_id`, `deprecated=True`, `hidden=True` to leave the route out,
                `security` with the names of authorizers of `OpenApi` (`[]` for none), and `responses`: a text, a type,
                or a dict with the fields of OpenAPI, by the status. Default: none.

        Raises:
            ConfigurationError: the path, a method or an option is not valid, the function does not take a parameter of
                the path, or another route has the same path and method.
        """
        given: Any = path
        if not isinstance(given, str):
            raise ConfigurationError(
                f"the path of a route is {callables.name_of(given)}, which is no text; write the decorator with a "
                "path, as in @app.get('/orders')"
            )
        if not methods:
            raise ConfigurationError(f"route({path!r}) names no method; write route({path!r}, 'GET')")
        check_methods("route", path, methods)
        check_layers(layers)
        if cache_control is not None and type_of(cache_control) is not str:
            raise ConfigurationError(
                f"route({path!r}, cache_control={cache_control!r}): pass the text of the header, such as 'max-age=60'"
            )

        texts: Documented = _NO_TEXTS
        if documented:
            from lambda_kit.http._documented import checked

            texts = checked(path, documented)

        def decorate(fn: F) -> F:
            made = Route(path, methods, fn, status, tuple(layers), documented=texts, cache_control=cache_control)
            self._add(made.below(self._prefix, self._layers, self._tags))
            return fn

        return decorate

    def _add(self, route: Route) -> None:
        self._routes.append(route)

    def websocket(self, key: str, *, layers: Sequence[AnyLayer] = ()) -> Callable[[F], F]:
        """Return a decorator for a route of a WebSocket API. The function stays as it is.

        Args:
            key: the route key: `"$connect"`, `"$disconnect"`, `"$default"`, or one of your own, which the API finds in
                the message.
            layers: layers around the function, the outermost first; default: none.

        Raises:
            ConfigurationError: the key is not valid, or another function has it.
        """

        def decorate(fn: F) -> F:
            from lambda_kit.http._websocket import SocketRoute

            self._add_socket(SocketRoute(key, fn, self._layers + tuple(layers)))
            return fn

        return decorate

    def _add_socket(self, route: SocketRoute) -> None:
        self._socket_routes.append(route)

    def include(self, router: Router, prefix: str = "") -> None:
        """Add the routes that a router has now, below a prefix and within the layers of this one.

        Raises:
            ConfigurationError: it is no `Router`, or a route is there already.
        """
        given: Any = router
        if type_of(given) is not Router:
            hint = "; the options of an app would not count here" if isinstance(given, Router) else ""
            raise ConfigurationError(f"include({given!r}): pass a Router{hint}")
        for one in router._routes:
            self._add(one.below(self._prefix + prefix, self._layers, self._tags))
        for socket in router._socket_routes:
            self._add_socket(socket.within(self._layers))

    def get(
        self,
        path: str,
        *,
        status: int | None = None,
        layers: Sequence[AnyLayer] = (),
        cache_control: str | None = None,
        **documented: Unpack[Documented],
    ) -> Callable[[F], F]:
        """Return a decorator for `GET` and `HEAD`. See `route`."""
        return self.route(path, "GET", status=status, layers=layers, cache_control=cache_control, **documented)

    def post(
        self,
        path: str,
        *,
        status: int | None = None,
        layers: Sequence[AnyLayer] = (),
        **documented: Unpack[Documented],
    ) -> Callable[[F], F]:
        """Return a decorator for `POST`. See `route`."""
        return self.route(path, "POST", status=status, layers=layers, **documented)

    def put(
        self,
        path: str,
        *,
        status: int | None = None,
        layers: Sequence[AnyLayer] = (),
        **documented: Unpack[Documented],
    ) -> Callable[[F], F]:
        """Return a decorator for `PUT`. See `route`."""
        return self.route(path, "PUT", status=status, layers=layers, **documented)

    def patch(
        self,
        path: str,
        *,
        status: int | None = None,
        layers: Sequence[AnyLayer] = (),
        **documented: Unpack[Documented],
    ) -> Callable[[F], F]:
        """Return a decorator for `PATCH`. See `route`."""
        return self.route(path, "PATCH", status=status, layers=layers, **documented)

    def delete(
        self,
        path: str,
        *,
        status: int | None = None,
        layers: Sequence[AnyLayer] = (),
        **documented: Unpack[Documented],
    ) -> Callable[[F], F]:
        """Return a decorator for `DELETE`. See `route`."""
        return self.route(path, "DELETE", status=status, layers=layers, **documented)


hint_names(
    Router,
    "add_api_route add_exception_handler add_middleware api_resolver api_route append_context clear_context "
    "configure_openapi configure_openapi_merge context current_event dependency_overrides enable_swagger "
    "exception_handler exception_handler_manager get_openapi_json_schema get_openapi_merge_json_schema "
    "get_openapi_merge_schema get_openapi_schema head include_router lambda_context middleware mount not_found "
    "on_event openapi_config options processed_stack_frames request resolve resolve_async use",
)


def check_layers(layers: Any) -> None:
    """Refuse what is no list of layers."""
    if isinstance(layers, str) or not hasattr(layers, "__iter__"):
        raise ConfigurationError(f"layers={layers!r}: pass a list of layers")
    for one in layers:
        if not callable(one):
            raise ConfigurationError(f"layers=[{one!r}]: a layer is a function that takes a function")


def check_methods(what: str, path: str | None, methods: tuple[str, ...]) -> None:
    """Refuse methods that HTTP does not have, or in another letter case."""
    for one in methods:
        if one not in _KNOWN:
            raise ConfigurationError(f"{what}({path!r}, {one!r}): the methods are {', '.join(_KNOWN)}")
