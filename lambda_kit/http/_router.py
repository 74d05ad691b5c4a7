"""Routers: routes that share a prefix and layers."""

from __future__ import annotations

from lambda_kit.errors import ConfigurationError
from lambda_kit.http._route import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar

    from lambda_kit._kernel.layers import AnyLayer

    F = TypeVar("F", bound=Callable[..., Any])

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

    Raises:
        ConfigurationError: the prefix does not begin with a slash, or ends with one.
    """

    __slots__ = ("_layers", "_prefix", "_routes")

    def __init__(self, prefix: str = "", *, layers: Sequence[AnyLayer] = ()) -> None:
        if prefix and (not prefix.startswith("/") or prefix.endswith("/")):
            raise ConfigurationError(f"the prefix {prefix!r} has to begin with a slash, and not to end with one")
        self._prefix = prefix
        self._layers = tuple(layers)
        self._routes: list[Route] = []

    def route(
        self, path: str, *methods: str, status: int | None = None, layers: Sequence[AnyLayer] = ()
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

        Raises:
            ConfigurationError: the path or a method is not valid, the function does not take a parameter of the path,
                or another route has the same path and method.
        """
        if not methods:
            raise ConfigurationError(f"route({path!r}) names no method; write route({path!r}, 'GET')")
        check_methods("route", path, methods)

        def decorate(fn: F) -> F:
            self._add(Route(path, methods, fn, status, tuple(layers)).below(self._prefix, self._layers))
            return fn

        return decorate

    def _add(self, route: Route) -> None:
        self._routes.append(route)

    def include(self, router: Router, prefix: str = "") -> None:
        """Add the routes that a router has now, below a prefix and within the layers of this one."""
        for one in router._routes:
            self._add(one.below(self._prefix + prefix, self._layers))

    def get(self, path: str, *, status: int | None = None, layers: Sequence[AnyLayer] = ()) -> Callable[[F], F]:
        """Return a decorator for `GET` and `HEAD`. See `route`."""
        return self.route(path, "GET", status=status, layers=layers)

    def post(self, path: str, *, status: int | None = None, layers: Sequence[AnyLayer] = ()) -> Callable[[F], F]:
        """Return a decorator for `POST`. See `route`."""
        return self.route(path, "POST", status=status, layers=layers)

    def put(self, path: str, *, status: int | None = None, layers: Sequence[AnyLayer] = ()) -> Callable[[F], F]:
        """Return a decorator for `PUT`. See `route`."""
        return self.route(path, "PUT", status=status, layers=layers)

    def patch(self, path: str, *, status: int | None = None, layers: Sequence[AnyLayer] = ()) -> Callable[[F], F]:
        """Return a decorator for `PATCH`. See `route`."""
        return self.route(path, "PATCH", status=status, layers=layers)

    def delete(self, path: str, *, status: int | None = None, layers: Sequence[AnyLayer] = ()) -> Callable[[F], F]:
        """Return a decorator for `DELETE`. See `route`."""
        return self.route(path, "DELETE", status=status, layers=layers)


def check_methods(what: str, path: str | None, methods: tuple[str, ...]) -> None:
    """Refuse methods that HTTP does not have, or in another letter case."""
    for one in methods:
        if one not in _KNOWN:
            raise ConfigurationError(f"{what}({path!r}, {one!r}): the methods are {', '.join(_KNOWN)}")
