"""A run of a durable execution: which part of the code runs, and whether that part is a replay.

AWS's SDK runs a handler again from the start after each suspension. Code that an earlier run has passed is *replayed*
until the handler comes to something new. The SDK knows this for each of its contexts: that of the handler, of a child
context, of a branch of `map` or `parallel`. This module notes which context's code runs, in a context variable:

- `begin` notes the context of the handler, and puts its own methods in front of those of the context that run code of
  the user. They note the context, or the step, inside which that code runs.
- Branches run in threads of the SDK, which have no context variables. They get a copy of those of the caller.

Nothing of the SDK is imported. The methods are set on the one context object, not on its class.
"""

from __future__ import annotations

import functools
from contextvars import copy_context

from lambda_kit._kernel import callables, facts, lifecycle, log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from contextvars import ContextVar
    from typing import Any

_TERMINAL = frozenset(("SUCCEEDED", "FAILED", "TIMED_OUT", "CANCELLED", "STOPPED"))
_warned = _warned_of_flags = False
_variable: ContextVar[Place | None] | None = None  # the one that notes which part of the code runs


class Run:
    """One run of a handler.

    Attributes:
        arn: the ARN of the execution.
        handler: the function of the handler, with its layers.
        here: the context variable that notes which part of the code runs.
        replay: whether an earlier run of this execution has reached an operation, so that this one replays it.
    """

    __slots__ = ("arn", "handler", "here", "replay")

    def __init__(self, arn: str, handler: Any, here: ContextVar[Place | None], *, replay: bool) -> None:
        self.arn = arn
        self.handler = handler
        self.here = here
        self.replay = replay

    def stands_around(self, fn: Any) -> bool:
        """Tell whether the handler stands around a function, which other layers may stand around too."""
        handler = getattr(self.handler, "func", self.handler)  # of a method it is a partial
        return callables.plain(handler) is callables.plain(fn)


class Place:
    """The context, or the step, whose code runs.

    Args:
        run: the run.
        context: the SDK's context; None in a step.
        path: the numbers of the operations that lead here. It is the same in each run.
        outer: the place around this one; None for that of the handler.

    Attributes:
        protected: the name of the idempotent function that runs here; None outside of one.
    """

    __slots__ = ("_fresh", "_held", "_operations", "_over", "context", "outer", "path", "protected", "run")

    def __init__(self, run: Run, context: Any, path: str, outer: Place | None) -> None:
        self.run = run
        self.context = context
        self.path = path
        self.outer = outer
        self.protected: str | None = None
        self._operations = 0
        self._held = False
        self._over = self._fresh = False
        if context is not None and outer is not None and context.is_replaying():
            self._over = outer._over or _is_over(context)
            # A child begins with the state of the context around it, also if no run has been in it before.
            self._fresh = not self._over and not _has_operation(context)

    @property
    def in_step(self) -> bool:
        """True while the code of a step runs. The SDK runs it once, and keeps its result."""
        return self.context is None

    def is_replaying(self) -> bool:
        """Tell whether an earlier run has passed the code that runs now."""
        if self.context is None:
            return False
        if self._over or self._held:
            return True
        return not self._fresh and bool(self.context.is_replaying())

    def begin_operation(self) -> str:
        """Count an operation of this context, and return its path.

        Raises:
            ConfigurationError: an idempotent function calls it, on a context that it did not get as an argument.
        """
        here = self.run.here.get()
        while here is not None and here is not self:
            if here.protected is not None:
                raise _refused(here.protected)
            here = here.outer
        self._held = False
        self._operations += 1
        return f"{self.path}/{self._operations}"

    def hold(self) -> None:
        """Count what follows as replayed until the result of a callback is there that the last run waited for.

        The SDK takes what stands between `create_callback` and `result()` for new as soon as the callback is created.
        """
        self._held = True

    def follow(self, callback: Any) -> None:
        """Count what follows the result of a callback as new, if the last run waited for it."""
        result = callback.result

        def told_result() -> Any:
            try:
                return result()
            finally:
                if _is_new(self.context.state, callback.operation_id):
                    self._held = False

        callback.result = told_result


