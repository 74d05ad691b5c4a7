"""`http`: the request and response handling of an app as a layer, for a function with a single route."""

from __future__ import annotations

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError
from lambda_kit.http._app import HttpApp
from lambda_kit.http._call import MISSING
from lambda_kit.http._route import Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Concatenate, Generic, ParamSpec, TypedDict, TypeVar, Unpack, overload

    from lambda_kit._kernel.layers import Adapter, AnyLayer, DecorateAny, DecorateBody
    from lambda_kit.http._call import Call
    from lambda_kit.http._cors import Cors
    from lambda_kit.http._openapi_options import OpenApi
    from lambda_kit.http._response import Response
    from lambda_kit.http._security import SecurityHeaders

    P = ParamSpec("P")
    R = TypeVar("R")
    B = TypeVar("B")
    F = TypeVar("F")

    class AppOptions(TypedDict, total=False):
        """The options of `HttpApp`, which `http` takes too."""

        cors: Cors | None
        compress: bool
        etag: bool
        security: SecurityHeaders | None
        layers: Sequence[AnyLayer]
        base_path: str
        max_body: int | None
        max_parts: int
        max_files: int
        max_file: int | None
        title: str
        version: str
        validator_messages: bool
        openapi: OpenApi | None
        debug: bool

    class Options(AppOptions, total=False):
        """The options of `http`."""

        status: int | None
        on_error: Mapping[type[BaseException], Callable[..., Any]]

    class HttpLayer(Adapter[DecorateAny]):
        """The layer that `http(...)` returns. It has to be the innermost layer."""

        def __call__(self, fn: Callable[P, R], /) -> HttpFunction[Callable[P, R]]:
            """Return the handler of HTTP requests."""
            ...

    class HttpBodyLayer(Adapter[DecorateBody[B]]):
        """The layer that `http(body=...)` returns, for a function whose first parameter is the body."""

        def __call__(self, fn: Callable[Concatenate[B, P], R], /) -> HttpFunction[Callable[Concatenate[B, P], R]]:
            """Return the handler of HTTP requests."""
            ...

    class _Typed(HttpApp, Generic[F]):
        __name__: str
        __qualname__: str

else:
    F = None

    class _Typed(HttpApp):
        __slots__ = ()
        __class_getitem__ = classmethod(lambda cls, _: cls)

    class HttpLayer:
        """The layer that `http(...)` returns; a protocol for type checkers."""


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "QUERY")


class HttpFunction(_Typed[F]):
    """A function with a single route, as a handler of HTTP requests. `http(...)` makes it.

    It is an `HttpApp` with one route: it has `test_client`, `check`, `on_error`, `override` and `openapi`.

    Attributes:
        function: the function itself, for unit tests.
    """

    __slots__ = ("__name__", "__qualname__", "_any_path", "function")

    function: F
    _any_path: bool

    def __repr__(self) -> str:
        return f"<HttpFunction {callables.name_of(self.function)}>"

    def _respond(self, request: Any, method: str, path: str, call: Call) -> Response:
        return super()._respond(request, method, "/" if self._any_path else path, call)


class _HttpLayer:
    __slots__ = ("_body", "_methods", "_options", "_path")
    adapts = True

    def __init__(self, path: str | None, methods: tuple[str, ...], body: Any, options: dict[str, Any]) -> None:
        self._path = path
        self._methods = methods
        self._options = options
        self._body = body

    def __repr__(self) -> str:
        return "http(...)"

    def __call__(self, fn: Any, /) -> Any:
        callables.refuse_handler(fn, "http(...)")
        if callables.is_own(fn) and hasattr(fn, "__wrapped__"):
            raise ConfigurationError(
                f"http(...) was put around another layer of {callables.name_of(fn)}, and it calls the function by the "
                "names of its parameters; put that layer before http(...), or pass it as http(layers=[...])"
            )
        options = dict(self._options)
        status, on_error = options.pop("status", None), options.pop("on_error", {})
        layers = tuple(options.pop("layers", ()))
        made: HttpFunction[Any] = HttpFunction(**options)
        made.function = fn
        made._any_path = self._path is None
        route = Route(self._path or "/", self._methods, fn, status, layers, self._body)
        made._add(route)
        for kind, answer in on_error.items():
            made.on_error(kind)(answer)
        for name in ("__name__", "__qualname__"):
            if hasattr(fn, name):
                setattr(made, name, getattr(fn, name))
        return made


if TYPE_CHECKING:

    @overload
    def http(path: str | None = ..., /, *methods: str, **options: Unpack[Options]) -> HttpLayer: ...
    @overload
    def http(
        path: str | None = ..., /, *methods: str, body: type[B], **options: Unpack[Options]
    ) -> HttpBodyLayer[B]: ...


def http(path: str | None = None, /, *methods: str, body: Any = MISSING, **options: Any) -> Any:
    """Make a layer that answers HTTP requests of any trigger by one function: the handling of `HttpApp` for one route.

    ```python
    from lambda_kit import handler
    from lambda_kit.http import TestClient, http


    @handler(http("/hello/{name}", "GET"))
    def hello(name: str, loud: bool = False):
        return {"text": f"HELLO, {name}" if loud else f"Hello, {name}"}


    assert TestClient(hello).get("/hello/Ada").json() == {"text": "Hello, Ada"}
    assert TestClient(hello).post("/hello/Ada").status == 405
    ```

    It has to be the last layer of `handler(...)`, because it calls the function by the names of its parameters. The
    annotations of the function say where they come from, as those of a route do.

    Args:
        path: the path, such as `"/orders/{order_id}"`; default: any path, for a trigger that sends one alone.
        *methods: the methods; default: all but `OPTIONS` and `TRACE`.
        body: the type of the body, which the first parameter of the function gets; default: the body is found by the
            annotations.
        status: the status of answers; default 200, and 204 if the function returns None.
        on_error: functions `(error, request)` that answer exceptions, by their class; default: none.
        **options: the options of `HttpApp`. `layers` stand around the function, as those of a route do; what stands
            before `http(...)` in `handler(...)` also sees answers such as 404.

    Raises:
        ConfigurationError: an option is not valid; when it is put above a function, the path or a method is not, or the
            function does not take a parameter of the path.
    """
    if path is not None and (callable(path) or not path.startswith("/")):
        hint = "@http(), with parentheses" if callable(path) else "http('/orders', 'GET')"
        raise ConfigurationError(f"http({path!r}): the path has to begin with a slash; write {hint}")
    from lambda_kit.http._router import check_methods

    check_methods("http", path, methods)
    HttpApp(**{name: value for name, value in options.items() if name not in ("status", "on_error", "layers")})
    return _HttpLayer(path, methods or _METHODS, body, options)
