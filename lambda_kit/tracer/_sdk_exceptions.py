"""Exceptions in subsegments of the X-Ray SDK: with causes and members of groups, and within X-Ray's limits."""

from __future__ import annotations

from json import dumps
from os import urandom

from lambda_kit._kernel.json_text import message_of
from lambda_kit._kernel.messages import shown
from lambda_kit.tracer import _document as document
from lambda_kit.tracer import _sdk_bridge as bridge

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_MAX_FRAMES = 30
_MAX_CAUSES = 1_000
_trace_of_cause: dict[str, str] = {}  # the traces of exceptions, by the ids with which the SDK marks these


def stack_of(error: Any) -> list[tuple[str, int, str]]:
    """Return the innermost frames of an exception, as the SDK takes them: file, line, function."""
    frames = [
        (one.tb_frame.f_code.co_filename, one.tb_lineno or 0, one.tb_frame.f_code.co_name)
        for one in document.frames_of(error)
    ]
    limit = min(bridge.xray_recorder.max_trace_back, _MAX_FRAMES)
    return frames[max(len(frames) - limit, 0) :]  # the innermost, next to the `raise`


def is_of_another_trace(error: BaseException, subsegment: bridge.StackEntry) -> bool:
    """Tell whether the SDK has marked an exception in another trace, as it does with one that is raised repeatedly.

    The SDK would refer to it by its id there, which this trace does not have.
    """
    return _trace_of_cause.get(getattr(error, "_cause_id", ""), subsegment.trace_id) != subsegment.trace_id


def add_exception(
    subsegment: bridge.StackEntry,
    error: BaseException,
    stack: list[tuple[str, int, str]],
    given: Any,
    hides: Callable[[str], bool],
) -> None:
    """Add an exception to a subsegment, with its causes and the members of its group.

    Args:
        subsegment: the subsegment.
        error: the exception that the SDK records and marks, which may be a stand-in.
        stack: the frames of the exception.
        given: the exception as it was given.
        hides: tells whether the values of a name are hidden.
    """
    if isinstance(subsegment.cause, str):
        subsegment.cause = {}  # the SDK refuses a second exception, and logs that, if the cause is an id
    known: int = len(subsegment.cause.get("exceptions", ()))
    if known and (getattr(error, "_recorded", False) or known >= document.MAX_EXCEPTIONS):
        return  # the SDK would replace all exceptions by the id of this one
    subsegment.add_exception(error, stack)
    mark: str | None = getattr(error, "_cause_id", None)
    if mark is not None:
        if len(_trace_of_cause) >= _MAX_CAUSES:
            _trace_of_cause.clear()
        _trace_of_cause[mark] = subsegment.trace_id
    if not isinstance(subsegment.cause, str):
        exceptions: list[Any] = subsegment.cause["exceptions"]
        exceptions[-1].message = _message(error, hides)
        _add_causes(exceptions, given, hides)


def _message(error: BaseException, hides: Callable[[str], bool]) -> str:
    return document.shortened(shown(message_of(error), hides), document.MAX_MESSAGE)


def _add_causes(exceptions: list[Any], given: Any, hides: Callable[[str], bool]) -> None:
    """Add the causes of the last exception and the members of its group, which the SDK leaves out.

    Args:
        exceptions: what the subsegment has recorded.
        given: the last exception as it was given, for which a stand-in may be recorded.
        hides: tells whether the values of a name are hidden.
    """
    limit = document.MAX_EXCEPTIONS - len(exceptions) + 1
    frames = document.MAX_ALL_FRAMES - sum(len(one.stack or ()) for one in exceptions)
    last = exceptions[-1]
    for one, own, cause in document.with_causes([(given, last.id)], _draw_id, limit):
        sent = last
        if own != last.id:
            sent = bridge.Throwable(None, stack_of(one)[-max(frames, 1) :])  # None: the SDK would mark the exception
            sent.id, sent.type = own, document.type_name(one).rpartition(".")[2]
            sent.message = _message(one, hides)
            exceptions.append(sent)
            frames -= len(sent.stack or ())
        if cause:
            sent.cause = cause


def _draw_id() -> str:
    return urandom(8).hex()


def drop_causes(subsegment: bridge.StackEntry, excess: int, *, marked: bool) -> int:
    """Drop exceptions from the last one on, but not the first; return what is still too much, in bytes.

    Args:
        subsegment: the subsegment.
        excess: what is too much, in bytes.
        marked: whether to drop those too that the SDK has marked. Spans around this one refer to them.
    """
    exceptions: list[Any] = [] if isinstance(subsegment.cause, str) else subsegment.cause.get("exceptions", [])
    for one in exceptions[:0:-1]:
        if excess <= 0:
            break
        if not marked and one.id in _trace_of_cause:
            continue
        exceptions.remove(one)
        excess -= len(dumps(one.to_dict(), default=str))
        for other in exceptions:
            if getattr(other, "cause", "") == one.id:
                del other.cause
    return excess