def _is_new(state: Any, operation: str) -> bool:
    """Tell whether a callback was answered after the last run; True if the service does not say which ones were."""
    is_updated = getattr(state, "is_operation_updated_since_last_invocation", None)
    if is_updated is None or is_updated(operation):
        return True
    kinds = {key: getattr(one.operation_type, "value", None) for key, one in state.operations.items()}
    return not any(is_updated(key) for key, kind in kinds.items() if kind == "CALLBACK")


def _is_over(context: Any) -> bool:
    """Tell whether a context has been completed before: its code runs once more because its result was too large."""
    operation = context.state.operations.get(getattr(context, "_parent_id", None))
    return operation is not None and getattr(operation.status, "value", None) in _TERMINAL


def _has_operation(context: Any) -> bool:
    """Tell whether an earlier run has reached an operation of a context that begins now."""
    ask = getattr(context, "_next_operation_exists", None)
    return ask is None or bool(ask())


def _refused(name: str) -> Exception:
    from lambda_kit.errors import ConfigurationError

    return ConfigurationError(
        f"the idempotent function {name} uses a durable context that it did not get as an argument. A replay returns "
        "its result without a run, so that the operations after it would be taken for others. Pass the context to it: "
        "it gets one of its own"
    )


def _replaced(name: str) -> Exception:
    from lambda_kit.errors import ConfigurationError

    return ConfigurationError(
        f"the idempotent function {name} runs in a child context that the kit does not know: other code has replaced "
        "run_in_child_context of the durable context after the handler began. Wrap the function, not the context"
    )


def begin(context: Any, handler: Any, here: ContextVar[Place | None]) -> Run | None:
    """Begin a run in this context of the SDK, and return it. Return None, with one warning, if the SDK is unknown."""
    global _warned, _variable
    try:
        arn = context.execution_context.durable_execution_arn
        run = Run(arn, handler, here, replay=bool(context.is_replaying()))
        place = Place(run, context, "", None)
        _adopt(context, place)
    except Exception as error:
        if not _warned:
            _warned = True
            lifecycle.on_reset(_forget_warning)
            log.warning(
                "this version of AWS's SDK for durable executions is unknown (%r): suspensions are recognised and keys "
                "are kept, but lines and metrics are repeated in a replay, and branches do not see the invocation",
                error,
            )
        return None
    _variable = here
    here.set(place)
    facts.observe(_note_fact)
    return run


def _note_fact(name: str, fields: dict[str, Any]) -> None:
    """Warn once of a flag that is evaluated while its part of the code is replayed: it may have another value now."""
    global _warned_of_flags
    if name != "flags.evaluated" or _warned_of_flags or _variable is None:
        return
    place = _variable.get()
    if place is not None and place.is_replaying():
        _warned_of_flags = True
        lifecycle.on_reset(_forget_warning)
        log.warning(
            "the feature flag %r was evaluated again in the replay of a durable execution, outside of a step; if it "
            "has changed, the replay takes another way and fails. Use lambda_kit.durable.checkpointed(context, ...)",
            fields["flag"],
        )


def _forget_warning() -> None:
    global _warned, _warned_of_flags
    _warned = _warned_of_flags = False


def innermost(place: Place | None, context: Any) -> Any:
    """Return the context to use in place of this one: inside an idempotent function, the one of its own."""
    return context if place is None or place.protected is None or not _holds(place, context) else place.context


def _holds(place: Place | None, context: Any) -> bool:
    while place is not None:
        if place.context is context:
            return True
        place = place.outer
    return False


def protect(place: Place, name: str, call: Callable[[Place], Any], **options: Any) -> Any:
    """Run the call of an idempotent function in a child context, which keeps its result for later replays.

    Args:
        place: where the call is made.
        name: the name of the function.
        call: makes the call in the place that it gets; what it returns is kept.
        **options: for `run_in_child_context`.

    Raises:
        ConfigurationError: something has replaced the method of the context, so that its operations are not counted.
    """

    def body(_: Any) -> Any:
        here = place.run.here.get()
        if here is None or here.outer is not place:  # the method in front of `run_in_child_context` sets it
            raise _replaced(name)
        here.protected = name
        return call(here)

    return place.context.run_in_child_context(body, name, **options)


# The methods in front of those of the SDK


def _adopt(context: Any, place: Place) -> None:
    methods = {name: make(getattr(context, name), place) for name, make in _METHODS.items()}
    for name, method in methods.items():
        setattr(context, name, method)


