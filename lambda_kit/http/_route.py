"""A route: a path, methods and a function. What it needs is prepared when it is first matched."""

from __future__ import annotations

from lambda_kit._kernel import callables
from lambda_kit.errors import ConfigurationError
from lambda_kit.http._call import MISSING, InvalidResponse
from lambda_kit.http._errors import HttpError
from lambda_kit.http._tree import names_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from lambda_kit.http._call import Call
    from lambda_kit.http._documented import Documented
    from lambda_kit.http._response import Response

    class AnyRoute(Protocol):
        """A route of HTTP or of a WebSocket API."""

        rule: str
        function: Any
        layers: tuple[Any, ...]
        methods: tuple[str, ...]
        run: Callable[[Call], Response] | None

        @property
        def names(self) -> tuple[str, ...]: ...
        @property
        def body(self) -> Any: ...
        @property
        def status(self) -> int | None: ...
        @property
        def cache_control(self) -> str | None: ...
        def prepare(self, app: Any, provided: Any) -> Callable[[Call], Response]: ...


_NO_TEXTS: Documented = {}


class Route:
    """A route.

    Attributes:
        rule: the path, such as `"/orders/{order_id}"`.
        methods: the methods.
        function: the function.
        status: the status of answers; None for 200, or 204 without a value.
        layers: the layers around the function, the outermost first.
        body: the type of the body, which the first parameter gets; `MISSING` if the annotations say it.
        cache_control: the `Cache-Control` of successful answers; None for none.
        documented: what the declaration says for the OpenAPI document.
        names: the names of the parameters in the path.
        run: the function that answers a call; None until the route is first matched.
    """

    __slots__ = (
        "body",
        "cache_control",
        "documented",
        "function",
        "layers",
        "methods",
        "names",
        "rule",
        "run",
        "status",
    )

    def __init__(
        self,
        rule: str,
        methods: tuple[str, ...],
        function: Any,
        status: int | None,
        layers: tuple[Any, ...],
        body: Any = MISSING,
        documented: Documented = _NO_TEXTS,
        cache_control: str | None = None,
    ) -> None:
        self.rule = rule
        self.methods = methods
        self.function = function
        self.status = None if status is None else int(status)
        self.layers = layers
        self.body = body
        self.documented = documented
        self.cache_control = cache_control
        self.names = names_in(rule)
        self.run: Callable[[Call], Response] | None = None
        _check(self)

    def prepare(self, app: Any, provided: Any) -> Callable[[Call], Response]:
        """Return the function that answers a call: see `prepare`."""
        return prepare(self, app, provided)

    def below(self, prefix: str, layers: tuple[Any, ...], tags: tuple[str, ...] = ()) -> Route:
        """Return the route with a prefix before its path, more layers around it, and more tags."""
        if not prefix and not layers and not tags:
            return self
        rule = prefix + self.rule if self.rule != "/" or not prefix else prefix
        documented = self.documented
        if tags:
            documented = documented.copy()
            documented["tags"] = (*tags, *documented.get("tags", ()))
        layers += self.layers
        return Route(rule, self.methods, self.function, self.status, layers, self.body, documented, self.cache_control)


def check_function(function: Any, route: str) -> callables.Signature:
    """Return the signature of the function of a route.

    Raises:
        ConfigurationError: it is no function, or does not name its parameters.
    """
    if not callable(function):
        raise ConfigurationError(f"{route} was put above {function!r}, which is no function")
    callables.refuse_handler(function, route)
    signature = callables.signature_of(function)
    if signature is None or signature.var_positional or signature.var_keyword:
        raise ConfigurationError(
            f"{callables.name_of(function)} has to name the parameters that it takes from a request"
        )
    return signature


def _check(route: Route) -> None:
    what = callables.name_of(route.function)
    signature = check_function(route.function, f"the route {route.rule!r}")
    if route.status is not None and not 200 <= route.status <= 599:
        raise ConfigurationError(f"the route {route.rule!r} has the status {route.status!r}; pass 200 to 599")
    known = (*signature.positional, *signature.keyword_only)
    for name in route.names:
        if name not in known:
            raise ConfigurationError(
                f"{what}{signature} does not take {name!r}, which is in its path {route.rule!r}"
                f"{callables.closest(name, known)}"
            )


def prepare(route: AnyRoute, app: Any, provided: Any = ()) -> Callable[[Call], Response]:
    """Return the function that answers a call of a route: it reads arguments, calls, and makes the response.

    Args:
        route: the route.
        app: the app.
        provided: the names of the keywords that layers pass.

    Raises:
        ConfigurationError: a parameter of the function cannot be served.
    """
    from lambda_kit.http._answers import answer_of
    from lambda_kit.http._arguments import annotations_of, parameters_of
    from lambda_kit.http._dependencies import readers_of
    from lambda_kit.http._readers import read_all

    fn = route.function
    what = callables.name_of(fn)
    parameters = parameters_of(fn, route.names, provided, route.methods, route.body)
    readers = readers_of(fn, parameters, route.names, app)
    plain = callables.plain(fn)
    returned = annotations_of(getattr(plain, "__func__", plain), provided).get("return")
    answer = _cached(answer_of(returned, route.status, what), route.cache_control)
    is_async = callables.is_coroutine_function(fn)

    def call_function(call: Call) -> Response:
        found = fn(**read_all(call, readers)) if readers else fn()
        if is_async:
            found = _awaited(found)
        try:
            response = answer(found)
        except HttpError:
            raise
        except Exception as error:
            raise InvalidResponse(f"the value that {what} returned cannot be its answer") from error
        body = response.body
        if body.__class__ is str or body is None or body.__class__ is bytes:
            return response
        return whole(app, call.request, response)

    if not any(one.place == "dependency" for one in parameters):
        return call_function

    def call_with_dependencies(call: Call) -> Response:
        try:
            response = call_function(call)
        except BaseException as error:
            if call.dependencies is not None:
                call.dependencies.close(error)
            raise
        call.dependencies.close(None)
        return response

    return call_with_dependencies


def _cached(answer: Callable[[Any], Response], cache_control: str | None) -> Callable[[Any], Response]:
    if cache_control is None:
        return answer

    def cached(value: Any) -> Response:
        response = answer(value)
        if response.status < 300:
            response._headers.setdefault("cache-control", cache_control)
        return response

    return cached


def whole(app: Any, request: Any, response: Response) -> Response:
    """Return a response whose parts, if it has some, were joined or sent."""
    body = response.body
    if body.__class__ is str or body is None or body.__class__ is bytes:
        return response
    from lambda_kit.http._delivery import delivered

    return delivered(app, request, response)


def _awaited(found: Any) -> Any:
    from lambda_kit._kernel import event_loop

    return event_loop.run(found)


def stacked(layers: tuple[Any, ...], fn: Any) -> Any:
    """Put layers around a function, the first one outermost."""
    for one in reversed(layers):
        fn = one(fn)
        if not callable(fn):
            raise ConfigurationError(
                f"the layer {callables.name_of(one)} of a route returned {fn!r}, which is no function"
            )
    return fn
