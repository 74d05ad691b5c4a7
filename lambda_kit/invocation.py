"""The invocation that is running: one record, in one context variable, opened and closed by `handler`."""

from __future__ import annotations

import os
import time
from contextvars import ContextVar
from sys import modules

from lambda_kit import lazy_exports
from lambda_kit._kernel import lifecycle, log, type_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol, TypeVar, overload

    from lambda_kit._kernel.replay import Place

    D = TypeVar("D")

    class LambdaContext(Protocol):
        """The context object: the second argument of a handler.

        See <https://docs.aws.amazon.com/lambda/latest/dg/python-context.html>. A protocol for type checkers, so
        that the runtime's object, `lambda_kit.testing.make_context()` and your own stand-in all fit. While the program
        runs it is an empty class, so that an annotation does not load `typing`.
        """

        aws_request_id: str
        function_name: str
        function_version: str
        invoked_function_arn: str
        memory_limit_in_mb: str
        log_group_name: str
        log_stream_name: str
        identity: Any
        client_context: Any
        tenant_id: str | None

        def get_remaining_time_in_millis(self) -> int:
            """Return the milliseconds left before Lambda ends the invocation."""
            ...
else:

    class LambdaContext:
        """The context object: the second argument of a handler. A protocol for type checkers."""


__all__ = ["Invocation", "LambdaContext", "current_invocation"]

if not TYPE_CHECKING:  # the error for a name that is elsewhere
    __getattr__, __dir__ = lazy_exports(globals(), {})

_UNSET: Any = object()
_DURABLE_SDK = "aws_durable_execution_sdk_python"
_TRACE_HEADER = os.environ.encodekey("_X_AMZN_TRACE_ID")  # bytes, but for Windows
_RUN = "lambda_kit.durable"  # the key under which the invocation of a durable execution keeps its run


class _Process:
    """State of the process, as opposed to that of one invocation.

    Attributes:
        cold: True until the first invocation has started.
    """

    __slots__ = ("_registered", "cold")

    def __init__(self) -> None:
        self.cold = True
        self._registered = False

    def warm_up(self) -> None:
        """Record that the first invocation has started."""
        self.cold = False
        if not self._registered:
            self._registered = True
            lifecycle.on_fork(reset)
            lifecycle.on_reset(reset)


_new = object.__new__
process = _Process()
current: ContextVar[Invocation | None] = ContextVar("lambda_kit_invocation")
# A function that returns an object which stands for the record of a batch that is running in this context. It is set
# once for records that run one after another, which share a context; those in threads and tasks have one each.
current_record: ContextVar[Callable[[], object] | None] = ContextVar("lambda_kit_record", default=None)
# The part of a durable execution whose code runs in this context; None outside of one.
current_place: ContextVar[Place | None] = ContextVar("lambda_kit_place", default=None)
# Callbacks for work that must not silently outlive the invocation. They are called with the invocation when it ends.
at_end: dict[object, Callable[[Invocation], object]] = {}
# Weak references to objects that get a note of each request that an HTTP app has answered. Without them, no request is
# measured.
request_observers: list[Callable[[], Any]] = []


def here() -> tuple[Invocation | None, object]:
    """Return the running invocation, and an object that stands for the running record of a batch; or None for each.

    The object is another one for each record that shares its context with others, and is to be compared with `is`.
    """
    find = current_record.get()
    return current.get(None), None if find is None else find()


def reset() -> None:
    """Make the next invocation the first one of this process."""
    process.cold = True
    at_end.clear()


