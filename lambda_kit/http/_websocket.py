"""Routes of WebSocket APIs: functions by route key, with the same arguments, layers and errors as those of HTTP."""

from __future__ import annotations

from time import perf_counter

from lambda_kit._kernel import callables, type_of
from lambda_kit.errors import ConfigurationError
from lambda_kit.events._http import HttpEvent
from lambda_kit.events._http_values import QueryValues, lists_of
from lambda_kit.events._websocket import WebSocketEvent
from lambda_kit.http._call import MISSING, Call, together
from lambda_kit.http._errors import NotFound
from lambda_kit.http._response import Response, as_dict, from_dict
from lambda_kit.http._route import check_function, prepare, stacked, whole
from lambda_kit.http._serialise import Unsendable, serialise
from lambda_kit.invocation import request_observers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit.http._arguments import Parameter

_WITHOUT_MESSAGE = ("$connect", "$disconnect")
_KNOWN = (*_WITHOUT_MESSAGE, "$default")


class SocketRoute:
    """A route of a WebSocket API.

    Attributes:
        rule: the route key.
        function: the function.
        layers: the layers around the function, the outermost first.
        run: the function that answers a call; None until the route is first matched.
        methods: `("POST",)` for messages, which have a body; the route key for others.
        names, body, status, cache_control: those of a route of HTTP, which this one does not have.
    """

    __slots__ = ("function", "layers", "methods", "rule", "run")
    names = ()
    body = MISSING
    status = 200
    cache_control = None

    def __init__(self, key: str, function: Any, layers: tuple[Any, ...]) -> None:
        if not key or (key.startswith("$") and key not in _KNOWN):
            raise ConfigurationError(
                f"websocket({key!r}): a key that begins with $ is one of {', '.join(_KNOWN)}"
                f"{callables.closest(key, _KNOWN)}"
            )
        self.rule = key
        self.function = function
        self.layers = layers
        self.methods: tuple[str, ...] = (key,) if key in _WITHOUT_MESSAGE else ("POST",)
        self.run: Callable[[Call], Response] | None = None
        check_function(function, f"the route {key!r}")

    def within(self, layers: tuple[Any, ...]) -> SocketRoute:
        """Return the route with more layers around it."""
        return SocketRoute(self.rule, self.function, layers + self.layers)

    def prepare(self, app: Any, provided: Any) -> Callable[[Call], Response]:
        """Return the function that answers a call."""
        return prepare(self, _Checked(app, self.rule), provided)


class _Checked:
    """The app as the readers of a route see it, with the parameters that this route may have."""

    __slots__ = ("_app", "_key")

    def __init__(self, app: Any, key: str) -> None:
        self._app = app
        self._key = key

    def replaced(self, dependency: Any) -> Any:
        return self._app.replaced(dependency)

    def check_parameter(self, one: Parameter, what: str) -> None:
        key, place = self._key, one.place
        if place == "object" and one.annotation.__name__ == "HttpEvent":
            raise ConfigurationError(f"{what} takes an HttpEvent; routes of WebSocket APIs take a WebSocketEvent")
        if place in ("query", "header", "cookie") and key != "$connect":
            raise ConfigurationError(
                f"{what} takes {one.name!r} from the {place}, which only $connect has; for {key!r} take a model of the "
                "message, Annotated[str, Body()] for its text, or mark other parameters"
            )
        if place in ("form", "file") or (place == "body" and key in _WITHOUT_MESSAGE):
            raise ConfigurationError(f"{what} takes {one.name!r} from the body, and {key!r} has no {place}")


