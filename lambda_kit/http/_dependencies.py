"""Dependencies of routes: run once for a request, and cleaned up when the response is made."""

from __future__ import annotations

from lambda_kit._kernel import callables, log
from lambda_kit.errors import ConfigurationError
from lambda_kit.http._arguments import parameters_of
from lambda_kit.http._call import together
from lambda_kit.http._readers import read_all, reader_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from lambda_kit.http._arguments import Parameter
    from lambda_kit.http._call import Call, Read


class Dependencies:
    """The dependencies of one request.

    Attributes:
        values: the values by their functions.
        open: the generators that have to go on when the response is made, in their order.
    """

    __slots__ = ("open", "values")

    def __init__(self) -> None:
        self.values: dict[Any, Any] = {}
        self.open: list[Any] = []

    def close(self, error: BaseException | None) -> None:
        """Let the generators go on behind their `yield`, the last one first. What fails there is logged."""
        while self.open:
            generator = self.open.pop()
            try:
                _go_on(generator, error)
            except Exception as raised:
                if raised is not error:
                    log.exception("lambda_kit: the clean-up of a dependency failed")


def _go_on(generator: Any, error: BaseException | None) -> None:
    if hasattr(generator, "__anext__"):
        from lambda_kit._kernel import event_loop

        try:
            event_loop.run(generator.__anext__() if error is None else generator.athrow(error))
        except StopAsyncIteration:
            return
    else:
        try:
            next(generator) if error is None else generator.throw(error)
        except StopIteration:
            return
    raise RuntimeError("a dependency yielded more than once")


def readers_of(
    fn: Any, parameters: list[Parameter], path_names: tuple[str, ...], app: Any, way: tuple[Any, ...] = ()
) -> list[tuple[str, Read]]:
    """Return the readers of all parameters of a function, those of dependencies first.

    A dependency may refuse who sends the request, who has not to know then what else is wrong with it.

    Args:
        fn: the function.
        parameters: its parameters.
        path_names: the names of the parameters in the path.
        app: the app, which knows what tests have replaced.
        way: the functions that depend on this one.
    """
    what = callables.name_of(fn)
    dependencies: list[tuple[str, Read]] = []
    found: list[tuple[str, Read]] = []
    wrong: list[ConfigurationError] = []
    for one in parameters:
        try:
            app.check_parameter(one, what)
            if one.place == "dependency":
                dependencies.append((one.name, _reader(one.function, path_names, app, (*way, fn))))
            else:
                found.append((one.name, reader_of(one, path_names, what)))
        except ConfigurationError as error:
            wrong.append(error)
    if wrong:
        raise together(wrong)
    return dependencies + found


def _reader(function: Any, path_names: tuple[str, ...], app: Any, way: tuple[Any, ...]) -> Read:
    if function in way:
        names = " -> ".join(callables.name_of(one) for one in (*way[way.index(function) :], function))
        raise ConfigurationError(f"a dependency needs itself: {names}")
    resolve = _resolver(function, path_names, app, way)
    replaced: dict[Any, Any] = {}

    def read(call: Call) -> Any:
        state = call.dependencies
        if state is None:
            state = call.dependencies = Dependencies()
        if function in state.values:
            return state.values[function]
        run, other = resolve, app.replaced(function)
        if other is not None:
            run = replaced.get(other)
            if run is None:
                run = replaced[other] = _resolver(other, path_names, app, way)
        value = state.values[function] = run(call, state)
        return value

    return read


def _resolver(given: Any, path_names: tuple[str, ...], app: Any, way: tuple[Any, ...]) -> Any:
    if not callable(given):
        raise ConfigurationError(f"Depends({given!r}): pass a function")
    function: Any = given
    parameters = _parameters(function, path_names)
    readers = readers_of(function, parameters, path_names, app, way)

    def resolve(call: Call, state: Dependencies) -> Any:
        found: Any = function(**read_all(call, readers))
        if callables.is_generator_function(function):
            value = next(found)
            state.open.append(found)
            return value
        if callables.is_async_generator_function(function) or callables.is_coroutine_function(function):
            from lambda_kit._kernel import event_loop

            if hasattr(found, "__anext__"):
                value = event_loop.run(found.__anext__())
                state.open.append(found)
                return value
            return event_loop.run(found)
        return found

    return resolve


def _parameters(function: Any, path_names: tuple[str, ...]) -> list[Parameter]:
    signature = callables.signature_of(function)
    names = () if signature is None else (*signature.positional, *signature.keyword_only)
    return parameters_of(function, tuple(name for name in path_names if name in names))