class Invocation:
    """One run of the handler, as every layer sees it. Most attributes are computed on first use.

    Attributes:
        ended: True once the outermost layer has been left.
        event: the event as the runtime passed it to the handler, before any layer replaced it.
        cold_start: True for the first invocation of this process. Under provisioned concurrency and SnapStart it is
            True as well, although the caller does not wait for the initialisation: see `init_type`.
        correlation_id: the id that connects this invocation to others; None until a layer has set it.
        route: the path of the route that an `HttpApp` has found, such as `"/orders/{order_id}"`; None until then.
    """

    __slots__ = (
        "_context",
        "_deadline",
        "_execution",
        "_header",
        "_state",
        "cold_start",
        "correlation_id",
        "ended",
        "event",
        "log_text",
        "route",
    )

    _deadline: float  # set on first use

    def __init__(self, event: Any, context: Any, cold_start: bool = False) -> None:
        self.event = event
        self._context = context
        self.cold_start = cold_start
        self.correlation_id: str | None = None
        self.route: str | None = None
        self.ended = False
        self.log_text: Any = None  # the fields of the invocation as the logger writes them; its own business
        self._state: dict[Any, Any] | None = None
        self._header: str | None = None
        self._execution: str | None = None  # `execution_arn`, known from the start of the run; for the kit's own lines

    @property
    def context(self) -> Any:
        """The Lambda context; that of a durable execution is unwrapped. None if a test passed None."""
        return getattr(self._context, "lambda_context", self._context)

    @property
    def execution_arn(self) -> str | None:
        """The ARN of the durable execution that the invocation is a run of; None elsewhere."""
        return getattr(getattr(self._context, "execution_context", None), "durable_execution_arn", None)

    @property
    def execution_name(self) -> str | None:
        """The name of the durable execution, which its ARN has; None elsewhere, and for an ARN of another form."""
        parts = (self.execution_arn or "").partition("/durable-execution/")[2].split("/")
        return parts[0] if len(parts) == 2 and parts[0] else None

    @property
    def replay(self) -> bool:
        """True for a run of a durable execution that begins with a replay of what earlier runs have done."""
        run = self._peek(_RUN)
        return run is not None and run.replay

    @property
    def request_id(self) -> str:
        """The request id, which stays the same when Lambda retries the request; `""` if there is no context."""
        return getattr(self.context, "aws_request_id", None) or ""

    @property
    def function_name(self) -> str:
        """The name of the Lambda function; `""` if it is unknown."""
        return getattr(self.context, "function_name", None) or os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")

    @property
    def init_type(self) -> str:
        """The initialisation type of this execution environment.

        `"on-demand"` (also outside Lambda), `"provisioned-concurrency"`, `"snap-start"`, `"lambda-managed-instances"`,
        or a value that AWS adds later:
        <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html>.
        """
        return os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") or "on-demand"

    @property
    def trace_id(self) -> str | None:
        """The root id of the X-Ray trace, `1-xxxxxxxx-xxxxxxxxxxxxxxxxxxxxxxxx`; None if there is no trace.

        It is read from the environment on first use. If the first use is after the end of the invocation, it is
        None: never the id of the next invocation.
        """
        header = self._header
        if header is None:
            if self.ended:
                return None
            header = self._trace_header()
        if header.startswith("Root=1-") and header.startswith(";", 40):  # the usual form, with few operations
            return header[5:40]
        return header.partition("Root=")[2].partition(";")[0].strip() or None

    def _trace_header(self) -> str:
        """Return the trace header of the invocation; `""` if there is none. Do not call it after the end.

        The environment is read once for all capabilities, and without the four functions that each read of
        `os.environ` runs.
        """
        header = self._header
        if header is None:
            known: Any = getattr(os.environ, "_data", None)
            if known.__class__ is dict:
                found = known.get(_TRACE_HEADER)
                header = "" if found is None else found if found.__class__ is str else found.decode(errors="replace")
            else:  # code has put something else in its place
                header = os.environ.get("_X_AMZN_TRACE_ID", "")
            self._header = header
        return header

    @property
    def tenant_id(self) -> str | None:
        """The tenant id of a function with tenant isolation; None for other functions."""
        return getattr(self.context, "tenant_id", None)

    @property
    def deadline(self) -> float:
        """The time when Lambda ends the invocation, in seconds since the epoch; `inf` without a context."""
        if not hasattr(self, "_deadline"):  # few invocations ask for it
            self._deadline = time.time() + self.remaining()
        return self._deadline

    def remaining(self) -> float:
        """Return the seconds left before the deadline, 0 or more; `inf` without a context."""
        context = self._context
        try:
            ask = context.get_remaining_time_in_millis
        except AttributeError:  # a durable context, which holds the Lambda context, or none
            ask = getattr(self.context, "get_remaining_time_in_millis", None)
            if ask is None:
                return float("inf")
        left: float = ask() / 1000
        return max(0.0, left)

    @property
    def state(self) -> dict[Any, Any]:
        """A dict in which layers may keep values of this invocation. It starts empty."""
        state = self._state
        if state is None:
            made: dict[Any, Any] = {}
            # Two threads may ask first at the same time. CPython switches threads after calls, at jumps backwards and
            # at the start of functions, so not between these two steps. A lock takes longer than all the rest.
            state = self._state
            if state is None:
                state = self._state = made
        return state

    def _peek(self, key: Any) -> Any:
        """Return the value of `key` in `state`, or None, without creating the dict."""
        return None if self._state is None else self._state.get(key)

    def _forget(self, key: Any) -> None:
        """Remove `key` from `state` if it is there."""
        if self._state is not None:
            self._state.pop(key, None)

    def __repr__(self) -> str:
        return f"<Invocation {self.request_id or 'without a request id'} of {self.function_name or 'a function'}>"