def _in_step(place: Place, path: str, fn: Any) -> Any:
    """Return a function of a step which notes that the step runs."""
    here = place.run.here

    @functools.wraps(fn)
    def run(*args: Any, **kwargs: Any) -> Any:
        before = here.set(Place(place.run, None, path, place))
        try:
            return fn(*args, **kwargs)
        finally:
            here.reset(before)

    return run


def _in_child(place: Place, path: str, fn: Any) -> Any:
    """Return a function of a child context which notes that its code runs."""
    here = place.run.here

    @functools.wraps(fn)
    def run(context: Any, *args: Any, **kwargs: Any) -> Any:
        inner = Place(place.run, context, path, place)
        _adopt(context, inner)
        before = here.set(inner)
        try:
            return fn(context, *args, **kwargs)
        finally:
            here.reset(before)

    return run


def _in_branch(place: Place, path: str, fn: Any, variables: Any) -> Any:
    """Return a function of a branch which runs with the context variables of the caller."""
    inner = _in_child(place, path, fn)

    @functools.wraps(fn)
    def run(*args: Any, **kwargs: Any) -> Any:
        return variables.copy().run(inner, *args, **kwargs)  # a copy for each run: two cannot be in one

    return run


def _plain(method: Any, place: Place) -> Any:
    @functools.wraps(method)
    def operation(*args: Any, **kwargs: Any) -> Any:
        place.begin_operation()
        return method(*args, **kwargs)

    return operation


def _step(method: Any, place: Place) -> Any:
    @functools.wraps(method)
    def step(func: Any, *args: Any, **kwargs: Any) -> Any:
        return method(_in_step(place, place.begin_operation(), func), *args, **kwargs)

    return step


def _wait_for_callback(method: Any, place: Place) -> Any:
    @functools.wraps(method)
    def wait_for_callback(submitter: Any, *args: Any, **kwargs: Any) -> Any:
        return method(_in_step(place, place.begin_operation(), submitter), *args, **kwargs)

    return wait_for_callback


def _wait_for_condition(method: Any, place: Place) -> Any:
    @functools.wraps(method)
    def wait_for_condition(check: Any, *args: Any, **kwargs: Any) -> Any:
        return method(_in_step(place, place.begin_operation(), check), *args, **kwargs)

    return wait_for_condition


def _child(method: Any, place: Place) -> Any:
    @functools.wraps(method)
    def run_in_child_context(func: Any, *args: Any, **kwargs: Any) -> Any:
        return method(_in_child(place, place.begin_operation(), func), *args, **kwargs)

    return run_in_child_context


def _map(method: Any, place: Place) -> Any:
    @functools.wraps(method)
    def map_(inputs: Any, func: Any, *args: Any, **kwargs: Any) -> Any:
        path, variables = place.begin_operation(), copy_context()

        @functools.wraps(func)
        def branch(context: Any, item: Any, index: int, items: Any) -> Any:
            return _in_branch(place, f"{path}.{index}", func, variables)(context, item, index, items)

        return method(inputs, branch, *args, **kwargs)

    return map_


def _parallel(method: Any, place: Place) -> Any:
    @functools.wraps(method)
    def parallel(functions: Any, *args: Any, **kwargs: Any) -> Any:
        path, variables = place.begin_operation(), copy_context()

        def branch(index: int, one: Any) -> Any:
            if callable(one):
                return _in_branch(place, f"{path}.{index}", one, variables)
            from dataclasses import replace  # a branch with a name

            return replace(one, func=_in_branch(place, f"{path}.{index}", one.func, variables))

        return method([branch(*one) for one in enumerate(functions)], *args, **kwargs)

    return parallel


def _create_callback(method: Any, place: Place) -> Any:
    @functools.wraps(method)
    def create_callback(*args: Any, **kwargs: Any) -> Any:
        replayed = place.is_replaying()
        place.begin_operation()
        callback = method(*args, **kwargs)
        if replayed:
            place.follow(callback)
            if not place.is_replaying():
                place.hold()
        return callback

    return create_callback


_METHODS: dict[str, Callable[[Any, Place], Any]] = {
    "create_callback": _create_callback,
    "invoke": _plain,
    "map": _map,
    "parallel": _parallel,
    "run_in_child_context": _child,
    "step": _step,
    "wait": _plain,
    "wait_for_callback": _wait_for_callback,
    "wait_for_condition": _wait_for_condition,
}
