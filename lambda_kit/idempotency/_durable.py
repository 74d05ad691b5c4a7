"""Calls within AWS's durable executions: a claim belongs to the execution, through all its suspensions and replays.

The call of the handler itself claims its key in each run anew, which lengthens the lease. A call within the handler
runs in a child context of the SDK, so that a later replay has its result from the SDK, for as long as the execution
lasts, and the operations after it keep their numbers. A call within a step needs no such context: the step keeps the
result.
"""

from __future__ import annotations

import sys

from lambda_kit._kernel.hashes import sha256
from lambda_kit._kernel.json_text import message_of
from lambda_kit.idempotency import _results as results
from lambda_kit.idempotency._claim import LONGEST_EXECUTION, Call
from lambda_kit.idempotency._record import COMPLETED, Record
from lambda_kit.invocation import current_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from lambda_kit._kernel.replay import Place
    from lambda_kit.idempotency._codec import Codec

_EXCEPTIONS = "aws_durable_execution_sdk_python.exceptions"
_carrier_class: Any = None  # the class of errors in which the SDK keeps those of functions


def call_of(key: str, payload: str | None, execution: str, function: str, fn: Any) -> Call:
    """Return a call that is made in a run of an execution.

    All runs of the execution have the same owner at the same place, so that a replay knows its own claim.
    """
    place = current_place.get()
    # A coroutine function cannot run in a child context. So its result is kept for as long as an execution lasts.
    kept = LONGEST_EXECUTION if place is not None and is_nested(place, fn) and place.protected is None else 0.0
    owner = _owner_of(execution, "" if place is None else place.path)
    return Call(key, payload, owner, function, durable=True, kept=kept)


def _owner_of(execution: str, path: str) -> str:
    return sha256(f"{execution}#{path}".encode() if path else execution.encode()).hexdigest()[:32]


def is_nested(place: Place, fn: Any) -> bool:
    """Tell whether a function that is called here is neither the handler itself nor within a step."""
    return not place.in_step and not place.run.stands_around(fn)


def nested(place: Place, function: str, codec: Codec | None, call: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Make a call within the handler, in a child context; return or raise what it does, the same in each replay.

    Args:
        place: where it is made.
        function: the name of the function.
        codec: that of the results.
        call: the call.
        args: its positional arguments. The child context takes the place of a durable context among them.
        kwargs: its keyword arguments, likewise.
    """
    from lambda_kit._kernel.replay import innermost, protect

    raised: list[Exception] = []

    def body(own: Place) -> str | bytes:
        by_name = {name: innermost(own, value) for name, value in kwargs.items()}
        try:
            value = call(*[innermost(own, value) for value in args], **by_name)
        except Exception as error:
            if _is_control_flow(error):
                raise
            raised.append(error)
            raise _carrier(error, function) from error
        text, problem = results.write(value, codec, None, function)
        if problem is not None:
            raised.append(problem)
            raise _carrier(problem, function) from problem
        return text

    try:
        stored = protect(place, function.rpartition(".")[2], body)
    except Exception as failure:
        data: Any = getattr(failure, "data", None)
        if _is_control_flow(failure) or not results.is_error(data):
            raise
        error: Any = results.read(_record(function, data), codec, (Exception,))[1]
        if raised and type(raised[0]) is type(error):
            error = raised[0]
        raise error from None
    return results.read(_record(function, stored), codec, ())[0]


def _record(function: str, stored: str | bytes) -> Record:
    return Record(function, COMPLETED, owner="", expires=0, result=stored)


def _is_control_flow(error: Exception) -> bool:
    """Tell whether an error is the SDK's own, which ends the run or the execution."""
    from lambda_kit._kernel.durable import ends_run

    fatal = getattr(sys.modules.get(_EXCEPTIONS), "ExecutionError", None)
    return ends_run(error) or (isinstance(fatal, type) and isinstance(error, fatal))


def _carrier(error: Exception, function: str) -> Exception:
    """Return an error that the SDK keeps whole, with all that is needed to raise the same error in a replay."""
    global _carrier_class
    base: Any = getattr(sys.modules[_EXCEPTIONS], "DurableOperationError")  # noqa: B009  # a module without types
    if _carrier_class is None or not issubclass(_carrier_class, base):
        _carrier_class = type("IdempotentFunctionFailed", (base,), {"__module__": "lambda_kit.idempotency"})
    stored, _ = results.write_error(error, None, function)
    carrier: Exception = _carrier_class(message=f"{type(error).__qualname__}: {message_of(error)}", data=stored)
    return carrier