def opening(
    call: Callable[[Any, Any], Any],
    deliver: Callable[[Any], tuple[Any, type | None]] | None = None,
) -> Callable[[Any, Any], Any]:
    """Return a function `(event, context)` that opens an `Invocation`, calls `call`, and closes the invocation.

    Args:
        call: the handler with its layers.
        deliver: takes a result, and returns the one to return and its class, if results of that class can be returned
            as they are; it is not called for results of the class that it has returned last.
    """
    enter, leave = current.set, current.reset

    usual: type | None = None

    def entry(event: Any, context: Any) -> Any:
        nonlocal usual
        cold = process.cold
        invocation: Invocation = _new(Invocation)  # as `__init__` does it, in half the time
        invocation.event = event
        invocation._context = context
        invocation.cold_start = cold
        invocation.correlation_id = invocation.route = invocation.log_text = None
        invocation._state = invocation._header = invocation._execution = None
        invocation.ended = False
        if cold:
            process.warm_up()
        token: Any = None
        try:
            token = enter(invocation)
            if _DURABLE_SDK in modules and invocation.execution_arn is not None:
                result = _durable(invocation, call, event, context)
            else:
                result = call(event, context)
            if deliver is not None and type_of(result) is not usual:
                result, usual = deliver(result)
            return result
        except BaseException as error:
            if not isinstance(error, Exception):
                lifecycle.release_locks()
            raise
        finally:
            try:
                if at_end:
                    _finish(invocation)
            finally:
                invocation.ended = True
                if token is not None:
                    leave(token)
                elif current.get(None) is invocation:  # an interrupt struck before the token was assigned
                    enter(None)

    return entry


def _durable(invocation: Invocation, call: Callable[[Any, Any], Any], event: Any, context: Any) -> Any:
    """Call the handler in a run of a durable execution, whose context is noted for the time of the call."""
    from lambda_kit._kernel import replay

    invocation._execution = invocation.execution_arn
    try:
        invocation.state[_RUN] = replay.begin(context, call, current_place)
        return call(event, context)
    finally:
        current_place.set(None)


def _finish(invocation: Invocation) -> None:
    for finish in list(at_end.values()):
        try:
            finish(invocation)
        except Exception:
            log.exception("lambda_kit: a callback for the end of the invocation failed")
        except BaseException:  # an interrupt, which may have struck while the callback held a lock
            lifecycle.release_locks()
            raise


if TYPE_CHECKING:

    @overload
    def current_invocation() -> Invocation: ...
    @overload
    def current_invocation(default: D) -> Invocation | D: ...


def current_invocation(default: Any = _UNSET) -> Any:
    """Return the invocation that is running in this context.

    Threads and tasks see it if they run in a copy of the context, as tasks and `asyncio.to_thread` do.

    Args:
        default: value to return if no handler is running.

    Raises:
        OutsideInvocation: no handler is running, and no default was passed.
    """
    invocation = current.get(None)
    if invocation is None:
        if default is not _UNSET:
            return default
        from lambda_kit.errors import OutsideInvocation

        raise OutsideInvocation(
            "no invocation is running here: the function is not under @handler, or this thread was started without a "
            "copy of the context (contextvars.copy_context().run); current_invocation(default=None) does not raise"
        )
    return invocation