class Message(HttpEvent):
    """An event of a WebSocket API with the interface of a request, for all that reads requests.

    Attributes:
        view: the event as functions see it.
    """

    __slots__ = ("view",)

    def __init__(self, raw: dict[str, Any]) -> None:
        super().__init__(raw)
        self.view = WebSocketEvent(raw)

    @property
    def trigger(self) -> Any:
        """The trigger."""
        return "websocket"

    @property
    def method(self) -> str:
        """A word for log lines, in place of the method."""
        return "WEBSOCKET"

    @property
    def raw_path(self) -> str:
        """The route key."""
        return self.view.route_key

    @property
    def query(self) -> QueryValues:
        """The parameters of the query, when the client connects."""
        if self._query is None:
            single, lists = self.raw.get("queryStringParameters"), self.raw.get("multiValueQueryStringParameters")
            self._query = QueryValues(lists_of(lists) or lists_of(single))
        return self._query


class Sockets:
    """The routes of WebSocket APIs of an app."""

    __slots__ = ("_app", "_inner", "_routes")

    def __init__(self, app: Any, layers: tuple[Any, ...]) -> None:
        self._app = app
        self._routes: dict[str, SocketRoute] = {}
        self._inner = stacked(layers, self._innermost) if layers else None

    def add(self, route: SocketRoute) -> None:
        """Add a route.

        Raises:
            ConfigurationError: there is one with this key.
        """
        found = self._routes.setdefault(route.rule, route)
        if found is not route:
            raise ConfigurationError(
                f"{callables.name_of(found.function)} and {callables.name_of(route.function)} have the same route "
                f"{route.rule!r} of a WebSocket API"
            )

    def check(self, provided: frozenset[str]) -> None:
        """Prepare all routes.

        Raises:
            ConfigurationError: parameters of routes cannot be served.
        """
        wrong: list[ConfigurationError] = []
        for route in self._routes.values():
            try:
                if route.layers and route.run is None:
                    route.run = self._app._with_layers(route)
                route.prepare(self._app, provided | callables.provided_keywords(route.run if route.layers else None))
            except ConfigurationError as error:
                wrong.append(error)
        if wrong:
            raise together(wrong)

    def takes(self, event: Any) -> bool:
        """Return True for an event of a WebSocket API that is not for its authorizer."""
        context: Any = event.get("requestContext") if type_of(event) is dict else None
        if type_of(context) is not dict or "type" in event:
            return False
        return type_of(context.get("connectionId")) is str and type_of(context.get("routeKey")) is str

    def answer(self, event: Any, context: Any, provided: dict[str, Any]) -> dict[str, Any]:
        """Answer an event, in the form that the trigger takes."""
        app, message = self._app, Message(event)
        started = perf_counter() if request_observers else None
        status = 500
        try:
            try:
                if self._inner is not None:
                    response = whole(app, message, from_dict(self._inner(event, context, **provided)))
                else:
                    response = self._respond(Call(message, context, provided, app._limits))
            except Exception as error:
                from lambda_kit.http._failures import failed

                response = failed(app, message, error)
            try:
                found = _serialised(response)
            except Exception as error:  # a header of another type, for example
                from lambda_kit.http._failures import unsendable

                found = _serialised(unsendable(message, error))
            status = found["statusCode"]
            return found
        finally:
            if started is not None:
                from lambda_kit.http._observed import tell_observers

                tell_observers(message.method, status, perf_counter() - started)

    def _innermost(self, event: Any, context: Any, /, **provided: Any) -> dict[str, Any]:
        message = Message(getattr(event, "raw", event))
        try:
            return as_dict(self._respond(Call(message, context, provided, self._app._limits)))
        except Exception as error:
            from lambda_kit.http._failures import failed

            return as_dict(failed(self._app, message, error))

    def _respond(self, call: Call) -> Response:
        key = call.request.raw_path
        route = self._routes.get(key)
        if route is None:
            if key in _WITHOUT_MESSAGE:
                return Response(None, 200)  # nothing is to be done
            route = self._routes.get("$default")
            if route is None:
                raise NotFound
        response: Response = self._app._run(route, "WEBSOCKET", call)
        return response


def _serialised(response: Response) -> dict[str, Any]:
    if type_of(response.body) is bytes:
        raise Unsendable("a route of a WebSocket API answers with text; send bytes with connection(...).send(...)")
    found = serialise("websocket", response)
    del found["isBase64Encoded"]
    return found
